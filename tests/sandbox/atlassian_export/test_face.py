"""The files administrators download, byte for byte where readers depend on it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pytest
import requests

from sandbox.atlassian_export import face as atlassian_export
from sandbox.atlassian_export.__main__ import main
from sandbox.kit.cloud_drift import drifted
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.world import World, make_world
from sandbox.running import Running

BASE = "User id,User name,email,User status,Added to org,Org role"
ACCESS = "Jira - acme,Confluence - acme,Jira Service Management - acme"
SEEN = "Last seen in Jira - acme,Last seen in Confluence - acme,Last seen in Jira Service Management - acme"
GROUP = "Group id,Group name"
APPS = (
    "Jira,Confluence,Confluence Guest,Jira Work Management,Jira Service Management,Jira Product Discovery,"
    "Bitbucket,Trello,Opsgenie,Statuspage,Loom,Feedback"
)
HEADERS = {
    "current": f"{BASE},{ACCESS},{SEEN}",
    "no-access": f"{BASE},{SEEN}",
    "renamed": f"{BASE},{SEEN.replace('Jira - ', 'Jira Software - ')}",
    "groups": f"{GROUP},{BASE},{ACCESS},{SEEN}",
    "group-list": f"{GROUP},{BASE},{ACCESS},{SEEN}",
    "bom": f"\ufeff{BASE},{ACCESS},{SEEN}",
    "semicolon": f"\ufeff{GROUP},{BASE},{ACCESS},{SEEN}".replace(",", ";"),
    "site": "group_name,username,full_name,email,active,last_login,last_session,"
    "Jira Service Desk,Jira Software,Jira Core,Confluence",
    "yes-no": "group_name,username,full_name,email,active,last_login,last_session,"
    "Jira Service Desk,Jira Software,Jira Core,Confluence",
    "excel": f"{BASE},{ACCESS},{SEEN}".replace(" - ", " \N{EN DASH} "),
    "excel-us": f"{BASE},{ACCESS},{SEEN}".replace(" - ", " \N{EN DASH} "),
    "intermediate": "id,full_name,email,active,created,Last seen in Jira Software,Last seen in Confluence,"
    "Last seen in Jira Service Management",
    "managed": f"Name,Email,Atlassian ID,Status,Last active date [UTC],{APPS}",
    "people": "Employee ID,Login,Email,First name,Last name,Department,Cost centre,Title,Manager,User type,"
    "Hired on,Leaves on,Last sign-in,Status,Groups",
}
DAY = re.compile(r"([1-9]|[12]\d|3[01]) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) 20\d\d")
PEOPLE_WITHOUT_APPS = ("automation@connect.atlassian.test", "tessa.client@client.test")


@pytest.fixture(scope="module")
def world() -> World:
    """Return 300 people nobody changes."""
    return make_world(300, 7)


@pytest.fixture(scope="module")
def org(world: World) -> Organisation:
    """Return the organisation of these people."""
    found: Organisation = world.hold("atlassian", drifted)
    return found


def _rows(world: World, style: str) -> list[dict[str, str]]:
    text = atlassian_export.text(world, style).removeprefix("\ufeff")
    delimiter = atlassian_export.FORMATS[style].delimiter
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_every_format_but_the_pivot_is_listed_here() -> None:
    """A new format needs its header below."""
    assert set(HEADERS) | {"pivot"} == set(atlassian_export.FORMATS)


@pytest.mark.parametrize("style", HEADERS)
def test_headers_are_exact(world: World, style: str) -> None:
    """Readers find columns by these very names."""
    assert atlassian_export.text(world, style).splitlines()[0] == HEADERS[style]


@pytest.mark.parametrize("style", ["current", "no-access", "group-list", "pivot", "renamed"])
def test_one_row_per_person_in_the_directory(world: World, org: Organisation, style: str) -> None:
    """Apps and customers are not listed, nor is anybody twice."""
    emails = [row["email"] for row in _rows(world, style)]

    assert len(emails) == len(set(emails)) == sum(a.kind == "atlassian" for a in org.accounts)
    assert not set(PEOPLE_WITHOUT_APPS) & set(emails)


def test_dates_states_and_access_agree_with_the_organisation(world: World, org: Organisation) -> None:
    """Days are not padded, what was never used says so, access columns follow the roles."""
    rows = _rows(world, "current")
    for row in rows:
        account = org.by_id[row["User id"]]
        assert DAY.fullmatch(row["Added to org"])
        for resource, label in zip(
            org.capacity, ("Jira", "Confluence", "Jira Service Management"), strict=True
        ):
            seen = row[f"Last seen in {label} - acme"]
            assert DAY.fullmatch(seen) if resource in org.used(account) else seen == "Never accessed"
            assert row[f"{label} - acme"] == ("User" if resource in org.opened(account) else "None")
    assert {row["User status"] for row in rows} == {"Active", "Suspended", "Deactivated"}
    assert Counter(row["Org role"] for row in rows)["Org admin"] == 2


def test_seats_of_the_active_are_the_bill(world: World, org: Organisation) -> None:
    """Counting access of active rows gives what is billed."""
    rows = [row for row in _rows(world, "current") if row["User status"] == "Active"]

    for resource, label in zip(org.capacity, ("Jira", "Confluence", "Jira Service Management"), strict=True):
        assert sum(row[f"{label} - acme"] == "User" for row in rows) == org.billed[resource]


def test_groups_have_three_layouts_of_the_same_content(world: World, org: Organisation) -> None:
    """One row per group, a list in a cell, and a column per group say the same."""
    expected = {
        (a.email, org.groups[g].name) for a in org.accounts if a.kind == "atlassian" for g in a.groups
    }
    per_row = [(row["email"], row["Group name"]) for row in _rows(world, "groups") if row["Group id"]]
    listed = [
        (row["email"], name) for row in _rows(world, "group-list") for name in row["Group name"].split(", ")
    ]
    pivoted = [
        (r["email"], v) for r in _rows(world, "pivot") for k, v in r.items() if k.startswith("Group name ")
    ]

    assert len(per_row) == len(expected)
    assert (
        {pair for pair in listed if pair[1]}
        == {pair for pair in pivoted if pair[1]}
        == set(per_row)
        == expected
    )
    alone = [row["email"] for row in _rows(world, "groups") if not row["Group id"]]
    assert alone == ["vendor.desk@partner.test"]


def test_the_renamed_export_writes_never_otherwise(world: World) -> None:
    """`Never Accessed` with a capital, and the app under its former name."""
    seen = {row["Last seen in Jira Software - acme"] for row in _rows(world, "renamed")}

    assert "Never Accessed" in seen
    assert "Never accessed" not in seen


def test_the_old_site_export_is_ragged(world: World) -> None:
    """Each row has one field more than the header; times have seconds and padded days."""
    lines = list(csv.reader(io.StringIO(atlassian_export.text(world, "site"))))
    header, rows = lines[0], lines[1:]

    assert {len(row) for row in rows} == {len(header) + 1}
    assert {row[4] for row in rows} == {"Yes", "No"}
    times = {row[5] for row in rows} - {"Never logged in"}
    assert times
    assert all(re.fullmatch(r"\d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d", at) for at in times)


def test_the_intermediate_export_says_yes_no_and_never_logged_in(world: World) -> None:
    """Its columns name no site."""
    rows = _rows(world, "intermediate")

    assert {row["active"] for row in rows} == {"Yes", "No"}
    assert "Never logged in" in {row["Last seen in Jira Software"] for row in rows}


def test_managed_accounts_list_sites_and_iso_days(world: World, org: Organisation) -> None:
    """Managed accounts alone, with a date or nothing, and per app the sites it is held on."""
    rows = _rows(world, "managed")

    assert {row["Atlassian ID"] for row in rows} == {a.account_id for a in org.accounts if a.managed}
    assert {row["Status"] for row in rows} == {"Active", "Deactivated"}
    assert {row["Jira"] for row in rows} == {"acme", ""}
    days = {row["Last active date [UTC]"] for row in rows}
    assert "" in days
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", at) for at in days if at)


def test_the_people_are_all_there(world: World) -> None:
    """Every person with number, state and groups, former staff included."""
    rows = _rows(world, "people")

    assert len(rows) == len(world.company.people)
    assert {row["Status"] for row in rows} == {"Active", "Staged", "Suspended", "Departed"}
    boss = next(row["Manager"] for row in rows if row["Manager"])
    assert boss in {row["Email"] for row in rows}
    agents = [row for row in rows if "atl-jsm-agents" in row["Groups"].split(", ")]
    assert len(agents) == len(world.company.groups["atl-jsm-agents"].members)


def test_files_are_written_byte_for_byte(world: World, tmp_path: Path) -> None:
    """The byte order mark, line ends and delimiter are those of the style."""
    path = atlassian_export.write(world, tmp_path / "new", style="semicolon")

    raw = path.read_bytes()
    assert path.name == "export-users.csv"
    assert raw.startswith(b"\xef\xbb\xbfGroup id;Group name;")
    assert raw.count(b"\r\n") == raw.count(b"\n") > 300
    with pytest.raises(ValueError, match="there are current"):
        atlassian_export.write(world, tmp_path, style="parquet")


def test_exports_are_downloaded_and_follow_the_writes(fresh: Running) -> None:
    """The door answers the present state as a file; an unknown format names the known ones."""
    url = f"{fresh.url}/_sandbox/export"
    assert requests.get(url, timeout=30).json()["formats"] == list(atlassian_export.FORMATS)
    wrong = requests.get(url, params={"format": "x"}, timeout=30)
    assert (wrong.status_code, "pivot" in wrong.json()["error"]) == (400, True)

    before = requests.get(url, params={"format": "current"}, timeout=30)
    org = fresh.world.held["atlassian"]
    account = next(a for a in org.accounts if a.works)
    org.suspend(account.account_id)
    after = requests.get(url, params={"format": "current"}, timeout=30)

    assert before.headers["Content-Disposition"] == 'attachment; filename="export-users.csv"'
    assert before.headers["Content-Type"].startswith("text/csv")
    changed = set(after.text.splitlines()) - set(before.text.splitlines())
    assert len(changed) == 1
    assert account.email in changed.pop()


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    """Without a server, one file of a fresh company."""
    main(["--people", "20", "--seed", "2", "--format", "managed", "--out", str(tmp_path)])

    assert (tmp_path / "managed-accounts.csv").read_text().startswith("Name,Email,Atlassian ID")


def test_a_saved_export_has_the_dates_of_its_program(world: World) -> None:
    """A spreadsheet program writes the same days in its own way."""
    days = [DAY.fullmatch(row["Added to org"]) for row in _rows(world, "current")]
    short = [row["Added to org"] for row in _rows(world, "excel")]
    american = [row["Added to org"] for row in _rows(world, "excel-us")]

    assert all(days)
    assert short[0].split("-")[:2] == str(days[0] and days[0][0]).split()[:2]
    assert {len(text.split("/")[-1]) for text in american} == {4}


def test_the_old_export_may_say_yes_and_no(world: World) -> None:
    """Its documentation has access in the product columns, which older files show as times of use."""
    rows = _rows(world, "yes-no")

    assert {row["Jira Software"] for row in rows} == {"Yes", "No"}
    assert {row["Jira Core"] for row in rows} == {"No"}
