"""A YAML file is read with its lines, and refused in plain words where it would exhaust the machine."""

from __future__ import annotations

import pytest

from provisioning.policy.yaml_file import FileError, PolicyError, PriceBookError, read

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
DEEP = "a: " + "[" * 3_000 + "]" * 3_000 + "\n"


def refused(text: str) -> FileError:
    with pytest.raises(PolicyError) as refusal:
        read(text, PolicyError, origin="file.yaml", expected="keys are expected")
    return refusal.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "line 6: YAML: at most 500,000 values are read, those that aliases repeat included"),
        ("a: &a [1, *a]\n", "line 1: YAML: at most 500,000 values are read"),
        (DEEP, "line 1: YAML: at most 40 levels are read; nest less"),
        (
            "# " + "x" * 4_000_000,
            "line 1: file: at most 4,000,000 characters are read; is it the right file?",
        ),
        ("a: *nowhere\n", "line 1: YAML: found undefined alias"),
        ("a: \x00\n", "line 1: YAML: "),
        ("a: 1\n---\nb: 2\n", "line 2: YAML: "),
        ("- a\n", "line 1: file: keys are expected"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_line(text, message):
    """Neither memory nor the stack is used up, and the message is a sentence."""
    shown = refused(text).message

    assert shown.startswith(f"file.yaml, {message}")
    assert "\n" not in shown


def test_aliases_and_merged_keys_within_reason_are_read():
    """An anchor is a fair way to say the same twice."""
    text = "base: &base {idle: 60d}\none: {<<: *base}\ntwo: *base\n"

    document = read(text, PolicyError, origin="file.yaml", expected="")

    assert document.content["one"] == document.content["two"] == {"idle": "60d"}
    assert document.line(("two", "idle")) == 1


def test_each_refusal_says_what_to_do_next():
    """One tree of errors, each with its own next step."""
    for refusal, step in ((PolicyError, "seatwise check"), (PriceBookError, "config/prices.yaml")):
        with pytest.raises(FileError) as error:
            read("", refusal, origin="file.yaml", expected="keys are expected")
        assert step in error.value.remedy
        assert [mistake.line for mistake in error.value.mistakes] == [1]
