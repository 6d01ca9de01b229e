"""What changed in a source since a read, laid over that read: together they are a complete read again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import pandas as pd

from errors import SeatwiseError
from provisioning.model import frames
from provisioning.model.attributes import LAST, NEVER, STALENESS
from provisioning.model.frames import Identities, Memberships, Rejects, concat
from provisioning.model.snapshots import SourceSnapshot

SIGN_INS = ["source_id", LAST]


class FeedLost(SeatwiseError):
    """What changed since a checkpoint cannot be told for certain; everything has to be read."""

    remedy = "Nothing needs to be done; the next run follows the changes again."


def _no_sign_ins() -> pd.DataFrame:
    return frames.empty(Identities)[SIGN_INS]


@dataclass(frozen=True)
class Delta:
    """What changed in a source since a checkpoint.

    Attributes:
        checkpoint: where the next delta begins.
        identities: Identities that are new or changed, each whole.
        gone: source_ids that exist no more, by whatever way they went.
        memberships: Memberships of every group in `groups`, all of them.
        groups: group_ids that were read again, or that exist no more.
        sign_ins: source_id and last_sign_in of people who signed in; others stay as they are.
        rejects: Rejects of what was read.
    """

    checkpoint: str
    identities: pd.DataFrame = field(default_factory=partial(frames.empty, Identities))
    gone: Collection[str] = ()
    memberships: pd.DataFrame = field(default_factory=partial(frames.empty, Memberships))
    groups: Collection[str] = ()
    sign_ins: pd.DataFrame = field(default_factory=_no_sign_ins)
    rejects: pd.DataFrame = field(default_factory=partial(frames.empty, Rejects))


def merged(before: SourceSnapshot, delta: Delta, at: datetime) -> SourceSnapshot:
    """Lay a delta over a complete read.

    Args:
        before: a complete read.
        delta: what changed since its checkpoint; what it states twice is the same.
        at: the present time, UTC.

    Returns:
        A complete read as of `at`; when it was read whole stays as it was.
    """
    people = _people(before.identities, delta)
    held = before.memberships
    kept = held[~held["group_id"].isin(list(delta.groups)) & ~held["source_id"].isin(list(delta.gone))]
    memberships = concat(Memberships, [kept, delta.memberships])
    return replace(
        before,
        taken_at=at,
        whole_at=before.read_whole_at,
        checkpoint=delta.checkpoint,
        identities=people,
        memberships=memberships,
        rejects=_rejects(before.rejects, delta),
    )


def _people(known: pd.DataFrame, delta: Delta) -> pd.DataFrame:
    """Identities with the changed in the place of what they were, and nobody's sign-in forgotten."""
    new = delta.identities.drop_duplicates("source_id", keep="last")
    out = known["source_id"].isin(list(delta.gone)) | known["source_id"].isin(new["source_id"])
    new = new[~new["source_id"].isin(list(delta.gone))]
    people = concat(Identities, [known[~out], new])
    told = [known, new, delta.sign_ins]
    seen = pd.concat([part[SIGN_INS] for part in told])
    last = _most(seen, LAST, people)
    # A date of an earlier read stays as far behind as it was.
    stale = _most(pd.concat([known, new]), STALENESS, people)
    never = people[NEVER].mask(last.notna())
    return Identities.validate(people.assign(**{LAST: last, NEVER: never, STALENESS: stale}))


def _most(told: pd.DataFrame, column: str, people: pd.DataFrame) -> pd.Series:
    """The highest of what is told of each person in a column."""
    return told.groupby("source_id")[column].max().reindex(people["source_id"]).reset_index(drop=True)


def _rejects(known: pd.DataFrame, delta: Delta) -> pd.DataFrame:
    """Earlier rejects of whatever was not read again."""
    again = {*delta.identities["source_id"], *delta.gone, *delta.groups, *delta.rejects["key"]}
    return concat(Rejects, [known[~known["key"].isin(list(again))], delta.rejects])
