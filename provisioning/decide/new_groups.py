"""Groups that the target does not hold yet, and that the policy lets Seatwise make there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import groups_among
from provisioning.decide.changes import part
from provisioning.decide.context import Context, shown
from provisioning.model.frames import Action
from provisioning.model.keys import Rows
from provisioning.model.text import fold, matches

ABSENT, PRESENT = '{"exists":false}', '{"exists":true}'


class NewGroup(NamedTuple):
    """A group to make: how many people should hold it, and the rule and words that ask for it."""

    name: str
    people: int
    rule: str
    reason: str


class Names:
    """Groups by name: those of the target by their row, those that may be made numbered on from there."""

    def __init__(self, context: Context) -> None:
        self._case = context
        groups = context.things[groups_among(context.things)]
        self._rows = {key: row for row, key in reversed(list(enumerate(groups["key"])))}
        self._first = len(context.things)
        self.new: list[str] = []

    def row(self, name: str) -> int | None:
        """Number of a group; None where there is none and none may be made."""
        key = fold(name)
        if key not in self._rows and self._may_make(name.strip()):
            self._rows[key] = self._first + len(self.new)
            self.new.append(name.strip())
        return self._rows.get(key)

    def _may_make(self, name: str) -> bool:
        rules = self._case.rules.groups
        allowed = bool(name) and rules.create_missing and matches(name, rules.may_add)
        return allowed and self._case.can(Action.CREATE_GROUP)

    def asked(self, pairs: Rows, texts: list[tuple[str, str]]) -> tuple[NewGroup, ...]:
        """The new groups that somebody should hold.

        Args:
            pairs: columns person, group, rule of active people; those of the target's groups are passed over.
            texts: rule and reason, by number.
        """
        found = pd.DataFrame(pairs[pairs[:, 1] >= self._first], columns=["person", "group", "rule"])
        told = found.groupby("group").agg(people=("person", "nunique"), rule=("rule", "min"))
        return tuple(
            NewGroup(self.new[group - self._first], people, *texts[rule])
            for group, people, rule in told.itertuples(name=None)
        )


def make(context: Context, new: tuple[NewGroup, ...]) -> pd.DataFrame:
    """Make groups; who should hold them is put in by the next run, which knows their identifiers."""
    nobody = np.full(len(new), -1, dtype=np.int64)
    if new:
        names, people = shown({group.name for group in new}), sum(group.people for group in new)
        context.note(
            f"groups are made that are not there yet: {names}; {people} memberships in them wait",
            "run again afterwards: the next plan puts the people in",
        )
    return part(
        Action.CREATE_GROUP,
        nobody,
        nobody,
        name=pd.Series([group.name for group in new], dtype="str"),
        before=ABSENT,
        after=PRESENT,
        reason=[
            f"{_people(group.people)} should hold it and it is not there: {group.reason}" for group in new
        ],
        rule=[group.rule for group in new],
    )


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
