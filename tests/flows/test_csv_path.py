"""Two files and no credential: the plan becomes steps for hands, and the report is made all the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli.summary_lines import describe_summary
from tasks.ending import summary_of
from tasks.session import open_session

POLICY = """\
version: 1
connections:
  people: {source}
  acme-export: {{kind: atlassian_export, path: export-users.csv}}
sources:
  - from: people
targets:
  - to: acme-export
    groups:
      map:
        atl-jira-users: [jira-software-users]
        atl-confluence-users: [confluence-users]
      may_remove: [jira-software-users, confluence-users]
    leaver: [{{after: 0d, do: revoke_seats}}]
limits: {{destructive: {{count: 500, share: 100%}}}}
prices: prices.yaml
"""
CSV = "{kind: csv, path: people.csv, groups: {columns: [Groups], separator: ', '}}"
OKTA = "{{kind: okta, url: '{base}/okta', token: 'env:SANDBOX_OKTA_TOKEN'}}"


@pytest.fixture
def files(company, tmp_path: Path) -> Path:
    """The exports of the simulated company in a folder of their own."""
    from sandbox.atlassian_export import face as atlassian_export

    folder = tmp_path / "files"
    folder.mkdir()
    for style in ("groups", "people"):
        atlassian_export.write(company.world, folder, style=style)
    (folder / "prices.yaml").write_text((tmp_path / "prices.yaml").read_text())
    return folder


def run(flow: str, folder: Path, **more: Any) -> dict[str, Any]:
    started = getattr(import_module(f"flows.{flow}"), flow)
    state = asyncio.run(
        started(config=str(folder / "policy.yaml"), out=str(folder / "out"), return_state=True, **more)
    )
    return summary_of(state)


@pytest.mark.parametrize("source", [CSV, OKTA], ids=["two files", "Okta and a file"])
def test_a_plan_from_files_becomes_steps_for_a_person(company, files: Path, source: str):
    """Every change is a numbered step that names whom and why; nothing is written anywhere."""
    (files / "policy.yaml").write_text(
        POLICY.format(source=source.format(base=company.url) if "{{" in source else source)
    )

    summary = run("reconcile", files)

    steps = pd.read_csv(files / "out" / "todo.csv")
    assert summary["exit_code"] == 2
    assert len(steps) == sum(summary["changes"].values()) > 0
    assert steps["step"].tolist() == list(range(1, len(steps) + 1))
    assert steps[["what", "why"]].notna().all(axis=None)
    assert {"grant", "revoke"} <= set(summary["changes"])


def test_a_plan_that_needs_approval_sends_nobody_to_its_steps(company, files: Path):
    """Somebody approves it first; there are no steps to follow until then."""
    (files / "policy.yaml").write_text(POLICY.format(source=CSV).replace("count: 500", "count: 1"))

    summary = run("reconcile", files)

    said = "\n".join(describe_summary(summary))
    assert summary["exit_code"] == 3
    assert "seatwise approve" in said
    assert "follow the steps" not in said
    assert not (files / "out" / "todo.csv").exists()


def test_the_advice_is_to_follow_the_steps(company, files: Path):
    """No command writes this target."""
    (files / "policy.yaml").write_text(POLICY.format(source=CSV))

    summary = run("reconcile", files)

    lines = describe_summary(summary)
    assert summary["exit_code"] == 2
    assert lines[-1].startswith("By hand: follow the steps in ")
    assert not [line for line in lines if line.startswith("  seatwise")]


def test_the_report_needs_no_credential(company, files: Path):
    """Seats, waste and money come out of two files."""
    (files / "policy.yaml").write_text(POLICY.format(source=CSV))

    summary = run("licences", files)

    assert summary["exit_code"] == 0
    assert summary["requests"] == {}
    assert sum(summary["seats"].values()) > 100
    assert summary["waste"]["seats"] > 0
    assert summary["waste"]["monthly"] > 0
    page = (files / "out" / "licences.html").read_text()
    assert "wasted" in page
    assert len(summary["columns"]) == 2
    for told in summary["columns"].values():
        assert "email from" in told[0]
        assert told[0].split(";")[0].replace("'", "&#39;") in page


def test_an_export_without_access_columns_says_that_its_seats_are_those_in_use(company, files: Path):
    """Coverage falls, and nobody takes its count for the bill's."""
    export = files / "export-users.csv"
    table = pd.read_csv(export, dtype=str)
    products = ("Jira", "Confluence")
    table.drop(columns=[name for name in table if name.startswith(products)]).to_csv(export, index=False)
    (files / "policy.yaml").write_text(POLICY.format(source=CSV))

    summary = run("licences", files)

    page = (files / "out" / "licences.html").read_text()
    assert sum(summary["seats"].values()) > 0
    assert "has no access columns" in page
    assert "0 %" in page


def test_a_finance_run_sends_nobody_to_give_a_seat(company, files: Path):
    """Its steps take seats away, as many as are ready; its actions have a day and a file for each owner."""
    (files / "policy.yaml").write_text(POLICY.format(source=CSV))

    summary = run("licences", files)

    steps, actions = (pd.read_csv(files / "out" / f"{name}.csv") for name in ("todo", "actions"))
    assert summary["waste"]["seats"] == len(steps) == len(actions) > 0
    assert steps["what"].str.startswith("Open the account and take away ").all()
    assert list((files / "out" / "owners" / "departments").glob("*.csv"))


@pytest.mark.parametrize("flow", ["licences", "reconcile"])
def test_a_seat_of_a_leaver_that_no_rule_can_take_is_no_good_ending(company, tmp_path: Path, flow: str):
    """A report says so, too, as its exit code promises: the export does not tell what gives Ben his seat."""
    (tmp_path / "policy.yaml").write_text(POLICY.format(source="{kind: csv, path: people.csv}"))
    (tmp_path / "people.csv").write_text(
        "Employee ID,Login,Email,Status\nE0,ada,ada@acme.test,Active\nE1,ben,ben@acme.test,Terminated\n"
    )
    (tmp_path / "export-users.csv").write_text(
        "User id,User name,email,User status,Added to org,Org role,Jira - acme,Last seen in Jira - acme\n"
        "a0,Ada T,ada@acme.test,Active,2024-01-03,,User,20 Nov 2025\n"
        "a1,Ben T,ben@acme.test,Active,2024-01-03,,User,20 Nov 2025\n"
    )

    summary = run(flow, tmp_path)

    assert summary["seats_left"] == {"acme-export": 1}
    assert (summary["verdict"], summary["exit_code"]) == ("done, seats left", 4)


def test_two_files_are_enough_to_begin(company, files: Path, tmp_path: Path):
    """The policy and the price book that `init --from-exports` writes run; every seat costs 1.00."""
    from flows.cli.init_exports import write_from_exports

    folder = tmp_path / "finance"
    said = write_from_exports(files / "people.csv", files / "export-users.csv", folder, force=False)
    summary = run("licences", folder)

    assert "seatwise licences" in said
    assert summary["cost"] == sum(summary["seats"].values()) > 100
    assert summary["waste"]["monthly"] <= summary["waste"]["seats"]
    assert "kept" in write_from_exports(files / "people.csv", files / "export-users.csv", folder, force=False)


def test_init_says_what_is_to_be_stated_of_a_file_it_cannot_read(files: Path, tmp_path: Path):
    """Not the first run after it."""
    from flows.cli.init_exports import write_from_exports

    people = tmp_path / "people.csv"
    people.write_text("Id,Email,Status,Active\n1,a@x.test,Active,No\n")

    said = write_from_exports(people, files / "export-users.csv", tmp_path / "finance", force=False)

    assert "columns: {state: 'Status'} or columns: {state: 'Active'}" in said


def test_a_mistake_in_the_price_book_is_told_before_anything_is_read(company, files: Path):
    """By the run, which has asked nobody for anything, and by `check`, with or without the connections."""
    from flows.cli.check import check_connections
    from provisioning.policy.yaml_file import PriceBookError

    (files / "policy.yaml").write_text(POLICY.format(source=OKTA.format(base=company.url)))
    (files / "prices.yaml").write_text("version: 2\ncurency: USD\ncontracts: []\n")

    with pytest.raises(PriceBookError, match="curency"):
        run("licences", files)
    assert company.world.counters.total("/okta") == 0
    for offline in (True, False):
        with pytest.raises(PriceBookError, match="curency"):
            check_connections(files / "policy.yaml", offline=offline, json=False)


def test_a_report_says_what_came_and_went_since_an_earlier_day(company, files: Path):
    """One of the export's people is gone, one is new; before the first read there is nothing to compare."""
    from tasks.past import NothingReadThen

    (files / "policy.yaml").write_text(POLICY.format(source=CSV))
    begun = datetime.now(UTC)
    run("reconcile", files)
    then = datetime.now(UTC)
    export = files / "export-users.csv"
    table = pd.read_csv(export, dtype=str, keep_default_na=False)
    seated = (table["User status"] == "Active") & table.filter(like="Jira - ").eq("User").any(axis=1)
    gone = table["User id"] == table.loc[seated.idxmax(), "User id"]
    table.loc[gone, ["User id", "email"]] = ["712020:new", "new@acme.test"]
    table.to_csv(export, index=False)

    summary = run("licences", files, compare=then)

    moves = pd.read_csv(files / "out" / "compare.csv")
    assert summary["compared"]["went"] == (moves["moved"] == "went").sum() > 0
    assert summary["compared"]["came"] == (moves["moved"] == "came").sum() > 0
    assert set(moves.loc[moves["moved"] == "came", "account_id"]) == {"712020:new"}
    assert f"Since {then:%Y-%m-%d}" in (files / "out" / "licences.html").read_text()
    with pytest.raises(NothingReadThen):
        run("licences", files, compare=begun)


def test_a_comparison_with_a_day_to_come_is_refused_before_anything_is_read(company, files: Path):
    """Nothing was read of it; nor is a day after that of the report an earlier one."""
    from tasks.past import DayToCome

    (files / "policy.yaml").write_text(POLICY.format(source=OKTA.format(base=company.url)))
    now = datetime.now(UTC)

    with pytest.raises(DayToCome, match="is no earlier day: the report is of"):
        run("licences", files, compare=now + timedelta(days=365))
    with pytest.raises(DayToCome):
        run("licences", files, compare=now - timedelta(days=1), as_of=now - timedelta(days=2))
    assert company.world.counters.total("/okta") == 0


def test_reports_alone_are_compared_with_each_other_and_decide_nothing(company, files: Path):
    """Who makes nothing but reports has last month's in this month's; a day without the hour is enough."""
    (files / "policy.yaml").write_text(POLICY.format(source=CSV))
    first = run("licences", files)
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    second = run("licences", files, compare=day)

    assert second["compared"]["before"] == sum(first["seats"].values()) > 0
    assert not [line for line in describe_summary(first) if "cannot be undone" in line]
    with open_session(files / "policy.yaml") as session:
        assert session.ledger.last_complete("people") is None
        assert session.ledger.links("acme-export").empty


def test_the_files_count_the_seats_the_target_truly_bills(company, files: Path):
    """What the export says is what the organisation is billed for."""
    import requests

    (files / "policy.yaml").write_text(POLICY.format(source=CSV))
    truth = requests.get(f"{company.url}/_sandbox/state", timeout=10).json()["atlassian"]["seats"]

    summary = run("licences", files)

    assert summary["seats"] == {product: count for product, count in truth.items() if count}


TWO_LISTS = {
    "people.csv": """\
Employee ID,Email,Name,Status,Groups
1,ann@acme.test,Ann A,Active,
2,bob@acme.test,Bob B,Departed,
3,cyd@acme.test,Cyd C,Departed,
4,dot@acme.test,Dot D,Active,
""",
    "users.csv": """\
User id,User name,email,User status,Added to org,Org role,Last seen in Jira - acme,Jira - acme
557058:a,Ann A,ann@acme.test,Active,01 Jan 2025,User,01 Aug 2026,User
557058:b,Bob B,bob@acme.test,Active,01 Jan 2025,User,01 Aug 2026,User
557058:c,Cyd C,cyd@acme.test,Active,01 Jan 2025,User,01 Aug 2026,User
557058:d,Dot D,dot@acme.test,Active,01 Jan 2025,User,01 Aug 2026,User
""",
    "managed.csv": """\
Atlassian ID,Name,Email,Account status,Last active date [UTC],Policy type,Jira
557058:a,Ann A,ann@acme.test,Active,2026-11-29,default,acme
557058:b,Rob R,rob@acme.test,Active,2026-11-29,default,acme
557058:c,Cyd C,cyd@acme.test,Deactivated,2026-08-01,default,acme
557058:d,Dot D,dot@acme.test,Active,2026-08-01,default,acme
""",
    "policy.yaml": """\
version: 1
connections:
  hr: {kind: csv, path: people.csv}
  users: {kind: atlassian_export, path: users.csv, as_of: 2026-12-01}
  managed: {kind: atlassian_export, path: managed.csv, as_of: 2026-12-01}
sources: [{from: hr}]
targets:
  - to: users
    leaver: [{after: 0d, do: deactivate}]
    inactive: [{product: jira-software, idle: 60d, evidence_within: 36500d, do: revoke_seat}]
  - {to: managed, leaver: [{after: 0d, do: deactivate}]}
limits: {destructive: {count: 500, share: 100%}}
""",
}


def test_two_lists_of_one_organisation_that_contradict_each_other_send_nobody(tmp_path: Path):
    """Its users and its managed accounts: whose address, whether there at all, and when it was last used."""
    for name, text in TWO_LISTS.items():
        (tmp_path / name).write_text(text)

    summary = run("reconcile", tmp_path)

    told = pd.read_csv(tmp_path / "out" / "conflicts.csv")
    steps = pd.read_csv(tmp_path / "out" / "todo.csv")
    waste = pd.read_csv(tmp_path / "out" / "waste.csv").set_index("email")
    assert set(told["subject"]) == {"bob@acme.test", "rob@acme.test", "cyd@acme.test"}
    assert steps["who"].tolist() == ["dot@acme.test"]
    assert summary["changes"] == {}
    assert waste["code"].to_dict() == {
        "dot@acme.test": "idle",
        "cyd@acme.test": "contested",
        "bob@acme.test": "contested",
    }
    assert summary["contested"] == 2
    lines = "\n".join(describe_summary(summary))
    assert "2 accounts are told differently by two targets, and conflicts.csv names both sides" in lines


@pytest.mark.parametrize("nameless", [False, True], ids=["with identifiers", "by address"])
def test_a_list_that_is_missing_tells_what_it_told_last(tmp_path: Path, *, nameless: bool):
    """Nobody is sent to whom it contradicted, nor to a seat that it saw used; a list may name by address."""
    for name, text in TWO_LISTS.items():
        (tmp_path / name).write_text(text)
    if nameless:
        rows = [line.partition(",")[2] for line in TWO_LISTS["users.csv"].splitlines()]
        # By its address, an account with another one elsewhere is no account of that list.
        (tmp_path / "users.csv").write_text("\n".join(row for row in rows if "bob@" not in row))
    run("reconcile", tmp_path)

    (tmp_path / "managed.csv").unlink()
    summary = run("reconcile", tmp_path)

    assert pd.read_csv(tmp_path / "out" / "todo.csv")["who"].tolist() == ["dot@acme.test"]
    assert summary["exit_code"] == 4
    assert summary["changes"] == {}
    waste = pd.read_csv(tmp_path / "out" / "waste.csv").set_index("email")
    assert waste.index[waste["lane"] == "ready"].tolist() == ["dot@acme.test"]


def test_a_report_hears_a_list_that_is_missing_as_an_earlier_report_read_it(tmp_path: Path):
    """Finance reads its files once a month, and one may not be there."""
    for name, text in TWO_LISTS.items():
        (tmp_path / name).write_text(text)
    run("licences", tmp_path)

    (tmp_path / "managed.csv").unlink()
    run("licences", tmp_path)

    assert pd.read_csv(tmp_path / "out" / "todo.csv")["who"].tolist() == ["dot@acme.test"]
