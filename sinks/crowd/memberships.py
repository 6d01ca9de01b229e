"""Memberships of a Crowd server: who is in a group, and which groups are in it, to any depth.

Applications that use Crowd see the flat list: whoever is in a child group is in its parents, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.parsers import expat

from sinks.kit.datacenter_rows import Memberships, split_pairs
from transport.reply import Reply
from transport.shape import malformed


class Tree(NamedTuple):
    """Direct members of each group: accounts, and child groups."""

    accounts: dict[str, list[str]]
    children: dict[str, list[str]]

    def flat(self) -> Memberships:
        """Account and group of each membership, those through child groups among them."""
        return split_pairs(
            (account_id, group)
            for group in self.accounts
            for account_id in dict.fromkeys(
                key for inner in within(group, self.children) for key in self.accounts.get(inner, ())
            )
        )

    def parents(self) -> dict[str, list[str]]:
        """For each group the groups that it is a child of."""
        parents: dict[str, list[str]] = {}
        for group, inner in self.children.items():
            for child in inner:
                parents.setdefault(child, []).append(group)
        return parents

    def through(self, account_id: str, group: str) -> list[str]:
        """Groups inside a group that an account is a direct member of."""
        inner = within(group, self.children)[1:]
        return [name for name in inner if account_id in self.accounts.get(name, ())]


def within(group: str, edges: Mapping[str, Iterable[str]]) -> list[str]:
    """A group and all that its edges lead to, each once, whatever circles there are."""
    found = {group: None}
    for name in (waiting := [group]):
        fresh = [one for one in edges.get(name, ()) if one not in found]
        found |= dict.fromkeys(fresh)
        waiting += fresh
    return list(found)


def parse(reply: Reply) -> Tree:
    """Read the answer that lists all memberships.

    Raises:
        Malformed: it is cut or is no XML.
    """
    tree = Tree({}, {})
    group = ""

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal group
        if tag == "membership":
            group = attributes["group"]
            tree.accounts.setdefault(group, [])
        elif tag == "user":
            tree.accounts.setdefault(group, []).append(attributes["name"].lower())
        elif tag == "group":
            tree.children.setdefault(group, []).append(attributes["name"])

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    try:
        parser.Parse(reply.content, True)
    except expat.ExpatError as wrong:
        raise malformed(f"the memberships are no XML ({wrong})", reply) from None
    except KeyError as missing:
        raise malformed(f"an element of the memberships has no attribute {missing}", reply) from None
    return tree
