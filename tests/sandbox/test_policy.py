"""The policies that the sandbox writes are ones that the product reads."""

from __future__ import annotations

import pytest

from sandbox import policy
from tasks.policy_file import read_policy


@pytest.mark.parametrize("name", policy.CONNECTIONS)
def test_whichever_connection_it_is_about_it_is_valid(name: str, tmp_path) -> None:
    """Also where no module here can read it: its options are known all the same."""
    if name in policy.TARGETS:
        written = policy.write(tmp_path, "http://127.0.0.1:9", targets=[name])
    else:
        written = policy.write(tmp_path, "http://127.0.0.1:9", sources=[name])

    assert name in read_policy(written).connections
