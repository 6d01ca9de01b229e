"""How people appear where others than the policy's administrators can read: on the pages of Prefect.

The files of a run, the ledger and the terminal name people whole; they can be read by their owner alone.
"""

from __future__ import annotations

import logging
import re
from typing import Literal

import pandas as pd

Shown = Literal["full", "masked", "none"]
_ADDRESS = re.compile(r"(?<![\w.+-])([\w.+'-]+)@([\w-]+(?:\.[\w-]+)+)")
NOBODY = "someone"
_current: list[Shown] = ["full"]


def veil(text: str, how: Shown) -> str:
    """A text with the e-mail addresses in it as the policy lets them be shown."""
    if how == "full":
        return text
    return _ADDRESS.sub(lambda found: _veiled(found.group(1), how, f"@{found.group(2)}"), text)


def veil_people(rows: pd.DataFrame, how: Shown, *, texts: list[str]) -> pd.DataFrame:
    """Rows with their subjects, and what their texts say of them, as the policy lets them be shown.

    Args:
        rows: a Changes frame, or one with its `subject`.
        how: the policy's `personal_data`.
        texts: columns in which the subject, or somebody else's address, may stand.
    """
    if how == "full":
        return rows
    subjects = [veil(name, how) if "@" in name else _veiled(name, how) for name in rows["subject"]]
    veiled = rows.assign(subject=subjects)
    for column in texts:
        pairs = zip(rows["subject"], subjects, rows[column], strict=True)
        veiled[column] = [
            veil(text.replace(name, hidden), how) if isinstance(text, str) else text
            for name, hidden, text in pairs
        ]
    return veiled


def veil_logs(how: Shown) -> None:
    """Show people so in everything that Prefect logs from now on in this process."""
    _current[:] = [how]
    make = logging.getLogRecordFactory()
    if getattr(make, "veils", False):
        return

    def made(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if record.name.startswith("prefect."):
            _veil_record(record)
        return record

    made.veils = True  # type: ignore[attr-defined]
    made.redacts = getattr(make, "redacts", False)  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)


def _veil_record(record: logging.LogRecord) -> None:
    whole = record.getMessage()
    if (shown := veil(whole, _current[0])) != whole:
        record.msg, record.args = shown, None
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        record.exc_text = veil(record.exc_text, _current[0])


def _veiled(name: str, how: Shown, domain: str = "") -> str:
    if how == "none":
        return NOBODY
    return f"{name[:1]}…{name[-1:] if len(name) > 3 else ''}{domain}"
