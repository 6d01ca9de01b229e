"""One table of the words for yes, no, nothing and the state of a person."""

from __future__ import annotations

import pandas as pd
import pytest

from provisioning.model.frames import Identities
from provisioning.model.intake import screened
from provisioning.model.text import fold
from provisioning.model.words import (
    BOOLEANS,
    NO,
    SHORT,
    STATES,
    UNKNOWN,
    YES,
    boolean,
    booleans_among,
    known,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, True),
        (1, True),
        ("1", True),
        (" Y ", True),
        ("JA", True),
        ("True", True),
        (0, False),
        ("n", False),
    ]
    + [(value, None) for value in (None, "", "perhaps", 2, "10", {})],
)
def test_a_boolean_is_known_in_any_case(value: object, said: bool | None) -> None:
    """Also as a number or with blanks around it; any other word says neither."""
    assert boolean(value) is said


def test_the_tables_do_not_contradict_each_other() -> None:
    """A word means one thing, stands as it is compared, and is not one for nothing."""
    assert not set(YES) & set(NO)
    assert not UNKNOWN & STATES.keys()
    assert not SHORT.keys() & STATES.keys()
    assert all(word == fold(word) for word in [*BOOLEANS, *SHORT, *STATES, *UNKNOWN])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("Y", "n"), {"y": True, "n": False}),
        (("J", "N", "nein"), {"j": True, "n": False}),
        (("t", " F "), {"t": True, "f": False}),
        (("On", "Off"), {"on": True, "off": False}),
        (("Y",), {"y": True}),
        (("N",), {"n": False}),
        (("F", "P"), {}),
        (("F", "Active"), {}),
        (("A", "T"), {}),
        (("Y", "T"), {}),
        (("Y", "J"), {}),
        (("T", "N"), {}),
        (("F",), {}),
        (("T",), {}),
        (("1", "0"), {"1": True, "0": False}),
        (("1",), {"1": True}),
        (("0", "1", "2"), {}),
        (("0", "Active"), {}),
        (("Y", "n", "#N/A", "?", ""), {"y": True, "n": False}),
        (("ON",), {}),
        ((), {}),
    ],
)
def test_a_short_word_is_yes_or_no_where_all_cells_are(cells: tuple[str, ...], said: dict[str, bool]) -> None:
    """Among other words it is a code, as it is where the other one of its pair never stands."""
    found = booleans_among(cells)

    assert {word: found[word] for word in map(fold, cells) if word in SHORT and word in found} == said


def test_cells_of_nothing_are_unknown() -> None:
    """Whatever their case and blanks; a name that only begins like one is a name."""
    cells = pd.Series(["NULL", " n/a ", "-", "None", "\N{EN DASH}", None, "Nullmann", "0", "no"], dtype="str")

    assert known(cells).dropna().tolist() == ["Nullmann", "0", "no"]


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\x7f", "\x85", "\x9b"])
def test_control_characters_do_not_go_on(sign: str) -> None:
    """A name goes on without them and is reported with them written out; an identifier is not mended."""
    raw = {
        "source": "hr",
        "source_id": ["1", f"2{sign}"],
        "state": "active",
        "display_name": [f"A{sign}da", "Bo"],
    }

    found = screened(Identities, raw, origin="hr", key="source_id")

    assert found.frame[["source_id", "display_name"]].to_numpy().tolist() == [["1", "Ada"]]
    told = found.rejects[["field", "problem"]].to_numpy().tolist()
    assert ["display_name", "it holds control characters"] in told
    assert ["source_id", "it holds control characters"] in told
    assert not any(sign in str(value) for value in found.rejects["value"])


def test_line_breaks_and_other_scripts_are_no_control_characters() -> None:
    """A cell may hold a line break, and no name is touched for its letters."""
    names = ["Z\ned", "tab\tbed", "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", "\u540d\u524d", "a\u00a0b"]
    raw = {"source": "hr", "source_id": list("12345"), "state": "active", "display_name": names}

    found = screened(Identities, raw, origin="hr", key="source_id")

    assert (found.frame["display_name"].tolist(), len(found.rejects)) == (names, 0)
