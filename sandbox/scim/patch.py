"""Partial changes of a resource: operations of SCIM 2.0, partial resources of SCIM 1.1.

Both take a resource as it is and return what it shall be; writing it back is the same as a PUT.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from sandbox.scim.dialect import Dialect
from sandbox.scim.errors import ScimError
from sandbox.scim.filter import own, parse

Resource = dict[str, Any]
_PATH = re.compile(r"(?P<name>[\w$-]+)(?:\[(?P<filter>.+)\])?(?:\.(?P<sub>[\w$-]+))?")
_EQUAL = re.compile(r'(\w+)\s+eq\s+"([^"]*)"', re.IGNORECASE)
_READ_ONLY = {"schemas", "id", "meta"}


def patched(dialect: Dialect, resource: Resource, body: Any) -> Resource:
    """Return a resource after a PATCH in its own version."""
    if not isinstance(body, dict):
        raise ScimError(400, "A change is a JSON object.", "invalidSyntax")
    fresh = copy.deepcopy(resource)
    if dialect.old:
        _merge_old(dialect, fresh, body)
        return fresh
    operations = own(body, "Operations")
    if not isinstance(operations, list):
        raise ScimError(400, "Operations are missing.", "invalidSyntax")
    for operation in operations:
        _operate(dialect, fresh, operation)
    return fresh


# SCIM 2.0


def _operate(dialect: Dialect, resource: Resource, operation: Resource) -> None:
    op, path, value = str(operation.get("op")).lower(), operation.get("path"), operation.get("value")
    if op not in ("add", "replace", "remove"):
        raise ScimError(400, f"{operation.get('op')} is no operation.", "invalidSyntax")
    if path:
        _at(dialect, resource, op, path, value)
    elif op == "remove":
        raise ScimError(400, "A removal needs a path.", "noTarget")
    elif not isinstance(value, dict):
        raise ScimError(400, "Without a path the value is an object.", "invalidValue")
    else:
        for name, item in value.items():
            _at(dialect, resource, op, name, item)


def _at(dialect: Dialect, resource: Resource, op: str, path: str, value: Any) -> None:
    """Change what one path leads to."""
    schema, name = _schema(dialect, path)
    if schema in (dialect.enterprise, dialect.hr):
        resource = resource.setdefault(schema, {})
        if not name:
            resource.update(value or {}) if op != "remove" else resource.clear()
            return
    found = _PATH.fullmatch(name)
    if found is None:
        raise ScimError(400, f"{path} is no path.", "invalidPath")
    key = _key(resource, found["name"])
    if key in _READ_ONLY:
        return
    if found["filter"]:
        _among(resource, op, key, found["filter"], found["sub"], value)
    elif found["sub"]:
        inner = resource.setdefault(key, {})
        _set(inner, op, _key(inner, found["sub"]), value)
    else:
        _set(resource, op, key, value)


def _schema(dialect: Dialect, path: str) -> tuple[str | None, str]:
    """Divide a path into the schema it starts with and the rest."""
    for schema in (dialect.enterprise, dialect.hr, dialect.user, dialect.group):
        if path.lower().startswith(schema.lower()):
            return schema, path[len(schema) :].lstrip(":")
    return None, path


def _key(resource: Resource, name: str) -> str:
    return next((key for key in resource if key.lower() == name.lower()), name)


def _set(resource: Resource, op: str, key: str, value: Any) -> None:
    """Change a whole attribute; adding to a list keeps what is there."""
    old = resource.get(key)
    if op == "remove":
        if isinstance(old, list) and isinstance(value, list):
            resource[key] = [item for item in old if _told(item) not in {_told(gone) for gone in value}]
        else:
            resource.pop(key, None)
    elif op == "add" and isinstance(old, list):
        fresh = value if isinstance(value, list) else [value]
        resource[key] = _joined(old, fresh)
    elif isinstance(old, dict) and isinstance(value, dict):
        old.update(value)
    else:
        resource[key] = value


def _told(item: Any) -> Any:
    return item.get("value") if isinstance(item, dict) else item


def _joined(old: list[Any], fresh: list[Any]) -> list[Any]:
    have = {_told(item) for item in old}
    return [*old, *(item for item in fresh if _told(item) not in have)]


def _among(resource: Resource, op: str, key: str, text: str, sub: str | None, value: Any) -> None:
    """Change the items of a list that a filter chooses; where none does, make the one it describes."""
    test = parse(text)
    items = resource.setdefault(key, [])
    chosen = [item for item in items if isinstance(item, dict) and test(item)]
    if op == "remove":
        if sub:
            for item in chosen:
                item.pop(_key(item, sub), None)
        else:
            resource[key] = [item for item in items if item not in chosen]
        return
    if not chosen:
        chosen = [dict(_EQUAL.findall(text))]
        items.extend(chosen)
    for item in chosen:
        item.update({_key(item, sub): value} if sub else value)


# SCIM 1.1


def _merge_old(dialect: Dialect, resource: Resource, body: Resource) -> None:
    """Delete what `meta.attributes` names, then take over what is there."""
    for path in (body.get("meta") or {}).get("attributes", []):
        _delete_old(dialect, resource, path)
    for name, value in body.items():
        if name.startswith("urn:") and isinstance(value, dict):
            _merge(resource.setdefault(name, {}), value)
        elif name not in _READ_ONLY:
            _merge(resource, {name: value})


def _delete_old(dialect: Dialect, resource: Resource, path: str) -> None:
    schema, name = _schema(dialect, path)
    target = resource.get(schema, resource) if schema else resource
    first, _, sub = name.lstrip(".").partition(".")
    key = _key(target, first)
    if sub and isinstance(target.get(key), dict):
        target[key].pop(_key(target[key], sub), None)
    else:
        target.pop(key, None)


def _merge(resource: Resource, facts: Resource) -> None:
    for name, value in facts.items():
        key = _key(resource, name)
        old = resource.get(key)
        if isinstance(value, list):
            resource[key] = _changed(old if isinstance(old, list) else [], value)
        elif isinstance(value, dict) and isinstance(old, dict):
            old.update(value)
        else:
            resource[key] = value


def _changed(old: list[Any], items: list[Any]) -> list[Any]:
    """Drop the items marked `delete`, take the others over; a primary one is the only one."""
    deleted = {_told(item) for item in items if isinstance(item, dict) and item.get("operation") == "delete"}
    fresh = [item for item in items if _told(item) not in deleted]
    replaced = deleted | {_told(item) for item in fresh}
    kept = [item for item in old if _told(item) not in replaced]
    if any(isinstance(item, dict) and item.get("primary") for item in fresh):
        kept = [{**item, "primary": False} if isinstance(item, dict) else item for item in kept]
    return [*kept, *fresh]
