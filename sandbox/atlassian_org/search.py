"""The searches of accounts and groups: filters, their limits and exclusions, pages.

Identifiers, addresses and groups go through indexes; other filters look at accounts one by one, and
a page stops as soon as it is full. The order is that of creation, so a write between two pages
neither hides nor repeats an account.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sandbox.atlassian_org.rows import EXPAND, group_row, user_bytes
from sandbox.kit.cloud_model import ALIASES, DIRECTORY_ID, Account, Group, RefusedError
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import body_of, cursor, limit_of, organisation, raw_page, resume
from sandbox.kit.world import Reply, Request, World, json_reply

_USER_LISTS = {
    "accountIds": 10,
    "directoryIds": 10,
    "groupIds": 10,
    "resourceIds": 20,
    "roleIds": 10,
    "emailDomains": 10,
    "emails": 100,
    "accountStatus": 3,
    "membershipStatus": 3,
    "status": 4,
    "expand": 4,
    "sortBy": 1,
}
_GROUP_LISTS = {
    "accountIds": 10,
    "directoryIds": 10,
    "groupIds": 10,
    "groupNames": 100,
    "resourceIds": 20,
    "resourceOwners": 10,
    "roleIds": 10,
    "expand": 2,
    "sortBy": 1,
}
_WORDS = {
    "accountStatus": {"active", "inactive", "closed"},
    "membershipStatus": {"active", "suspended", "no_membership"},
    "status": {"active", "suspended", "not_invited", "deactivated", "for_deletion"},
}
Keep = Callable[[Account], bool]


def bad(text: str) -> RefusedError:
    return RefusedError(400, "ADMIN-400-24", f"Invalid request body: {text}")


# Reading a query


def _lists(raw: Mapping[str, Any], most: Mapping[str, int]) -> dict[str, Any]:
    query: dict[str, Any] = {}
    for name, longest in most.items():
        if (value := raw.get(name)) is None:
            continue
        if not isinstance(value, list) or not 1 <= len(value) <= longest:
            raise bad(f"{name} must be a list of 1 to {longest}")
        if name in _WORDS and set(value) - _WORDS[name]:
            raise bad(f"{name} must be of {', '.join(sorted(_WORDS[name]))}")
        query[name] = value
    return query


def user_query(raw: Mapping[str, Any], *, default: int) -> dict[str, Any]:
    """Check the filters of a search of accounts."""
    query = _lists(raw, _USER_LISTS)
    for name in ("searchTerm", "claimStatus", "mfaEnabled"):
        if raw.get(name) is not None:
            query[name] = raw[name]
    if "emails" in query and "searchTerm" in query:
        raise bad("emails and searchTerm are mutually exclusive")
    if query.get("claimStatus", "managed") not in ("managed", "unmanaged"):
        raise bad("claimStatus must be managed or unmanaged")
    if set(query.get("expand", ())) - set(EXPAND):
        raise bad(f"expand must be of {', '.join(EXPAND)}")
    for order in query.get("sortBy", ()):
        if order.get("field") != "nick_name" or order.get("direction") not in ("asc", "desc"):
            raise bad("sortBy takes field nick_name and direction asc or desc")
    query["limit"] = limit_of(raw.get("limit"), default=default)
    return query


def group_query(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Check the filters of a search of groups."""
    query = _lists(raw, _GROUP_LISTS)
    if raw.get("searchTerm") is not None:
        query["searchTerm"] = raw["searchTerm"]
    if "groupNames" in query and ("searchTerm" in query or "groupIds" in query):
        raise bad("groupNames excludes searchTerm and groupIds")
    if set(query.get("expand", ())) - {"counts.users", "counts.resources"}:
        raise bad("expand must be of counts.users, counts.resources")
    for order in query.get("sortBy", ()):
        if order.get("field") != "name" or order.get("direction") not in ("asc", "desc"):
            raise bad("sortBy takes field name and direction asc or desc")
    query["limit"] = limit_of(raw.get("limit"), default=20)
    return query


def from_query_string(request: Request, lists: Iterable[str]) -> dict[str, Any]:
    """The same filters as a deprecated GET has them."""
    raw: dict[str, Any] = {name: request.all(name) for name in lists if request.all(name)}
    raw |= {n: v for n in ("searchTerm", "claimStatus", "limit") if (v := request.get(n)) is not None}
    if (mfa := request.get("mfaEnabled")) is not None:
        raw["mfaEnabled"] = mfa == "true"
    raw.pop("sortBy", None)
    return raw


# Accounts


def _positions(org: Organisation, query: Mapping[str, Any], after: int) -> Iterable[int]:
    """Positions past `after` that an index admits, in order."""
    if "accountIds" in query:
        found = {a.position for key in query["accountIds"] if (a := org.by_id.get(key))}
    elif "emails" in query:
        found = {a.position for key in query["emails"] if (a := org.by_email.get(key.lower()))}
    elif "groupIds" in query:
        groups = [group for key in query["groupIds"] if (group := org.groups.get(bare(key)))]
        ordered = groups[0].ordered() if len(groups) == 1 else sorted({p for g in groups for p in g.members})
        return ordered[bisect_right(ordered, after) :]
    else:
        return range(after + 1, len(org.accounts))
    return sorted(position for position in found if position > after)


def bare(group_id: str) -> str:
    """The UUID of a group, whichever of its two forms was sent."""
    return group_id.rpartition("/")[2]


def _filters(org: Organisation, query: Mapping[str, Any], *, narrow: bool) -> Iterator[Keep]:
    """What an account must satisfy beyond the index."""
    outside = "claimStatus" in query or "no_membership" in query.get("membershipStatus", ())
    if not (outside or "not_invited" in query.get("status", ())):
        yield lambda a: a.membership != "no_membership"
    if "closed" not in query.get("accountStatus", ()):
        yield lambda a: a.status != "closed"
    if narrow:
        yield lambda a: a.kind == "atlassian"
    yield from _plain_filters(query)
    if resources := {ALIASES.get(r, r) for r in query.get("resourceIds", ())}:
        yield lambda a: not resources.isdisjoint(r for r, held in org.roles(a).items() if held)
    if roles := set(query.get("roleIds", ())):
        yield lambda a: any(not roles.isdisjoint(held) for held in org.roles(a).values())


def _plain_filters(query: Mapping[str, Any]) -> Iterator[Keep]:
    """Filters that look at the account alone."""
    for name, read in (
        ("accountIds", lambda a: a.account_id),
        ("accountStatus", lambda a: a.status),
        ("membershipStatus", lambda a: a.membership),
        ("status", lambda a: a.composite),
        ("emailDomains", lambda a: a.email.rpartition("@")[2].lower()),
        ("emails", lambda a: a.email.lower()),
    ):
        if name in query:
            yield _among({str(value).lower() if "mail" in name else value for value in query[name]}, read)
    if "groupIds" in query:
        wanted = {bare(key) for key in query["groupIds"]}
        yield lambda a: not wanted.isdisjoint(a.groups)
    if "claimStatus" in query:
        yield lambda a: a.managed == (query["claimStatus"] == "managed")
    if "mfaEnabled" in query:
        yield lambda a: a.mfa == query["mfaEnabled"]
    if "directoryIds" in query:
        yield lambda _: DIRECTORY_ID in query["directoryIds"]
    if term := str(query.get("searchTerm", "")).lower():
        yield lambda a: term in a.name.lower() or term in a.email.lower()


def _among(values: set[Any], read: Callable[[Account], Any]) -> Keep:
    return lambda account: read(account) in values


def users(
    org: Organisation, query: Mapping[str, Any], after: int = -1, *, narrow: bool = False
) -> Iterator[Account]:
    """Accounts past a position that fit a query."""
    keeps = list(_filters(org, query, narrow=narrow))
    for position in _positions(org, query, after):
        account = org.accounts[position]
        if all(keep(account) for keep in keeps):
            yield account


def user_page(world: World, org: Organisation, kind: str, query: dict[str, Any], after: int) -> Reply:
    """One page; its `next` is a bare cursor that holds the query."""
    narrow = bool(world.options.get("atlassian_narrow"))
    if "sortBy" in query:
        rows, end = _sorted_rows(org, query, after, narrow=narrow)
    else:
        rows, end = _first(users(org, query, after, narrow=narrow), query["limit"])
    expand = frozenset(query.get("expand", ())) - frozenset(world.options.get("atlassian_hides") or ())
    links = {"self": cursor(kind, after, query)}
    if end is not None:
        links["next"] = cursor(kind, end, query)
    return raw_page((user_bytes(world, org, account, expand) for account in rows), links)


def _first(found: Iterator[Account], limit: int) -> tuple[list[Account], int | None]:
    rows = [account for _, account in zip(range(limit), found, strict=False)]
    more = next(found, None) is not None if len(rows) == limit else False
    return rows, rows[-1].position if more else None


def _sorted_rows(
    org: Organisation, query: Mapping[str, Any], after: int, *, narrow: bool
) -> tuple[list[Account], int | None]:
    """Sorted pages count rows instead of positions."""
    backwards = query["sortBy"][0]["direction"] == "desc"
    ranked = sorted(users(org, query, narrow=narrow), key=lambda a: a.nickname.lower(), reverse=backwards)
    start, limit = after + 1, query["limit"]
    return ranked[start : start + limit], start + limit - 1 if start + limit < len(ranked) else None


def search_users(world: World, request: Request) -> Reply:
    """`POST …/users/search`."""
    org, body = organisation(world), body_of(request)
    if token := body.get("cursor"):
        after, query = resume("users", token)
    else:
        after, query = -1, user_query(body, default=50)
    return user_page(world, org, "users", query, after)


def list_users(world: World, request: Request) -> Reply:
    """`GET …/users`, deprecated: the same filters in the query string, smaller pages, no expansion."""
    if token := request.get("cursor"):
        after, query = resume("list", token)
    else:
        raw = from_query_string(request, _USER_LISTS)
        raw.pop("expand", None)
        after, query = -1, user_query(raw, default=20)
    return user_page(world, organisation(world), "list", query, after)


def count_users(world: World, request: Request) -> Reply:
    """`GET …/users/count`."""
    query = user_query(from_query_string(request, _USER_LISTS), default=20)
    narrow = bool(world.options.get("atlassian_narrow"))
    return json_reply({"count": sum(1 for _ in users(organisation(world), query, narrow=narrow))})


# Groups


def groups(org: Organisation, query: Mapping[str, Any]) -> list[Group]:
    """Groups that fit a query, in the order of their names."""
    now = time.monotonic()
    found = [g for g in _indexed(org, query) if g.visible_from <= now and _fits(org, g, query)]
    backwards = any(order["direction"] == "desc" for order in query.get("sortBy", ()))
    return sorted(found, key=lambda g: g.name.lower(), reverse=backwards)


def _indexed(org: Organisation, query: Mapping[str, Any]) -> list[Group]:
    if "groupIds" in query:
        return [g for key in dict.fromkeys(query["groupIds"]) if (g := org.groups.get(bare(key)))]
    if "groupNames" in query:
        names = dict.fromkeys(str(name).lower() for name in query["groupNames"])
        return [g for name in names if (g := org.by_name.get(name))]
    if "accountIds" in query:
        held = {key for a in query["accountIds"] if a in org.by_id for key in org.by_id[a].groups}
        return [org.groups[key] for key in held]
    return list(org.groups.values())


def _fits(org: Organisation, group: Group, query: Mapping[str, Any]) -> bool:
    resources = {ALIASES.get(r, r) for r in query.get("resourceIds", ())}
    held = {resource for resource, names in group.roles.items() if names}
    roles = {role for names in group.roles.values() for role in names}
    owners = {resource.split(":")[2] for resource in held}
    members = {org.by_id[a].position for a in query.get("accountIds", ()) if a in org.by_id}
    return (
        (not resources or not resources.isdisjoint(held))
        and ("roleIds" not in query or not roles.isdisjoint(query["roleIds"]))
        and ("resourceOwners" not in query or not owners.isdisjoint(query["resourceOwners"]))
        and ("accountIds" not in query or not members.isdisjoint(group.members))
        and ("directoryIds" not in query or DIRECTORY_ID in query["directoryIds"])
        and str(query.get("searchTerm", "")).lower() in group.name.lower()
    )


def group_page(org: Organisation, kind: str, query: dict[str, Any], start: int) -> Reply:
    found, end = groups(org, query), start + query["limit"]
    links = {"self": cursor(kind, start, query)}
    if end < len(found):
        links["next"] = cursor(kind, end, query)
    rows = [group_row(group, query.get("expand", ())) for group in found[start:end]]
    return json_reply({"data": rows, "links": links})


def search_groups(world: World, request: Request) -> Reply:
    """`POST …/groups/search`."""
    body = body_of(request)
    if token := body.get("cursor"):
        start, query = resume("groups", token)
    else:
        start, query = 0, group_query(body)
    return group_page(organisation(world), "groups", query, start)


def list_groups(world: World, request: Request) -> Reply:
    """`GET …/groups`, deprecated; tells the counts unasked."""
    if token := request.get("cursor"):
        start, query = resume("group list", token)
    else:
        start, query = 0, group_query(from_query_string(request, _GROUP_LISTS))
        query["expand"] = ["counts.users", "counts.resources"]
    return group_page(organisation(world), "group list", query, start)


def count_groups(world: World, request: Request) -> Reply:
    """`GET …/groups/count`."""
    query = group_query(from_query_string(request, _GROUP_LISTS))
    return json_reply({"count": len(groups(organisation(world), query))})
