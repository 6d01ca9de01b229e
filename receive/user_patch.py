"""PATCH of one user, in the union of all dialects.

The operations work on the attributes as they are kept, JSON, so that an extension the standard does not know
is patched like any other; models of the standard would drop it. All operations apply to a copy: the first
that cannot be done leaves the user as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Literal, NamedTuple

from receive import values
from receive.paths import Target, read_path
from receive.refusals import Refusal, bad_path, bad_value
from receive.schema import ENTERPRISE, NOT_KEPT, attribute, schema_of

Do = Literal["add", "replace", "remove"]
MOST = 1_000
"""Operations of one request."""


class Operation(NamedTuple):
    """One operation as sent; `path` is empty where the value names the attributes."""

    do: Do
    path: str
    value: Any
    has_value: bool


def read_operations(body: Mapping[str, Any]) -> list[Operation]:
    """The operations of a PATCH, whatever the case of its words.

    Raises:
        Refusal: one of them is none.
    """
    stated = next((value for key, value in body.items() if key.lower() == "operations"), None)
    if not isinstance(stated, list) or not stated:
        raise Refusal(400, "The PATCH has no Operations; send at least one.", "invalidSyntax")
    if len(stated) > MOST:
        raise Refusal(413, f"The PATCH has more than {MOST} operations; send fewer at a time.")
    return [_operation(one) for one in stated]


def _operation(stated: Any) -> Operation:
    if not isinstance(stated, dict):
        raise Refusal(400, "An operation of the PATCH is no object; correct the client.", "invalidSyntax")
    parts = {key.lower(): value for key, value in stated.items()}
    do, path = str(parts.get("op", "")).lower(), parts.get("path") or ""
    if do not in ("add", "replace", "remove") or not isinstance(path, str):
        raise Refusal(400, "An operation is neither add, replace nor remove.", "invalidSyntax")
    if do == "remove" and not path:
        raise Refusal(400, "A remove says no path; name the attribute to remove.", "noTarget")
    return Operation(do, path, parts.get("value"), "value" in parts)  # type: ignore[arg-type]


def patched(before: Mapping[str, Any], operations: list[Operation]) -> dict[str, Any]:
    """The attributes of a user after all operations.

    Raises:
        Refusal: an operation cannot be done.
    """
    body = deepcopy(dict(before))
    for operation in operations:
        if operation.path.lower().startswith("urn:") and _names_extension(body, operation):
            _apply_to_extension(body, operation)
        elif operation.path:
            _apply(body, operation, read_path(operation.path))
        else:
            for path, value in _without_path(operation.value):
                _apply(body, operation._replace(value=value), path)
    if not body.get("userName"):
        raise Refusal(400, "userName must not be empty; map it to a value.", "invalidValue")
    return body


def merged(before: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes after a PATCH of SCIM 1.1: what is sent replaces, what `meta` names goes."""
    meta = sent.get("meta")
    gone = meta.get("attributes") if isinstance(meta, Mapping) else None
    operations = [Operation("remove", name, None, has_value=False) for name in gone or [] if name]
    return patched(before, [*operations, Operation("replace", "", dict(sent), has_value=True)])


def _without_path(value: Any) -> Iterator[tuple[Target, Any]]:
    """Each attribute that the value of an operation names by its key; the keys may be paths."""
    if not isinstance(value, dict):
        raise bad_value("An operation without a path needs an object of attributes; add the path.")
    for key, inner in value.items():
        schema = schema_of(key)
        whole = key.lower().startswith("urn:") and isinstance(inner, dict)
        if whole and (schema in (None, ENTERPRISE) or not _is_known(read_path(key))):
            for name, one in inner.items():
                known = attribute(name, schema)
                yield Target(schema, known.name if known else name), one
        else:
            yield read_path(key), inner


def _is_known(target: Target) -> bool:
    return attribute(target.name, target.extension) is not None


def _apply(body: dict[str, Any], operation: Operation, target: Target) -> None:
    if target.extension is None and target.name.lower() in NOT_KEPT:
        return  # ours to say; Okta and Entra echo some of them
    if target.only is not None:
        _apply_to_entries(body, operation, target)
    elif target.part is not None:
        _apply_to_part(body, operation, target)
    else:
        _apply_to_whole(body, operation, target)


def _names_extension(body: Mapping[str, Any], operation: Operation) -> bool:
    """Whether a path is an extension's schema alone, without an attribute behind it."""
    schema = schema_of(operation.path)
    return schema in (None, ENTERPRISE) or schema in body


def _apply_to_extension(body: dict[str, Any], operation: Operation) -> None:
    schema = schema_of(operation.path)
    if operation.do == "remove" and schema is not None:
        body.pop(schema, None)
        return
    for target, value in _without_path({operation.path: operation.value}):
        _apply(body, operation._replace(value=value), target)


def _apply_to_whole(body: dict[str, Any], operation: Operation, target: Target) -> None:
    known = attribute(target.name, target.extension)
    present = values.within(body, target.extension).get(target.name)
    if operation.do == "remove" and not (operation.has_value and known and known.many):
        values.remove(body, target.extension, target.name)
        return
    sent = values.canonical(known, target.name, operation.value)
    if operation.do == "remove":
        gone = [_value_of(entry) for entry in sent or []]
        sent = [entry for entry in present or [] if _value_of(entry) not in gone]
    elif operation.do == "add" and isinstance(present, list) and sent is not None:
        sent = _joined(present, sent if isinstance(sent, list) else [sent])
    elif known and known.kind == "complex" and not known.many and isinstance(present, dict) and sent:
        # A manager is one person: what was said of another is not mixed in.
        sent = sent if target.name == "manager" else {**present, **sent}
    if sent is None and operation.do == "add":
        return
    values.put(body, target.extension, target.name, sent)


def _apply_to_part(body: dict[str, Any], operation: Operation, target: Target) -> None:
    known = attribute(target.name, target.extension)
    present = values.within(body, target.extension).get(target.name)
    if known and known.many:
        entries = [dict(entry) for entry in present or [{}] if isinstance(entry, dict)]
        for entry in entries:
            _set_part(entry, operation, target)
        values.put(body, target.extension, target.name, [entry for entry in entries if entry])
        return
    if known and known.kind != "complex":
        raise bad_path(f"{target.name} has no part {target.part}; correct the mapping.")
    whole = dict(present) if isinstance(present, dict) else {}
    _set_part(whole, operation, target)
    values.put(body, target.extension, target.name, whole)


def _apply_to_entries(body: dict[str, Any], operation: Operation, target: Target) -> None:
    """Change the entries a filter chooses; where none is, an add or replace makes it (Entra)."""
    known = attribute(target.name, target.extension)
    if known and not known.many:
        raise bad_path(f"{target.name} is no list to choose entries of; correct the mapping.")
    only = values.canonical(known, target.name, target.only or {})[0] if known else dict(target.only or {})
    present = values.within(body, target.extension).get(target.name) or []
    entries = [dict(entry) for entry in present if isinstance(entry, dict)]
    chosen = [entry for entry in entries if all(_same(entry.get(key), only[key]) for key in only)]
    if operation.do == "remove" and target.part is None:
        entries = [entry for entry in entries if entry not in chosen]
        chosen = []
    elif not chosen and operation.do != "remove":
        chosen = [dict(only)]
        entries += chosen
    for entry in chosen:
        if target.part is not None:
            _set_part(entry, operation, target)
        elif isinstance(operation.value, dict):
            entry.update(operation.value)
        elif operation.value is not None:
            entry["value"] = operation.value
    values.put(body, target.extension, target.name, [entry for entry in entries if entry.keys() - {"type"}])


def _set_part(entry: dict[str, Any], operation: Operation, target: Target) -> None:
    assert target.part is not None
    known = attribute(target.name, target.extension)
    part = known.parts.get(target.part.lower()) if known else None
    value = None if operation.do == "remove" else operation.value
    value = values.canonical(part, f"{target.name}.{target.part}", value)
    if value is None:
        if operation.do != "add":
            entry.pop(target.part, None)
        return
    entry[target.part] = value


def _joined(present: list[Any], more: list[Any]) -> list[Any]:
    """A list with further entries; one that is there already is not there twice, and one is primary."""
    fresh = [entry for entry in more if entry not in present]
    if any(isinstance(entry, dict) and entry.get("primary") for entry in fresh):
        present = [{**entry, "primary": False} if isinstance(entry, dict) else entry for entry in present]
    return [*present, *fresh]


def _value_of(entry: Any) -> Any:
    return entry.get("value") if isinstance(entry, dict) else entry


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return bool(one == other)
