"""What commands print: nothing from outside moves the cursor, and there is one way out."""

from __future__ import annotations

import ast
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.findings import describe
from flows.cli.run import print_summary
from flows.cli.terminal import complain, say
from provisioning.model.findings import Finding
from reports.printable import as_lines, printable, printable_json, printable_lines

ROOT = Path(__file__).parents[3]
HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202egpj.exe\u2066\r"
ALLOWED = {"\n"}
FORGED = "a group\r\nrun 2: done"


@given(st.text())
def test_no_letter_that_controls_the_terminal_is_left(text):
    """Control letters, also those of eight bits, and those that turn the direction of writing."""
    for made, allowed in ((printable(text), set()), (printable_lines(text), ALLOWED)):
        assert {each for each in made if unicodedata.category(each) == "Cc"} <= allowed
        assert not {each for each in made if unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE"}}
        assert len(made) == len(text)


@given(
    st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_means_the_same_and_controls_nothing(value):
    made = printable_json(json.dumps(value, ensure_ascii=False, indent=2))

    assert json.loads(made) == value
    assert printable_lines(made) == made


def test_both_ways_to_the_terminal_are_clean(capsys):
    say(f"ann{HOSTILE}\nben")
    complain(f"error: {HOSTILE}")
    printed = capsys.readouterr()

    for text in (printed.out, printed.err):
        assert not set(HOSTILE[:1] + "\x07\x9b\u202e\u2066\r") & set(text)
    assert printed.out.splitlines()[1] == "ben"


@given(st.lists(st.text(), min_size=1))
def test_what_is_one_line_stays_one_line(lines):
    """However many a text from outside would make of it."""
    printed = as_lines(f"- {line}." for line in lines)

    assert len(printed.split("\n")) == len(printed.splitlines()) == len(lines)


def test_a_name_in_a_summary_feigns_no_line(capsys):
    """A note and a reason stand in their own line alone."""
    waste = {"seats": 0, "monthly": None}
    counts = dict.fromkeys(("asked_for", "identities", "accounts", "linked", "orphans", "ambiguous"), 0)
    counts |= dict.fromkeys(("applied", "failed", "stale", "propagating", "residual"), 0)
    summary = {
        **counts,
        "run_id": "r1",
        "flow": "sync",
        "verdict": "done",
        "changes": {},
        "seats": {},
        "waste": waste,
    }
    summary |= {"notes": {"cloud": [FORGED]}, "blocked_by": [FORGED], "targets_failed": {"cloud": FORGED}}

    print_summary(summary, json=False)

    printed = capsys.readouterr().out
    assert printed.count("run 2: done") == 3
    assert not [line for line in printed.splitlines() if line.startswith("run 2")]


def test_a_finding_of_several_lines_stays_under_its_connection():
    """What comes after the first is set in."""
    lines = describe({"cloud": [Finding("error", "cloud", FORGED, FORGED)]})

    assert lines[0] == "cloud"
    assert all(line.startswith("  ") and "\n" not in line for line in lines[1:])
    assert len(lines) == 5


def test_progress_prints_no_control_letter_and_reads_no_markup():
    from tasks.progress import Terminal

    said: list[str] = []
    Terminal(None, said.append).say(f"[red]{HOSTILE}")

    assert "\x1b" not in said[0]
    assert said[0].startswith("[red]")


@pytest.mark.parametrize("room", ["flows", "tasks", "reports", "ledger", "sources", "sinks", "provisioning"])
def test_nothing_prints_beside_the_one_way(room):
    """A command that prints by itself would print what an identity provider sends, as it came."""
    ways = {
        "typer.echo",
        "typer.secho",
        "click.echo",
        "print",
        "rich.print",
        "sys.stdout.write",
        "sys.stderr.write",
    }
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / room).rglob("*.py"))
        if path != ROOT / "flows" / "cli" / "terminal.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in ways
    }

    assert found == set()
