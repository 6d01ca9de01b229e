"""What the fields of people's accounts should say, by the policy's mapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from provisioning.decide.changes import packed
from provisioning.decide.context import Context
from provisioning.model.keys import Rows
from provisioning.policy.transform import DEFAULT_ATTRIBUTES, derive


def derive_attributes(context: Context, person: Rows, fields: Sequence[str]) -> pd.DataFrame:
    """Derive fields of the accounts of some people, one row a person."""
    people = context.people.records.iloc[person].reset_index(drop=True)
    stated = context.rules.attributes
    wanted = {}
    for name in fields:
        wanted[name] = derive(stated.get(name, DEFAULT_ATTRIBUTES[name]), people)  # type: ignore[call-overload]
    return pd.DataFrame(wanted, index=people.index)


def packed_rows(values: pd.DataFrame, mask: pd.DataFrame | None = None) -> list[str]:
    """One JSON object a row: the known values, or the ones a mask chooses, null where unknown."""
    plain = values.astype(object).where(values.notna(), None)
    records: list[dict[Any, Any]] = plain.to_dict("records")
    if mask is None:
        return [packed({k: v for k, v in row.items() if v is not None}) for row in records]
    chosen = mask.to_dict("records")
    pairs = zip(records, chosen, strict=True)
    return [packed({k: v for k, v in row.items() if use[k]}) for row, use in pairs]
