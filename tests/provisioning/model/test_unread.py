"""Members who are in no user list make their group unread, whoever else is in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model.frames import Identities, Memberships, Rejects, complete
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.unread import resolve_members, unread_group

IDS = st.sampled_from(["1", "2", "3", "4", "ada", "bo"])


def _snapshot(
    people: list[str], held: list[tuple[str, str]], rejects: pd.DataFrame | None = None
) -> SourceSnapshot:
    names = {"1": "Ada", "2": "Bo"}
    identities = pd.DataFrame(
        {"source_id": people, "user_name": [names.get(key) for key in people]}, dtype="str"
    ).assign(source="idp", state="active")
    memberships = pd.DataFrame(held, columns=["source_id", "group_id"], dtype="str")
    memberships = memberships.assign(
        source="idp", direct=True, group_name="team " + memberships["group_id"].astype("str")
    )
    return SourceSnapshot(
        "idp",
        datetime(2026, 1, 1, tzinfo=UTC),
        True,
        complete(Identities, identities),
        complete(Memberships, memberships),
        rejects if rejects is not None else complete(Rejects, pd.DataFrame([])),
    )


def test_strangers_are_told_by_group_number_and_spelling() -> None:
    """One reject a group, with its name, and nobody is taken from the memberships."""
    before = _snapshot(["1", "2"], [("1", "g"), ("ada", "g"), ("bo", "g"), ("9", "h"), ("2", "i")])

    read = resolve_members(before)

    assert read.unread_groups.keys() == {"g", "h"}
    told = read.rejects.set_index("value")["problem"].to_dict()
    assert told == {
        "team g": "2 members (spelled value=userName) name nobody in the user list",
        "team h": "1 member (spelled value) names nobody in the user list",
    }
    assert set(read.rejects["field"]) == {"members"}
    pd.testing.assert_frame_equal(read.memberships, before.memberships)


def test_whoever_could_not_be_read_is_no_stranger() -> None:
    """A person whose row was rejected is known by it."""
    unread = {
        "origin": "idp",
        "key": "9",
        "field": "state",
        "value": None,
        "problem": "odd",
        "remedy": "mend",
    }
    rejects = complete(Rejects, pd.DataFrame([unread]))

    assert resolve_members(_snapshot(["1"], [("9", "g")], rejects)).unread_groups == {}


def test_of_some_users_only_other_names_are_strangers() -> None:
    """Where not everyone was asked for, who is missing may be out of what was."""
    read = _snapshot(["1", "2"], [("9", "g"), ("ada", "h")])

    assert resolve_members(read, everyone=False).unread_groups.keys() == {"h"}


def test_what_a_source_says_itself_stays_and_what_was_resolved_does_not() -> None:
    """A later read knows more people; members without an identifier stay unread until read again."""
    own = unread_group("idp", "h", "team h", "3 members (spelled display) name nobody in the user list")
    first = resolve_members(_snapshot(["1"], [("2", "g")], complete(Rejects, pd.DataFrame([own]))))
    assert first.unread_groups.keys() == {"g", "h"}

    later = resolve_members(_snapshot(["1", "2"], [("2", "g")], first.rejects))

    assert later.unread_groups.keys() == {"h"}


@given(st.lists(IDS, unique=True), st.lists(st.tuples(IDS, st.sampled_from("gh")), unique=True))
def test_a_group_is_read_only_if_all_its_members_are_known(
    people: list[str], held: list[tuple[str, str]]
) -> None:
    """Whatever the rows look like; and resolving twice is resolving once."""
    read = resolve_members(_snapshot(people, held))

    assert read.unread_groups.keys() == {group for member, group in held if member not in people}
    pd.testing.assert_frame_equal(resolve_members(read).rejects, read.rejects)
