"""A delta laid over a read is what reading everything would have given."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.model.merge import Delta, merged
from provisioning.model.sign_ins import describe
from provisioning.model.snapshots import SourceSnapshot
from tests.provisioning.worlds import NOW, identity, source

People = dict[str, tuple[str, frozenset[str]]]
LATER = NOW + timedelta(hours=1)
names = st.sampled_from(["ada", "bob", "cyd", "dan"])
groups = st.frozensets(st.sampled_from(["atl-jira", "atl-dev", "odd"]))
worlds = st.dictionaries(names, st.tuples(st.sampled_from(["active", "suspended", "departed"]), groups))


def read(world: People) -> SourceSnapshot:
    people = [identity(name, state=state) for name, (state, _) in world.items()]
    held = sorted({group for _, mine in world.values() for group in mine})
    members = {group: [name for name, (_, mine) in world.items() if group in mine] for group in held}
    return source(people, members)


def between(old: People, new: People) -> Delta:
    """What a provider tells who is asked what changed."""
    now = read({name: facts for name, facts in new.items() if old.get(name, ("",))[0] != facts[0]})
    moved = {
        group
        for name in {*old, *new}
        for group in old.get(name, ("", frozenset()))[1] ^ new.get(name, ("", frozenset()))[1]
    }
    everything = read(new).memberships
    return Delta(
        "next",
        identities=now.identities,
        gone=[f"id-{name}" for name in old.keys() - new.keys()],
        groups=[f"g-{group}" for group in moved],
        memberships=everything[everything["group_name"].isin(moved)],
    )


def rows(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    return frame.sort_values(list(keys), ignore_index=True)


@settings(max_examples=15, deadline=None)
@given(worlds, worlds)
def test_old_and_delta_make_new(old: People, new: People) -> None:
    """Whatever came, went or moved, the rows are those of a whole read, and twice is once."""
    delta, expected = between(old, new), read(new)

    once = merged(read(old), delta, LATER)
    twice = merged(once, delta, LATER)

    for got in (once, twice):
        pd.testing.assert_frame_equal(
            rows(expected.identities, "source_id"), rows(got.identities, "source_id")
        )
        pd.testing.assert_frame_equal(
            rows(expected.memberships, "group_id", "source_id"),
            rows(got.memberships, "group_id", "source_id"),
        )


def test_the_age_of_the_whole_read_stays() -> None:
    """Laid over it, a delta is as of now, and every row is as old as the read it rests on."""
    first = merged(read({"ada": ("active", frozenset())}), Delta("one"), LATER)
    second = merged(first, Delta("two"), LATER + timedelta(hours=1))

    assert (LATER + timedelta(hours=1), NOW, "two") == (
        second.taken_at,
        second.read_whole_at,
        second.checkpoint,
    )


def test_a_sign_in_is_never_forgotten() -> None:
    """A later sign-in counts, an earlier or absent one does not wipe it out, a stranger's is passed over."""
    known = source([identity("ada", last_sign_in=NOW), identity("bob", last_sign_in=NOW)])
    told = pd.DataFrame(
        {"source_id": ["id-ada", "id-ghost"], "last_sign_in": pd.to_datetime([LATER, LATER], utc=True)}
    )
    delta = Delta("next", identities=source([identity("bob")]).identities, sign_ins=told)

    people = merged(known, delta, LATER).identities.set_index("source_id")["last_sign_in"]

    assert people.to_dict() == {"id-ada": LATER, "id-bob": NOW}


def test_a_sign_in_ends_never_and_a_date_stays_as_far_behind_as_it_was() -> None:
    """What a delta leaves out does not make an old date a fresh one."""
    known = source(
        [
            identity("ada", never_signed_in=True),
            identity("bob", last_sign_in=NOW, sign_in_staleness=14),
            identity("cyd", never_signed_in=True),
        ]
    )
    told = pd.DataFrame({"source_id": ["id-ada"], "last_sign_in": pd.to_datetime([LATER], utc=True)})
    delta = Delta("next", identities=source([identity("bob")]).identities, sign_ins=told)

    people = merged(known, delta, LATER).identities.set_index("source_id")

    assert describe(people).to_dict() == {
        "id-ada": f"last signed in {LATER:%Y-%m-%d}",
        "id-bob": f"last signed in {NOW:%Y-%m-%d} (up to 14 days behind)",
        "id-cyd": "never signed in",
    }


def test_rejects_stay_until_their_row_is_read_again() -> None:
    """What could not be read is still reported while nobody has touched it."""
    known = source([identity("ada"), identity("bob")], rejected=["id-ada", "id-bob"])

    after = merged(known, Delta("next", identities=source([identity("ada")]).identities), LATER)

    assert after.rejects["key"].tolist() == ["id-bob"]


def test_what_a_delta_states_last_counts() -> None:
    """A person who changed twice is as they are now; whoever is gone in the end is gone."""
    known = source([identity("ada"), identity("bob")])
    twice = source([identity("ada", state="suspended"), identity("ada", state="departed"), identity("bob")])

    after = merged(known, Delta("next", identities=twice.identities, gone=["id-bob"]), LATER)

    assert after.identities[["source_id", "state"]].to_numpy().tolist() == [["id-ada", "departed"]]
    assert after.identities.index.tolist() == [0]


def test_a_delta_without_sign_ins_keeps_those_of_the_read() -> None:
    """Nobody who signed in becomes somebody who never did."""
    known = source([identity("ada", last_sign_in=NOW), identity("bob")])

    people = merged(known, Delta("next"), LATER).identities

    assert people["last_sign_in"].iloc[0] == NOW
    assert people["last_sign_in"].isna().tolist() == [False, True]


def test_whoever_is_gone_is_in_no_group() -> None:
    """Although the group itself was not read again."""
    known = source([identity("ada"), identity("bob")], {"atl-jira": ["ada", "bob"]})

    after = merged(known, Delta("next", gone=["id-bob"]), LATER)

    assert after.memberships["source_id"].tolist() == ["id-ada"]


def test_rejects_of_what_is_gone_or_rejected_again_are_replaced() -> None:
    """Each key is reported once, with what was said last."""
    known = source([identity("ada")], rejected=["id-ada", "id-bob", "g-atl", "id-cyd"])
    again = source([], rejected=["id-cyd"]).rejects
    delta = Delta("next", gone=["id-bob"], groups=["g-atl"], rejects=again)

    assert merged(known, delta, LATER).rejects["key"].tolist() == ["id-ada", "id-cyd"]
