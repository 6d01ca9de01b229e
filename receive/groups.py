"""What can be asked of groups; their members are read only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ledger.pushed import StoredGroup, StoredMember
from receive.answers import Answer, meta
from receive.body import GROUP_BYTES, read_body
from receive.call import Call, etag
from receive.filters import group_filter
from receive.group_patch import GroupChange, read_group, read_old_patch, read_patch
from receive.schema import CORE_GROUP, OLD_CORE


def list_groups(call: Call) -> Answer:
    """GET /Groups."""
    start, count = call.window()
    said = call.request.args.get("filter")
    total, rows = call.inbox.list_groups(call.name, group_filter(said) if said else None, start, count)
    return Answer(200, call.listed(total, start, _shown(call, rows)))


def get_group(call: Call, identifier: str) -> Answer:
    """GET /Groups/{id}."""
    return _answer(call, 200, call.inbox.find_group(call.name, identifier))


def add_group(call: Call) -> Answer:
    """POST /Groups."""
    said = read_group(read_body(call.request, GROUP_BYTES))
    ids = said.members[0].ids
    stored = call.inbox.add_group(
        call.writer, str(uuid4()), said.display_name or "", said.external_id or None, ids
    )
    return _answer(call, 201, stored)


def replace_group(call: Call, identifier: str) -> Answer:
    """PUT /Groups/{id}; members that are not named go."""
    said = read_group(read_body(call.request, GROUP_BYTES))
    return _answer(call, 200, _change(call, identifier, said))


def patch_group(call: Call, identifier: str) -> Answer:
    """PATCH /Groups/{id}, of either version; answered without a body, which could be a long one."""
    sent = read_body(call.request, GROUP_BYTES)
    operations = any(key.lower() == "operations" for key in sent)
    stored = _change(
        call, identifier, read_old_patch(sent) if call.old and not operations else read_patch(sent)
    )
    return Answer(204, headers={"ETag": etag(stored.version)})


def delete_group(call: Call, identifier: str) -> Answer:
    """DELETE /Groups/{id}."""
    call.inbox.delete_group(call.writer, identifier, lambda stored: call.require_version(stored.version))
    return Answer(204)


def _change(call: Call, identifier: str, said: GroupChange) -> StoredGroup:
    return call.inbox.change_group(call.writer, identifier, _named(call, said), said.members)


def _named(call: Call, said: GroupChange) -> Callable[[StoredGroup], StoredGroup]:
    def change(before: StoredGroup) -> StoredGroup:
        call.require_version(before.version)
        external = before.external_id if said.external_id is None else said.external_id or None
        return before._replace(display_name=said.display_name or before.display_name, external_id=external)

    return change


def _answer(call: Call, status: int, stored: StoredGroup) -> Answer:
    (shown,) = _shown(call, [stored])
    headers = {"ETag": etag(stored.version), "Location": shown["meta"]["location"]}
    return Answer(status, call.shaped(shown), headers)


def _shown(call: Call, rows: list[StoredGroup]) -> list[dict[str, Any]]:
    wanted = bool(rows) and call.shows("members")
    members = call.inbox.members_of(call.name, [row.id for row in rows]) if wanted else {}
    return [_resource(call, row, members.get(row.id)) for row in rows]


def _resource(call: Call, row: StoredGroup, members: list[StoredMember] | None) -> dict[str, Any]:
    external = {"externalId": row.external_id} if row.external_id else {}
    told = {} if members is None else {"members": [_member(call, member) for member in members]}
    return {
        "schemas": [OLD_CORE if call.old else CORE_GROUP],
        "id": row.id,
        **external,
        "displayName": row.display_name,
        **told,
        "meta": meta(call, "Group", row),
    }


def _member(call: Call, member: StoredMember) -> dict[str, str]:
    kind = "Group" if member.is_group else "User"
    return {"value": member.id, "type": kind, "$ref": f"{call.base}/{kind}s/{member.id}"}
