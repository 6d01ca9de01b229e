"""How the clients of Okta, Entra and OneLogin write the same change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from sandbox.scim_push.rows import CORE, ENTERPRISE, HR, Row

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
AT_ONCE = 100


def _operations(*operations: Row) -> Row:
    return {"schemas": [PATCH], "Operations": list(operations)}


class Dialect:
    """Okta's custom application: it looks up, posts, and puts whole users; groups it patches."""

    headers: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"User-Agent": "Okta SCIM Client 1.0.0", "Content-Type": "application/scim+json; charset=utf-8"}
    )
    schemas: ClassVar[list[str]] = [CORE, ENTERPRISE, HR]
    tail: ClassVar[str] = ""

    def user_key(self, facts: Row) -> tuple[str, str]:
        """What a user is looked up by."""
        return "userName", facts["userName"]

    def new_user(self, facts: Row) -> Row:
        """The body of a POST."""
        blank = {**facts["name"], "middleName": ""}
        return {
            "schemas": self.schemas,
            **facts,
            "name": blank,
            "groups": [],
            "password": "1mz050nq",
        }

    def changed_user(self, identifier: str, facts: Row, _before: Row | None) -> tuple[str, Row]:
        """Verb and body of a change."""
        echoed = {"id": identifier, "groups": [], "meta": {"resourceType": "User"}}
        return "PUT", {"schemas": self.schemas, **facts, **echoed}

    def manager(self, identifier: str, facts: Row, boss: str) -> tuple[str, Row]:
        """Verb and body that say who manages a user."""
        return self.changed_user(
            identifier, {**facts, ENTERPRISE: {**facts[ENTERPRISE], "manager": {"value": boss}}}, None
        )

    def new_group(self, name: str) -> Row:
        """The body of a POST."""
        return {"schemas": [GROUP], "displayName": name, "members": []}

    def member_changes(self, identifier: str, name: str, more: list[str], fewer: list[str]) -> Iterator[Row]:
        """The bodies of the PATCHes of a group."""
        if not more and not fewer:
            return
        rename = {"op": "replace", "value": {"id": identifier, "displayName": name}}
        gone = [{"op": "remove", "path": f'members[value eq "{one}"]'} for one in fewer]
        come = {"op": "add", "path": "members", "value": [{"value": one, "display": one} for one in more]}
        yield _operations(rename, *gone, *([come] if more else []))


class Entra(Dialect):
    """Entra: PATCH with capitals and texts for booleans, a group at a time made empty, then filled."""

    headers = MappingProxyType(
        {"Content-Type": "application/scim+json; charset=utf-8", "ADSCIMVersion": "6.0"}
    )

    def user_key(self, facts: Row) -> tuple[str, str]:
        """Entra matches by its own object's identifier."""
        return "externalId", facts["externalId"]

    def new_user(self, facts: Row) -> Row:
        """Nulls for what is not there, and what is read-only."""
        return {
            "schemas": self.schemas,
            **facts,
            "addresses": None,
            "phoneNumbers": None,
            "meta": {"resourceType": "User"},
            "roles": [],
        }

    def changed_user(self, identifier: str, facts: Row, before: Row | None) -> tuple[str, Row]:
        """An operation for each attribute that is different."""
        del identifier
        was, now = _paths(before or {}), _paths(facts)
        changed = [
            self._operation(path, now.get(path)) for path in {**now, **was} if now.get(path) != was.get(path)
        ]
        return "PATCH", _operations(*changed)

    def _operation(self, path: str, value: Any) -> Row:
        if value is None:
            return {"op": "Remove", "path": path}
        return {"op": "Replace", "path": path, "value": str(value) if isinstance(value, bool) else value}

    def manager(self, identifier: str, facts: Row, boss: str) -> tuple[str, Row]:
        """The manager as a list of one reference."""
        del identifier, facts
        value = [{"$ref": f"http://service/Users/{boss}", "value": boss}]
        return "PATCH", _operations({"op": "Add", "path": "manager", "value": value})

    def new_group(self, name: str) -> Row:
        """A group with a schema of Microsoft's own."""
        theirs = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
        return {"schemas": [GROUP, theirs], "displayName": name, "meta": {"resourceType": "Group"}}

    def member_changes(self, identifier: str, name: str, more: list[str], fewer: list[str]) -> Iterator[Row]:
        """Members by value, a hundred at a time."""
        del identifier, name
        for op, ids in (("Add", more), ("Remove", fewer)):
            for start in range(0, len(ids), AT_ONCE):
                value = [{"$ref": None, "value": one} for one in ids[start : start + AT_ONCE]]
                yield _operations({"op": op, "path": "members", "value": value})


class OneLogin(Dialect):
    """OneLogin: PUT for users with the schemas of a draft, PATCH for groups, a stray sign at each address."""

    headers = MappingProxyType({"User-Agent": "", "Content-Type": "application/scim+json"})
    schemas = ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0", HR]  # noqa: RUF012
    tail = "?"

    def user_key(self, facts: Row) -> tuple[str, str]:
        """The user name, as Okta."""
        return "userName", facts["userName"]

    def new_user(self, facts: Row) -> Row:
        """The enterprise extension under its old name."""
        legacy = {**facts, self.schemas[1]: facts[ENTERPRISE]}
        return {"schemas": self.schemas, **{key: one for key, one in legacy.items() if key != ENTERPRISE}}

    def changed_user(self, identifier: str, facts: Row, _before: Row | None) -> tuple[str, Row]:
        """The whole user."""
        del identifier
        return "PUT", self.new_user(facts)


def _paths(facts: Row) -> dict[str, Any]:
    """The attributes by the path Entra names them with."""
    found: dict[str, Any] = {}
    for key, value in facts.items():
        if key == "emails":
            found['emails[type eq "work"].value'] = value[0]["value"]
        elif isinstance(value, dict):
            joint = ":" if key.startswith("urn:") else "."
            found |= {f"{key}{joint}{name}": inner for name, inner in value.items()}
        else:
            found[key] = value
    return found


DIALECTS: dict[str, Dialect] = {"okta": Dialect(), "entra": Entra(), "onelogin": OneLogin()}
