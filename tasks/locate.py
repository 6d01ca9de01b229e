"""Where the policy is, and the ledger it names; nothing heavy is loaded to find out."""

from __future__ import annotations

import os
from pathlib import Path

from errors import SeatwiseError
from provisioning.policy.defaults import EXPECTED, LEDGER
from provisioning.policy.yaml_file import PolicyError, read


class PolicyMissing(SeatwiseError):
    """There is no policy file where one was looked for."""

    remedy = (
        "Name it with --config FILE, or write one with `seatwise init`. "
        "A worker looks for it in the folder that SEATWISE_HOME names."
    )


def home() -> Path:
    """Where relative paths start: the folder SEATWISE_HOME names, for a worker runs flows wherever it is."""
    return Path(os.environ.get("SEATWISE_HOME", ""))


def locate_policy(config: Path | str) -> Path:
    """The policy file; one that is kept in a block, `block:NAME`, is first written to `home()`."""
    scheme, _, name = str(config).partition(":")
    if scheme != "block":
        return (home() / config).absolute()
    from tasks.blocks import write_policy

    return write_policy(name, home())


def read_file(config: Path) -> str:
    """The text of the policy file.

    Raises:
        PolicyMissing: there is no such file.
    """
    if not config.is_file():
        raise PolicyMissing(f"there is no policy file {config}")
    return config.read_text(encoding="utf-8")


def ledger_address(stated: str, folder: Path) -> str:
    """The address of a ledger; a SQLite file that is relative lies beside the policy."""
    scheme, separator, rest = stated.partition(":///")
    if separator and scheme.startswith("sqlite") and not Path(rest).is_absolute():
        return f"sqlite:///{folder / rest}"
    return stated


def find_ledger(config: Path | str) -> str:
    """The address of the ledger a policy names, whatever else the file says.

    Raises:
        PolicyMissing: there is no such file.
        PolicyError: it is no YAML mapping.
    """
    path = locate_policy(config)
    document = read(read_file(path), PolicyError, origin=path.name, expected=EXPECTED)
    return ledger_address(str(document.content.get("ledger", LEDGER)), path.parent)
