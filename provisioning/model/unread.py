"""Groups whose members were not all understood: they are not read, and nothing is taken away by them.

A group is never empty because a service wrote its members in a way that nobody here knows. Each such
group is one row of Rejects, whose field is `MEMBERS` and whose key is the group's identifier; a snapshot
tells them as `unread_groups`.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from provisioning.model.frames import Rejects, complete, concat
from provisioning.model.guessed_rows import MEMBERS
from provisioning.model.keys import positions
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.text import folded

VALUE = "value"
"""How members are spelled who are named by what should be an identifier."""
NOBODY = "name nobody in the user list"
REMEDY = "let {source} name members by the identifiers of its users; until then nobody loses anything by it"


def unread_group(source: str, group_id: str, name: str | None, problem: str) -> dict[str, str | None]:
    """Return the row of Rejects of one group."""
    return {
        "origin": source,
        "key": group_id,
        "field": MEMBERS,
        "value": name or group_id,
        "problem": problem,
        "remedy": REMEDY.format(source=source),
    }


def say_nobody(members: int, spelling: str) -> str:
    """Return the problem of members who cannot be told, and how the service spells them."""
    which = "1 member" if members == 1 else f"{members:,} members"
    verb = NOBODY.replace("name ", "names ", 1) if members == 1 else NOBODY
    return f"{which} (spelled {spelling}) {verb}"


def resolve_members(snapshot: SourceSnapshot, *, everyone: bool = True) -> SourceSnapshot:
    """Return a read in which each group with members who are in no user list is known as unread.

    Args:
        snapshot: a complete read, with what was said of it before.
        everyone: whether the user list holds everyone; else a member who is not on it may only be out of
            what was asked for, unless they go by the user name or address of somebody who is.
    """
    kept = snapshot.rejects[~_is_resolution(snapshot.rejects)]
    strangers = _strangers(snapshot, kept, everyone=everyone)
    rows = [
        unread_group(snapshot.source, str(key), group["group_name"].iloc[0], say_nobody(len(group), spelling))
        for key, group in strangers.groupby("group_id", sort=True)
        for spelling in [" or ".join(sorted(set(group["spelling"])))]
    ]
    if not rows and len(kept) == len(snapshot.rejects):
        return snapshot
    found = [complete(Rejects, pd.DataFrame(rows))] if rows else []
    return replace(snapshot, rejects=concat(Rejects, [kept, *found]))


def _is_resolution(rejects: pd.DataFrame) -> pd.Series[bool]:
    """Which rows an earlier resolution made: who is known may have changed since."""
    return (rejects["field"] == MEMBERS) & rejects["problem"].str.contains(f"(spelled {VALUE}", regex=False)


def _strangers(snapshot: SourceSnapshot, rejects: pd.DataFrame, *, everyone: bool) -> pd.DataFrame:
    """Memberships of whoever is in no user list, with `spelling`: how the service names them."""
    people, held = snapshot.identities, snapshot.memberships
    unlisted = positions(held["source_id"], people["source_id"]) < 0
    # Somebody whose row could not be read is no stranger.
    unlisted[unlisted] = positions(held["source_id"][unlisted], rejects["key"]) < 0
    found = held[unlisted]
    names = folded(found["source_id"])
    spelling = pd.Series(VALUE, index=found.index)
    for column, word in (("email", f"{VALUE}=email"), ("user_name", f"{VALUE}=userName")):
        spelling = spelling.mask(positions(names, folded(people[column])) >= 0, word)
    found = found.assign(spelling=spelling)
    return found if everyone else found[found["spelling"] != VALUE]
