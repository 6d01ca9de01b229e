"""Whether two records with one employee number show one person: numbers are given anew."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from provisioning.model.text import folded

_TEXTS = ("given_name", "family_name", "display_name", "email", "user_name")
_NAMES = ("given_name", "family_name", "display_name")
_PARTICLES = frozenset(
    ("al", "bin", "da", "de", "del", "den", "der", "di", "dos", "el", "la", "le", "van", "von")
)
"""Words that many family names begin with: two strangers share them."""
_Facts = dict[str, str]


def tell_apart(one: pd.DataFrame, other: pd.DataFrame) -> Iterator[str | None]:
    """Say of each pair of rows what speaks against one person; None where nothing does and a name agrees.

    Whoever marries gets another family name, address and user name, and keeps the given name and the first
    day. Whoever is employed again keeps the whole name and has another first day.

    Args:
        one: Identities.
        other: as many.
    """
    for mine, theirs in zip(_list_facts(one), _list_facts(other), strict=True):
        yield _tell_apart(mine, theirs)


def _list_facts(identities: pd.DataFrame) -> list[_Facts]:
    """What is known of each, folded."""
    texts = pd.DataFrame({name: folded(identities[name]) for name in _TEXTS})
    table = texts.assign(hired_on=identities["hired_on"].dt.strftime("%Y-%m-%d"))
    rows = table.astype("object").where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items() if value is not None} for row in rows]


def _tell_apart(one: _Facts, other: _Facts) -> str | None:
    known = one.keys() & other.keys()
    differ = [name for name in (*_NAMES, "hired_on") if name in known and one[name] != other[name]]
    same = known - set(differ)
    if "display_name" in same or {"given_name", "family_name"} <= same:
        return None
    if "hired_on" in differ:
        return _describe(differ)
    if "given_name" in known and not {"family_name", "hired_on"} <= same:
        return None if _words(one, "given_name") & _words(other, "given_name") else _describe(differ)
    mine, theirs = _words(one, *_NAMES), _words(other, *_NAMES)
    if mine and theirs:
        return None if mine & theirs else _describe(differ)
    return None if _logins(one) & _logins(other) else _describe([])


def _words(facts: _Facts, *names: str) -> set[str]:
    text = " ".join(facts.get(name, "") for name in names)
    return {word for word in text.replace(",", " ").split() if word not in _PARTICLES}


def _logins(facts: _Facts) -> set[str]:
    """User name and address without their domains, which a company may change for all."""
    return {facts[name].partition("@")[0] for name in ("email", "user_name") if name in facts}


def _describe(differ: list[str]) -> str:
    words = {"hired_on": "first day"}
    if differ:
        return f"of another {' and '.join(words.get(name, name.replace('_', ' ')) for name in differ)}"
    return "and no name or login stated of both shows one person"
