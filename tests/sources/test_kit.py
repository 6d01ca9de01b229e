"""What sources share: checks of a connection, its patterns, its options, and state words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from provisioning.model.findings import Finding
from provisioning.model.terms import State
from sources.kit.checks import check_patterns, check_read
from sources.kit.options import SourceOptions
from sources.kit.states import screen_people
from transport.errors import Forbidden, Unavailable

NAMES = ["atl-jira", "ATL-Confluence", None, "team-blue"]


class Options(SourceOptions):
    """Of a made-up provider."""

    known_fields = {"source_id": "id", "email": "mail"}  # noqa: RUF012 - the base says ClassVar


def _raise(error: Exception) -> Callable[[], object]:
    def read() -> object:
        raise error

    return read


def _patterns(*patterns: str) -> list[Finding]:
    return list(check_patterns("okta-main", "groups", patterns, lambda: NAMES))


def test_what_can_be_read_is_said():
    assert check_read("okta-main: users", lambda: None) == Finding("ok", "okta-main: users", "can be read")


def test_a_failure_is_an_error_with_its_remedy():
    finding = check_read("okta-main: users", _raise(Unavailable("down")))

    assert (finding.level, finding.message) == ("error", "down")
    assert finding.remedy


@pytest.mark.parametrize(("needed", "level"), [(True, "error"), (False, "warning")])
def test_a_missing_right_is_named(needed, level):
    """What a source can do without is a warning."""
    read = _raise(Forbidden("not allowed"))

    finding = check_read("entra: sign-ins", read, permission="AuditLog.Read.All", needed=needed)

    assert finding.level == level
    assert "AuditLog.Read.All" in (finding.remedy or "")


def test_a_pattern_that_fits_no_group_is_a_warning():
    """It would silently select nobody; case does not count, as in the policy."""
    [finding] = _patterns("ATL-*", "ops-*", "Team-Blue")

    assert finding.level == "warning"
    assert finding.message == "pattern 'ops-*' fits no group of okta-main"
    assert "groups" in (finding.remedy or "")


def test_groups_are_not_read_where_every_name_fits():
    """A connection that takes all groups is not made to list them for a check."""
    assert list(check_patterns("okta-main", "groups", ["*"], _raise(AssertionError()))) == []  # type: ignore[arg-type]


def test_groups_that_cannot_be_read_are_not_said_to_be_missing():
    """Another check says so already."""
    unreadable = _raise(Unavailable("down"))

    assert list(check_patterns("okta-main", "groups", ["a"], unreadable)) == []  # type: ignore[arg-type]


def test_attributes_name_columns_of_the_provider():
    assert Options(attributes={"email": "otherMail"}).groups == ["*"]
    with pytest.raises(ValidationError, match="no column"):
        Options(attributes={"e-mail": "mail"})


def test_a_state_word_nobody_knows_counts_as_staged_and_is_reported():
    """The row is kept, and the report says what to do."""
    columns = {"source_id": ["1", "2", "3"], "user_name": ["a", "b", "c"]}
    words = ["ACTIVE", "LIMBO", None]

    people = screen_people("okta-main", columns, words, {"ACTIVE": State.ACTIVE, None: State.DEPARTED})

    assert list(people.frame["state"]) == ["active", "staged", "departed"]
    [reject] = people.rejects.to_dict("records")
    assert (reject["key"], reject["field"], reject["value"]) == ("2", "source_state", "LIMBO")
    assert "`states` of connection okta-main" in reject["remedy"]
