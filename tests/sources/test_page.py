"""The page on connectors says what the code does."""

from __future__ import annotations

from pathlib import Path

import sinks
import sources
from sinks.atlassian_org.data import ACCOUNT_FIELDS
from sources.okta.fields import FIELDS, STATES
from sources.onelogin import fields as onelogin_fields
from sources.tables.headers import NAMES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")


def test_every_field_is_on_the_page() -> None:
    """Each column and the vendor's field that fills it is named, and every status of Okta."""
    told = [*FIELDS, *FIELDS.values(), *ACCOUNT_FIELDS, *ACCOUNT_FIELDS.values(), *NAMES]
    told += [field.removeprefix("custom_attributes.") for field in onelogin_fields.FIELDS.values()]

    assert [name for name in told if f"`{name}`" not in PAGE] == []
    assert [status for status in STATES if status not in PAGE] == []


def test_the_first_connectors_are_on_the_page() -> None:
    """Kinds that the page speaks of exist."""
    for kind in (*sources.KINDS, "atlassian_org", "atlassian_export"):
        assert f"`{kind}`" in PAGE
        assert kind in {**sources.KINDS, **sinks.KINDS}
