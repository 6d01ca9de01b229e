"""Members of groups become Memberships, in batches, direct and nested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.by_column import BATCH
from provisioning.model.frames import Memberships, Rejects, complete, concat
from provisioning.model.intake import screened
from provisioning.model.screening import Screened
from provisioning.model.unread import unread_group

MEMBERSHIP_BATCH = 5 * BATCH
BETWEEN = " > "
"""Stands between the names of nested groups in a path."""


class Members(NamedTuple):
    """The members of one group.

    Attributes:
        group_id: the provider's identifier of the group.
        name: its name.
        ids: the identities in it, each once, as texts or all as numbers.
        paths: for each of `ids` the groups between, outermost first; None for direct members. None in
            place of the list: all are direct.
        problem: why not all members are among `ids`; the group is then reported as not read.
    """

    group_id: str
    name: str | None
    ids: Sequence[str] | Sequence[int]
    paths: Sequence[str | None] | None = None
    problem: str | None = None


def batched(source: str, groups: Iterable[Members]) -> Iterator[Screened]:
    """Pages of Memberships of many groups; a group is never divided.

    Args:
        source: name of the connection.
        groups: each with all its members.
    """
    gathered: list[Members] = []
    waiting = 0
    for members in groups:
        gathered.append(members)
        waiting += len(members.ids) + (members.problem is not None)
        if waiting >= MEMBERSHIP_BATCH:
            yield _screened(source, gathered)
            gathered, waiting = [], 0
    if waiting:
        yield _screened(source, gathered)


def _screened(source: str, groups: Sequence[Members]) -> Screened:
    sizes = [len(group.ids) for group in groups]
    ids = pd.Series([group.group_id for group in groups], dtype="str")
    names = pd.Series([group.name for group in groups], dtype="str")
    raw: dict[str, Any] = {
        "source": source,
        "source_id": list(chain.from_iterable(group.ids for group in groups)),
        "group_id": ids.repeat(sizes).reset_index(drop=True),
        "group_name": names.repeat(sizes).reset_index(drop=True),
        "direct": True,
    }
    if any(group.paths for group in groups):
        paths = [path for group in groups for path in (group.paths or [None] * len(group.ids))]
        raw["path"] = pd.Series(paths, dtype="str")
        raw["direct"] = raw["path"].isna()
    good = screened(Memberships, raw, origin=source, key="group_id")
    unread = [unread_group(source, g.group_id, g.name, g.problem) for g in groups if g.problem]
    if not unread:
        return good
    told = complete(Rejects, pd.DataFrame(unread).drop_duplicates())
    return Screened(good.frame, concat(Rejects, [good.rejects, told]))
