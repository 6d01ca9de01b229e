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
from sinks.atlassian_export.dates import read_times
from sinks.atlassian_export.groups import Opens
from sinks.atlassian_export.headers import app_and_site
from sinks.atlassian_export.sink import AtlassianExport, AtlassianExportOptions
from sinks.atlassian_org.sink import AtlassianOrg, AtlassianOrgOptions
from tests.sinks.cases import KEY, PARTS, read
from transport.door import Door

STYLES = [style for style in FORMATS if style != "people"]
WITH_ACCESS = ["current", "groups", "group-list", "pivot", "bom", "semicolon", "excel", "excel-us"]
WITH_GROUPS = ["groups", "group-list", "pivot", "semicolon"]
HEAD = "User id,User name,email,User status,"
ADA = "1,Ada,ada@acme.test,Active,"
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
    if style in ("site", "yes-no", "intermediate"):
        expected = expected.replace({"suspended": "deactivated"})
    if style == "managed":
        managed = online["accounts"].set_index("email")["managed"].astype(bool)
        expected = expected[managed].replace({"suspended": "active"})

    told = page.frame.set_index("email")["state"]

    assert page.rejects.empty
    assert told.loc[expected.index].to_dict() == expected.to_dict()
    assert page.frame["account_id"].is_unique
    if style not in ("site", "yes-no"):
        listed = online["accounts"].set_index("email")["account_id"]
        assert (
            page.frame.set_index("email")["account_id"].loc[expected.index].equals(listed.loc[expected.index])
        )


@pytest.mark.parametrize("style", STYLES)
def test_every_part_of_every_format_is_read_without_a_reject(
    style: str, acme: Running, tmp_path: Path
) -> None:
    """Whatever a format leaves out, its other parts are read."""
    sink = exported(acme, tmp_path, style)

    assert all(page.rejects.empty for part in PARTS for page in getattr(sink, part)())


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


GROUPS = "Group id,Group name,User id,User name,email,User status\n"


def groups_of(sink: AtlassianExport) -> list[tuple[str, str, str]]:
    held = read(sink, "assignments")[["account_id", "entitlement_id", "name"]]
    return list(held.itertuples(index=False, name=None))


def test_group_names_may_hold_commas(tmp_path: Path) -> None:
    """A row for each group tells names with commas as they are."""
    rows = from_text(
        tmp_path, GROUPS + 'g1,"Sales, EMEA",1,A,a@x,Active\ng2,ops,1,A,a@x,Active\n,,2,B,b@x,Active\n'
    )

    assert groups_of(rows) == [("1", "g1", "Sales, EMEA"), ("1", "g2", "ops")]


def test_a_list_of_names_is_cut_by_what_other_rows_tell(tmp_path: Path) -> None:
    """Names with commas are known from other rows, and so are names and identifiers that a row leaves out."""
    lines = [
        '"g1,g2","jira-users-acme,Sales, EMEA",1,A,a@x,Active',
        "g1,jira-users-acme,2,B,b@x,Active",
        '"g3, g2","Ops, night, Sales, EMEA",3,C,c@x,Active',
        'g2,"Sales, EMEA",4,D,d@x,Active',
        '"g3,g1",,5,E,e@x,Active',
        ',"sales, emea",6,F,f@x,Active',
    ]
    sink = from_text(tmp_path, GROUPS + "\n".join(lines))
    (page,) = sink.accounts()

    assert page.rejects.empty
    assert set(groups_of(sink)) == {
        ("1", "g1", "jira-users-acme"),
        ("1", "g2", "Sales, EMEA"),
        ("2", "g1", "jira-users-acme"),
        ("3", "g3", "Ops, night"),
        ("3", "g2", "Sales, EMEA"),
        ("4", "g2", "Sales, EMEA"),
        ("5", "g3", "Ops, night"),
        ("5", "g1", "jira-users-acme"),
        ("6", "g2", "Sales, EMEA"),
    }
    assert read(sink, "entitlements")["entitlement_id"].is_unique


@pytest.mark.parametrize(
    "row",
    [
        '"g1, g2","Sales, EMEA, ops",1,A,a@x,Active',
        '"g1, g9","staff",1,A,a@x,Active',
        "g9,,1,A,a@x,Active",
        ",strangers,1,A,a@x,Active",
    ],
)
def test_groups_that_cannot_be_paired_are_told_and_unknown(row: str, tmp_path: Path) -> None:
    """No identifier stands for a name: nothing is known of what the account holds, also by its other rows."""
    others = "\ng5,staff,1,A,a@x,Active\ng5,staff,2,B,b@x,Active\n"
    sink = from_text(tmp_path, GROUPS + row + others)
    (page,) = sink.accounts()

    (told,) = page.rejects.to_dict("records")
    assert (told["key"], told["field"]) == ("1", "group")
    assert "line 2" in told["problem"]
    assert groups_of(sink) == [("2", "g5", "staff")]
    assert sink.observe(["1", "2"], []).unknown == {("1", "group")}


def test_nobody_is_known_to_hold_a_group_of_two_names(tmp_path: Path) -> None:
    """Nobody can say whether it is the protected one; the same name in another case is no other name."""
    lines = [
        "g1,jira-users,1,A,a@x,Active",
        "g1,everybody,2,B,b@x,Active",
        '"g1,g2","jira-users,ops",3,C,c@x,Active',
        "g2,OPS,4,D,d@x,Active",
    ]
    sink = from_text(tmp_path, GROUPS + "\n".join(lines))
    (page,) = sink.accounts()

    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [
        ["g1", "group", "jira-users / everybody"]
    ]
    assert groups_of(sink) == [("4", "g2", "ops")]
    assert {key for key, _ in sink.observe(["1", "2", "3", "4"], []).unknown} == {"1", "2", "3"}


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
        ("", "row"),
        ("4", "state"),
        ("5", "added_on"),
    }


@pytest.mark.parametrize(
    "line", ["Total users: 3", "Generated 30 Nov 2026", "Total", "Exported by a@acme.test"]
)
def test_lines_below_a_list_are_no_accounts(line: str, tmp_path: Path) -> None:
    """They are told by what stands there and their line, and hold neither groups nor seats."""
    text = f"{HEAD}Jira - acme,Group id,Group name\n{ADA}User,g1,staff\n{line},,,,User,g1,staff\n"
    sink = from_text(tmp_path, text)
    (page,) = sink.accounts()

    assert page.frame["account_id"].tolist() == ["1"]
    (told,) = page.rejects.to_dict("records")
    assert (told["field"], told["value"]) == ("row", line)
    assert "line 3" in told["problem"]
    assert [read(sink, part)["account_id"].tolist() for part in ("assignments", "seats")] == [["1"], ["1"]]


@pytest.mark.parametrize(
    ("text", "options", "ids"),
    [
        (
            "User id,email,User status,Group name\na1,,,staff\n5b10ac8d82e05b22cc7d4ef5,,,staff\n",
            {},
            2,
        ),
        ("Konto,Mail,Status\nada,,\n", {"columns": {"account_id": "Konto"}}, 1),
        ("Username,Email,Status\nsvc-backup,,\n", {}, 1),
        ("Username,Full Name\nAda Lovelace,Ada\n", {}, 1),
        ("User id,email,Group name\nada,a@x,staff\nada,,ops\n", {}, 1),
    ],
)
def test_accounts_of_which_little_is_told_stay(
    text: str, options: dict[str, Any], ids: int, tmp_path: Path
) -> None:
    """Neither an address nor a state is needed where an identifier stands."""
    (page,) = from_text(tmp_path, text, **options).accounts()

    assert (len(page.frame), len(page.rejects)) == (ids, 0)


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


# Formats told by their values


def test_yes_and_no_are_access(acme: Running, online: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """The old site export as its documentation has it: Yes is a seat, whose use is the account's own."""
    sink = exported(acme, tmp_path, "yes-no", site="acme")
    told, accounts = read(sink, "seats"), read(sink, "accounts")
    held = online["seats"][online["seats"]["granted_by"].fillna("") != "jira-servicemanagement-customers"]
    products = {"jira-software", "confluence", "jira-servicedesk"}
    held = held[held["product"].isin(products)]

    there = set(zip(by_email(told, accounts), told["product"], told["site"], strict=True))
    wanted = set(zip(by_email(held, online["accounts"]), held["product"], held["site"], strict=True))

    assert wanted <= there
    assert there <= {(email, product, "acme") for email in accounts["email"] for product in products}
    assert "used" not in set(told["activity"])
    assert sink.check()[0].level == "ok"


def seats_of(folder: Path, header: str, *rows: str, **options: Any) -> pd.DataFrame:
    text = "".join(f"{line}\n" for line in (HEAD + header, *rows))
    return read(from_text(folder, text, **options), "seats")


@pytest.mark.parametrize(
    ("cell", "held", "billed"),
    [
        ("User", True, True),
        ("yes", True, True),
        ("TRUE", True, True),
        ("atlassian/user", True, True),
        ("Guest", True, False),
        ("Customer, Stakeholder", True, False),
        ("Viewer;Contributor", True, False),
        ("basic", True, False),
        ("Guest, User", True, True),
        ("User access admin", False, False),
        ("User access admin, User", True, True),
        ("user-access-admin | Guest", True, False),
        ("No", False, False),
        ("None", False, False),
        ("-", False, False),
        ("n/a", True, False),
        ("#DIV/0!", True, False),
        ("?", True, False),
        ("", False, False),
    ],
)
def test_roles_alone_and_combined(cell: str, held: bool, billed: bool, tmp_path: Path) -> None:
    """Free roles, alone or together, are not billed; one that is billed makes the seat billed."""
    seats = seats_of(tmp_path, "Jira - acme", f'{ADA}"{cell}"')

    assert seats["billable"].tolist() == ([billed] if held else [])


@pytest.mark.parametrize(
    ("cells", "billed", "told"),
    [
        (("Y", "N"), [True], []),
        (("N", "N"), [], []),
        (("t", "f"), [True], []),
        (("F", "P"), [False, False], ["F", "P"]),
        (("User", "F"), [True, False], ["F"]),
    ],
)
def test_a_letter_is_yes_or_no_where_the_whole_column_is(
    cells: tuple[str, str], billed: list[bool], told: list[str], tmp_path: Path
) -> None:
    """Elsewhere it is a role that nobody knows: held, not billed and reported."""
    text = f"{HEAD}Jira - acme\n{ADA}{cells[0]}\n2,Ben,ben@acme.test,Active,{cells[1]}\n"

    (page,) = from_text(tmp_path, text).seats()

    assert page.frame["billable"].tolist() == billed
    assert page.rejects["value"].tolist() == told


def test_an_unknown_role_is_told_and_not_billed(tmp_path: Path) -> None:
    """A word nobody knows is a seat that is held, reported with its line, until the connection says more."""
    text = f"{HEAD}Jira - acme\n{ADA}User\n2,Ben,ben@acme.test,Active,Wizard\n"

    (page,) = from_text(tmp_path, text).seats()
    sure = read(from_text(tmp_path, text, roles={"wizard": "billed"}), "seats")

    assert page.frame["billable"].tolist() == [True, False]
    (told,) = page.rejects.to_dict("records")
    assert (told["key"], told["field"], told["value"]) == ("2", "Jira - acme", "Wizard")
    assert "line 3" in told["problem"]
    assert "roles" in told["remedy"]
    assert sure["billable"].tolist() == [True, True]


@pytest.mark.parametrize("cell", ["#N/A", "?", "n/a", "#REF!", "unknown"])
def test_a_cell_that_leaves_open_what_holds_is_no_empty_one(cell: str, tmp_path: Path) -> None:
    """A failed lookup in a column of access or of states is a seat that is held, not billed and told."""
    of_access = from_text(tmp_path, f"{HEAD}Jira - acme\n{ADA}User\n2,Ben,ben@acme.test,Active,{cell}\n")
    (page,) = of_access.seats()
    of_states = from_text(tmp_path, f"{HEAD}Jira - acme\n1,Ada,ada@acme.test,{cell},User\n")
    (accounts,), (seats,) = of_states.accounts(), of_states.seats()

    assert page.frame["billable"].tolist() == [True, False]
    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [["2", "Jira - acme", cell]]
    assert seats.frame["billable"].tolist() == [False]
    assert accounts.rejects[["key", "field", "value"]].to_numpy().tolist() == [["1", "state", cell]]


@pytest.mark.parametrize("cell", ["-", "none", "no", ""])
def test_a_cell_that_denies_is_no_seat_and_no_reject(cell: str, tmp_path: Path) -> None:
    """So an ordinary export is read as before."""
    text = f"{HEAD}Jira - acme\n{ADA}User\n2,Ben,ben@acme.test,Active,{cell}\n"
    (page,) = from_text(tmp_path, text).seats()

    assert (page.frame["billable"].tolist(), len(page.rejects)) == ([True], 0)


def test_an_unknown_state_is_told_and_bills_nothing(tmp_path: Path) -> None:
    """The account is there, and nobody pays for it on the strength of a word that nobody knows."""
    text = f"{HEAD}Jira - acme\n1,Ada,ada@acme.test,Asleep,User\n2,Ben,ben@acme.test, aktiv ,User\n"
    sink = from_text(tmp_path, text)
    (page,) = sink.accounts()

    assert page.frame["account_id"].tolist() == ["1", "2"]
    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [["1", "state", "Asleep"]]
    assert read(sink, "seats")["billable"].tolist() == [False, True]


def test_apps_that_nobody_knew_are_counted_and_other_columns_named(tmp_path: Path) -> None:
    """A column of roles under a new app's name is a seat; what is not used is said by check."""
    header = "Rovo Dev - acme,Team,Jira Align - acme,Notes - old"
    text = f"{HEAD}{header}\n{ADA}User,Blue,Guest,call back\n"
    sink = from_text(tmp_path, text)

    seats = read(sink, "seats").set_index("product")["billable"]
    told = " ".join(finding.message for finding in sink.check())

    assert seats.to_dict() == {"rovo-dev": True, "jira-align": False}
    assert "not used: Team, Notes - old" in told
    assert "access of rovo-dev on acme from 'Rovo Dev - acme'" in told
    assert "email from 'email'" in told


@pytest.mark.parametrize("dash", ["-", "\N{EN DASH}", "\N{EM DASH}", "\N{NON-BREAKING HYPHEN}"])
def test_headers_are_known_whatever_their_dash_and_case(dash: str, tmp_path: Path) -> None:
    """An office program's dashes and blanks change neither product nor site."""
    header = f"Last seen in JIRA\N{NO-BREAK SPACE}{dash} acme,Jira {dash}  acme"
    seats = seats_of(tmp_path, header, f"{ADA}20 Nov 2025,User")

    assert seats[["product", "site", "activity"]].to_numpy().tolist() == [["jira-software", "acme", "used"]]


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (("20-Nov-26", "5-Feb-26"), ("2026-11-20", "2026-02-05")),
        (("11/5/2026", "11/25/2026"), ("2026-11-05", "2026-11-25")),
        (("5/11/2026", "25/11/2026"), ("2026-11-05", "2026-11-25")),
        (("05.11.2026", "01.02.2026"), ("2026-11-05", "2026-02-01")),
        (("20/11/2026 10:00:00", "03/02/2026 10:00:00"), ("2026-11-20", "2026-02-03")),
        (("14 Dec 2012 15:31:57", "2013-01-02T03:04:05Z"), ("2012-12-14", "2013-01-02")),
        (("20/Nov/26 10:00 AM", "1 Jan 2026"), ("2026-11-20", "2026-01-01")),
    ],
)
def test_dates_are_read_in_one_order_a_column(
    cells: tuple[str, str], dates: tuple[str, str], tmp_path: Path
) -> None:
    """One cell proves the order of all of them."""
    rows = [f'{n},A{n},a{n}@acme.test,Active,User,"{cell}"' for n, cell in enumerate(cells)]
    seats = seats_of(tmp_path, "Jira - acme,Last seen in Jira - acme", *rows)

    assert seats["last_active"].dt.strftime("%Y-%m-%d").tolist() == list(dates)


def test_dates_of_which_no_cell_proves_the_order_are_refused(tmp_path: Path) -> None:
    """The column is named, and an option of the connection settles it."""
    lines = (f"{HEAD}Jira - acme,Last seen in Jira - acme", f"{ADA}User,3/4/2026")
    text = "\n".join(lines)

    with pytest.raises(Unreadable, match="Last seen in Jira - acme") as refused:
        read(from_text(tmp_path, text), "seats")
    seats = read(from_text(tmp_path, text, dates=["%m/%d/%Y"]), "seats")

    assert "dates" in str(refused.value.remedy)
    assert seats["last_active"].dt.month.tolist() == [3]


def test_a_last_use_that_cannot_be_read_is_told_and_unknown(tmp_path: Path) -> None:
    """No cell is passed over: it is reported with line, header and value, and no seat is idle by it."""
    sink = from_text(tmp_path, f"{HEAD}Jira - acme,Last seen in Jira - acme\n{ADA}User,20. Brumaire\n")

    (page,) = sink.accounts()

    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [
        ["1", "Last seen in Jira - acme", "20. Brumaire"]
    ]
    assert "line 2" in page.rejects["problem"].item()
    assert read(sink, "seats")["activity"].tolist() == ["unknown"]
    assert any("not understood" in finding.message for finding in sink.check())


def test_nothing_is_idle_by_another_date_than_the_one_that_cannot_be_read(tmp_path: Path) -> None:
    """The unreadable one may be the latest, so the account's last activity in any product is unknown."""
    header = "Jira - acme,Last seen in Jira - acme,Confluence - acme,Last seen in Confluence - acme"
    sink = from_text(tmp_path, f"{HEAD}{header}\n{ADA}User,20. Brumaire,User,3 Feb 2026\n")

    assert read(sink, "accounts")["last_active"].isna().all()


# Two columns for one thing


@pytest.mark.parametrize(
    "header",
    [
        "Jira - acme,Last seen in Jira - acme,Last seen in Jira - acme",
        "Jira - acme,Last seen in Jira - acme,Last seen in Jira Software - acme",
        "Jira - acme,Last seen in Jira - acme,Last active in Jira",
    ],
)
@pytest.mark.parametrize("early", ["3 Feb 2026", "Never accessed", ""])
def test_the_latest_use_counts_where_two_columns_tell_it(header: str, early: str, tmp_path: Path) -> None:
    """By whatever names, and in whatever order, they tell of one product on one site."""
    rows = [f"{ADA}User,{early},20 Nov 2026", f"2,Ben,ben@acme.test,Active,User,20 Nov 2026,{early}"]
    seats = seats_of(tmp_path, header, *rows, site="acme")

    assert seats["activity"].tolist() == ["used", "used"]
    assert seats["last_active"].dt.strftime("%Y-%m-%d").tolist() == ["2026-11-20", "2026-11-20"]


def test_use_is_unknown_where_one_of_two_columns_cannot_be_read(tmp_path: Path) -> None:
    """That one may be the later."""
    header = "Jira - acme,Last seen in Jira - acme,Last seen in Jira - acme"
    seats = seats_of(tmp_path, header, f"{ADA}User,3 Feb 2026,20. Brumaire")

    assert seats["activity"].tolist() == ["unknown"]
    assert seats["last_active"].isna().all()


def test_any_access_counts_where_two_columns_tell_it(tmp_path: Path) -> None:
    """A seat that one of them gives is held, and billed where one bills it."""
    rows = [f"{ADA}User,None", "2,Ben,ben@acme.test,Active,None,User", "3,C,c@acme.test,Active,Guest,User"]
    seats = seats_of(tmp_path, "Jira - acme,Jira Software - acme", *rows)

    assert seats[["account_id", "billable"]].to_numpy().tolist() == [["1", True], ["2", True], ["3", True]]


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        (
            "User id,email,email,User status",
            "1,a@old.test,a@acme.test,Active",
            ("email", "number 2", "number 3"),
        ),
        ("User id,email,Email,User status", "1,,a@acme.test,Active", ("'email'", "'Email'")),
        ("User id,email,Mail,User status", "1,a@old.test,a@acme.test,Active", ("'email'", "'Mail'")),
        ("User id,email,User status,Status", "1,a@acme.test,Active,Suspended", ("'User status'", "'Status'")),
        ("User id,Account id,email", "1,2,a@acme.test", ("'User id'", "'Account id'")),
    ],
)
def test_two_columns_that_differ_on_who_it_is_are_refused(
    header: str, row: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    """Neither counts silently; both are named, and the connection settles it where headers differ."""
    sink = from_text(tmp_path, f"{header}\n{row}\n")

    with pytest.raises(Unreadable) as refused:
        read(sink, "accounts")

    assert all(word in str(refused.value) for word in words)
    assert "Rename or remove one" in str(refused.value.remedy)


def test_two_columns_that_agree_or_that_the_connection_chooses_from_are_read(tmp_path: Path) -> None:
    """Two words for one state agree, and a state of another sort is no state of an account."""
    text = "User id,email,E-mail,email,User status,Active,State\n1,a@x,A@x,a@x,Active,Yes,Bavaria\n"
    chosen = from_text(tmp_path, text.replace("A@x", "old@x"), columns={"email": "email"})

    assert read(chosen, "accounts")["email"].tolist() == ["a@x"]
    assert read(from_text(tmp_path, text), "accounts")[["email", "state"]].to_numpy().tolist() == [
        ["a@x", "active"]
    ]


# Sites


def test_each_group_opens_its_own_site(tmp_path: Path) -> None:
    """By the ending of its name, the longest first; without one none, and that is told."""
    header = "Jira - acme,Jira - acme-labs,Group id,Group name"
    groups = ["jira-users-acme", "jira-users-acme-labs", "jira-software-users", "jira-users-elsewhere"]
    rows = [f"{ADA}User,User,g{n},{name}" for n, name in enumerate(groups)]
    sink = from_text(tmp_path, "\n".join([HEAD + header, *rows]), opens={"readers": "Jira - acme"})

    (page,) = sink.entitlements()
    seats = read(sink, "seats").set_index("site")["granted_by"]

    opened = page.frame.set_index("name")["site"].dropna().to_dict()
    assert opened == {"jira-users-acme": "acme", "jira-users-acme-labs": "acme-labs"}
    assert set(page.rejects["value"]) == {"jira-software-users", "jira-users-elsewhere"}
    assert seats.to_dict() == {"acme": "jira-users-acme", "acme-labs": "jira-users-acme-labs"}


def test_a_group_without_a_site_in_its_name_opens_the_only_one(tmp_path: Path) -> None:
    """The headers name it, so that a rule about its seats reaches the group."""
    header = "Jira - acme,Group name"
    sink = from_text(tmp_path, f"{HEAD}{header}\n{ADA}User,jira-software-users\n")

    assert read(sink, "entitlements")[["product", "site"]].to_numpy().tolist() == [["jira-software", "acme"]]


def test_where_several_groups_could_be_meant_the_connection_says_it(tmp_path: Path) -> None:
    """`opens` names product and site."""
    header = "Jira - acme,Jira - acme-labs,Group name"
    text = f"{HEAD}{header}\n{ADA}User,User,developers\n"
    sink = from_text(tmp_path, text, opens={"developers": "Jira - acme-labs"})

    assert read(sink, "entitlements")["site"].tolist() == ["acme-labs"]


# Several values in a cell, several rows of an account


@pytest.mark.parametrize("sign", [";", "|", " ; "])
def test_the_first_directory_decides(sign: str, tmp_path: Path) -> None:
    """A list of all directories is one account: the first value of each cell counts."""
    head = "Username,Email,Full Name,Status,User Directory,Last Login Date\n"
    pairs = (
        ("ada", "ada"),
        ("ada@acme.test", "old@acme.test"),
        ("Ada", "Ada B"),
        ("Active", "Inactive"),
        ("LDAP", "Internal"),
    )
    cells = [sign.join(pair) for pair in pairs]
    row = ",".join(f'"{cell}"' for cell in cells)

    (page,) = from_text(tmp_path, f"{head}{row},20/11/2026 10:00:00\n").accounts()

    told = page.frame[["user_name", "email", "display_name", "state", "directory"]]
    assert told.to_numpy().tolist() == [["ada", "ada@acme.test", "Ada", "active", "LDAP"]]
    assert page.rejects.empty


def test_several_values_that_contradict_are_told(tmp_path: Path) -> None:
    """Without directories to choose by, two addresses in one cell are reported; twice the same is one."""
    text = "User id,email\n1,a@acme.test;b@acme.test\n2,c@acme.test; C@acme.test\n"

    (page,) = from_text(tmp_path, text).accounts()

    assert page.frame["email"].tolist()[1] == "c@acme.test"
    assert page.rejects[["key", "field"]].to_numpy().tolist() == [["1", "email"]]


def test_rows_of_one_account_that_contradict_are_told(tmp_path: Path) -> None:
    """Only what must agree is compared: another group is no contradiction, another state or role is."""
    rows = [
        "g1,1,a@acme.test,Active,User",
        "g2,1,A@acme.test,Active,User",
        "g3,1,a@acme.test,Suspended,Guest",
    ]
    text = "\n".join(["Group name,User id,email,User status,Jira - acme", *rows])

    (page,) = from_text(tmp_path, text).accounts()

    assert set(zip(page.rejects["field"], page.rejects["value"], strict=True)) == {
        ("state", "Suspended"),
        ("Jira - acme", "Guest"),
    }
    assert page.rejects["problem"].str.contains("line 4").all()


def test_of_two_addresses_of_one_account_both_are_told(tmp_path: Path) -> None:
    """Whoever has either of them may be the one whose account it is."""
    text = "User id,email,User status\n1,a@acme.test,Active\n1,b@acme.test,Active\n2,c@acme.test,Active"

    (page,) = from_text(tmp_path, text).accounts()

    assert page.frame["email"].isna().tolist() == [True, False]
    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [
        ["1", "email", "a@acme.test"],
        ["1", "email", "b@acme.test"],
    ]


@pytest.mark.parametrize(("short", "long", "no"), [("Y", "Yes", "N"), ("1", "true", "0")])
def test_two_words_that_mean_the_same_contradict_nothing(
    tmp_path: Path, short: str, long: str, no: str
) -> None:
    """Rows of one account are compared by what their words mean in their column, as they are read by."""
    rows = [f"1,a@acme.test,Active,{word},{word}" for word in (short, long)]
    rows.append(f"2,b@acme.test,Active,{no},{no}")
    text = "\n".join(["User id,email,User status,Claimed,Jira - acme", *rows])
    sink = from_text(tmp_path, text)

    (accounts,) = sink.accounts()
    (seats,) = sink.seats()

    assert accounts.rejects.empty
    assert accounts.frame["managed"].tolist() == [True, False]
    assert seats.frame[["account_id", "billable"]].to_numpy().tolist() == [["1", True]]


TWO_SITES = "Jira - acme,Last seen in Jira - acme,Jira - labs,Last seen in Jira - labs"
GROUPED = (
    "Group name,User id,User name,email,User status,Added to org,Org role,"
    "Jira - acme,Last seen in Jira - acme"
)


def test_what_one_row_leaves_out_another_says(tmp_path: Path) -> None:
    """Exports of two sites one below the other are the seats of both, and nothing is contradicted."""
    sink = from_text(
        tmp_path, f"{HEAD}{TWO_SITES}\n{ADA}User,20 Nov 2026,,\n{ADA},,User,21 Nov 2026\n", site="acme"
    )
    (page,) = sink.accounts()

    assert page.rejects.empty
    seats = read(sink, "seats").set_index("site")
    assert seats["activity"].to_dict() == {"acme": "used", "labs": "used"}
    assert seats["last_active"].dt.strftime("%Y-%m-%d").to_dict() == {
        "acme": "2026-11-20",
        "labs": "2026-11-21",
    }


def test_address_state_role_and_product_may_stand_in_any_row(tmp_path: Path) -> None:
    """A blank cell in the first row of an account hides nothing."""
    rows = [
        "staff,1,,,,,,,",
        "jira-users,1,Ada,ada@acme.test,Suspended,3 Jan 2024,Org admin,User,5 Nov 2026",
        "staff,2,Ben,ben@acme.test,Active,3 Jan 2024,,,",
        "jira-users,2,,,,,,User,",
    ]
    sink = from_text(tmp_path, "\n".join([GROUPED, *rows]))
    (page,) = sink.accounts()

    told = page.frame[["account_id", "email", "display_name", "state"]]
    assert told.to_numpy().tolist() == [
        ["1", "ada@acme.test", "Ada", "suspended"],
        ["2", "ben@acme.test", "Ben", "active"],
    ]
    assert page.frame["added_on"].notna().all()
    assert page.rejects.empty
    assert read(sink, "seats")[["account_id", "billable"]].to_numpy().tolist() == [["1", False], ["2", True]]
    assert read(sink, "assignments").query("kind == 'role'")["account_id"].tolist() == ["1"]


@pytest.mark.parametrize("early", ["3 Feb 2026", "Never accessed", ""])
@pytest.mark.parametrize("turned", [False, True])
def test_the_latest_use_of_several_rows_counts(early: str, *, turned: bool, tmp_path: Path) -> None:
    """Two exports one below the other, the older first or last, are no contradiction."""
    rows = [f"{ADA}User,{cell}" for cell in (early, "20 Nov 2026")]
    text = [f"{HEAD}Jira - acme,Last seen in Jira - acme", *(reversed(rows) if turned else rows)]
    sink = from_text(tmp_path, "\n".join(text))
    (page,) = sink.accounts()
    seats = read(sink, "seats")

    assert page.rejects.empty
    assert seats["activity"].tolist() == ["used"]
    assert seats["last_active"].dt.strftime("%Y-%m-%d").tolist() == ["2026-11-20"]
    assert page.frame["last_active"].dt.strftime("%Y-%m-%d").tolist() == ["2026-11-20"]


def test_a_last_use_that_cannot_be_read_in_one_of_several_rows_is_unknown(tmp_path: Path) -> None:
    """It may be the latest, and is told once with its own line."""
    rows = [f"{ADA}User,{cell}" for cell in ("3 Feb 2026", "20. Brumaire", "20. Brumaire")]
    sink = from_text(tmp_path, "\n".join([f"{HEAD}Jira - acme,Last seen in Jira - acme", *rows]))
    (page,) = sink.accounts()

    assert read(sink, "seats")["activity"].tolist() == ["unknown"]
    (told,) = page.rejects.to_dict("records")
    assert told["value"] == "20. Brumaire"
    assert "line 3" in told["problem"]


@pytest.mark.parametrize(
    ("field", "one", "other", "told"),
    [
        ("email", "old@acme.test", "ada@acme.test", None),
        ("display_name", "Ada A", "Ada B", None),
        ("added_on", "3 Jan 2024", "3 Jan 2026", None),
        ("state", "Active", "Suspended", "active"),
    ],
)
def test_what_rows_of_one_account_state_differently_is_unknown(
    field: str, one: str, other: str, told: str | None, tmp_path: Path
) -> None:
    """It is told with value and line, and no seat of an account in an uncertain state is billed."""
    cells = {"display_name": "Ada", "email": "ada@acme.test", "state": "Active", "added_on": "3 Jan 2024"}
    rows = [",".join(["1", *(cells | {field: value}).values(), "User"]) for value in (one, other)]
    text = ["User id,User name,email,User status,Added to org,Jira - acme", *rows]
    sink = from_text(tmp_path, "\n".join(text))
    (page,) = sink.accounts()

    (value,) = page.frame[field]
    assert told == (None if pd.isna(value) else value)
    assert page.rejects[["key", "field", "value"]].to_numpy().tolist()[-1] == ["1", field, other]
    assert "line 3" in page.rejects["problem"].iloc[-1]
    assert read(sink, "seats")["billable"].tolist() == [field != "state"]


@pytest.mark.parametrize("other", ["Guest", "None", "No"])
def test_a_seat_that_rows_state_differently_is_held_and_not_billed(other: str, tmp_path: Path) -> None:
    """No rule takes it, and nobody is charged for it; two words for one thing are no contradiction."""
    text = f"{HEAD}Jira - acme\n{ADA}User\n{ADA}{other}\n2,B,b@x,Active,User\n2,B,b@x,Enabled,Admin\n"
    sink = from_text(tmp_path, text)
    (page,) = sink.accounts()

    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [["1", "Jira - acme", other]]
    seats = read(sink, "seats").set_index("account_id")["billable"]
    assert seats.to_dict() == {"1": False, "2": True}


def test_sites_that_rows_state_differently_are_all_held_and_not_billed(tmp_path: Path) -> None:
    """The list of managed accounts, twice."""
    base = "Name,Email,Atlassian ID,Status,Claimed,Jira\n"
    rows = "A,a@acme.test,1,active,Yes,acme\nA,a@acme.test,1,active,True,labs\n"
    sink = from_text(tmp_path, base + rows)

    assert read(sink, "seats")[["site", "billable"]].to_numpy().tolist() == [["acme", False], ["labs", False]]
    assert read(sink, "accounts")["managed"].tolist() == [True]


def test_an_odd_word_is_told_with_all_lines_of_its_account(tmp_path: Path) -> None:
    """It may stand in any of them."""
    text = f"{HEAD}Jira - acme\n{ADA}\n{ADA}Wizard\n"
    (page,) = from_text(tmp_path, text).seats()

    assert page.rejects["problem"].str.contains("lines 2, 3").all()


def test_a_column_that_is_absent_is_no_column_that_is_empty(tmp_path: Path) -> None:
    """Managed accounts: an empty last activity is never, none at all is unknown, and so is no group."""
    base = "Name,Email,Atlassian ID,Status,Claimed,Jira"
    empty = from_text(tmp_path, f"{base},Last active\nA,a@acme.test,1,active,Yes,acme.atlassian.net,\n")
    assert read(empty, "seats")[["site", "activity"]].to_numpy().tolist() == [["acme", "never"]]

    absent = from_text(tmp_path, f"{base}\nA,a@acme.test,1,active,No,acme\n")
    assert read(absent, "seats")[["site", "activity"]].to_numpy().tolist() == [["acme", "unknown"]]
    assert not read(absent, "accounts")["managed"].any()
    assert absent.observe(["1"], []).unknown == {("1", "group")}


def test_a_file_without_products_has_no_seats_and_no_phantoms(tmp_path: Path) -> None:
    """Nothing is reported of rows that do not exist."""
    (page,) = from_text(tmp_path, "User id,email\n1,a@acme.test\n").seats()

    assert page.frame.empty
    assert page.rejects.empty


def test_a_workbook_is_called_one(tmp_path: Path) -> None:
    """Whatever its name says."""
    sink = from_text(tmp_path, b"PK\x03\x04" + b"\0" * 50)

    assert "workbook" in sink.check()[0].message


def test_an_unknown_column_of_the_mapping_is_a_mistake(tmp_path: Path) -> None:
    """A misspelt key of `columns` would else be passed over."""
    with pytest.raises(ValueError, match="adress"):
        from_text(tmp_path, "User id,email\n1,a@acme.test\n", columns={"adress": "email"})


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
    cells = pd.Series(["1 Feb 2025", None, text or None], dtype="str")
    found = read_times(cells, [], column="Added", connection="export").times

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
    opening = Opens({"readers": "confluence"}, {}, "acme")(group)

    assert (opening and opening.product, opening and opening.site) == (product, product and "acme")
