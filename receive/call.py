"""One request that was let in, and what it may ask of any list or resource."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug import Request

from ledger.pushed import Inbox, TokenRow
from ledger.pushed.resources import Writer
from receive.connection import Connection
from receive.refusals import Refusal, bad_value

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
DEFAULT_COUNT, MOST_ROWS = 100, 200


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        request: as it came.
        connection: whose.
        token: what it came with.
        inbox: what is kept.
        at: when it came.
        old: whether it speaks SCIM 1.1.
    """

    request: Request
    connection: Connection
    token: TokenRow
    inbox: Inbox
    at: datetime
    old: bool

    @property
    def name(self) -> str:
        """The connection's name."""
        return self.connection.name

    @property
    def writer(self) -> Writer:
        """Who writes, for the record."""
        return Writer(self.connection.name, self.token.seq, self.at)

    @property
    def base(self) -> str:
        """The address of this face, no slash at the end."""
        host = (self.connection.url or self.request.host_url).rstrip("/")
        return f"{host}/{self.name}/scim/v{1 if self.old else 2}"

    def window(self) -> tuple[int, int]:
        """How many rows are passed over and how many are asked for.

        Raises:
            Refusal: one is no number.
        """
        start = max(1, self._number("startIndex", 1))
        return start - 1, min(MOST_ROWS, max(0, self._number("count", DEFAULT_COUNT)))

    def _number(self, name: str, otherwise: int) -> int:
        said = self.request.args.get(name, "").strip()
        if not said:
            return otherwise
        try:
            return int(said)
        except ValueError:
            raise bad_value(f"{name} takes a whole number; correct the request.") from None

    def asked(self, name: str) -> set[str]:
        """The attributes that `attributes` or `excludedAttributes` names, folded, without their schema."""
        said = self.request.args.get(name, "")
        return {one.strip().lower().removeprefix(_CORE) for one in said.split(",") if one.strip()}

    def shows(self, attribute: str) -> bool:
        """Whether an attribute of a group or user is to be told, so that it need not be looked up."""
        wanted = {one.split(".", 1)[0] for one in self.asked("attributes")}
        return attribute not in self.asked("excludedAttributes") and (not wanted or attribute in wanted)

    def shaped(self, resource: dict[str, Any]) -> dict[str, Any]:
        """A resource with the attributes that were asked for."""
        wanted, unwanted = self.asked("attributes"), self.asked("excludedAttributes")
        if wanted:
            return _picked(resource, wanted, always=("schemas", "id"))
        return {
            key: value for key, value in resource.items() if key.lower() not in unwanted - {"id", "schemas"}
        }

    def listed(self, total: int, start: int, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """A list of resources."""
        shown = [self.shaped(row) for row in rows]
        core = "urn:scim:schemas:core:1.0"
        return {
            "schemas": [core, f"{core}:ListResponse"] if self.old else [LIST],
            "totalResults": total,
            "startIndex": start + 1,
            "itemsPerPage": len(shown),
            "Resources": shown,
        }

    def require_version(self, version: int) -> None:
        """Refuse a write that builds on another version than the present one.

        Raises:
            Refusal: somebody changed the resource meanwhile.
        """
        given = self.request.headers.get("If-Match", "").strip()
        if given not in ("", "*", etag(version)):
            raise Refusal(412, "It was changed meanwhile; read it again and send the change to that version.")


_CORE = "urn:ietf:params:scim:schemas:core:2.0:user:"


def _picked(resource: Mapping[str, Any], wanted: set[str], *, always: Collection[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in resource.items():
        parts = {one.partition(".")[2] for one in wanted if one.startswith(f"{key.lower()}.")}
        if key in always or key.lower() in wanted:
            made[key] = value
        elif parts and isinstance(value, dict):
            made[key] = {name: inner for name, inner in value.items() if name.lower() in parts}
        elif key.lower().startswith("urn:") and any(one.startswith(key.lower()) for one in wanted):
            made[key] = value
    return made


def etag(version: int) -> str:
    """How a version is written."""
    return f'W/"{version}"'


def stamp(at: datetime) -> str:
    """How a time is written."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
