"""A group whose members were not all understood is not read; it never passes for an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.unread import resolve_members
from sandbox.running import Running
from sources.scim.member_ids import read_members
from sources.scim.source import Scim, ScimOptions
from transport.door import Door
from transport.errors import Malformed, NotFound

GROUPS = "/scim/v2/Groups"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture
def odd(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that makes the server misbehave."""
    yield faulty
    for name in [name for name in faulty.world.options if name.startswith("scim_")]:
        del faulty.world.options[name]


def scim(sandbox: Running, **options: Any) -> Scim:
    return Scim(
        "dir", ScimOptions(url=f"{sandbox.url}/scim/v2", token="sandbox-scim-token", **options), Door()
    )


def read(source: Scim) -> SourceSnapshot:
    """Read everything, as the extract step does."""
    people, held = list(source.identities()), list(source.memberships())
    rejects = [page.rejects for page in [*people, *held]]
    whole = SourceSnapshot(
        "dir",
        datetime(2026, 1, 1, tzinfo=UTC),
        True,
        frames.concat(frames.Identities, [page.frame for page in people]),
        frames.concat(frames.Memberships, [page.frame for page in held]),
        frames.concat(frames.Rejects, rejects),
    )
    return resolve_members(whole, everyone=source.lists_everyone)


def rows(read: SourceSnapshot) -> pd.DataFrame:
    return read.memberships.sort_values(["group_id", "source_id"], ignore_index=True)


@pytest.mark.parametrize("way", ["refs", "texts", "single"])
@pytest.mark.parametrize("members", ["auto", "one_by_one"])
def test_every_spelling_with_an_identifier_is_read(odd: Running, way: str, members: str) -> None:
    """An address alone, a bare identifier and an only member without a list say who it is."""
    whole = read(scim(odd))
    odd.world.options["scim_members"] = way

    found = read(scim(odd, members=members))

    pd.testing.assert_frame_equal(rows(whole), rows(found))
    assert found.unread_groups == {}


@pytest.mark.parametrize(
    ("way", "spelling"),
    [("names", "(spelled display) name"), ("logins", "(spelled value=userName) name")],
)
def test_members_who_are_told_by_name_make_their_groups_unread(odd: Running, way: str, spelling: str) -> None:
    """Each such group is reported by its name, with how many members there are and how they are spelled."""
    whole = read(scim(odd))
    odd.world.options["scim_members"] = way

    found = read(scim(odd))

    filled = set(whole.memberships["group_id"])
    assert found.unread_groups.keys() == filled
    told = found.rejects[found.rejects["field"] == "members"].set_index("value")
    sizes = whole.memberships.groupby("group_name").size()
    several = sizes[sizes > 1]
    for name, size in several.items():
        assert told.loc[name, "problem"] == f"{size} members {spelling} nobody in the user list"
    assert "dir" in told["remedy"].iloc[0]


def test_a_server_that_never_tells_members_has_no_empty_groups(odd: Running) -> None:
    """Not one member in any group is a question, and the check asks it."""
    odd.world.options["scim_members"] = "empty"

    found = read(scim(odd))
    [finding] = [one for one in scim(odd).check() if one.subject == "dir: groups"]

    assert len(found.unread_groups) == len(odd.world.company.groups)
    assert (finding.level, finding.message) == ("warning", "the server shows no member of any group")


def test_one_empty_group_among_others_is_empty(odd: Running) -> None:
    """A server that tells members is believed when it tells none of one group."""
    groups = odd.world.company.groups.values()
    assert any(not group.members for group in groups)

    assert read(scim(odd)).unread_groups == {}
    assert scim(odd).check()[-1].level == "ok"


def test_with_a_filter_members_out_of_it_are_no_strangers(odd: Running) -> None:
    """Who was not asked for is not missing; who goes by another name than an identifier still is."""
    some = scim(odd, filter="active eq true")

    assert read(some).unread_groups == {}
    odd.world.options["scim_members"] = "logins"
    assert read(some).unread_groups


@pytest.mark.parametrize(
    ("way", "level"), [(None, "ok"), ("ignored", "warning"), ("fruitless", "warning"), ("refused", "error")]
)
def test_check_says_how_many_a_filter_selects(odd: Running, way: str | None, level: str) -> None:
    """A filter that selects nobody or everybody may not be understood."""
    odd.world.options["scim_filter"] = way

    [finding] = [one for one in scim(odd, filter="active eq true").check() if one.subject == "dir: filter"]

    assert finding.level == level
    assert "users" in finding.message or level == "error"


@given(st.lists(JSON, max_size=4) | JSON)
def test_whatever_members_are_nobody_is_passed_over(stated: Any) -> None:
    """Each entry of a list is an identifier or part of the problem, whatever its type."""
    members = read_members({"id": "g", "members": stated})

    entries = stated if isinstance(stated, list) else [] if stated in (None, "") else [stated]
    told = {*members.users, *members.groups, *members.unknown}
    assert all(isinstance(name, str) and name for name in told)
    assert bool(members.problem) or len({str(e).strip() for e in entries}) == len(told)
    assert members.is_empty == (not entries)


# Servers without groups, and answers that are none


def test_a_server_without_groups_is_read_for_its_users(odd: Running) -> None:
    """Its resource types say that it has none; the check says so, and how to say it in the connection."""
    odd.world.options["scim_no_groups"] = True

    found = read(scim(odd))
    [finding] = [one for one in scim(odd).check() if one.subject == "dir: groups"]

    assert len(found.identities)
    assert found.memberships.empty
    assert (finding.level, "`groups: []`" in (finding.remedy or "")) == ("warning", True)


def test_groups_are_not_asked_for_where_none_are_wanted(odd: Running) -> None:
    """`groups: []` reads users alone, whole and by their changes."""
    odd.world.faults.add(path=GROUPS, status=500, times=0)
    source = scim(odd, groups=[])

    before = read(source)
    mark = source.checkpoint()
    assert mark is not None
    delta = source.delta(mark, before)

    assert before.memberships.empty
    assert (len(delta.memberships), delta.groups) == (0, set())
    assert {"ok"} == {finding.level for finding in source.check()}


def test_groups_that_are_not_found_are_not_taken_for_none(odd: Running) -> None:
    """Where the resource types speak of groups, an absent list is an error that says what to do."""
    odd.world.faults.add(path=GROUPS, status=404, times=0)

    with pytest.raises(NotFound) as failure:
        list(scim(odd).memberships())

    assert "`groups: []`" in failure.value.remedy


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403", "detail": "no scope"},
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]},
        {"totalResults": 8, "Resources": None},
        {"totalResults": None, "Resources": None},
        {},
    ],
)
@pytest.mark.parametrize("part", ["identities", "memberships"])
def test_a_document_that_is_no_list_is_none(odd: Running, body: Any, part: str) -> None:
    """Neither rows nor a total, or an error under the status of success; the server's words are told."""
    path = GROUPS if part == "memberships" else "/scim/v2/Users"
    odd.world.faults.add(path=path, status=200, times=0, body=body)

    with pytest.raises(Malformed) as failure:
        list(getattr(scim(odd, version="2.0", paging="index"), part)())

    assert path in str(failure.value)
    assert body.get("detail", "") in str(failure.value)


def test_an_answer_that_is_another_group_is_refused(odd: Running) -> None:
    """A group asked for by itself must bear the identifier asked for."""
    odd.world.faults.add(path=f"{GROUPS}/", status=200, times=0, body={"displayName": "x"})

    with pytest.raises(Malformed, match="is not the group"):
        list(scim(odd, members="one_by_one").memberships())
