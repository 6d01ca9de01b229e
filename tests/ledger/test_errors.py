"""The errors of the ledger are those its module draws, and each says what to do next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger import LedgerError, errors
from ledger.errors import NothingFound, UnknownPlan


def _drawn() -> set[tuple[str, str]]:
    """Parent and child of every branch of the tree in the docstring."""
    lines = [
        line for line in (errors.__doc__ or "").splitlines() if "\N{BOX DRAWINGS LIGHT HORIZONTAL} " in line
    ]
    path = {0: "LedgerError"}
    pairs = set()
    for line in lines:
        branch, _, text = line.partition("\N{BOX DRAWINGS LIGHT HORIZONTAL} ")
        depth, name = len(branch) // 4 + 1, text.split()[0]
        path[depth] = name
        pairs.add((path[depth - 1], name))
    return pairs


def _classes(kind: type[LedgerError] = LedgerError) -> Iterator[tuple[str, str]]:
    for below in kind.__subclasses__():
        yield kind.__name__, below.__name__
        yield from _classes(below)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    assert _drawn() == set(_classes())


@pytest.mark.parametrize("kind", [NothingFound, *NothingFound.__subclasses__()])
@pytest.mark.parametrize(
    ("nearest", "advice"), [([], "seatwise reconcile"), (["abc1"], "Did you mean abc1?")]
)
def test_what_is_not_found_is_told_with_what_comes_nearest(kind: type[NothingFound], nearest, advice: str):
    error = kind("abd", nearest)

    assert "'abd'" in error.message
    assert advice in error.remedy


def test_an_unknown_plan_is_called_a_plan():
    assert UnknownPlan("abd").message == "no plan 'abd' in the ledger"
