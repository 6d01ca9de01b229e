"""What commands print: nothing from outside moves the cursor, and there is one way out."""

from __future__ import annotations

import ast
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.terminal import complain, say
from reports.printable import printable, printable_json, printable_lines

ROOT = Path(__file__).parents[3]
HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202egpj.exe\u2066\r"
ALLOWED = {"\n"}


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
