"""Every table Seatwise speaks, declared once.

SQL tables, documentation and Hypothesis strategies derive from these models. Strings are pandas
`str`, identifiers are strings always, times are UTC, and unknown is null, never a default.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, Self, cast

import pandas as pd
import pandera.pandas as pa
from pandera.typing import DataFrame, Series

from provisioning.model.conformance import convert, dtypes, fits
from provisioning.model.terms import (
    AccountState,
    Action,
    Activity,
    Basis,
    EntitlementKind,
    Lane,
    State,
    Status,
    WasteReason,
)

UTC_TIME = {"unit": "us", "tz": "UTC"}


def _text(description: str, *, nullable: bool = False, **checks: Any) -> Any:
    return pa.Field(description=description, nullable=nullable, **checks)


def _time(description: str) -> Any:
    return pa.Field(description=description, nullable=True, dtype_kwargs=UTC_TIME)


def _money(description: str, *, nullable: bool = False) -> Any:
    return pa.Field(description=description, nullable=nullable)


def _are_decimals(values: pd.Series) -> bool:
    return set(map(type, values.dropna())) <= {Decimal}


class Frame(pa.DataFrameModel):
    """What all frames share: exactly the declared columns, coerced to their types."""

    class Config:
        """Nothing beside what is declared; types are made to fit."""

        strict = True
        coerce = True
        ordered = True

    @classmethod
    def validate(cls, check_obj: pd.DataFrame, *args: Any, **options: Any) -> DataFrame[Self]:
        """Return the frame with all types in place; see pandera. One that fits costs next to nothing."""
        converted = convert(cls, check_obj)
        if fits(cls, converted):
            return cast("DataFrame[Self]", converted.copy(deep=False))
        return super().validate(check_obj, *args, **options)


class Identities(Frame):
    """One row per identity of a source."""

    source: Series[str] = _text("Connection the identity was read from.")
    source_id: Series[str] = _text("The IdP's own immutable identifier.")
    user_name: Series[str] = _text("Sign-in name.", nullable=True)
    email: Series[str] = _text("Primary e-mail address.", nullable=True)
    state: Series[str] = _text("Lifecycle state.", isin=[s.value for s in State])
    source_state: Series[str] = _text("The state in the IdP's own word.", nullable=True)
    given_name: Series[str] = _text("Given name.", nullable=True)
    family_name: Series[str] = _text("Family name.", nullable=True)
    display_name: Series[str] = _text("Name as shown.", nullable=True)
    department: Series[str] = _text("Department.", nullable=True)
    cost_center: Series[str] = _text("Cost centre that pays for the seats.", nullable=True)
    organization: Series[str] = _text("Company or division.", nullable=True)
    title: Series[str] = _text("Job title.", nullable=True)
    user_type: Series[str] = _text("Employee, contractor, service …", nullable=True)
    employee_number: Series[str] = _text("Number in the HR system.", nullable=True)
    manager: Series[str] = _text("Manager, as the IdP names them.", nullable=True)
    hired_on: Series[pd.DatetimeTZDtype] = _time("First working day.")
    leaves_on: Series[pd.DatetimeTZDtype] = _time("Last working day.")
    created_on: Series[pd.DatetimeTZDtype] = _time("When the IdP created the identity.")
    last_sign_in: Series[pd.DatetimeTZDtype] = _time("Last sign-in at the IdP, as far as it tells.")
    never_signed_in: Series[pd.BooleanDtype] = pa.Field(
        description="Whether the IdP proves that there was no sign-in yet; null where it does not.",
        nullable=True,
    )
    sign_in_staleness: Series[pd.Int64Dtype] = pa.Field(
        description="Days by which the last sign-in may be behind; null where it is not.", nullable=True, ge=0
    )


class Memberships(Frame):
    """One row per identity and IdP group."""

    source: Series[str] = _text("Connection the membership was read from.")
    source_id: Series[str] = _text("Identity that is a member.")
    group_id: Series[str] = _text("The IdP's identifier of the group.")
    group_name: Series[str] = _text("Name of the group.")
    direct: Series[bool] = pa.Field(description="Whether the identity itself is a member.")
    path: Series[str] = _text("Names of the groups between, outermost first.", nullable=True)


class Accounts(Frame):
    """One row per account of a target."""

    target: Series[str] = _text("Connection the account was read from.")
    account_id: Series[str] = _text("The target's own immutable identifier.")
    user_name: Series[str] = _text("Sign-in name in the target.", nullable=True)
    email: Series[str] = _text("E-mail address, where the target shows it.", nullable=True)
    display_name: Series[str] = _text("Name as shown.", nullable=True)
    given_name: Series[str] = _text("Given name.", nullable=True)
    family_name: Series[str] = _text("Family name.", nullable=True)
    title: Series[str] = _text("Job title.", nullable=True)
    department: Series[str] = _text("Department.", nullable=True)
    organization: Series[str] = _text("Company or division.", nullable=True)
    state: Series[str] = _text("State.", isin=[s.value for s in AccountState])
    kind: Series[str] = _text("Person, app or customer.", isin=["person", "app", "customer"])
    directory: Series[str] = _text("Directory that holds the account.", nullable=True)
    managed: Series[pd.BooleanDtype] = pa.Field(
        description="Whether the organisation owns the account's domain.", nullable=True
    )
    external_id: Series[str] = _text("Identifier the IdP wrote into the target.", nullable=True)
    caller: Series[bool] = pa.Field(description="Whether the connection acts as this account.")
    added_on: Series[pd.DatetimeTZDtype] = _time("When the account joined the target.")
    last_active: Series[pd.DatetimeTZDtype] = _time("Last activity in any product.")


class Assignments(Frame):
    """One row per account and entitlement assigned to it."""

    target: Series[str] = _text("Connection the assignment was read from.")
    account_id: Series[str] = _text("Account it is assigned to.")
    kind: Series[str] = _text("Group, role or product.", isin=[k.value for k in EntitlementKind])
    entitlement_id: Series[str] = _text("The target's identifier of the entitlement.")
    name: Series[str] = _text("Its name.")


class Taken(Assignments):
    """One row per assignment that Seatwise took from an account and has not given back."""

    rule: Series[str] = _text("Rule of the change that took it.")


class Entitlements(Frame):
    """The entitlement catalogue of a target: one row per entitlement and product it opens."""

    target: Series[str] = _text("Connection it was read from.")
    kind: Series[str] = _text("Group, role or product.", isin=[k.value for k in EntitlementKind])
    entitlement_id: Series[str] = _text("The target's identifier.")
    name: Series[str] = _text("Its name.")
    product: Series[str] = _text("Product it opens; null when it opens none.", nullable=True)
    site: Series[str] = _text("Site of that product.", nullable=True)
    billable: Series[bool] = pa.Field(description="Whether its assignment makes a seat billable.")
    admin: Series[bool] = pa.Field(description="Whether it gives administration rights.")
    default: Series[bool] = pa.Field(description="Whether new accounts get it by default.")
    modifiable: Series[bool] = pa.Field(description="Whether the target lets us grant and revoke it.")


class Seats(Frame):
    """One row per seat: account, product and site."""

    target: Series[str] = _text("Connection the seat was read from.")
    account_id: Series[str] = _text("Account that holds the seat.")
    product: Series[str] = _text("Product.")
    site: Series[str] = _text("Site of the product.")
    activity: Series[str] = _text("Used, never or unknown.", isin=[a.value for a in Activity])
    last_active: Series[pd.DatetimeTZDtype] = _time("Last activity in this product and site.")
    billable: Series[bool] = pa.Field(description="Whether the seat is billed.")
    granted_by: Series[str] = _text("Names of the groups and roles that give it.", nullable=True)
    role: Series[str] = _text("Roles the target names for the seat, in its words.", nullable=True)
    basis: Series[str] = _text(
        "What tells that the seat is held.", nullable=True, isin=[b.value for b in Basis]
    )


class StuckSeats(Frame):
    """One row per billed seat that should go and that no rule can take."""

    target: Series[str] = _text("Connection the seat was read from.")
    account_id: Series[str] = _text("Account that holds the seat.")
    subject: Series[str] = _text("Whose it is: an e-mail address, else the account.")
    product: Series[str] = _text("Product.")
    site: Series[str] = _text("Site of the product.")
    granted_by: Series[str] = _text("Names of the groups and roles that give it.", nullable=True)
    cause: Series[str] = _text("Why it should go: why someone is a leaver, or idle.")
    reason: Series[str] = _text("Why no rule can take it.")


class Capacity(Frame):
    """One row per product and site whose number of seats the target tells."""

    target: Series[str] = _text("Connection it was read from.")
    product: Series[str] = _text("Product.")
    site: Series[str] = _text("Site of the product.")
    seats: Series[pd.Int64Dtype] = pa.Field(description="Seats bought; null if unlimited.", nullable=True)
    used: Series[pd.Int64Dtype] = pa.Field(description="Seats in use, as the target counts.", nullable=True)


class Links(Frame):
    """One row per identity joined with an account."""

    target: Series[str] = _text("Target of the account.")
    account_id: Series[str] = _text("Account.")
    source: Series[str] = _text("Source of the identity.")
    source_id: Series[str] = _text("Identity.")
    rule: Series[str] = _text("Rule that joined them: link, external_id, email, user_name.")


class Ambiguities(Frame):
    """What correlation would have had to guess; nothing is done with these rows."""

    target: Series[str] = _text("Target.")
    account_id: Series[str] = _text("Account, where one is concerned.", nullable=True)
    source: Series[str] = _text("Source, where an identity is concerned.", nullable=True)
    source_id: Series[str] = _text("Identity, where one is concerned.", nullable=True)
    rule: Series[str] = _text("Rule that found several candidates.")
    reason: Series[str] = _text("What is ambiguous, in one sentence.")


class Movements(Frame):
    """One row per identity or account whose lifecycle moved, for one target."""

    target: Series[str] = _text("Target.")
    account_id: Series[str] = _text("Account, where one exists.", nullable=True)
    source: Series[str] = _text("Source.")
    source_id: Series[str] = _text("Identity.")
    movement: Series[str] = _text("Movement.", isin=["joiner", "mover", "leaver", "rehire", "stayer"])
    since: Series[pd.DatetimeTZDtype] = _time("When the movement was first seen.")
    reason: Series[str] = _text("Why, in one sentence.")


class Changes(Frame):
    """One row per write a plan holds, in the order they are made."""

    change_id: Series[str] = _text("Identifier within the plan; the same input gives the same one.")
    position: Series[int] = pa.Field(description="Order of execution.", ge=0)
    target: Series[str] = _text("Target that is written.")
    action: Series[str] = _text("What is done.", isin=[a.value for a in Action])
    account_id: Series[str] = _text("Account; null until it is created.", nullable=True)
    source: Series[str] = _text("Source of the identity, if linked.", nullable=True)
    source_id: Series[str] = _text("Identity, if linked.", nullable=True)
    subject: Series[str] = _text("E-mail address or name a person recognises.")
    kind: Series[str] = _text("Kind of the entitlement.", nullable=True)
    entitlement_id: Series[str] = _text("Entitlement granted or revoked.", nullable=True)
    entitlement: Series[str] = _text("Its name.", nullable=True)
    before: Series[str] = _text("State the plan saw, as JSON.")
    after: Series[str] = _text("State the plan wants, as JSON.")
    reason: Series[str] = _text("Why, in one plain sentence.")
    rule: Series[str] = _text("Rule of the policy that asks for it.")
    movement: Series[str] = _text("Joiner, mover, leaver, rehire or stayer.", nullable=True)
    destructive: Series[bool] = pa.Field(description="Whether someone loses something.")
    reversible: Series[bool] = pa.Field(description="Whether undo can restore it.")


class Outcomes(Frame):
    """One row per change that was tried."""

    change_id: Series[str] = _text("Change.")
    status: Series[str] = _text("How it ended.", isin=[s.value for s in Status])
    account_id: Series[str] = _text("Account it was made on.", nullable=True)
    message: Series[str] = _text("What happened and what to do next.", nullable=True)
    at: Series[pd.DatetimeTZDtype] = _time("When it ended.")


class Conflicts(Frame):
    """One row per attribute told differently: by two sources of one person, or two targets of one account."""

    subject: Series[str] = _text("E-mail address or name a person recognises.")
    field: Series[str] = _text("Attribute.")
    source: Series[str] = _text("Source that counts, or target.")
    value: Series[str] = _text("What it states.")
    other: Series[str] = _text("Connection that contradicts. Between targets neither counts.")
    other_value: Series[str] = _text("What that states.")


class Rejects(Frame):
    """One row per value that could not be read."""

    origin: Series[str] = _text("Source or target it came from.")
    key: Series[str] = _text("Identifier of the row.", nullable=True)
    field: Series[str] = _text("Field.")
    value: Series[str] = _text("Value as it came.", nullable=True)
    problem: Series[str] = _text("What is wrong with it.")
    remedy: Series[str] = _text("What to do.")


class Waste(Frame):
    """One row per paid seat that seems to be needed by nobody: why, its lane and what freeing it saves.

    Money is the seat's own: what the bill falls by when this seat is freed after those above it.
    """

    target: Series[str] = _text("Connection the seat was read from.")
    account_id: Series[str] = _text("Account that holds the seat.")
    product: Series[str] = _text("Product.")
    site: Series[str] = _text("Site of the product.")
    lane: Series[str] = _text("What is to become of it.", isin=[lane.value for lane in Lane])
    reason: Series[str] = _text("Why it seems to be waste.", isin=[r.value for r in WasteReason])
    code: Series[str] = _text("Why it is in its lane, in one word for scripts.")
    detail: Series[str] = _text("Why, in one sentence.")
    evidence: Series[str] = _text("What that rests on: connection, day and what it tells.")
    idle_days: Series[pd.Int64Dtype] = pa.Field(
        description="Whole days since the last activity, or since the account was added when there was none.",
        nullable=True,
    )
    last_active: Series[pd.DatetimeTZDtype] = _time("Last activity in this product and site.")
    added_on: Series[pd.DatetimeTZDtype] = _time("When the account joined the target.")
    granted_by: Series[str] = _text("Names of the groups and roles that give the seat.", nullable=True)
    display_name: Series[str] = _text("Name as shown.", nullable=True)
    email: Series[str] = _text("E-mail address.", nullable=True)
    department: Series[str] = _text("Department.", nullable=True)
    cost_center: Series[str] = _text("Cost centre that pays for the seat.", nullable=True)
    manager: Series[str] = _text("Manager, as the IdP names them.", nullable=True)
    path: Series[str] = _text(
        "What makes the seat billable, and whether it is given by default.", nullable=True
    )
    to_free: Series[str] = _text("The fewest removals that free it.", nullable=True)
    seen_by: Series[str] = _text("All connections that show the seat.")
    monthly: Series[object] = _money(
        "What the monthly bills fall by from their next cycle; null unless ready and priced.", nullable=True
    )
    at_renewal: Series[object] = _money(
        "What the yearly bills fall by at their renewal; null unless ready and priced.", nullable=True
    )
    currency: Series[str] = _text("Currency of both.", nullable=True)
    saves_from: Series[pd.DatetimeTZDtype] = _time("First day of the next period of the product's contract.")

    @pa.check("monthly", "at_renewal", name="money")
    @classmethod
    def _decimal(cls, values: pd.Series) -> bool:
        return _are_decimals(values)


class Change(NamedTuple):
    """One row of Changes; a null is None here."""

    change_id: str
    position: int
    target: str
    action: str
    account_id: str | None
    source: str | None
    source_id: str | None
    subject: str
    kind: str | None
    entitlement_id: str | None
    entitlement: str | None
    before: str
    after: str
    reason: str
    rule: str
    movement: str | None
    destructive: bool
    reversible: bool


def columns(model: type[Frame]) -> list[str]:
    """Names of the columns of a model, in order."""
    return list(model.to_schema().columns)


def empty(model: type[Frame]) -> pd.DataFrame:
    """A frame of the model without rows, all types in place."""
    return _blank(model).copy()


@cache
def _blank(model: type[Frame]) -> pd.DataFrame:
    # Validating costs tens of milliseconds even without a row.
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes(model).items()})


def complete(model: type[Frame], frame: pd.DataFrame) -> pd.DataFrame:
    """Validate after adding the nullable columns that are missing, as null, and dropping the rest."""
    return model.validate(frame.reindex(columns=columns(model)))


def concat(model: type[Frame], parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """One frame of many; an empty typed frame of none."""
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else empty(model)


def rows(frame: pd.DataFrame) -> list[Change]:
    """Changes as values, nulls as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [Change(*row) for row in plain[list(Change._fields)].itertuples(index=False)]
