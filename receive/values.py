"""Values as identity providers send them become values as the standard has them.

Entra sends booleans as text and sometimes in a list, a manager as a text or a list of one, and nulls for what
is not there. Only what the standard types as a boolean becomes one: an employee number may well be "False".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from receive.refusals import bad_value
from receive.schema import NOT_KEPT, Attribute, attribute, home, schema_of

_BOOLEANS = {"true": True, "false": False}
_NAMES_ONE = {"manager": "value"}
"""Complex attributes that some clients send as the bare text of one part."""


def canonical_user(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a user as they are kept: null and empty is absent, extensions under their schema.

    Raises:
        Refusal: a value has not the type of its attribute.
    """
    body: dict[str, Any] = {}
    for key, value in sent.items():
        if key.lower() in NOT_KEPT:
            continue
        if key.lower().startswith("urn:"):
            _add_extension(body, schema_of(key), value)
        else:
            put(body, home(key), key, value)
    return body


def _add_extension(body: dict[str, Any], extension: str | None, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise bad_value("An extension must be an object of attributes; correct the mapping.")
    for name, inner in value.items():
        if extension is not None or name.lower() not in NOT_KEPT:
            put(body, extension, name, inner)


def put(body: dict[str, Any], extension: str | None, name: str, value: Any) -> None:
    """Set an attribute of a user; a value that says nothing removes it."""
    known = attribute(name, extension)
    label = known.name if known else own_spelling(within(body, extension), name)
    value = canonical(known, label, value)
    if value is None:
        remove(body, extension, label)
        return
    holder = body if extension is None else body.setdefault(extension, {})
    holder[label] = value


def remove(body: dict[str, Any], extension: str | None, label: str) -> None:
    """Take an attribute away; an extension without attributes is none."""
    within(body, extension).pop(label, None)
    if extension is not None and not body.get(extension):
        body.pop(extension, None)


def within(body: dict[str, Any], extension: str | None) -> dict[str, Any]:
    """The attributes of an extension, or those of the user itself."""
    if extension is None:
        return body
    found: dict[str, Any] = body.get(extension, {})
    return found


def own_spelling(holder: Mapping[str, Any], name: str) -> str:
    """A name the standard does not know, as it was spelled first."""
    return next((key for key in holder if key.lower() == name.lower()), name)


def canonical(known: Attribute | None, label: str, value: Any) -> Any:
    """A value in the type of its attribute, None where it says nothing.

    Raises:
        Refusal: it cannot be of that type.
    """
    if value is None or value in ("", [], {}):
        return None
    if known is None:
        return value
    if known.many:
        entries = [_entry(known, label, one) for one in (value if isinstance(value, list) else [value])]
        return [one for one in entries if one is not None] or None
    if isinstance(value, list):
        if len(value) != 1:
            raise bad_value(f"{label} takes one value, not {len(value)}; correct its mapping.")
        return canonical(known, label, value[0])
    return _entry(known, label, value)


def _entry(known: Attribute, label: str, value: Any) -> Any:
    if value is None:
        return None
    if known.kind == "complex":
        return _complex(known, label, value)
    if known.kind == "boolean":
        return _boolean(label, value)
    if isinstance(value, list | dict):
        raise bad_value(f"{label} takes a text, not a structure; correct its mapping.")
    return value if isinstance(value, str) else str(value)


def _complex(known: Attribute, label: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        if not (known.many or known.name in _NAMES_ONE) or isinstance(value, list):
            raise bad_value(f"{label} takes an object of parts, not one value; correct its mapping.")
        value = {"value": value}
    parts = {}
    for name, inner in value.items():
        part = known.parts.get(name.lower())
        spelled = part.name if part else name
        made = canonical(part, f"{label}.{spelled}", inner)
        if made is not None:
            parts[spelled] = made
    if known.name == "manager" and "managerId" in parts:
        # SCIM 1.1 calls it so.
        parts["value"] = parts.pop("managerId")
    return parts or None


def _boolean(label: str, value: Any) -> bool:
    said = value if isinstance(value, bool) else _BOOLEANS.get(str(value).strip().lower())
    if said is None:
        raise bad_value(f"{label} takes true or false, not another word; correct its mapping.")
    return said
