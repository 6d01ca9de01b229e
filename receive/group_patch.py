"""What a PATCH, PUT or POST of a group says: a name, and changes of members; the group is not read for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ledger.pushed import MemberChange
from receive.paths import Target, read_path
from receive.refusals import Refusal, bad_path, bad_value
from receive.user_patch import Operation, read_operations

MOST_MEMBERS = 200_000


class GroupChange(NamedTuple):
    """What is said of a group.

    Attributes:
        display_name: the new name; None where it stays.
        external_id: the new one; None where it stays, empty where it goes.
        members: changes in their order.
    """

    display_name: str | None = None
    external_id: str | None = None
    members: tuple[MemberChange, ...] = ()


def read_group(body: Mapping[str, Any]) -> GroupChange:
    """A whole group, of POST or PUT; absent members are none.

    Raises:
        Refusal: it has no name, or a member has no identifier.
    """
    sent = {key.lower(): value for key, value in body.items()}
    name = _text("displayName", sent.get("displayname"))
    if not name:
        raise bad_value("displayName must not be empty; give the group a name.")
    return GroupChange(
        name,
        _text("externalId", sent.get("externalid")) or "",
        (MemberChange("replace", member_ids(sent.get("members"))),),
    )


def read_patch(body: Mapping[str, Any]) -> GroupChange:
    """The operations of a PATCH of SCIM 2.0.

    Raises:
        Refusal: an operation cannot be done.
    """
    change = GroupChange()
    for operation in read_operations(body):
        for target, value in _targets(operation):
            change = _with(change, operation._replace(value=value), target)
    return change


def read_old_patch(body: Mapping[str, Any]) -> GroupChange:
    """A PATCH of SCIM 1.1: members say themselves whether they go, `meta` names what is emptied first."""
    sent = {key.lower(): value for key, value in body.items()}
    meta = sent.get("meta")
    emptied = [
        str(name).lower() for name in (meta.get("attributes") if isinstance(meta, dict) else None) or []
    ]
    stated = sent.get("members") or []
    goes = [one for one in stated if isinstance(one, dict) and str(one.get("operation")).lower() == "delete"]
    steps = [MemberChange("replace", ())] if "members" in emptied else []
    steps += [MemberChange("remove", member_ids(goes))] if goes else []
    stays = [one for one in stated if one not in goes]
    steps += [MemberChange("add", member_ids(stays))] if stays else []
    name = _text("displayName", sent.get("displayname"))
    return GroupChange(name or None, _text("externalId", sent.get("externalid")), tuple(steps))


def member_ids(value: Any) -> list[str]:
    """The identifiers of members, each once.

    Raises:
        Refusal: one has none.
    """
    if value is None:
        return []
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MOST_MEMBERS:
        raise Refusal(413, f"A request may name {MOST_MEMBERS:,} members; send fewer at a time.")
    ids = [entry.get("value") if isinstance(entry, dict) else entry for entry in entries]
    if not all(isinstance(one, str) and one.strip() for one in ids):
        raise bad_value("A member has no value; send the id of the user as members.value.")
    return list(dict.fromkeys(map(str, ids)))


def _targets(operation: Operation) -> Iterator[tuple[Target, Any]]:
    if operation.path:
        yield read_path(operation.path), operation.value
        return
    if not isinstance(operation.value, dict):
        raise bad_value("An operation without a path needs an object of attributes; add the path.")
    for key, value in operation.value.items():
        yield read_path(key), value


def _with(change: GroupChange, operation: Operation, target: Target) -> GroupChange:
    name = target.name.lower()
    if name == "members":
        return change._replace(members=(*change.members, *_member_steps(operation, target)))
    if name == "displayname":
        said = None if operation.do == "remove" else _text("displayName", operation.value)
        if not said:
            raise bad_value("displayName must not be empty; give the group a name.")
        return change._replace(display_name=said)
    if name == "externalid":
        said = None if operation.do == "remove" else _text("externalId", operation.value)
        return change._replace(external_id=said or "")
    return change  # a group has nothing else; Okta echoes its id


def _member_steps(operation: Operation, target: Target) -> list[MemberChange]:
    if target.only is not None:
        chosen = target.only.get("value")
        if not isinstance(chosen, str) or len(target.only) > 1 or operation.do == "replace":
            raise bad_path('Members are chosen by members[value eq "id"]; correct the client.')
        return [MemberChange(operation.do, [chosen])]
    if target.part is not None:
        raise bad_path("Members are changed whole; use the path members.")
    ids = member_ids(operation.value)
    if operation.do == "remove" and not operation.has_value:
        # By the standard this empties the group; with a value it takes out those alone.
        return [MemberChange("replace", [])]
    return [MemberChange(operation.do, ids)]


def _text(label: str, value: Any) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return None
    if not isinstance(value, str):
        raise bad_value(f"{label} takes a text; correct its mapping.")
    return value.strip()
