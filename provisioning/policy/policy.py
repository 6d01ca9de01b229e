"""The policy: one file that says what is read, what is written and under which rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from provisioning.policy.defaults import EXPECTED, LEDGER
from provisioning.policy.limits import Approve, Limits
from provisioning.policy.mistakes import mistakes
from provisioning.policy.report import Report
from provisioning.policy.retention import Retention
from provisioning.policy.rules import (
    Protect,
    SourceRules,
    Strict,
    TargetRules,
)
from provisioning.policy.values import Duration, is_reference
from provisioning.policy.yaml_file import Document, Mistake, Path, PolicyError, nearest, read

__all__ = ["Connection", "OptionModels", "Policy", "PolicyError", "load"]

OptionModels = Mapping[str, type[BaseModel]]
OF_EVERY_KIND = ("kind", "insecure")
"""Keys that a connection of any kind has; the others are its kind's."""
REFERENCE_EXPECTED = "a secret never stands in the file"
REFERENCE_REMEDY = "write env:NAME, block:NAME or file:PATH and keep it there"


class Connection(BaseModel):
    """One system to read or write: its kind, and the options that kind has."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(
        description="What sort of system it is; it decides which other keys there are.", examples=["okta"]
    )
    insecure: Literal["I accept that credentials travel in clear text"] | None = Field(
        None,
        description="Opens an http address on another machine. Whoever sees the traffic sees the credential, "
        "so the words are written out. Without them only https is opened, and this machine itself.",
        examples=["I accept that credentials travel in clear text"],
    )
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        if not isinstance(value, dict) or {"kind", "options"} <= set(value) <= {*OF_EVERY_KIND, "options"}:
            return value
        common = {key: value[key] for key in OF_EVERY_KIND if key in value}
        return {**common, "options": {key: stated for key, stated in value.items() if key not in common}}


class Policy(Strict):
    """The whole policy file."""

    version: Literal[1] = Field(description="Form of this file.", examples=[1])
    ledger: str = Field(
        LEDGER,
        description="Where Seatwise remembers runs, plans, approvals and links: a file beside the policy, or "
        "a PostgreSQL database for a team.",
        examples=["postgresql+psycopg://seatwise@db.acme.test/seatwise"],
    )
    snapshots: str | None = Field(
        None,
        description="Folder where whole reads are kept, beside the policy unless it is absolute, or the URL "
        "of an object store (s3:, gs:, abfs:). Machines that share a ledger must share it. By default it "
        "stands beside the SQLite file, or beside the policy and named after the PostgreSQL database.",
        examples=["s3://acme-seatwise/snapshots?region=eu-central-1"],
    )
    connections: dict[str, Connection] = Field(
        description="The systems to read and write, each under a name of your choice.",
        examples=[{"okta-main": {"kind": "okta", "url": "https://acme.okta.com", "token": "env:OKTA_TOKEN"}}],
    )
    sources: list[SourceRules] = Field(
        description="Connections that say who works here, and who of them is in scope. Order is precedence "
        "when two state the same person; who departed from one and works by another, in scope, has moved "
        "there.",
        examples=[[{"from": "okta-main", "scope": {"groups": ["atl-*"]}}]],
    )
    targets: list[TargetRules] = Field(
        description="Connections that hold the accounts, and what they should hold.",
        examples=[[{"to": "acme-cloud", "groups": {"map": {"atl-jira-dev": ["developers"]}}}]],
    )
    protect: Protect = Field(
        Protect(),
        description="Who and what never loses anything.",
        examples=[{"emails": ["*-svc@acme.test"], "groups": ["site-admins"]}],
    )
    limits: Limits = Field(
        Limits(),
        description="How much may change before a person must approve.",
        examples=[{"destructive": {"count": 50, "share": "5%"}, "source_drop": "10%"}],
    )
    approve: Approve = Field(
        Approve(),
        description="When a person must approve, and how long that counts.",
        examples=[{"above": "limits", "timeout": "24h", "second_person_above": 200}],
    )
    prices: str | None = Field(
        None,
        description="Price book, a YAML file beside the policy. Without it the report counts seats and "
        "shows no money.",
        examples=["prices.yaml"],
    )
    report: Report = Field(
        Report(),
        description="How the licence report counts and groups.",
        examples=[{"idle": "60d", "by": ["department", "cost_center"], "currency": "USD"}],
    )
    retention: Retention = Field(
        Retention(),
        description="How long `seatwise prune` leaves what is kept of reads, runs and people.",
        examples=[{"snapshots": "90d", "runs": "400d", "people": "400d"}],
    )

    reuse_reads: Duration = Field(
        timedelta(minutes=30),
        description="How old what a run has read may be when the run is tried again, as in the Prefect UI: "
        "what is older is read afresh. 0m: always.",
        examples=["10m"],
    )
    personal_data: Literal["full", "masked", "none"] = Field(
        "masked",
        description="How people appear in the Prefect UI, where others may look: in artifacts, states and "
        "logs. `masked` shows a letter or two and the domain of an address, `none` nobody. Files, ledger "
        "and terminal always name people in full.",
        examples=["none"],
    )

    def target(self, name: str) -> TargetRules:
        """Rules of one target.

        Raises:
            KeyError: the policy writes no such target.
        """
        for rules in self.targets:
            if rules.to == name:
                return rules
        raise KeyError(name)

    def fingerprint(self) -> str:
        """Hash of what decides: not ledger, report, prices, approvals, secrets, or how long what is kept."""
        deciding = self.model_dump(
            mode="json",
            include={"version", "sources", "targets", "protect", "limits"},
            exclude={part: {"__all__": {"full_every"}} for part in ("sources", "targets")},
            by_alias=True,
        )
        deciding["connections"] = {
            name: {"kind": it.kind, **{k: v for k, v in it.options.items() if not is_reference(v)}}
            for name, it in self.connections.items()
        }
        packed = orjson.dumps(deciding, option=orjson.OPT_SORT_KEYS, default=str)
        return hashlib.sha256(packed).hexdigest()


def load(text: str, *, origin: str, connection_options: OptionModels | None = None) -> Policy:
    """Read a policy file.

    Args:
        text: the YAML.
        origin: name of the file, for messages.
        connection_options: model of the options of each kind of connection; their `SecretStr`
            fields hold a reference. Without models the options are taken as they stand.

    Raises:
        PolicyError: all the mistakes, each with its line and what was expected.
    """
    document = read(text, PolicyError, origin=origin, expected=EXPECTED)
    found = [*_connection_mistakes(document, connection_options or {}), *_name_mistakes(document)]
    try:
        policy = Policy.model_validate(document.content)
    except ValidationError as error:
        found += mistakes(document, error.errors(), Policy.model_json_schema())
        raise PolicyError(origin, found) from None
    if found:
        raise PolicyError(origin, found)
    return policy


def _connection_mistakes(document: Document, options: OptionModels) -> Iterable[Mistake]:
    """What is wrong with the options of connections, by the model of their kind."""
    connections = document.content.get("connections")
    if not options or not isinstance(connections, dict):
        return
    for name, stated in connections.items():
        if not isinstance(stated, dict) or not isinstance(stated.get("kind"), str):
            continue
        path: Path = ("connections", name)
        if stated["kind"] not in options:
            known = f"one of {', '.join(sorted(options))} is expected, not {stated['kind']!r}"
            yield document.mistake((*path, "kind"), known, nearest(stated["kind"], options))
            continue
        yield from _option_mistakes(document, path, stated, options[stated["kind"]])


def _option_mistakes(
    document: Document, path: Path, stated: dict[str, Any], model: type[BaseModel]
) -> Iterable[Mistake]:
    given = {key: value for key, value in stated.items() if key not in OF_EVERY_KIND}
    for key in _secret_fields(model) & set(given):
        if given[key] is not None and not is_reference(given[key]):
            yield document.mistake((*path, key), REFERENCE_EXPECTED, remedy=REFERENCE_REMEDY)
    try:
        model.model_validate(given)
    except ValidationError as error:
        # Inputs stay out: an option may hold what its author took for a place to keep a secret.
        problems = error.errors(include_input=False)
        yield from mistakes(document, problems, model.model_json_schema(), under=path)


def _secret_fields(model: type[BaseModel]) -> set[str]:
    """Names, as the file writes them, of the fields that hold a secret."""
    return {
        field.alias or name
        for name, field in model.model_fields.items()
        if SecretStr in {field.annotation, *get_args(field.annotation)}
    }


def _name_mistakes(document: Document) -> Iterable[Mistake]:
    """Names of connections that lead nowhere, and those that stand twice."""
    connections = document.content.get("connections")
    known = [str(name) for name in connections] if isinstance(connections, dict) else None
    for part, key in (("sources", "from"), ("targets", "to")):
        stated = document.content.get(part)
        seen: set[str] = set()
        for number in range(len(stated) if isinstance(stated, list) else 0):
            path: Path = (part, number, key)
            name = document.value(path)
            if not isinstance(name, str):
                continue
            if known is not None and name not in known:
                expected = f"a name from connections is expected, not {name!r}"
                yield document.mistake(path, expected, nearest(name, known))
            if name in seen:
                yield document.mistake(path, f"{name!r} already stands above", remedy="join the two")
            seen.add(name)
