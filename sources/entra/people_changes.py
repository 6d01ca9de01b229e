"""Who came, changed or went, as a feed names them and the ordinary listings tell them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from provisioning.model.frames import Identities, Rejects, concat
from provisioning.model.merge import FeedLost
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from sources.entra.fields import DELETED
from sources.entra.people import People
from transport.shape import Row


@dataclass(frozen=True)
class PeopleChanges:
    """Whom the changes of the feed are about.

    Attributes:
        living: the users that are not deleted, by identifier, as the listing shows them.
        deleted: those that are deleted and can be restored.
        gone: those that are nowhere.
        returned: those of the living that existed before and were not among the living then.
        others: users not named whose row changed all the same, for it names somebody who was.
    """

    living: Mapping[str, Row]
    deleted: Mapping[str, Row]
    gone: Collection[str]
    returned: Collection[str]
    others: Collection[str]

    def screen(self, people: People, reports: Iterable[str]) -> Screened:
        """Make Identities of all, of the others and of these reports; last sign-ins are left out."""
        others = dict.fromkeys([*self.others, *(key for key in reports if key not in self.living)])
        rows = [*self.living.values(), *self.deleted.values(), *people.only(others)]
        pages = [people.screen(columns, {}) for columns in people.gather([rows])]
        frame = concat(Identities, [page.frame for page in pages])
        return Screened(frame, concat(Rejects, [page.rejects for page in pages]))


def find_people_changes(
    people: People, rows: Iterable[Row], before: SourceSnapshot, at: str
) -> PeopleChanges:
    """Find out what became of everyone a feed names.

    Args:
        people: reads them.
        rows: the rows of the feed, in any order.
        before: the complete read the feed goes on from.
        at: when that was, ISO 8601; whoever is younger is new and did not return.

    Raises:
        FeedLost: someone can be restored by what the feed says and is not among the deleted.
    """
    reasons: dict[str, str | None] = {}
    for row in rows:
        reasons[row["id"]] = (row.get("@removed") or {}).get("reason") or reasons.get(row["id"])
    living = {row["id"]: row for row in people.only(reasons)}
    left = reasons.keys() - living.keys()
    deleted = _deleted(people, left)
    gone = {key for key in left - deleted.keys() if reasons[key]}
    if lost := [key for key in gone if reasons[key] == "changed"]:
        raise FeedLost(f"Graph says that {lost[0]} can be restored, but does not list it as deleted")
    known = _known(before)
    return PeopleChanges(
        living,
        deleted,
        gone,
        [key for key, row in living.items() if key not in known.index and _created(row) < at],
        _reports(before, known, living, left),
    )


def _deleted(people: People, wanted: Collection[str]) -> dict[str, Row]:
    if not wanted:
        return {}
    return {row["id"]: row for page in people.deleted() for row in page if row["id"] in wanted}


def _known(before: SourceSnapshot) -> pd.Series[str]:
    """Return the user names of those who lived, by identifier."""
    lived = before.identities[before.identities["source_state"] != DELETED]
    return lived.set_index("source_id")["user_name"]


def _created(row: Row) -> str:
    """Return when a user was created; users from before 2018 may not say."""
    return row.get("createdDateTime") or ""


def _reports(
    before: SourceSnapshot, known: pd.Series[str], living: Mapping[str, Row], left: Iterable[str]
) -> list[str]:
    """Return whose manager goes by a name no longer: the manager was renamed, or left."""
    names = known[known.index.isin([*living, *left])]
    now = names.index.map(lambda key: living.get(key, {}).get("userPrincipalName"))
    former = names[(names != now) & names.notna()]
    people = before.identities
    reports = people.loc[people["manager"].isin(former), "source_id"]
    return [key for key in reports if key not in living and key not in left]
