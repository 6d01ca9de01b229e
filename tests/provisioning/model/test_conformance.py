"""Frames that are what their model says pass without the validator, and no others do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.attributes import ATTRIBUTES, SIGN_IN, TIMES
from provisioning.model.conformance import fits
from provisioning.model.frames import Frame, Identities, Memberships, Waste

MODELS = [m for m in vars(frames).values() if isinstance(m, type) and issubclass(m, Frame) and m is not Frame]


def people(**changed: Any) -> pd.DataFrame:
    """Two valid identities, some columns replaced."""
    row = {name: None if name in {*TIMES, *SIGN_IN} else "x" for name in frames.columns(Identities)}
    raw = pd.DataFrame([row | {"state": "active"}] * 2)
    return Identities.to_schema().validate(raw).assign(**changed)


def test_a_policy_names_the_attributes_that_identities_have() -> None:
    """It is read without any frame, by names that stand beside the frame's."""
    declared = Identities.to_schema().columns

    assert list(declared) == [*ATTRIBUTES, *SIGN_IN[1:]]
    assert [name for name, column in declared.items() if str(column.dtype).startswith("datetime")] == [*TIMES]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_validator_returns_what_fits_as_it_is(model: type[Frame]) -> None:
    """Whatever passes at once is what the validator would have made of it."""
    blank = frames.empty(model)

    pd.testing.assert_frame_equal(model.to_schema().validate(blank), model.validate(blank))


def test_most_models_have_rules_of_single_columns_alone() -> None:
    """The large frames pass without the validator; values that are objects need it."""
    assert fits(Identities, people())
    assert fits(Memberships, frames.empty(Memberships))
    assert not fits(Waste, frames.empty(Waste))


@pytest.mark.parametrize(
    "changed",
    [
        {"state": pd.Series(["active", "asleep"], dtype="str")},
        {"source_id": pd.Series(["1", None], dtype="str")},
        {"email": pd.Series(["a@b", "c@d"], dtype="object")},
        {"email": [1, 2]},
        {"email": float("nan")},
        {"email": pd.Series(["a@b", None], dtype="object")},
        {"email": pd.Series(["a@b", 1], dtype="object")},
        {"source_id": float("nan")},
        {"leaves_on": float("nan")},
        {"email": pd.Series([Decimal(1), None])},
        {"hired_on": pd.Series(pd.to_datetime(["2026-01-01", None]))},
        {
            "created_on": pd.Series(pd.to_datetime(["2026-01-01", None], utc=True)).astype(
                "datetime64[ns, UTC]"
            )
        },
        {"more": "x"},
    ],
)
def test_what_does_not_fit_goes_to_the_validator(changed: dict[str, Any]) -> None:
    """A wrong value, a null, another type or column is mended or refused as ever."""
    frame = people(**changed)

    assert not fits(Identities, frame)
    try:
        wanted = Identities.to_schema().validate(frame, lazy=True)
    except frames.pa.errors.SchemaErrors:
        with pytest.raises(frames.pa.errors.SchemaErrors):
            Identities.validate(frame, lazy=True)
    else:
        pd.testing.assert_frame_equal(wanted, Identities.validate(frame, lazy=True))


def test_columns_in_another_order_do_not_fit() -> None:
    """Order is part of a model."""
    assert not fits(Identities, people()[frames.columns(Identities)[::-1]])


def test_a_frame_that_fits_is_not_shared() -> None:
    """What is done to the result does not reach the frame that was given."""
    frame = people()
    result = Identities.validate(frame)

    result.loc[0, "email"] = "changed"

    assert frame["email"].tolist() == ["x", "x"]
