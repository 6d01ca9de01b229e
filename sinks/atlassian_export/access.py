"""What the words of an access cell mean: whether a product is held, and whether that is billed.

A cell may name several roles. Roles that cost nothing, alone or together, make a seat that is not billed;
roles that administer without opening the product make none. A word that stands in no table is reported,
and so is one that leaves open what holds, such as `#N/A`:
the product counts as held and not as billed until the connection says what the word means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from provisioning.model.text import fold
from provisioning.model.words import BOOLEANS, DOUBTFUL, NOTHING, booleans_among

Meaning = Literal["billed", "free", "none"]
ROLES: Mapping[str, Meaning] = {
    **{word: "billed" if yes else "none" for word, yes in BOOLEANS.items()},
    **dict.fromkeys(NOTHING, "none"),
    **dict.fromkeys(("no access", "no role", "no"), "none"),
    **dict.fromkeys(
        ("user access admin", "org admin", "organization admin", "organisation admin", "site admin",
         "ai access"),
        "none",
    ),
    **dict.fromkeys(
        ("customer", "guest", "contributor", "basic", "basic user", "stakeholder", "viewer",
         "portal customer", "portal only customer", "help seeker"),
        "free",
    ),
    **dict.fromkeys(
        ("user", "users", "admin", "administrator", "app admin", "product admin", "agent", "creator",
         "member", "licensed", "licensed user"),
        "billed",
    ),
}  # fmt: skip
"""Every role that an export is known to name, as `_plain` leaves it."""
_APART = re.compile(r"[,;|/\n]")
_LETTERS = re.compile(r"[\s_-]+")


class Access(NamedTuple):
    """Whether a product is held and whether that is billed, and the words that nobody knows."""

    held: bool
    billed: bool
    unknown: tuple[str, ...] = ()


def read_access(cell: str, own: Mapping[str, Meaning]) -> Access:
    """Read one cell.

    Args:
        cell: its text.
        own: meanings that the connection states, by plain word.
    """
    # `n/a` and `#DIV/0!` are one word each.
    parts = [cell] if fold(cell) in DOUBTFUL else _APART.split(cell)
    words = [word for part in parts if (word := part.strip())]
    meanings = {word: own.get(plain(word)) or ROLES.get(plain(word)) for word in words}
    unknown = tuple(word for word, meaning in meanings.items() if meaning is None)
    known = set(meanings.values()) - {None}
    return Access(bool(unknown or known & {"free", "billed"}), "billed" in known, unknown)


def meanings_among(cells: Iterable[str], own: Mapping[str, Meaning]) -> Mapping[str, Meaning]:
    """Meanings of words in one column: the connection's own, and what short words for yes and no say."""
    said = booleans_among(cells)
    return {word: "billed" if yes else "none" for word, yes in said.items() if word not in ROLES} | dict(own)


def is_access(cell: str, own: Mapping[str, Meaning]) -> bool:
    """Whether a cell names roles, or says yes or no, and nothing else."""
    return not read_access(cell, own).unknown


def plain(word: str) -> str:
    """A role as it is looked up: in lower case, without its vendor, words apart by blanks."""
    text = fold(word)
    return text if text in NOTHING else _LETTERS.sub(" ", text.removeprefix("atlassian/")).strip()


def stated(roles: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """Meanings that a connection states, by plain word."""
    return {plain(word): meaning for word, meaning in roles.items()}


def among(cells: Iterable[str], own: Mapping[str, Meaning]) -> float:
    """The share of some cells that are access cells."""
    listed = list(cells)
    own = meanings_among(listed, own)
    return sum(is_access(cell, own) for cell in listed) / len(listed) if listed else 0.0
