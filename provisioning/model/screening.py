"""Valid rows kept and the others reported, so that one bad row is one bad row."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import pandera.pandas as pa

from provisioning.model.frames import Frame, Rejects, columns, complete, empty


class Screened(NamedTuple):
    """A page of valid rows and the values that could not be read."""

    frame: pd.DataFrame
    rejects: pd.DataFrame


def screen(model: type[Frame], frame: pd.DataFrame, *, origin: str, key: str) -> Screened:
    """Keep the valid rows and report the others, so that one bad row is one bad row.

    Args:
        model: what the rows must satisfy; missing nullable columns become null.
        frame: raw rows, one column per declared field.
        origin: source or target, for the report.
        key: column that names a row in the report.

    Returns:
        The valid rows with a fresh index, and a Rejects frame.
    """
    wanted = columns(model)
    raw = frame if list(frame.columns) == wanted else frame.reindex(columns=wanted)
    raw = raw.reset_index(drop=True)
    try:
        return Screened(model.validate(raw, lazy=True), empty(Rejects))
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
    by_row = failures[failures["index"].notna()]
    if by_row.empty:
        raise ValueError(f"{origin}: {failures.iloc[0]['check']} on column {failures.iloc[0]['column']}")
    bad = by_row["index"].astype(int)
    rejects = pd.DataFrame(
        {
            "origin": origin,
            "key": _names(raw, key).iloc[bad].astype(object).map(_as_text).to_numpy(),
            "field": by_row["column"].to_numpy(),
            "value": by_row["failure_case"].map(_as_text).to_numpy(),
            "problem": by_row["check"].map(_problem).to_numpy(),
            "remedy": f"correct the value in {origin}, then run again",
        }
    ).drop_duplicates(["key", "field"])
    good = model.validate(raw.drop(index=bad.unique()))
    return Screened(good.reset_index(drop=True), complete(Rejects, rejects))


def _names(raw: pd.DataFrame, key: str) -> pd.Series:
    """What names each row in a report: its key, else whatever a person may find it by."""
    names = raw[key].astype(object)
    for name in ("email", "user_name", "display_name", "name"):
        if name in raw:
            names = names.where(names.notna(), raw[name].astype(object))
    return names


def _as_text(value: Any) -> str | None:
    return None if value is None or (not isinstance(value, (list, dict)) and pd.isna(value)) else str(value)


def _problem(check: Any) -> str:
    text = str(check)
    if text.startswith("not_nullable"):
        return "a value is required"
    if text.startswith("isin"):
        return f"not one of {text.removeprefix('isin(').removesuffix(')')}"
    return "a value of another type is required" if "dtype" in text or "coerce" in text else text
