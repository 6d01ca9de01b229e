"""The page of the policy file: every key, with what an administrator must know to use it."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field, SecretStr

from provisioning.policy.json_schema import json_schema
from provisioning.policy.reference import reference

SCHEMA = json_schema()
MODELS = {"Policy": SCHEMA, **SCHEMA["$defs"]}
KEYS = [
    (model, key)
    for model, part in MODELS.items()
    for key in part.get("properties", {})
    if part.get("type") == "object"
]


class Columns(BaseModel):
    """Where it is written."""

    separator: str = Field(description="What stands between two.")


class Options(BaseModel):
    """A made-up system."""

    columns: Columns | None = Field(None, description="Where it is written.")
    url: str = Field(description="Address | of the system.")
    token: SecretStr | None = Field(None, description="Its token.")
    page_size: int = Field(100, ge=1, le=500, description="Users a page.", examples=[50])


PAGE = reference(json_schema({"made_up": Options, "other": Options}))


def stated(model: str, key: str) -> dict:
    return MODELS[model]["properties"][key]


def numbers(part: dict) -> bool:
    """Whether a key takes a number, a share or a duration."""
    return any(
        (one.get("type") in {"integer", "number"} and "const" not in one)
        or one.get("pattern", "").startswith("^\\d")
        for one in [part, *part.get("anyOf", [])]
    )


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_every_key_has_a_description_an_example_and_a_unit(model, key):
    """A key that nobody explains is a key that nobody uses well."""
    part = stated(model, key)

    assert part["description"].endswith(".")
    assert part["examples"]
    units = [one["unit"] for one in [part, *part.get("anyOf", [])] if "unit" in one]
    assert units or not numbers(part)
    sections = [one for one in [part, *part.get("allOf", [])] if "$ref" in one]
    assert key in MODELS[model].get("required", []) or "default" in part or sections


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_every_example_is_a_valid_value(model, key):
    """What the page shows may be copied."""
    checker = jsonschema_rs.validator_for({**stated(model, key), "$defs": SCHEMA["$defs"]})

    for example in stated(model, key)["examples"]:
        checker.validate(example)


def test_the_page_has_every_key_with_default_unit_and_example():
    """One row a key, in the notation of the file."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]

    for _, key in KEYS:
        assert any(row.startswith(f"| `{key}` |") for row in rows), key
    assert "| share, % | `5%` | `5%` |" in PAGE
    assert (
        "| duration: days (d), hours (h) or minutes (m) | `24h` | `24h` |" in PAGE or "`1d` | `24h` |" in PAGE
    )
    assert "number of changes, at least 0 | nothing | `200` |" in PAGE


def test_the_page_tells_the_options_of_each_kind_of_connection():
    """Under the name of the kind, with the least and the greatest value; a bar does not break the table."""
    section = PAGE.partition("of kind `made_up`")[2]

    assert "| `url` | Address \\| of the system. | text | required |  |" in section
    assert "| `token` | Its token. | reference to a secret | nothing |  |" in section
    assert "| `page_size` | Users a page. | number, at least 1, at most 500 | `100` | `50` |" in section


def test_every_row_of_a_table_has_five_cells():
    """A table that is broken is not pleasant to read."""
    tables = PAGE.partition("## The top of the file")[2]

    for line in (line for line in tables.splitlines() if line.startswith("|")):
        assert line.replace("\\|", "").count("|") == 6, line


def test_every_link_of_the_page_leads_to_a_section():
    """Titles and links are made apart."""
    titles = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    assert set(re.findall(r"\(#([^)]*)\)", PAGE)) <= anchors
    assert len(anchors) == len(titles)


def test_a_row_is_written_as_the_file_writes_it():
    """Keys of an example stand in the order of the file."""
    assert "| `[{from: okta-main, scope: {groups: [atl-*]}}]` |" in PAGE
    assert "| `[{product: jira-software, idle: 60d}]` |" in PAGE
