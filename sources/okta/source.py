"""Okta: what it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Any, ClassVar, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from requests.auth import AuthBase

from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, Screened, State, concat
from provisioning.model.intake import Fields, batches, gathered, reject, screened
from provisioning.model.merge import Delta
from provisioning.model.snapshots import SourceSnapshot
from sources.kit.labels import label
from sources.kit.members import Members, batched
from sources.kit.server_clock import since
from sources.okta.feed import asked_at, happened, instant
from sources.okta.fields import FIELDS, STATES
from transport.auth import Ssws
from transport.client import Client
from transport.door import Door
from transport.errors import Forbidden, TransportError
from transport.pages import follow_links
from transport.prefetch import prefetch

BUCKETS = (
    (re.compile(r"/api/v1/users$"), "users"),
    (re.compile(r"/api/v1/users/[^/]+$"), "user"),
    (re.compile(r"/api/v1/users/"), "users of"),
    (re.compile(r"/api/v1/groups/[^/]+$"), "group"),
    (re.compile(r"/api/v1/groups"), "groups"),
    (re.compile(r"/api/v1/apps/[^/]+$"), "app"),
    (re.compile(r"/api/v1/apps"), "apps"),
    (re.compile(r"/api/v1/logs"), "logs"),
)
"""Paths that Okta counts together; their sizes are learned from the answers."""

EVER = "1970-01-01T00:00:00.000Z"
LEAN = {"Content-Type": 'application/json; okta-response="omitCredentials,omitCredentialsLinks"'}


class OktaOptions(BaseModel):
    """What a connection of kind `okta` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the org, such as https://acme.okta.com.")
    token: SecretStr | None = Field(None, description="API token (SSWS).")
    client_id: str | None = Field(None, description="Service app, in place of a token.")
    private_key: SecretStr | None = Field(None, description="Its private key, PEM or JWK.")
    kid: str | None = Field(None, description="Name of the key, when the app has several.")
    scopes: list[str] = Field(
        ["okta.users.read", "okta.groups.read", "okta.logs.read"],
        description="Scopes to ask for; okta.logs.read is done without where it is not granted.",
    )
    dpop: bool = Field(False, description="Whether the app demands proofs of possession.")
    attributes: dict[str, str] = Field({}, description="Column to profile attribute, where yours differ.")
    states: dict[str, State] = Field({}, description="What further status words of the org mean.")
    groups: list[str] = Field(["*"], description="Patterns of the names of groups to read.")
    page_size: int = Field(200, ge=1, le=200, description="Users and groups a page.")
    member_page_size: int = Field(1000, ge=1, le=1000, description="Members a page.")
    workers: int = Field(8, ge=1, le=64, description="Groups read side by side.")

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        app = self.client_id is not None and self.private_key is not None
        if app == (self.token is not None):
            raise ValueError("give either token, or client_id with private_key")
        if unknown := set(self.attributes) - set(FIELDS):
            raise ValueError(f"attributes: no column {sorted(unknown)}; columns are {sorted(FIELDS)}")
        return self


class Okta:
    """One Okta org."""

    kind: ClassVar[str] = "okta"
    Options: ClassVar[type[BaseModel]] = OktaOptions

    def __init__(self, name: str, options: OktaOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, users of every status; raises unless the last page was reached."""
        return self._people(EVER)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return self._members_of(group for group in self._groups({}) if self._wanted(group))

    def checkpoint(self) -> str | None:
        """The moment by Okta's clock; None where the credential may not read the system log."""
        try:
            return asked_at(self._client)
        except Forbidden:
            return None

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:  # noqa: ARG002 - Okta tells all itself
        """Users and groups that changed, those deleted, and who signed in.

        Raises:
            FeedLost: the checkpoint is older than what the log keeps.
        """
        start = since(checkpoint)
        log = happened(self._client, start)
        people = gathered(Identities, self._people(instant(start)))
        changed = f'lastUpdated gt "{instant(start)}" or lastMembershipUpdated gt "{instant(start)}"'
        groups = [group for group in self._groups({"filter": changed}) if group["id"] not in log.groups]
        rows = gathered(Memberships, self._members_of(filter(self._wanted, groups)))
        told = {} if "last_sign_in" in self._options.attributes else {"sign_ins": log.sign_ins}
        return Delta(
            log.checkpoint,
            identities=people.frame,
            gone=log.users,
            memberships=rows.frame,
            groups=log.groups | {group["id"] for group in groups},
            rejects=concat(Rejects, [people.rejects, rows.rejects]),
            **told,
        )

    def check(self) -> list[Finding]:
        """Say whether the credential reads users and groups, and the log that tells of changes."""
        return [
            self._try("users", "/api/v1/users", {"limit": 1}),
            self._try("groups", "/api/v1/groups", {"limit": 1, "expand": "stats"}),
            self._log_readable(),
        ]

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth, label = self._auth()
        return self._door.client(
            options.url, auth, token_id=label, bucket=_bucket, headers=LEAN, workers=options.workers
        )

    def _auth(self) -> tuple[AuthBase, str]:
        options = self._options
        if options.token is not None:
            return Ssws(options.token), label(options.token)
        from sources.okta.auth import AccessToken

        assert options.client_id is not None
        assert options.private_key is not None
        key = options.private_key.get_secret_value()
        auth = AccessToken(
            self._door,
            options.url.rstrip("/"),
            options.client_id,
            key,
            kid=options.kid,
            scopes=options.scopes,
            dpop=options.dpop,
        )
        return auth, options.client_id

    @property
    def _fields(self) -> dict[str, str]:
        return FIELDS | {name: f"profile.{path}" for name, path in self._options.attributes.items()}

    def _people(self, start: str) -> Iterator[Screened]:
        """Pages of Identities of whoever changed since."""
        for columns in batches(map(Fields(self._fields), self._users(start)), key="source_id"):
            yield self._screened(columns)

    def _users(self, start: str) -> Iterator[list[dict[str, Any]]]:
        params = {"filter": f'lastUpdated gt "{start}"', "limit": self._options.page_size}
        for reply in prefetch(follow_links(self._client, "/api/v1/users", params)):
            yield reply.json()

    def _groups(self, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
        params = {"expand": "stats", "limit": self._options.page_size, **asked}
        seen: set[str] = set()
        for reply in follow_links(self._client, "/api/v1/groups", params):
            for group in reply.json():
                if group["id"] not in seen:
                    yield group
                seen.add(group["id"])

    def _wanted(self, group: dict[str, Any]) -> bool:
        stats = (group.get("_embedded") or {}).get("stats") or {}
        name = group["profile"].get("name") or ""
        return stats.get("usersCount") != 0 and any(fnmatchcase(name, p) for p in self._options.groups)

    def _members_of(self, groups: Iterable[dict[str, Any]]) -> Iterator[Screened]:
        calls = (partial(self._members, group) for group in groups)
        return batched(self.name, self._client.in_parallel(calls, workers=self._options.workers))

    def _members(self, group: dict[str, Any]) -> Members:
        params = {"limit": self._options.member_page_size}
        replies = follow_links(self._client, f"/api/v1/groups/{group['id']}/users", params)
        ids = dict.fromkeys(user["id"] for reply in replies for user in reply.json())
        return Members(group["id"], group["profile"].get("name"), list(ids))

    def _screened(self, columns: dict[str, list[Any]]) -> Screened:
        states = {word: state.value for word, state in (STATES | self._options.states).items()}
        words, staged = columns["source_state"], State.STAGED.value
        columns["state"] = [states.get(word, staged) for word in words]
        strange = set(words) - set(states)
        unknown = [row for row, word in enumerate(words) if word in strange] if strange else []
        good = screened(Identities, {"source": self.name, **columns}, origin=self.name, key="source_id")
        odd = [self._unknown(columns["source_id"][row], words[row]) for row in unknown]
        return Screened(good.frame, concat(Rejects, [good.rejects, *odd]))

    def _unknown(self, key: str, word: Any) -> pd.DataFrame:
        remedy = f"say what it means under `states` of connection {self.name}; until then it counts as staged"
        return reject(key, "source_state", str(word), "not a known status", origin=self.name, remedy=remedy)

    def _log_readable(self) -> Finding:
        try:
            asked_at(self._client)
        except Forbidden:
            why = "cannot be read, and it alone tells of sign-ins and deletions: every read is a whole one"
            remedy = "let the token's administrator read the system log, or grant the app okta.logs.read"
            return Finding("warning", f"{self.name}: system log", why, remedy)
        except TransportError as error:
            return Finding("error", f"{self.name}: system log", error.message, error.remedy)
        return Finding("ok", f"{self.name}: system log", "can be read, so changes alone can be")

    def _try(self, what: str, path: str, params: dict[str, Any]) -> Finding:
        try:
            self._client.get(path, params)
        except TransportError as error:
            return Finding("error", f"{self.name}: {what}", error.message, error.remedy)
        return Finding("ok", f"{self.name}: {what}", "can be read")


def _bucket(_method: str, path: str) -> str:
    return next((name for pattern, name in BUCKETS if pattern.search(path)), "other")
