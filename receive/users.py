"""What can be asked of users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from ledger.pushed import StoredGroup, StoredUser, UserKeys
from provisioning.model.text import fold
from receive.answers import Answer, meta
from receive.body import USER_BYTES, read_body
from receive.call import Call, etag
from receive.filters import user_filter
from receive.refusals import bad_value
from receive.schema import CORE_USER, ENTERPRISE, OLD_CORE, OLD_ENTERPRISE
from receive.user_patch import merged, patched, read_operations
from receive.values import canonical_user


def list_users(call: Call) -> Answer:
    """GET /Users."""
    start, count = call.window()
    said = call.request.args.get("filter")
    total, rows = call.inbox.list_users(call.name, user_filter(said) if said else None, start, count)
    return Answer(200, call.listed(total, start, _shown(call, rows)))


def get_user(call: Call, identifier: str) -> Answer:
    """GET /Users/{id}."""
    return _answer(call, 200, call.inbox.find_user(call.name, identifier))


def add_user(call: Call) -> Answer:
    """POST /Users; an active user unless the request says otherwise."""
    body = _whole(read_body(call.request, USER_BYTES))
    stored = call.inbox.add_user(call.writer, str(uuid4()), body, keys_of(body))
    return _answer(call, 201, stored)


def replace_user(call: Call, identifier: str) -> Answer:
    """PUT /Users/{id}; never makes one."""
    body = _whole(read_body(call.request, USER_BYTES))
    return _change(call, identifier, lambda _before: body)


def patch_user(call: Call, identifier: str) -> Answer:
    """PATCH /Users/{id}, of either version."""
    sent = read_body(call.request, USER_BYTES)
    if call.old and not any(key.lower() == "operations" for key in sent):
        return _change(call, identifier, lambda before: merged(before, sent))
    operations = read_operations(sent)
    return _change(call, identifier, lambda before: patched(before, operations))


def delete_user(call: Call, identifier: str) -> Answer:
    """DELETE /Users/{id}."""
    call.inbox.delete_user(call.writer, identifier, lambda stored: call.require_version(stored.version))
    return Answer(204)


def keys_of(body: Mapping[str, Any]) -> UserKeys:
    """What a user is looked up by."""
    external = body.get("externalId")
    address = work_address(body.get("emails"))
    active = body.get("active", True) is True
    return UserKeys(fold(str(body["userName"])), external, fold(address) if address else None, active)


def work_address(emails: Any) -> str | None:
    """The address of work, else the primary one, else the first."""
    entries = [one for one in emails or [] if isinstance(one, dict) and isinstance(one.get("value"), str)]
    work = [one for one in entries if str(one.get("type")).lower() == "work"]
    primary = [one for one in entries if one.get("primary") is True]
    found = [*work, *primary, *entries]
    return str(found[0]["value"]) if found else None


def _whole(sent: Mapping[str, Any]) -> dict[str, Any]:
    body = canonical_user(sent)
    if not str(body.get("userName", "")).strip():
        raise bad_value("userName must not be empty; map it to a value.")
    return {"active": True, **body}


def _change(call: Call, identifier: str, made: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Answer:
    def change(before: StoredUser) -> tuple[dict[str, Any], UserKeys]:
        call.require_version(before.version)
        body = made(before.body)
        return body, keys_of(body)

    return _answer(call, 200, call.inbox.change_user(call.writer, identifier, change))


def _answer(call: Call, status: int, stored: StoredUser) -> Answer:
    (shown,) = _shown(call, [stored])
    headers = {"ETag": etag(stored.version), "Location": shown["meta"]["location"]}
    return Answer(status, call.shaped(shown), headers)


def _shown(call: Call, rows: list[StoredUser]) -> list[dict[str, Any]]:
    """Users as they are told, each with its groups unless nobody asks for them."""
    wanted = bool(rows) and call.shows("groups")
    groups = call.inbox.groups_of(call.name, [row.id for row in rows]) if wanted else {}
    return [_resource(call, row, groups.get(row.id, [])) for row in rows]


def _resource(call: Call, row: StoredUser, groups: list[StoredGroup]) -> dict[str, Any]:
    body = dict(row.body)
    extensions = [key for key in body if key.startswith("urn:")]
    if call.old:
        extensions = [OLD_ENTERPRISE if key == ENTERPRISE else key for key in extensions]
        if ENTERPRISE in body:
            body[OLD_ENTERPRISE] = body.pop(ENTERPRISE)
    told = {"groups": [_group(call, group) for group in groups]} if groups else {}
    return {
        "schemas": [OLD_CORE if call.old else CORE_USER, *extensions],
        "id": row.id,
        **body,
        **told,
        "meta": meta(call, "User", row),
    }


def _group(call: Call, group: StoredGroup) -> dict[str, Any]:
    return {"value": group.id, "display": group.display_name, "$ref": f"{call.base}/Groups/{group.id}"}
