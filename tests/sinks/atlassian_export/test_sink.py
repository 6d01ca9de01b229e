"""Exported user lists, in every format the admin site has had."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from provisioning.model.findings import Unreadable
from sandbox.atlassian_export.face import FORMATS, write
from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID
from sandbox.running import Running
from sinks.atlassian_export.formats import app_and_site, opens, times
from sinks.atlassian_export.sink import AtlassianExport, AtlassianExportOptions
from sinks.atlassian_org.sink import AtlassianOrg, AtlassianOrgOptions
from tests.sinks.cases import KEY, read
from transport.door import Door

STYLES = [style for style in FORMATS if style != "people"]
WITH_ACCESS = ["current", "groups", "group-list", "pivot", "bom", "semicolon"]
WITH_GROUPS = ["groups", "group-list", "pivot", "semicolon"]
LAST_SEEN = ["no-access", "renamed", "site", "intermediate"]


@pytest.fixture(scope="module")
def online(acme: Running) -> dict[str, pd.DataFrame]:
    """Return what the organisation itself tells of the people an export lists."""
    options = AtlassianOrgOptions(url=f"{acme.url}/atlassian", org=ORG_ID, directory=DIRECTORY_ID, key=KEY)
    sink = AtlassianOrg("acme", options, Door())
    people = read(sink, "accounts").query("kind == 'person'")
    parts = {part: read(sink, part) for part in ("assignments", "seats")}
    return {"accounts": people} | {
        part: frame[frame["account_id"].isin(people["account_id"])] for part, frame in parts.items()
    }


def exported(sandbox: Running, folder: Path, style: str, **options: Any) -> AtlassianExport:
    path = write(sandbox.world, folder, style=style)
    return AtlassianExport("export", AtlassianExportOptions(path=path, **options), Door())


def from_text(folder: Path, text: str | bytes, **options: Any) -> AtlassianExport:
    path = folder / "export.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return AtlassianExport("export", AtlassianExportOptions(path=path, **options), Door())


def by_email(frame: pd.DataFrame, accounts: pd.DataFrame) -> pd.Series:
    return frame["account_id"].map(accounts.set_index("account_id")["email"])


# Every format against the organisation itself


@pytest.mark.parametrize("style", STYLES)
def test_accounts_agree(style: str, acme: Running, online: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Each format lists each person once, with the state it can tell and nothing lost."""
    sink = exported(acme, tmp_path, style)
    (page,) = sink.accounts()
    expected = online["accounts"].set_index("email")["state"].replace({"deleted": "deactivated"})
    if style in ("site", "intermediate"):
        expected = expected.replace({"suspended": "deactivated"})
    if style == "managed":
        managed = online["accounts"].set_index("email")["managed"].astype(bool)
        expected = expected[managed].replace({"suspended": "active"})

    told = page.frame.set_index("email")["state"]

    assert page.rejects.empty
    assert told.loc[expected.index].to_dict() == expected.to_dict()
    assert page.frame["account_id"].is_unique
    if style != "site":
        listed = online["accounts"].set_index("email")["account_id"]
        assert (
            page.frame.set_index("email")["account_id"].loc[expected.index].equals(listed.loc[expected.index])
        )


@pytest.mark.parametrize("style", WITH_ACCESS)
def test_seats_agree(style: str, acme: Running, online: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """A file with access columns tells the same seats, their day of last use and whether they are billed."""
    told = read(exported(acme, tmp_path, style), "seats")
    key = ["account_id", "product", "site"]

    both = online["seats"].merge(told, on=key, how="outer", suffixes=("", "_told"), validate="one_to_one")

    assert both["target"].notna().all()
    assert both["target_told"].notna().all()
    assert (both["activity"] == both["activity_told"]).all()
    paid = both[~both["granted_by"].fillna("").str.contains("customers")]
    assert (paid["billable"] == paid["billable_told"]).all()
    assert both["last_active"].dt.floor("D").equals(both["last_active_told"])


@pytest.mark.parametrize("style", LAST_SEEN)
def test_without_access_columns_only_use_makes_a_seat(
    style: str, acme: Running, online: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    """Where only last use is told, every seat was used, none that is in use is missing, and check warns."""
    sink = exported(acme, tmp_path, style, site="acme")
    told, accounts = read(sink, "seats"), read(sink, "accounts")
    used = online["seats"].query("activity == 'used'")

    there = set(zip(by_email(told, accounts), told["product"], told["site"], strict=True))
    wanted = set(zip(by_email(used, online["accounts"]), used["product"], used["site"], strict=True))

    assert wanted <= there
    assert set(told["activity"]) == {"used"}
    assert any("never used" in finding.message for finding in sink.check())


def test_managed_accounts_tell_where_products_are_held(
    acme: Running, online: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    """Managed accounts tell sites but no use by product: never for those never active, else unknown."""
    sink = exported(acme, tmp_path, "managed")
    told, accounts = read(sink, "seats"), read(sink, "accounts").set_index("account_id")
    managed = online["accounts"].query("managed")["account_id"]
    expected = online["seats"][online["seats"]["account_id"].isin(managed)]

    assert set(map(tuple, told[["account_id", "product", "site"]].to_numpy())) == set(
        map(tuple, expected[["account_id", "product", "site"]].to_numpy())
    )
    never = accounts["last_active"].isna().reindex(told["account_id"]).to_numpy()
    assert set(told.loc[never, "activity"]) <= {"never"}
    assert set(told.loc[~never, "activity"]) == {"unknown"}
    assert accounts["managed"].all()


@pytest.mark.parametrize("style", WITH_GROUPS)
def test_groups_agree(style: str, acme: Running, online: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Rows, lists and pivoted columns tell the same groups, by identifier where the file has one."""
    sink = exported(acme, tmp_path, style)
    told = read(sink, "assignments").query("kind == 'group'")
    held = online["assignments"].query("kind == 'group'")

    assert set(zip(told["account_id"], told["name"], strict=True)) == set(
        zip(held["account_id"], held["name"], strict=True)
    )
    if style != "pivot":
        assert set(told["entitlement_id"]) == set(held["entitlement_id"])
    entitlements = read(sink, "entitlements").set_index("name")
    assert entitlements.loc["confluence-users", ["product", "billable"]].tolist() == ["confluence", True]
    assert pd.isna(entitlements.loc["all-staff", "product"])
    given = read(sink, "seats").query("product == 'confluence'")["granted_by"]
    assert set(given.dropna()) == {"confluence-users"}


def test_the_organisations_administrators_are_told(acme: Running, tmp_path: Path) -> None:
    """The role column becomes role assignments under the organisation's own names."""
    roles = read(exported(acme, tmp_path, "current"), "assignments").query("kind == 'role'")

    assert set(roles["entitlement_id"]) == {"atlassian/org-admin"}


# Odd files


def test_group_names_may_hold_commas(tmp_path: Path) -> None:
    """In a list with identifiers a comma within a name does not make two groups."""
    head = "Group id,Group name,User id,User name,email,User status\n"
    listed = from_text(tmp_path, head + '"g1, g2","Sales, EMEA, ops",1,A,a@x,Active\n')
    held = read(listed, "assignments")
    rows = from_text(tmp_path, head + 'g1,"Sales, EMEA",1,A,a@x,Active\ng2,ops,1,A,a@x,Active\n')

    assert held[["entitlement_id", "name"]].to_numpy().tolist() == [["g1", "g1"], ["g2", "g2"]]
    assert read(rows, "assignments")["name"].tolist() == ["Sales, EMEA", "ops"]


def test_people_of_several_rows_are_one_account(tmp_path: Path) -> None:
    """A person with one row per group is one account with all groups and one seat per product."""
    head = "Group id,Group name,User id,User name,email,User status,Jira - acme,Last seen in Jira - acme\n"
    rows = "".join(f"g{n},group {n},1,Ada,a@x,Active,User,3 Jan 2024\n" for n in range(3))
    sink = from_text(tmp_path, head + rows)

    assert [len(read(sink, part)) for part in ("accounts", "assignments", "seats")] == [1, 3, 1]


def test_roles_that_cost_nothing_are_not_billed(tmp_path: Path) -> None:
    """Customers and guests hold seats that are not billed, and `None` or nothing is no seat."""
    text = "User id,email,User status,Jira Service Management - acme\n"
    text += (
        "1,a@x,Active,User\n2,b@x,Active,Customer\n3,c@x,Active,None\n4,d@x,Active,\n5,e@x,Suspended,User\n"
    )

    seats = read(from_text(tmp_path, text), "seats").set_index("account_id")["billable"]

    assert seats.to_dict() == {"1": True, "2": False, "5": False}


def test_use_is_unknown_where_no_column_tells_it(tmp_path: Path) -> None:
    """Access without a last-seen column, or an empty one, is unknown use and never idleness."""
    text = "User id,email,User status,Jira - a,Confluence - a,Last seen in Confluence - a\n"
    text += "1,a@x,Active,User,User,\n"

    seats = read(from_text(tmp_path, text), "seats").set_index("product")

    assert seats["activity"].to_dict() == {"jira-software": "unknown", "confluence": "unknown"}


def test_every_odd_row_is_told(tmp_path: Path) -> None:
    """Rows of another length, without a person, or with odd values are reported; the rest go on."""
    text = "User id,User name,email,User status,Added to org\n1,A,a@x,Active,3 Jan 2024\n2,B\n"
    text += ",C,,Active,\n4,D,d@x,Asleep,5 Feb 2024\n5,E,e@x,Active,soon\n"

    (page,) = from_text(tmp_path, text).accounts()

    assert page.frame["account_id"].tolist() == ["1", "4", "5"]
    assert set(zip(page.rejects["key"].fillna(""), page.rejects["field"], strict=True)) == {
        ("", "account_id"),
        ("", "row"),
        ("4", "state"),
        ("5", "added_on"),
    }


def test_any_list_of_accounts_can_be_mapped(tmp_path: Path) -> None:
    """A list that is no export is read through `columns`; a Data Center app's list needs none at all."""
    mapping = {"account_id": "Konto", "email": "Post", "state": "zustand"}
    own = from_text(tmp_path, "Konto;Post;Zustand\nada;a@x;Active\n", columns=mapping)
    assert read(own, "accounts")[["account_id", "email", "state"]].to_numpy().tolist() == [
        ["ada", "a@x", "active"]
    ]

    text = "Username,Email,Full Name,Status,User Directory,Last Login Date\n"
    text += "ada,a@x,Ada,Active,Internal,24/12/2025 10:11:12\nbob,b@x,Bob,Inactive,Internal,never\n"
    frame = read(from_text(tmp_path, text), "accounts")

    assert frame["state"].tolist() == ["active", "deactivated"]
    assert frame["directory"].tolist() == ["Internal", "Internal"]
    assert frame["last_active"][0] == pd.Timestamp("2025-12-24T10:11:12Z")
    assert frame["last_active"][1] is pd.NaT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Group,Emial,Status\nx,y,z\n", "Emial"),
        ('User id,email\n1,"a@x\n2,b@x\n', "line 2"),
        (b"User id,email\n1,\xff\n", "utf-8"),
    ],
)
def test_a_file_that_is_no_list_of_people_raises(text: str | bytes, words: str, tmp_path: Path) -> None:
    """What cannot be read whole, or names nobody, is told with the file and the nearest header."""
    sink = from_text(tmp_path, text)

    with pytest.raises(Unreadable, match=words) as failure:
        read(sink, "accounts")

    assert "export.csv" in str(failure.value)
    assert failure.value.remedy
    assert [finding.level for finding in sink.check()] == ["error"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """A new export under the same name is seen by the same connection."""
    sink = from_text(tmp_path, "User id,email\n1,a@x\n")
    before = len(read(sink, "accounts"))
    from_text(tmp_path, "User id,email\n1,a@x\n2,b@x\n")

    assert (before, len(read(sink, "accounts"))) == (1, 2)


def test_the_age_of_the_data_is_told(tmp_path: Path) -> None:
    """The day of the export is the file's own, or what the connection says."""
    told = from_text(tmp_path, "User id,email\n1,a@x\n", as_of="2026-01-31")
    silent = from_text(tmp_path, "User id,email\n1,a@x\n")

    assert told.as_of == datetime(2026, 1, 31, tzinfo=UTC)
    assert "2026-01-31" in told.check()[0].message
    assert silent.as_of == datetime.fromtimestamp((tmp_path / "export.csv").stat().st_mtime, UTC)


# The words of headers and fields


@pytest.mark.parametrize(
    ("name", "product", "site"),
    [
        ("Jira - acme", "jira-software", "acme"),
        ("Jira Software - acme", "jira-software", "acme"),
        ("Jira Service Management - telkomdds", "jira-servicedesk", "telkomdds"),
        ("Confluence - acme - old", "confluence", "acme - old"),
        ("Jira Software", "jira-software", None),
        ("Brand New App - acme", "brand-new-app", "acme"),
    ],
)
def test_headers_name_app_and_site(name: str, product: str, site: str | None) -> None:
    """Known names go first, so that hyphens in a site's name mislead nobody; new apps become keys."""
    assert app_and_site(name) == (product, site)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("3 Jan 2024", "2024-01-03"),
        ("03 Jan 2024", "2024-01-03"),
        ("14 Dec 2012 15:31:57", "2012-12-14T15:31:57"),
        ("2024-01-03", "2024-01-03"),
        ("Never accessed", None),
        ("Never Accessed", None),
        ("Never logged in", None),
        ("", None),
    ],
)
def test_dates_of_all_formats(text: str, instant: str | None) -> None:
    """Days without leading zeros, old timestamps and ISO days, mixed in one column with nulls."""
    found = times(pd.Series(["1 Feb 2025", None, text], dtype="str"))

    assert found[0] == pd.Timestamp("2025-02-01", tz="UTC")
    assert found[1] is pd.NaT
    assert found[2] is pd.NaT if instant is None else found[2] == pd.Timestamp(instant, tz="UTC")


@pytest.mark.parametrize(
    ("group", "product"),
    [
        ("jira-software-users", "jira-software"),
        ("confluence-users-acme", "confluence"),
        ("jira-software-usersx", None),
        ("readers", "confluence"),
        ("staff", None),
    ],
)
def test_default_groups_are_known(group: str, product: str | None) -> None:
    """Atlassian's own groups open their product, a site's name or none behind; others as configured."""
    assert opens(group, {"readers": "confluence"}) == product
