"""A target that a killed run was writing is freed by hand, if it is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.history import UnknownTarget, release_target


def test_a_target_that_the_policy_does_not_have_is_not_released(policy_file: Path):
    """The known ones are named; of one that nobody holds there is nothing to do."""
    with pytest.raises(UnknownTarget, match="there is no target NOTHING") as told:
        release_target(policy_file, "NOTHING")

    assert "cloud" in told.value.remedy
    assert release_target(policy_file, "cloud") == "No run holds cloud; nothing to release."
