"""Whether a frame already is what its model says, told in a moment.

Validating a frame costs some tens of milliseconds, whatever its size, and most frames are built of the
right columns and types. Those are let through by the model's own rules; whatever does not fit, and any
model with rules other than columns, types, nulls and checks of single columns, goes to the validator. The
validator's own library of checks takes half a second to load, which a run without a bad row never pays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandas.api.types import infer_dtype


class Rule(NamedTuple):
    """What one column must be."""

    name: str
    dtype: Any
    nullable: bool
    checks: tuple[Callable[[pd.Series], bool], ...]


def fits(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> bool:
    """Return whether a frame has exactly the columns, types and values of a model.

    Args:
        model: the model; the validator would return such a frame as it is.
        frame: any frame.
    """
    rules = _rules(model)
    if rules is None or list(frame.columns) != [rule.name for rule in rules]:
        return False
    return all(map(_satisfied, rules, (frame[rule.name] for rule in rules)))


def convert(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> pd.DataFrame:
    """Bring columns to a model's types where that is a matter of writing the same values otherwise.

    Args:
        model: the model.
        frame: any frame; columns that take more than that are left to the validator.
    """
    rules = _rules(model)
    if rules is None or list(frame.columns) != [rule.name for rule in rules]:
        return frame
    other = {rule.name: _convert_column(rule, frame[rule.name]) for rule in rules if _differs(rule, frame)}
    return frame.assign(**other) if other else frame


def _differs(rule: Rule, frame: pd.DataFrame) -> bool:
    return bool(frame[rule.name].dtype != rule.dtype)


def _convert_column(rule: Rule, column: pd.Series) -> pd.Series:
    """The same values in the type of the rule, or the column as it is."""
    if column.empty or (rule.nullable and column.isna().all() and _holds_null(rule.dtype)):
        unknown: pd.Series = pd.Series(None, index=column.index, dtype=rule.dtype)
        return unknown
    texts = rule.dtype == "str" and infer_dtype(column, skipna=True) == "string"
    moments = isinstance(rule.dtype, pd.DatetimeTZDtype) and isinstance(column.dtype, pd.DatetimeTZDtype)
    booleans = rule.dtype == pd.BooleanDtype() and column.dtype == np.dtype(bool)
    if not (texts or moments or booleans):
        return column
    converted: pd.Series = column.astype(rule.dtype)
    return converted


def _holds_null(dtype: Any) -> bool:
    return isinstance(dtype, pd.DatetimeTZDtype | pd.StringDtype | pd.BooleanDtype | pd.Int64Dtype)


def _satisfied(rule: Rule, column: pd.Series) -> bool:
    if column.dtype != rule.dtype or not (rule.nullable or not column.hasnans):
        return False
    return all(check(column) for check in rule.checks)


def dtypes(model: type[pa.DataFrameModel]) -> dict[str, Any]:
    """The pandas type of each column of a model."""
    return {
        str(name): np.dtype(object) if column.dtype is None else column.dtype.type
        for name, column in model.to_schema().columns.items()
    }


@cache
def _rules(model: type[pa.DataFrameModel]) -> tuple[Rule, ...] | None:
    """The rules of a model, None where there are others than can be told here."""
    schema = model.to_schema()
    if schema.checks or schema.unique or schema.index or schema.parsers:
        return None
    types = dtypes(model)
    rules = [
        Rule(str(name), types[name], column.nullable, tuple(map(_passed, column.checks or ())))
        for name, column in schema.columns.items()
        if column.required and not (column.unique or column.regex or column.parsers)
    ]
    # Of values that are objects the type says nothing.
    told = len(rules) == len(schema.columns) and all(rule.dtype != np.dtype(object) for rule in rules)
    return tuple(rules) if told else None


def _passed(check: pa.Check) -> Callable[[pd.Series], bool]:
    """Whether a column passes a check; the two usual ones are asked without the validator."""
    stated = check.statistics or {}
    if check.name == "isin":
        words = frozenset(stated["allowed_values"])
        return lambda column: set(column.dropna().unique()) <= words
    if check.name == "greater_than_or_equal_to":
        return lambda column: bool((column.dropna() >= stated["min_value"]).all())
    return lambda column: bool(check(column).check_passed)
