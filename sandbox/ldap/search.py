"""Searches of the two directories: what is found, in pages, with long member lists in parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from sandbox.kit.world import World
from sandbox.ldap import active_directory, openldap
from sandbox.ldap.filter import satisfies
from sandbox.ldap.message import NO_SUCH_OBJECT, SIZE_LIMIT, UNWILLING, Answer, Search
from sandbox.ldap.tree import Entry, Tree

MOST = 1000
"""MaxPageSize: entries of a page, and of an answer without pages."""
RANGE = 1500
"""MaxValRange: values of one attribute in one answer."""
KEPT = timedelta(days=180)
"""How long deleted objects stay."""
_RANGE = re.compile(r"member;range=(\d+)-(\*|\d+)", re.IGNORECASE)
Held = Mapping[str, Sequence[bytes]]


@dataclass
class Session:
    """One connection: who signed in, and the searches that are to go on.

    Attributes:
        directory: which one the name that signed in belongs to; None before.
        pages: what is left of each search, by its cookie.
    """

    directory: str | None = None
    pages: dict[bytes, list[Entry]] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=count)


def search(world: World, session: Session, asked: Search) -> Answer:
    """Return one page, or the whole where no pages are asked for."""
    if not asked.base and not asked.scope:
        return Answer(entries=[("", _chosen(_root(world, session), asked.attributes))])
    if asked.cookie and asked.cookie not in session.pages:
        return Answer(UNWILLING, "00000057: the cookie is not one of this connection")
    if asked.cookie:
        left = session.pages.pop(asked.cookie)
    else:
        candidates = _candidates(world, session, asked)
        if candidates is None:
            return Answer(NO_SUCH_OBJECT, "0000208D: NameErr: DSID-0310021B, problem 2001 (NO_OBJECT)")
        left = [entry for entry in candidates if satisfies(entry.lower, asked.filter)]
    return _page(world, session, asked, left)


def _page(world: World, session: Session, asked: Search, left: list[Entry]) -> Answer:
    windows = session.directory == "active_directory"
    most = min(asked.page or MOST, MOST) if windows or asked.page else len(left)
    part, rest = left[:most], left[most:]
    bound = world.options.get("ldap_range", RANGE) if windows else len(part) + 10**9
    answer = Answer(entries=[(entry.dn, _shown(entry.lower, asked.attributes, bound)) for entry in part])
    if windows and asked.scope and asked.base.lower() == active_directory.DOMAIN.lower():
        answer.references = active_directory.REFERRALS
    if asked.page is None:
        answer.code = SIZE_LIMIT if rest else answer.code
        return answer
    answer.cookie = b""
    if rest:
        answer.cookie = f"page {next(session.numbers)}".encode()
        session.pages[answer.cookie] = rest
    return answer


def _candidates(world: World, session: Session, asked: Search) -> list[Entry] | None:
    """Return every entry at or below a base; None where there is no such base."""
    tree = _tree(world, session)
    every = list(tree.entries.values())
    if session.directory == "active_directory":
        every += _server(world)
        every.append(active_directory.domain_entry(world.options.get("ldap_sync_interval")))
        if asked.deleted and not world.options.get("ldap_hides_deleted"):
            since = world.company.now - KEPT
            gone = (entry for entry in tree.deleted.values() if entry.at and entry.at >= since)
            every += [active_directory.bin_entry(), *map(active_directory.tombstone, gone)]
    else:
        every.append(openldap.suffix(world.company.now))
    base = asked.base.lower()
    if not asked.scope:
        return [entry for entry in every if entry.dn.lower() == base] or None
    found = [entry for entry in every if entry.dn.lower() == base or entry.dn.lower().endswith(f",{base}")]
    return found or ([] if _is_container(base) else None)


def _is_container(base: str) -> bool:
    """Whether a base is there even where nothing is below it."""
    return base in (active_directory.DOMAIN.lower(), openldap.SUFFIX) or base.startswith("ou=")


def _server(world: World) -> Iterable[Entry]:
    """Return the entry of the domain controller, which tells its database by an identifier of its own."""
    database = world.options.get("ldap_invocation", "0123456789abcdef").encode()
    held: dict[str, Sequence[bytes]] = {"invocationid": [database], "objectclass": [b"nTDSDSA"]}
    return [Entry("server", active_directory.SERVER, {}, lower=held)]


def _tree(world: World, session: Session) -> Tree:
    face = active_directory if session.directory == "active_directory" else openldap
    tree: Tree = world.hold(f"ldap {session.directory}", Tree)
    tree.follow(world, face.entries, face.noted)
    return tree


def _root(world: World, session: Session) -> Held:
    if session.directory == "openldap":
        return openldap.root()
    return active_directory.root(_tree(world, session), world.company.now)


def _shown(held: Held, attributes: Sequence[str], bound: int) -> Held:
    """Return the attributes that were asked for; of more members than one answer may hold, a part."""
    shown = dict(_chosen(held, attributes))
    members = held.get("member", ())
    start = _range_start(attributes)
    if start is None and (len(members) <= bound or "member" not in shown):
        return shown
    start = start or 0
    end = start + bound
    last = "*" if end >= len(members) else str(end - 1)
    # The list itself is there too, and empty.
    shown["member"] = []
    return shown | {f"member;range={start}-{last}": members[start:end]}


def _range_start(attributes: Sequence[str]) -> int | None:
    found = next(filter(None, map(_RANGE.fullmatch, attributes)), None)
    return int(found[1]) if found else None


def _chosen(held: Held, attributes: Sequence[str]) -> Held:
    """Return attributes spelled as they were asked for."""
    lower = {name.lower(): values for name, values in held.items()}
    return {name: lower[name.lower()] for name in attributes if name.lower() in lower}
