"""Entra ID: users, deleted ones too, and who is in which group, through Microsoft Graph.

Needs: an app registration with a secret or a certificate, and the application permissions
User.Read.All and GroupMember.Read.All. Optional: AuditLog.Read.All with a P1 licence (last sign-ins),
User-LifeCycleInfo.Read.All (last working days), Application.Read.All (`apps`).
Reads: one listing of users, one of those deleted within 30 days, the groups, and their direct members
twenty groups a batch; groups in groups are followed, and each membership through them says its path.
Last sign-ins are a listing of their own with a small quota of its own; without the right to read them
they are unknown.
Speed: Graph counts resource units, 8,000 in ten seconds for tenants that could use them up. Pages of
a listing follow each other; with `managers` they hold 100 users, Graph's limit for that, else 999.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from provisioning.findings import Finding
from provisioning.frames import Identities, Rejects, Screened, State, concat
from provisioning.intake import batches, reject, screened
from sources.entra_fields import (
    ATTEMPTS,
    CHECKS,
    DELETED,
    DISABLED,
    ENABLED,
    EXPAND,
    FACTS,
    FIELDS,
    GUARDED,
    GUEST,
    INVITED,
    MANAGER,
    PENDING,
    STATES,
    SUCCESS,
    UNTOLD,
)
from sources.entra_graph import Graph, Row
from sources.entra_groups import Groups
from sources.entra_pace import Budget
from sources.members import Members, batched
from transport.ahead import ahead
from transport.door import Door
from transport.errors import Forbidden, TransportError

log = logging.getLogger(__name__)
LOGIN = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"
USERS, GONE = "/users", "/directory/deletedItems/microsoft.graph.user"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class EntraOptions(BaseModel):
    """What a connection of kind `entra` may say."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    tenant: str = Field(description="Identifier or domain of the tenant.")
    client_id: str = Field(description="Application (client) identifier of the app registration.")
    client_secret: SecretStr | None = Field(None, description="Its secret.")
    certificate: SecretStr | None = Field(
        None, description="In place of a secret: PEM text with private key and certificate."
    )
    authority: str = Field(LOGIN, description="Login authority; another one for a national cloud.")
    graph: str = Field(GRAPH, description="Address of Graph; another one for a national cloud.")
    attributes: dict[str, str] = Field({}, description="Column to property, where yours differ.")
    states: dict[Literal["enabled", "disabled", "invited", "deleted"], State] = Field(
        {}, description="What an account is that is so, where it means something else to you."
    )
    groups: list[str] = Field(["*"], description="Patterns of the names of groups to read.")
    nested: bool = Field(True, description="Whether to follow groups in groups.")
    apps: list[str] = Field([], description="Patterns of the names of applications whose users to read.")
    managers: bool = Field(True, description="Whether to read managers; ten times the pages of users.")
    sign_ins: bool = Field(True, description="Whether to read last sign-ins.")
    sign_ins_per_minute: int = Field(10, ge=1, description="Requests for sign-ins a minute.")
    resource_units: int = Field(8_000, ge=100, description="Resource units in ten seconds.")
    page_size: int = Field(999, ge=1, le=999, description="Users and groups a page.")
    sign_in_page_size: int = Field(500, ge=1, le=500, description="Users a page of sign-ins.")
    member_page_size: int = Field(999, ge=1, le=999, description="Members a page.")
    workers: int = Field(4, ge=1, le=16, description="Batches of twenty groups read side by side.")

    @field_validator("authority", "graph")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("must be an https address; plain http is for this machine alone")
        return address.rstrip("/")

    @field_validator("certificate")
    @classmethod
    def _with_key(cls, pem: SecretStr | None) -> SecretStr | None:
        text = pem.get_secret_value() if pem else ""
        if pem and not ("PRIVATE KEY-----" in text and "BEGIN CERTIFICATE-----" in text):
            raise ValueError("give PEM text that holds the private key and the certificate")
        return pem

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate")
        if unknown := set(self.attributes) - {*FIELDS, "manager"}:
            raise ValueError(f"attributes: no column {sorted(unknown)}; columns are {sorted(FIELDS)}")
        return self


class Entra:
    """One Entra ID tenant."""

    kind: ClassVar[str] = "entra"
    Options: ClassVar[type[BaseModel]] = EntraOptions

    def __init__(self, name: str, options: EntraOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, deleted users last; raises unless both listings reached their ends."""
        signed_in = self._sign_ins() if self._options.sign_ins else {}
        # In this order someone deleted meanwhile is in one of the listings at least; the first row counts.
        pages = chain(self._users(), self._deleted())
        for columns in batches(ahead(pages), self._paths, key="source_id"):
            yield self._screened(columns, signed_in)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships, with the path of the nested ones; raises unless all were read."""
        yield from batched(self.name, self._members())

    def check(self) -> list[Finding]:
        """Say what the credential reads, and what stays unknown without a further right."""
        options = self._options
        unread = {"last sign-ins": not options.sign_ins, "applications": not options.apps}
        return [self._try(*check) for check in CHECKS if not unread.get(check[0])]

    @cached_property
    def _graph(self) -> Graph:
        from sources.entra_auth import AccessToken, from_pem

        options = self._options
        if options.client_secret is not None:
            credential: Any = options.client_secret.get_secret_value()
        else:
            assert options.certificate is not None
            credential = from_pem(options.certificate.get_secret_value())
        # A rehearsal on this machine answers for the public cloud.
        audience = options.graph if options.graph.startswith("https:") else GRAPH
        auth = AccessToken(
            self._door,
            f"{options.authority}/{options.tenant}",
            options.client_id,
            credential,
            scope=f"{audience}/.default",
        )
        label = f"{options.client_id} in {options.tenant}"
        client = self._door.client(
            f"{options.graph}/v1.0", auth, token_id=label, bucket=_bucket, workers=options.workers + 2
        )
        return Graph(client, self._door, options.resource_units)

    @property
    def _paths(self) -> dict[str, str]:
        """Which property fills which column, and those that decide about one."""
        managers = {"manager": MANAGER} if self._options.managers else {}
        return FIELDS | managers | FACTS | self._options.attributes

    def _users(self) -> Iterator[list[Row]]:
        """Read all properties or, where the one that needs a right of its own is refused, the others."""
        try:
            yield from self._listed(USERS, managers=self._options.managers)
        except Forbidden as refusal:
            yield from self._listed(USERS, managers=self._options.managers, without=GUARDED)
            log.warning("%s: last working days are unknown: %s", self.name, refusal.args[0])

    def _deleted(self) -> Iterator[list[Row]]:
        try:
            yield from self._listed(GONE)
        except Forbidden:
            yield from self._listed(GONE, without=GUARDED)

    def _listed(self, path: str, *, managers: bool = False, without: str = "") -> Iterator[list[Row]]:
        """Read one listing of users."""
        roots = dict.fromkeys(name.partition(".")[0] for name in self._paths.values())
        names = [name for name in roots if name not in (without, "manager")]
        params: dict[str, Any] = {"$select": ",".join(names), "$top": self._options.page_size}
        if managers:
            params["$expand"] = EXPAND
        return self._graph.pages(path, params, cost=2 if managers else 1)

    def _sign_ins(self) -> dict[str, str | None]:
        """Return the last sign-in of each user; of nobody where they may not be read."""
        options, found = self._options, dict[str, str | None]()
        quota = Budget(options.sign_ins_per_minute, 60.0, self._door.pacing.clock)
        params = {"$select": "id,signInActivity", "$top": options.sign_in_page_size}
        try:
            for page in ahead(self._graph.pages(USERS, params, budget=quota)):
                found.update((row["id"], _last(row.get("signInActivity"))) for row in page)
        except Forbidden as refusal:
            log.warning("%s: last sign-ins are unknown: %s", self.name, refusal.args[0])
            return {}
        return found

    def _screened(self, columns: dict[str, list[Any]], signed_in: dict[str, str | None]) -> Screened:
        states = {word: state.value for word, state in (STATES | self._options.states).items()}
        words = _words(columns)
        types = zip(columns["user_type"], columns["sort"], strict=True)
        made = {
            "source": self.name,
            "source_state": words,
            "state": [states.get(word, State.STAGED.value) for word in words],
            "user_name": _without_prefix(columns),
            "user_type": [kind or (GUEST if sort == GUEST else None) for kind, sort in types],
            "last_sign_in": [signed_in.get(key) for key in columns["source_id"]],
        }
        good = screened(Identities, columns | made, origin=self.name, key="source_id")
        odd = [self._untold(k) for k, w in zip(columns["source_id"], words, strict=True) if w == UNTOLD]
        return Screened(good.frame, concat(Rejects, [good.rejects, *odd]))

    def _untold(self, key: str) -> pd.DataFrame:
        remedy = "give the application User.Read.All; until then the account counts as staged"
        return reject(key, "source_state", None, UNTOLD, origin=self.name, remedy=remedy)

    def _members(self) -> Iterator[Members]:
        options = self._options
        groups = Groups(
            self._graph,
            page_size=options.page_size,
            member_page_size=options.member_page_size,
            workers=options.workers,
        )
        yield from groups.members(options.groups, nested=options.nested)
        if options.apps:
            yield from groups.assigned(options.apps)

    def _try(self, what: str, path: str, name: str, permission: str, needed: bool) -> Finding:
        subject = f"{self.name}: {what}"
        try:
            next(self._graph.pages(path, {"$select": name, "$top": 1}))
        except Forbidden as refusal:
            remedy = f"Grant the application permission {permission}."
            if needed:
                return Finding("error", subject, str(refusal), remedy)
            return Finding("warning", subject, f"stay unknown: {refusal}", remedy)
        except TransportError as error:
            return Finding("error", subject, str(error), error.remedy)
        return Finding("ok", subject, "can be read")


def _bucket(_method: str, path: str) -> str:
    return "batch" if path.endswith("/$batch") else "directory"


def _words(columns: dict[str, list[Any]]) -> list[str]:
    """Say what each account is."""
    on: dict[Any, str] = {True: ENABLED, False: DISABLED}
    told = zip(columns["enabled"], columns["invitation"], columns["deleted_on"], strict=True)
    return [
        DELETED if gone else INVITED if enabled and asked == PENDING else on.get(enabled, UNTOLD)
        for enabled, asked, gone in told
    ]


def _without_prefix(columns: dict[str, list[Any]]) -> list[str | None]:
    """Take the identifier off the sign-in names of deleted users, where Entra puts it to free the name."""
    told = zip(columns["source_id"], columns["user_name"], columns["deleted_on"], strict=True)
    return [name.removeprefix(key.replace("-", "")) if gone and name else name for key, name, gone in told]


def _last(activity: dict[str, str] | None) -> str | None:
    """Return the last success; where none is noted, the last of what is."""
    if not activity:
        return None
    found = activity.get(SUCCESS) or max(activity.get(name) or "" for name in ATTEMPTS)
    # The first day of the calendar stands for never.
    return None if not found or found.startswith("0001") else found
