"""The plan as text, as artifact rows, and as steps by hand."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.terms import Action
from reports import plan_text, todo


def planned(*rows):
    """Changes from dictionaries; what is left out is ordinary."""
    usual = {
        "target": "cloud", "action": "revoke", "account_id": "1", "subject": "ada@acme.test", "kind": "group",
        "entitlement": "jira-users", "before": "{}", "after": "{}", "reason": "has left", "rule": "leaver",
        "movement": None, "destructive": True, "reversible": True,
    }  # fmt: skip
    table = pd.DataFrame([{"change_id": str(n), "position": n, **usual, **row} for n, row in enumerate(rows)])
    return frames.complete(frames.Changes, table)


def lines_of(changes, **options):
    """The plan as text, from the rows that a ledger tells without frames."""
    rows = changes.astype(object).where(changes.notna(), None).to_dict("records")
    return plan_text.plan_lines(rows, **options)


def create(n):
    return {
        "action": "create", "subject": f"p{n}@acme.test", "kind": None, "entitlement": None,
        "destructive": False, "reversible": False, "reason": "active, without account", "rule": "joiner",
    }  # fmt: skip


def test_the_plan_is_grouped_with_counts_rules_and_reasons():
    """The first line counts; each action lists who, what and why."""
    lines = lines_of(
        planned(
            create(1),
            {},
            {"rule": "inactive"},
            {"action": "delete", "entitlement": None, "reversible": False},
        ),
        title="plan 3fa for cloud",
    )

    assert lines[0] == "plan 3fa for cloud: 4 changes, 3 destructive, 2 of them cannot be undone"
    assert "create 1  (joiner: 1)" in lines
    assert "revoke 2  (leaver: 1; inactive: 1)" in lines
    assert "  ada@acme.test  jira-users  has left" in lines


def test_a_long_plan_is_cut_and_says_where_the_rest_is():
    """The text stays readable whatever the plan's size."""
    lines = lines_of(planned(*(create(n) for n in range(432))), rows=20)

    assert lines[-4:-1] == ["  … and 412 more (plan.csv)", "", "cannot be undone"]
    assert lines[-1].startswith("  create 432: p0@acme.test, ")
    assert len(lines) == 27


def test_an_empty_plan_says_so():
    """Nothing to do is a sentence."""
    assert lines_of(frames.empty(frames.Changes), title="plan 1") == ["plan 1: nothing to do"]


def test_names_from_outside_cannot_steer_the_terminal():
    """Escape sequences, line ends and turned writing are shown as a mark."""
    text = "\n".join(lines_of(planned({"subject": "a\x1b[31m\r\u202eda", "target": "c\x07"}, {})))

    assert "a\N{REPLACEMENT CHARACTER}[31m" in text
    assert not any(sign in text for sign in "\x1b\r\u202e\x07")


def test_artifact_rows_are_plain_and_at_most_a_thousand():
    """The last row tells how many more there are."""
    rows = plan_text.table_rows(planned(*(create(n) for n in range(1500))))

    assert len(rows) == 1000
    assert rows[-1]["Who"] == "… and 501 more: plan.csv"
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert plan_text.table_rows(frames.empty(frames.Changes)) == []
    assert len(plan_text.table_rows(planned(*(create(n) for n in range(1000))))) == 1000


def test_outcome_rows_begin_with_what_went_wrong():
    """A failed change is named by its person and thing."""
    outcomes = pd.DataFrame(
        {"change_id": ["0", "1", "2"], "status": ["applied", "failed", "stale"], "message": "m"}
    )
    rows = plan_text.outcome_rows(
        planned({}, {"subject": "bob"}, {}), frames.complete(frames.Outcomes, outcomes)
    )

    assert [row["Status"] for row in rows] == ["failed", "stale", "applied"]
    assert rows[0]["Who"] == "bob"
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_the_text_of_a_plan_needs_no_template_workbook_or_schema():
    """`show` answers at once."""
    heavy = ("jinja2", "xlsxwriter", "pandera", "pandas")
    code = f"import sys, reports.plan_text; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_steps_in_words(action):
    """Who or which group is named in each, and no placeholder is left."""
    after = json.dumps({"email": "ada@acme.test", "display_name": "Ada {King}"})
    step = todo.list_changes(planned({"action": action.value, "after": after})).iloc[0]

    assert step["what"].startswith("admin.atlassian.com → Directory → ")
    assert ("jira-users" if action == Action.CREATE_GROUP else "ada@acme.test") in step["what"]
    assert "{" not in step["what"].replace("{King}", "")


def test_the_steps_are_numbered_in_the_order_of_the_plan(tmp_path):
    """Each says what and why; what cannot be undone is marked; a name that is a formula does not run."""
    changes = planned(
        {"action": "delete", "reversible": False, "position": 2},
        {"subject": "=cmd()", "position": 0},
        {"kind": "product", "entitlement": "Jira", "position": 1, "action": "grant", "destructive": False},
    )
    path = todo.write([todo.list_changes(changes)], tmp_path / "todo.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["who"] == "'=cmd()"
    assert "Remove from group beside “jira-users”" in rows[0]["what"]
    assert "Add apps, pick “Jira”" in rows[1]["what"]
    assert [row["caution"] for row in rows] == ["", "", "Cannot be undone."]
    assert rows[0]["why"] == "has left"


def test_no_change_gives_no_step(tmp_path):
    """The file has its header all the same."""
    path = todo.write([todo.list_changes(frames.empty(frames.Changes))], tmp_path / "todo.csv")

    assert path.read_text(encoding="utf-8") == ",".join(todo.COLUMNS) + "\n"


def test_seats_that_no_rule_can_take_are_steps_after_the_changes(tmp_path):
    """Whose, where, what gives it as far as anybody knows, and why no rule takes it."""
    left = {
        "target": "cloud",
        "account_id": "a1",
        "subject": "ann@acme.test",
        "product": "jira",
        "site": "acme",
        "cause": "departed",
    }
    stuck = frames.complete(
        frames.StuckSeats,
        pd.DataFrame(
            [
                {**left, "granted_by": "staff", "reason": "it is protected"},
                {**left, "granted_by": None, "reason": "the target does not tell"},
            ]
        ),
    )
    parts = [todo.list_changes(planned({"action": "delete"})), todo.list_seats(stuck)]
    with todo.write(parts, tmp_path / "todo.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert rows[1]["what"] == ("Open the account and take away jira on acme, which they have through staff.")
    assert rows[2]["what"] == "Open the account and take away jira on acme."
    assert rows[2]["why"] == "departed; no rule can take it: the target does not tell"
