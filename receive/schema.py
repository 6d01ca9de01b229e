"""What the standard says of attributes: their names, which are booleans, which are lists.

Taken from the models of scim2-models, which are the standard's own schemas. What is not in them is kept as it
was sent: a company's own extension may hold what a policy wants to know, such as the first working day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from scim2_models import EnterpriseUser, User

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OLD_CORE = "urn:scim:schemas:core:1.0"
OLD_ENTERPRISE = "urn:scim:schemas:extension:enterprise:1.0"

# As identity providers write it: SCIM 1.1, OneLogin, and Entra's slip without the colon.
_ENTERPRISE_SPELLINGS = {
    "urn:scim:schemas:extension:enterprise:1.0",
    "urn:scim:schemas:extension:enterprise:1.0:user",
    "urn:scim:schemas:extension:enterprise:2.0",
    "urn:scim:schemas:extension:enterprise:2.0:user",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0user",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user",
}
_CORE_SPELLINGS = {
    "urn:scim:schemas:core:1.0",
    "urn:scim:schemas:core:1.0:user",
    "urn:scim:schemas:core:2.0",
    "urn:scim:schemas:core:2.0:user",
    "urn:ietf:params:scim:schemas:core:2.0",
    "urn:ietf:params:scim:schemas:core:2.0:user",
    "urn:ietf:params:scim:schemas:core:2.0:group",
}
NOT_KEPT = frozenset({"schemas", "id", "meta", "groups", "password"})
"""What is the service's own to say, and a password, which it has no use for."""


class Attribute(NamedTuple):
    """One attribute by the standard.

    Attributes:
        name: as the standard writes it.
        kind: its type, such as `boolean` or `complex`.
        many: whether it is a list.
        parts: those of a complex attribute by their folded name.
    """

    name: str
    kind: str = "string"
    many: bool = False
    parts: Mapping[str, Attribute] = {}


def _attributes(stated: Iterable[Any]) -> dict[str, Attribute]:
    return {
        one.name.lower(): Attribute(
            one.name, str(one.type.value), bool(one.multi_valued), _attributes(one.sub_attributes or ())
        )
        for one in stated
    }


# External identifiers are common to all resources, so that the schema of users leaves them out.
USER = {"externalid": Attribute("externalId"), **_attributes(User.to_schema().attributes or ())}
EXTENSION = _attributes(EnterpriseUser.to_schema().attributes or ())


def attribute(name: str, extension: str | None = None) -> Attribute | None:
    """The attribute of a name in any case; None where the standard has none.

    Args:
        name: its name.
        extension: schema of the extension it belongs to; None for the user itself.
    """
    known = {None: USER, ENTERPRISE: EXTENSION}.get(extension, {})
    return known.get(name.lower())


def schema_of(urn: str) -> str | None:
    """The extension that a schema in any spelling names; None for the user or group itself."""
    folded = urn.lower().rstrip(":")
    if folded in _CORE_SPELLINGS:
        return None
    return ENTERPRISE if folded in _ENTERPRISE_SPELLINGS else urn


def home(name: str) -> str | None:
    """The extension an attribute belongs to that is named without one."""
    return ENTERPRISE if name.lower() in EXTENSION and name.lower() not in USER else None
