"""Groups that the target does not hold yet, and that the policy lets Seatwise make there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import is_group
from provisioning.decide.changes import part
from provisioning.decide.context import Context, count, list_names
from provisioning.model.keys import Rows
from provisioning.model.terms import Action
from provisioning.model.text import fold, matches, name_key

ABSENT, PRESENT = '{"exists":false}', '{"exists":true}'


class NewGroup(NamedTuple):
    """A group to make: how many people should have it, and the rule and words that ask for it."""

    name: str
    people: int
    rule: str
    reason: str


class GroupNumbers:
    """Groups by name: those of the target by their row, those that may be made numbered on from there."""

    def __init__(self, context: Context) -> None:
        self._context = context
        groups = context.catalogue[is_group(context.catalogue)]
        rows = [(row, name) for row, name in enumerate(groups["name"]) if isinstance(name, str)][::-1]
        # Of two that look alike the one that is spelt so is meant.
        self._numbers = {name_key(name): row for row, name in rows} | {fold(name): row for row, name in rows}
        self._first = len(context.catalogue)
        self._new: list[str] = []

    def find(self, name: str) -> int | None:
        """Number of a group; None where there is none and none may be made."""
        key = fold(name) if fold(name) in self._numbers else name_key(name)
        if key not in self._numbers and self._may_make(name.strip()):
            self._numbers[key] = self._first + len(self._new)
            self._new.append(name.strip())
        return self._numbers.get(key)

    def _may_make(self, name: str) -> bool:
        rules = self._context.rules.groups
        allowed = bool(name) and rules.create_missing and matches(name, rules.may_add)
        return allowed and self._context.can(Action.CREATE_GROUP)

    def tabulate_new(self, pairs: Rows, texts: list[tuple[str, str]]) -> tuple[NewGroup, ...]:
        """The new groups that somebody should have.

        Args:
            pairs: columns person, group, rule of active people; those of the target's groups are passed over.
            texts: rule and reason, by number.
        """
        new = pd.DataFrame(pairs[pairs[:, 1] >= self._first], columns=["person", "group", "rule"])
        counted = new.groupby("group").agg(people=("person", "nunique"), rule=("rule", "min"))
        return tuple(
            NewGroup(self._new[group - self._first], people, *texts[rule])
            for group, people, rule in counted.itertuples(name=None)
        )


def make_groups(context: Context, new: tuple[NewGroup, ...]) -> pd.DataFrame:
    """Make groups; who should have them is put in by the next run, which knows their identifiers."""
    nobody = np.full(len(new), -1, dtype=np.int64)
    if new:
        names, waiting = list_names({group.name for group in new}), sum(group.people for group in new)
        verb = "waits" if waiting == 1 else "wait"
        context.note(
            f"new groups will be created: {names}; {count(waiting, 'membership')} in them {verb}",
            "run again afterwards: the next plan adds the members",
        )
    reasons = [
        f"{count(group.people, 'person', 'people')} should have it and it does not exist yet: {group.reason}"
        for group in new
    ]
    return part(
        Action.CREATE_GROUP,
        nobody,
        nobody,
        name=pd.Series([group.name for group in new], dtype="str"),
        before=ABSENT,
        after=PRESENT,
        reason=reasons,
        rule=[group.rule for group in new],
    )
