"""What changed on a SCIM server: by meta.lastModified where that is seen to work, by numbers for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import requests

from provisioning.model import frames
from provisioning.model.merge import FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox.running import Running
from sandbox.scim.rows import group_id, user_id
from sources.scim.source import Scim, ScimOptions
from transport.door import Door

TOKEN = "sandbox-scim-token"
HR = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"


@pytest.fixture
def fresh() -> Iterator[Running]:
    """Serve 40 people to one test, to be changed at will, a day after the start."""
    with Running(people=40, seed=3) as sandbox:
        sandbox.world.advance(1)
        yield sandbox


def scim(sandbox: Running, face: str = "v2", **options: Any) -> Scim:
    return Scim("dir", ScimOptions(url=f"{sandbox.url}/scim/{face}", token=TOKEN, **options), Door())


def whole(source: Scim, sandbox: Running) -> SourceSnapshot:
    mark = source.checkpoint()
    people = frames.concat(frames.Identities, [page.frame for page in source.identities()])
    groups = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])
    return SourceSnapshot("dir", sandbox.world.company.now, True, people, groups, checkpoint=mark)


def followed(source: Scim, before: SourceSnapshot, sandbox: Running) -> SourceSnapshot:
    assert before.checkpoint is not None
    return merged(before, source.delta(before.checkpoint, before), sandbox.world.company.now)


def assert_equal(one: SourceSnapshot, other: SourceSnapshot) -> None:
    keys = {"identities": ["source_id"], "memberships": ["group_id", "source_id"]}
    for part, key in keys.items():
        mine, theirs = (
            getattr(snapshot, part).sort_values(key, ignore_index=True) for snapshot in (one, other)
        )
        pd.testing.assert_frame_equal(mine, theirs)


def put_inside(sandbox: Running, name: str, *inner: str) -> None:
    """Put groups into a group."""
    groups = sandbox.world.company.groups
    value = [{"value": group_id(groups[one].number), "type": "Group"} for one in inner]
    requests.patch(
        f"{sandbox.url}/scim/v2/Groups/{group_id(groups[name].number)}",
        json={"Operations": [{"op": "add", "path": "members", "value": value}]},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    ).raise_for_status()


@pytest.mark.parametrize("way", ["ignored", "refused", "fruitless"])
def test_a_server_that_does_not_filter_has_no_feed(fresh: Running, way: str) -> None:
    """Whether it refuses the filter, takes no notice of it or finds nothing by it: it is read whole."""
    source = scim(fresh)
    before = whole(source, fresh)
    fresh.world.company.move(fresh.world.company.present()[0].number, {"title": "Chief"})
    fresh.world.options["scim_filter"] = way

    assert scim(fresh).checkpoint() is None
    if way != "fruitless":
        with pytest.raises(FeedLost):
            followed(source, before, fresh)


def test_a_deleted_user_is_noticed(fresh: Running) -> None:
    """Nothing tells of a deletion, and a hire on the same day does not hide it."""
    source = scim(fresh)
    before = whole(source, fresh)
    company = fresh.world.company
    company.leave(company.present()[0].number, how="deleted")
    company.hire()

    with pytest.raises(FeedLost, match="users would be known"):
        followed(source, before, fresh)


@pytest.mark.parametrize("face", ["v2", "v1"])
def test_a_filter_of_the_connection_holds_for_changes(fresh: Running, face: str) -> None:
    """Only users who satisfy it are told, and one who no longer does is noticed as gone."""
    source = scim(fresh, face, filter="active eq true")
    before = whole(source, fresh)
    company = fresh.world.company
    inside, outside = company.in_state("active")[0], company.in_state("departed")[0]
    company.move(inside.number, {"title": "Chief"})
    company.move(outside.number, {"title": "Ghost"})

    after = followed(source, before, fresh)

    assert_equal(whole(scim(fresh, face, filter="active eq true"), fresh), after)
    assert "Chief" in set(after.identities["title"])
    company.leave(inside.number, how="suspended")
    with pytest.raises(FeedLost):
        followed(source, after, fresh)


def test_one_changed_group_is_read_alone(fresh: Running) -> None:
    """Once it is known that no group stands in another, a change of one costs the others nothing."""
    source = scim(fresh, members="one_by_one")
    company = fresh.world.company
    company.join(company.present()[0], ["team"])
    known = followed(source, whole(source, fresh), fresh)
    company.now += pd.Timedelta(hours=1)
    known = followed(source, known, fresh)
    company.now += pd.Timedelta(hours=1)
    read = fresh.world.counters.total("/scim/v2/Groups/")
    company.join(company.present()[1], ["team"])

    after = followed(source, known, fresh)

    assert fresh.world.counters.total("/scim/v2/Groups/") - read == 1
    assert_equal(whole(scim(fresh), fresh), after)


@pytest.mark.parametrize("untyped", [False, True])
def test_groups_around_a_changed_one_are_read_again(fresh: Running, untyped: bool) -> None:
    """Who joins an inner group is in the outer ones too, from the first day groups stand in groups."""
    fresh.world.options["scim_untyped"] = untyped
    company = fresh.world.company
    for name in ("outer", "inner"):
        company.add_group(name)
    source = scim(fresh)
    known = whole(source, fresh)
    for name, at in (("inner", 0), ("outer", 1)):
        fresh.world.advance(1)
        if name == "outer":
            put_inside(fresh, "outer", "inner")
        company.join(company.present()[at], ["inner"])
        known = followed(source, known, fresh)
        assert_equal(whole(scim(fresh), fresh), known)

    through = known.memberships[known.memberships["path"] == "inner"]

    assert len(through) == 2
    company.remove_group("inner")
    assert_equal(whole(scim(fresh), fresh), followed(source, known, fresh))


def test_a_group_that_takes_the_place_of_another_hides_nothing(fresh: Running) -> None:
    """One deleted and one made leave the number as it was; the new one has all read again."""
    company = fresh.world.company
    company.join(company.present()[0], ["old"])
    source = scim(fresh)
    known = followed(source, whole(source, fresh), fresh)
    fresh.world.advance(1)
    company.remove_group("old")
    company.join(company.present()[0], ["new"])

    after = followed(source, known, fresh)

    assert "old" not in set(after.memberships["group_name"])
    assert_equal(whole(scim(fresh), fresh), after)


def test_a_sign_in_is_asked_for_by_its_own_attribute(fresh: Running) -> None:
    """A sign-in counts even where it is no modification, as long as the connection says what tells it."""
    source = scim(fresh, attributes={"last_sign_in": f"{HR}:lastLogin"})
    before = whole(source, fresh)
    company = fresh.world.company
    person = company.present()[0]
    person.updated = company.founded
    fresh.world.company.now += pd.Timedelta(hours=1)
    company.sign_in(person, company.now)

    after = followed(source, before, fresh)

    seen = after.identities.set_index("source_id")["last_sign_in"]
    assert seen[user_id(person.number)] == pd.Timestamp(company.now)
