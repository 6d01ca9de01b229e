"""What is SCIM's own: versions, pages that misbehave, members inline, alone and nested, odd values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import requests
from pydantic import SecretStr, ValidationError

from provisioning.model import frames
from provisioning.model.screening import Screened
from sandbox.running import Running
from sandbox.scim.rows import group_id, user_id
from sources.scim.source import Scim, ScimOptions
from transport.door import Door
from transport.errors import BadRequest, CredentialRefused, Malformed, PageLoop, TransportError
from transport.retry_policy import RetryPolicy

TOKEN = "sandbox-scim-token"
USERS = "/scim/v2/Users"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def scim(sandbox: Running, face: str = "v2", door: Door | None = None, **options: Any) -> Scim:
    settings = options if "username" in options else {"token": TOKEN, **options}
    return Scim("dir", ScimOptions(url=f"{sandbox.url}/scim/{face}", **settings), door or Door())


def people(source: Scim) -> pd.DataFrame:
    found = frames.concat(frames.Identities, [page.frame for page in source.identities()])
    return found.sort_values("source_id", ignore_index=True)


def members(source: Scim) -> pd.DataFrame:
    found = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])
    return found.sort_values(["group_id", "source_id"], ignore_index=True)


@pytest.fixture
def odd(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that makes the server misbehave."""
    options = faulty.world.options
    for name in [name for name in options if name.startswith("scim_")]:
        del options[name]
    faulty.world.counters.clear()
    yield faulty
    for name in [name for name in options if name.startswith("scim_")]:
        del options[name]


# What a server speaks


@pytest.mark.parametrize("version", ["v2", "v1"])
@pytest.mark.parametrize("config", [True, False])
def test_the_version_is_found(odd: Running, version: str, config: bool) -> None:
    """By what the server tells of itself, or by its users where it tells nothing."""
    if not config:
        odd.world.options["scim_no_config"] = True
    source = scim(odd, version)

    found = people(source)

    assert source.check()[0].message.startswith(f"speaks SCIM {'2.0' if version == 'v2' else '1.1'}")
    assert found["department"].notna().sum() > 30


@pytest.mark.parametrize("options", [{"version": "1.1"}, {"format": "xml"}])
def test_both_versions_and_formats_read_the_same(odd: Running, options: dict[str, Any]) -> None:
    """SCIM 1.1, as JSON and as XML, brings what SCIM 2.0 brings."""
    pd.testing.assert_frame_equal(people(scim(odd)), people(scim(odd, "v1", page_size=11, **options)))
    pd.testing.assert_frame_equal(members(scim(odd)), members(scim(odd, "v1", page_size=11, **options)))


def test_a_stated_version_is_not_asked_for(odd: Running) -> None:
    """Version and paging together spare the question."""
    people(scim(odd, version="2.0", paging="index"))
    people(scim(odd, "v1", version="1.1"))

    assert odd.world.counters.total("/scim/v2/ServiceProviderConfig") == 0
    assert odd.world.counters.total("/scim/v1/ServiceProviderConfig") == 0


def test_cursors_are_used_where_they_are_offered(odd: Running) -> None:
    """The server's own word decides, and its longest page too."""
    whole = people(scim(odd, paging="index"))
    odd.world.options.update(scim_cursor=True, scim_page_cap=9)
    source = scim(odd)

    pd.testing.assert_frame_equal(whole, people(source))
    assert "pages by cursor" in source.check()[0].message


def test_a_refused_credential_is_not_taken_for_a_missing_page(odd: Running) -> None:
    """401 on the first question is the credential's error."""
    source = scim(odd, token=SecretStr("very-wrong-token"))

    with pytest.raises(CredentialRefused) as failure:
        people(source)

    assert [finding.level for finding in source.check()] == ["error"]
    assert "very-wrong-token" not in f"{failure.value} {source._options!r} {source.check()}"


def test_a_name_and_password_do_as_well(odd: Running) -> None:
    """HTTP Basic reads what a token reads."""
    source = scim(odd, username="any", password=TOKEN)

    pd.testing.assert_frame_equal(people(scim(odd)), people(source))


# Pages


def test_a_cap_changes_nothing(odd: Running) -> None:
    """A server that gives fewer rows than asked for is read to its end, as many at a time as it gives."""
    whole = people(scim(odd))
    odd.world.options["scim_page_cap"] = 10
    odd.world.counters.clear()

    pd.testing.assert_frame_equal(whole, people(scim(odd)))
    # All pages, and one question whether that was all.
    assert odd.world.counters.total(USERS) == -(-len(whole) // 10) + 1


@pytest.mark.parametrize(
    "options", [{"scim_short_pages": True}, {"scim_no_resources": True}, {"scim_text_booleans": True}]
)
def test_tolerable_servers_are_read_whole(odd: Running, options: dict[str, Any]) -> None:
    """Irregular short pages, missing `Resources` and booleans as text change nothing."""
    whole, held = people(scim(odd)), members(scim(odd))
    odd.world.options.update(options)

    pd.testing.assert_frame_equal(whole, people(scim(odd, page_size=9)))
    pd.testing.assert_frame_equal(held, members(scim(odd, page_size=4)))


LIES = [
    ({"scim_ignores_start": True}, PageLoop, "repeats rows"),
    ({"scim_ignores_start": "lying"}, PageLoop, "repeats rows"),
    ({"scim_repeats": True}, PageLoop, "repeats rows"),
    ({"scim_total": 5}, Malformed, "rows were promised and"),
    ({"scim_total": -5}, Malformed, "there are more behind them"),
    ({"scim_total": "page"}, Malformed, "there are more behind them"),
]


@pytest.mark.parametrize(("options", "kind", "words"), LIES, ids=[str(lie[0]) for lie in LIES])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_servers_that_cannot_be_read_whole_raise(
    odd: Running, version: str, options: dict[str, Any], kind: type[TransportError], words: str
) -> None:
    """Repeated pages and wrong totals are errors with a remedy, never a shorter list."""
    odd.world.options.update(options)

    with pytest.raises(kind, match=words) as failure:
        people(scim(odd, version, page_size=8))

    assert failure.value.remedy


@pytest.mark.parametrize("cap", [None, 30])
@pytest.mark.parametrize("total", [0, "page"])
def test_a_server_that_ignores_paging_cannot_show_that_it_gives_all(
    odd: Running, total: Any, cap: int | None
) -> None:
    """What begins again behind its end may be cut there, whatever total it states."""
    odd.world.options.update(scim_ignores_start=True, scim_total=total, scim_page_cap=cap)

    with pytest.raises((Malformed, PageLoop)) as failure:
        people(scim(odd, page_size=200))

    assert failure.value.remedy


def test_a_list_without_a_total_is_read_until_it_ends(faulty: Running) -> None:
    """Where the server does not say how much there is, an empty page is the end."""
    pages = [[{"id": "a"}, {"id": "b"}], [{"id": "c"}], []]
    for rows in pages:
        faulty.world.faults.add(path=USERS, status=200, times=1, body={"Resources": rows})

    found = people(scim(faulty, version="2.0", paging="index"))

    assert found["source_id"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("body", [[], {"totalResults": "many"}, "no json"])
def test_an_answer_that_is_no_list_raises(faulty: Running, body: Any) -> None:
    """A page of something else is not an empty directory."""
    faulty.world.faults.add(path=USERS, status=200, times=0, body=body)

    with pytest.raises(Malformed):
        people(scim(faulty, door=Door(retry_policy=RetryPolicy(attempts=1)), version="2.0", paging="index"))


def lists(sandbox: Running, count: int = 10) -> Iterator[list[dict[str, Any]]]:
    """Walk the pages of users one by one."""
    return scim(sandbox, page_size=count, workers=1, paging="index")._list("/Users", {}, list)


def test_a_removal_midway_raises() -> None:
    """Who is removed shifts the pages, and somebody may be on none."""
    with Running(people=40, seed=3) as sandbox:
        walk = lists(sandbox)
        next(walk)
        sandbox.world.company.leave(2, how="deleted")

        with pytest.raises(Malformed, match="are left") as failure:
            list(walk)

    assert "removed while the list was read" in failure.value.remedy


def test_an_addition_midway_does_no_harm() -> None:
    """Who is added meanwhile may come or not; nobody else is lost."""
    with Running(people=37, seed=3, odd=False) as sandbox:
        company = sandbox.world.company
        before = {user_id(number) for number in company.people}
        walk = lists(sandbox, 13)
        found = next(walk)
        for _ in range(14):
            company.hire()
        found += [row for page in walk for row in page]

    assert before <= {row["id"] for row in found}


def test_the_number_of_a_failed_page_is_told(odd: Running) -> None:
    """An error names the page it happened on."""
    odd.world.faults.add(path=USERS, skip=3, times=0, status=403)

    with pytest.raises(TransportError) as failure:
        people(scim(odd, page_size=7, workers=1))

    assert failure.value.page == 4


# Users


def test_only_the_filtered_come(odd: Running) -> None:
    """A filter is asked of the server; one it does not understand is told."""
    found = people(scim(odd, filter="active eq true"))

    company = odd.world.company
    assert set(found["source_id"]) == {
        user_id(p.number) for p in company.people.values() if p.state == "active"
    }
    with pytest.raises(BadRequest):
        people(scim(odd, filter="active like true"))


def one_page(faulty: Running, *users: dict[str, Any], **options: Any) -> Screened:
    """Read a list of these users alone."""
    rows = [{"id": f"u{n}", "userName": f"p{n}"} | user for n, user in enumerate(users)]
    body = {"totalResults": len(rows), "Resources": rows}
    faulty.world.faults.add(path=USERS, status=200, times=1, body=body)
    faulty.world.faults.add(path=USERS, status=200, times=1, body={"totalResults": len(rows)})
    return next(scim(faulty, version="2.0", paging="index", **options).identities())


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        (True, "active"),
        ("True", "active"),
        (" true ", "active"),
        (False, "suspended"),
        ("False", "suspended"),
        (None, "active"),
    ],
)
def test_active_is_a_boolean_or_its_name(faulty: Running, active: Any, expected: str) -> None:
    """False is a suspension, as the standard says; a server without the attribute lists active people."""
    page = one_page(faulty, {"active": active})

    assert page.frame["state"].tolist() == [expected]
    assert page.rejects.empty


def test_a_connection_may_say_that_inactive_means_left(faulty: Running) -> None:
    """Where a directory deactivates its leavers, `states` says so."""
    page = one_page(faulty, {"active": False}, states={"false": "departed"})

    assert page.frame["state"].tolist() == ["departed"]


def test_an_unknown_state_is_reported_and_kept(faulty: Running) -> None:
    """A word that is neither true nor false costs no row."""
    page = one_page(faulty, {"active": "perhaps"}, {})

    assert page.frame["state"].tolist() == ["staged", "active"]
    assert page.rejects[["key", "value"]].to_numpy().tolist() == [["u0", "perhaps"]]


@pytest.mark.parametrize(
    ("emails", "expected"),
    [
        ([{"value": "h@x.test", "type": "home"}, {"value": "w@x.test", "type": "work"}], "w@x.test"),
        ([{"value": "w@x.test", "type": "work"}, {"value": "h@x.test", "primary": True}], "h@x.test"),
        (
            [
                {"value": "w@x.test", "type": "work", "primary": "False"},
                {"value": "h@x.test", "primary": "true"},
            ],
            "h@x.test",
        ),
        ([{"value": "a@x.test", "primary": True}, {"value": "A@X.TEST", "primary": True}], "a@x.test"),
        ([{"value": "a@x.test", "primary": True}, {"value": "b@x.test", "primary": True}], None),
        (["plain@x.test"], "plain@x.test"),
        ("bare@x.test", "bare@x.test"),
        ([{"type": "work"}], None),
        ([], None),
        (None, None),
    ],
)
def test_the_address_is_the_primary_one(faulty: Running, emails: Any, expected: str | None) -> None:
    """Primary, else that of work, else the first; none is null."""
    found = one_page(faulty, {"emails": emails}).frame["email"]

    assert found.astype(object).where(found.notna(), None).tolist() == [expected]


@pytest.mark.parametrize("manager", [{"value": "b1"}, {"managerId": "b1"}, "b1", {"displayName": "b1"}])
def test_a_manager_is_named_in_many_ways(faulty: Running, manager: Any) -> None:
    """By the word of either version, or as bare text."""
    assert one_page(faulty, {ENTERPRISE: {"manager": manager}}).frame["manager"].tolist() == ["b1"]


def test_odd_values_become_values_or_rejects(faulty: Running) -> None:
    """Parts of another type cost no row; a structure in place of a text is reported."""
    page = one_page(
        faulty,
        {"name": "Ada", ENTERPRISE: "IT", "title": ["a"], "meta": 5},
        {"id": None},
        {ENTERPRISE: {"employeeNumber": 4711}, "meta": {"created": "soon"}},
    )

    assert page.frame["source_id"].tolist() == ["u0", "u2"]
    assert page.frame["employee_number"].tolist()[1] == "4711"
    assert {"title", "source_id", "created_on"} == set(page.rejects["field"])


def test_other_attributes_may_fill_a_column(faulty: Running) -> None:
    """Plain ones, parts, the enterprise extension in either version, and any other extension."""
    own = "urn:acme:2.0:User"
    page = one_page(
        faulty,
        {
            "nickName": "Al",
            "name": {"formatted": "A. L."},
            own: {"badge": "7"},
            ENTERPRISE: {"division": "X"},
        },
        attributes={
            "title": "nickName",
            "display_name": "name.formatted",
            "organization": "enterprise:division",
            "employee_number": f"{own}:badge",
        },
    )

    row = page.frame.iloc[0]
    assert (row["title"], row["display_name"], row["organization"], row["employee_number"]) == (
        "Al",
        "A. L.",
        "X",
        "7",
    )


def test_resources_in_the_other_spelling(faulty: Running) -> None:
    """Some servers write `resources`."""
    for rows in ([{"id": "a"}], []):
        body = {"totalResults": 1, "resources": rows}
        faulty.world.faults.add(path=USERS, status=200, times=1, body=body)

    assert people(scim(faulty, version="2.0", paging="index"))["source_id"].tolist() == ["a"]


# Groups


def test_members_left_out_of_the_list_are_asked_one_by_one(odd: Running) -> None:
    """A list without members is no list of empty groups, unless the connection says so."""
    whole = members(scim(odd))
    odd.world.options["scim_members"] = "absent"

    pd.testing.assert_frame_equal(whole, members(scim(odd)))
    assert members(scim(odd, members="inline")).empty


def test_groups_may_be_asked_one_by_one(odd: Running) -> None:
    """With `one_by_one` only the wanted groups are asked, each once."""
    whole = members(scim(odd, groups=["atl-*"]))
    odd.world.counters.clear()

    pd.testing.assert_frame_equal(whole, members(scim(odd, members="one_by_one", groups=["atl-*"])))
    wanted = sum(name.startswith("atl-") for name in odd.world.company.groups)
    assert odd.world.counters.total("/scim/v2/Groups/") == wanted


@pytest.fixture
def tree() -> Iterator[Running]:
    """Serve groups in groups: all > (left > leaf, right > leaf), and a circle leaf > all."""
    with Running(people=12, seed=2, odd=False) as sandbox:
        company = sandbox.world.company
        for name, numbers in {"all": [1], "left": [1, 2], "right": [3], "leaf": [4, 2]}.items():
            company.add_group(name)
            for number in numbers:
                company.join(company.people[number], [name])
        for name, inner in {
            "all": ["left", "right"],
            "left": ["leaf"],
            "right": ["leaf"],
            "leaf": ["all"],
        }.items():
            _put_inside(sandbox, name, inner)
        yield sandbox


def _put_inside(sandbox: Running, name: str, inner: list[str]) -> None:
    groups = sandbox.world.company.groups
    value = [{"value": group_id(groups[one].number)} for one in inner]
    requests.patch(
        f"{sandbox.url}/scim/v2/Groups/{group_id(groups[name].number)}",
        json={"Operations": [{"op": "add", "path": "members", "value": value}]},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    ).raise_for_status()


def ways(found: pd.DataFrame, group: str) -> dict[str, Any]:
    rows = found[found["group_name"] == group]
    plain = rows["path"].astype(object).where(rows["path"].notna(), None)
    assert (rows["direct"] == rows["path"].isna()).all()
    return dict(zip(rows["source_id"], plain, strict=True))


ALL = {1: None, 2: "left", 3: "right", 4: "left > leaf"}


@pytest.mark.parametrize(
    "options",
    [{}, {"members": "one_by_one"}, {"groups": ["all"]}, {"groups": ["all"], "members": "one_by_one"}],
)
@pytest.mark.parametrize("untyped", [False, True])
def test_groups_in_groups_are_followed(tree: Running, options: dict[str, Any], untyped: bool) -> None:
    """Each membership through others says its shortest way; a circle ends; untyped members are known."""
    tree.world.options["scim_untyped"] = untyped

    found = members(scim(tree, **options))

    assert ways(found, "all") == {user_id(n): way for n, way in ALL.items()}
    assert not found.duplicated(["group_id", "source_id"]).any()
    assert set(found["source_id"]) <= {user_id(n) for n in tree.world.company.people}


def test_groups_in_groups_may_be_left_alone(tree: Running) -> None:
    """Without `nested` only direct members count."""
    found = members(scim(tree, nested=False))

    assert ways(found, "all") == {user_id(1): None}


def test_groups_in_groups_in_the_old_version(tree: Running) -> None:
    """SCIM 1.1 tells them as well, in JSON and XML."""
    for options in ({}, {"format": "xml"}):
        assert ways(members(scim(tree, "v1", **options)), "all") == {
            user_id(n): way for n, way in ALL.items()
        }


# XML


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<Response><totalResults>1</totalResults>", "not XML"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><r><totalResults>1</totalResults></r>', "declares a type"),
    ],
)
def test_a_document_that_is_none_raises(faulty: Running, body: str, words: str) -> None:
    """Cut documents, and those that could hold entities, are refused."""
    faulty.world.faults.add(path="/scim/v1/Users", status=200, times=0, body=body)

    with pytest.raises(Malformed, match=words):
        people(scim(faulty, "v1", format="xml"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"token": "t", "username": "u", "password": "p"},
        {"username": "u"},
        {"token": "t", "format": "xml", "version": "2.0"},
        {"token": "t", "format": "xml", "paging": "cursor"},
        {"token": "t", "attributes": {"nickname": "x"}},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    """One credential, columns that exist, and nothing XML cannot."""
    with pytest.raises(ValidationError):
        ScimOptions(url="https://scim.acme.test/v2", **options)
