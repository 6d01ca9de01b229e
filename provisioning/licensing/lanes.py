"""Paid seats that seem to be needed by nobody: why, on what evidence, and in which lane.

`ready`: the holder departed, or the seat is idle by proven evidence, and nothing protects it. `review`: a
person must look, for instance at contractors, accounts of nobody known and people on leave. `protected`: the
policy, an administrator's or a robot's account. Only ready seats are counted as savings.

Idle ends where the evidence ends: use is judged at the moment the connection's facts are of, never later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from provisioning.licensing.counting import ACCOUNT
from provisioning.model.keys import numbered, translated, within
from provisioning.model.last_days import are_over, last_days
from provisioning.model.terms import AccountState, Activity, Lane, State, WasteReason
from provisioning.model.text import folded

OUTSIDE = r"contract|extern|partner|freelanc|vendor|supplier|consult|temp|agency|guest"
"""What the kind of a person is called who works here for another company."""
ROBOT = r"service|robot|\bbot\b|system|technical|machine"
ROBOT_NAME = (
    r"(?:^|[\W_\d])(?:svc|bot|robot|service|automation|jenkins|integration|noreply|no-reply)(?:$|[\W_\d])"
)
ADMIN_ROLE = (
    r"(?:^|[,;/|])\s*(?:product |app |site |org |organi[sz]ation )?admin(?:istrator)?s?\s*(?:$|[,;/|])"
)
PRECEDENCE = {reason.value: number for number, reason in enumerate(WasteReason)}


@dataclass(frozen=True)
class Waits:
    """How long is how long.

    Attributes:
        idle: a seat last used this long ago, or longer, is idle.
        never_used_after: one never used is waste this long after its account was added.
        in_use: one used more recently than this is never ready, whatever else is said of its holder.
    """

    idle: timedelta
    never_used_after: timedelta = timedelta(days=30)
    in_use: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class Spared:
    """Accounts (target, account_id) of which something is known that speaks against taking a seat.

    Attributes:
        protected: the policy protects them.
        administrators: they administer something.
        ambiguous: they may be several people's, so they are no orphans.
        duplicates: they look like a second account of somebody.
        contested: two connections contradict each other about them.
    """

    protected: pd.DataFrame | None = None
    administrators: pd.DataFrame | None = None
    ambiguous: pd.DataFrame | None = None
    duplicates: pd.DataFrame | None = None
    contested: pd.DataFrame | None = None


def judge(billed: pd.DataFrame, waits: Waits, spared: Spared, now: datetime) -> pd.DataFrame:
    """Judge the billed seats.

    Args:
        billed: what `counting.list_billed` gives.
        waits: how long is how long.
        spared: what speaks against taking seats.
        now: the instant of the report, UTC.

    Returns:
        The rows of billed seats for which a reason was found, with lane, reason, code, detail, evidence and
        idle_days; ready ones first, then the most certain reason, then the longest unused. The index is
        that of `billed`.
    """
    facts = _facts(billed, waits, spared, now)
    reasons = _reasons(billed, facts)
    found = reasons.notna()
    rows, facts = billed[found], facts[found]
    rows = rows.assign(reason=reasons[found], idle_days=facts["idle_days"])
    rows = rows.assign(code=_codes(rows, facts), detail=_details(rows, facts), evidence=_evidence(rows, now))
    rows = rows.assign(lane=translated(rows["code"], LANES))
    return _in_order(rows)


def find_duplicates(accounts: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Accounts that look like a second one of someone who has a linked account in the same target.

    That is a person's account without link that bears exactly the name of one linked account.

    Returns:
        Columns target and account_id.
    """
    gone = [AccountState.DEACTIVATED.value, AccountState.DELETED.value]
    people = accounts[
        (accounts["kind"] == "person") & ~accounts["state"].isin(gone) & accounts["display_name"].notna()
    ]
    named = people.assign(name=folded(people["display_name"])).dropna(subset="name")
    linked = _among(named, links)
    once = named[linked].drop_duplicates(["target", "name"], keep=False)[["target", "name"]]
    again = named[~linked].merge(once, on=["target", "name"], how="inner", validate="many_to_one")
    return again[ACCOUNT].reset_index(drop=True)


def find_administrators(assignments: pd.DataFrame, entitlements: pd.DataFrame) -> pd.DataFrame:
    """Accounts that hold a role or group which administers.

    Returns:
        Columns target and account_id.
    """
    key = ["target", "kind", "entitlement_id"]
    rights = entitlements.loc[entitlements["admin"], key].drop_duplicates()
    return assignments.merge(rights, on=key, how="inner")[ACCOUNT].drop_duplicates(ignore_index=True)


CODES: dict[str, tuple[Lane, str]] = {
    "policy": (Lane.PROTECTED, "The policy protects the account."),
    "robot": (Lane.PROTECTED, "The identity provider calls it a service account."),
    "administrator": (Lane.PROTECTED, "The account administers something."),
    "used-lately": (Lane.REVIEW, "It was used in the last {in_use}, so somebody needs it."),
    "contested": (
        Lane.REVIEW,
        "Two connections tell its account differently, so one is wrong; conflicts.csv has both sides.",
    ),
    "last-day-contradicted": (
        Lane.REVIEW,
        "The last day stated is over, but the holder is stated active and used a product after it.",
    ),
    "departed-administrator": (Lane.REVIEW, "The holder left, but the account administers something."),
    "departed": (Lane.READY, "The holder left the company."),
    "on-leave": (Lane.REVIEW, "The holder is suspended at the identity provider and may be back."),
    "contractor": (Lane.REVIEW, "The holder works here for another company."),
    "robot-by-name": (Lane.REVIEW, "Its name is that of a robot."),
    "second-account": (Lane.REVIEW, "It bears somebody's name, and is in use or its use is not known."),
    "nobody-known": (Lane.REVIEW, "It belongs to no identity, and is in use or its use is not known."),
    "grant-day-unknown": (
        Lane.REVIEW,
        "The holder uses other products, and nobody knows since when this one.",
    ),
    "never-used": (Lane.READY, "It was never used, nor was anything else of the account lately."),
    "idle": (Lane.READY, "It was last used long ago."),
}
"""Reason codes in order of precedence: the lane of each, and what it means."""
LANES = {code: lane.value for code, (lane, _) in CODES.items()}


def _facts(billed: pd.DataFrame, waits: Waits, spared: Spared, now: datetime) -> pd.DataFrame:
    """What is true of each seat, as columns; all of it judged at the moment its evidence is of."""
    at = billed["known_at"].where(billed["known_at"] <= pd.Timestamp(now), pd.Timestamp(now))
    used, never = billed["activity"] == Activity.USED, billed["activity"] == Activity.NEVER
    away, here = at - billed["last_active"], at - billed["added_on"]
    elsewhere = at - billed["active_anywhere"]
    since = billed["last_active"].where(used).fillna(billed["added_on"].where(never))
    kind = billed["user_type"].str.lower()
    unlinked = billed["identity_state"].isna()
    gone, contradicted = _departures(billed, now)
    return pd.DataFrame(
        {
            "idle": used & (away >= waits.idle),
            "never": never & (here >= waits.never_used_after),
            "lately": used & (away < waits.in_use),
            "busy": elsewhere.notna() & (elsewhere < waits.never_used_after),
            "idle_days": (at - since).dt.days.clip(lower=0).astype("Int64"),
            "departed": gone & ~contradicted,
            "contradicted": contradicted,
            "suspended": billed["identity_state"] == State.SUSPENDED,
            "nobody": unlinked & ~_among(billed, spared.ambiguous),
            "duplicate": _among(billed, spared.duplicates) & ~_among(billed, spared.ambiguous),
            "contested": _among(billed, spared.contested),
            "protected": _among(billed, spared.protected),
            "administrator": _among(billed, spared.administrators)
            | billed["role"].str.contains(ADMIN_ROLE, case=False, na=False),
            "outside": kind.str.contains(OUTSIDE, na=False),
            "robot": kind.str.contains(ROBOT, na=False),
            "robot_name": _named_like_robots(billed[unlinked]).reindex(billed.index, fill_value=False),
        },
        index=billed.index,
    )


def _departures(billed: pd.DataFrame, now: datetime) -> tuple[pd.Series, pd.Series]:
    """Who is gone by state or last day, and who of them is stated active and has worked since that day."""
    last = last_days(billed)
    gone = (billed["identity_state"] == State.DEPARTED) | are_over(last, now)
    active = billed["identity_state"] == State.ACTIVE
    return gone, gone & active & are_over(last, billed["active_anywhere"])


def _named_like_robots(accounts: pd.DataFrame) -> pd.Series:
    """Whether the name or the address of each account is that of a robot."""
    name = accounts["display_name"].fillna("") + " " + accounts["email"].fillna("").str.split("@").str[0]
    return name.str.lower().str.contains(ROBOT_NAME, na=False).astype(bool)


def _reasons(billed: pd.DataFrame, facts: pd.DataFrame) -> pd.Series:
    """The most certain reason that holds for each seat, null where none does."""
    applies = {
        WasteReason.LEAVER: facts["departed"] | facts["contradicted"],
        WasteReason.SUSPENDED: facts["suspended"],
        WasteReason.DUPLICATE: facts["duplicate"],
        WasteReason.ORPHAN: facts["nobody"],
        WasteReason.NEVER_USED: facts["never"],
        WasteReason.IDLE: facts["idle"],
    }
    reasons = pd.Series(None, index=billed.index, dtype="str")
    for reason in reversed(WasteReason):
        reasons = reasons.mask(applies[reason].astype(bool), reason.value)
    return reasons


def _codes(rows: pd.DataFrame, facts: pd.DataFrame) -> pd.Series:
    """The reason code of each row: the first that holds, in the order of `CODES`."""
    unused = facts["idle"] | facts["never"]
    orphaned = rows["reason"] == WasteReason.ORPHAN.value
    applies = {
        "policy": facts["protected"],
        "robot": facts["robot"],
        "administrator": facts["administrator"] & ~facts["departed"],
        "used-lately": facts["lately"] & ~facts["suspended"] & ~facts["nobody"] & ~facts["duplicate"],
        "contested": facts["contested"],
        "last-day-contradicted": facts["contradicted"],
        "departed-administrator": facts["administrator"],
        "departed": facts["departed"],
        "on-leave": facts["suspended"],
        "contractor": facts["outside"],
        "robot-by-name": facts["robot_name"],
        "second-account": (rows["reason"] == WasteReason.DUPLICATE.value) & ~unused,
        "nobody-known": orphaned & ~unused,
        "grant-day-unknown": facts["never"] & facts["busy"],
        "never-used": facts["never"],
        "idle": facts["idle"],
    }
    chosen = np.select([applies[code].astype(bool) for code in CODES], list(CODES), default="nobody-known")
    return pd.Series(chosen, index=rows.index, dtype="str")


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Ready seats first, then the most certain reason, then the longest unused: the order to free them in.

    Those that are alike stay in the order of the billed seats: by place and account.
    """
    lanes = {lane.value: number for number, lane in enumerate(Lane)}
    keys = pd.DataFrame(
        {
            "lane": translated(rows["lane"], lanes),
            "precedence": translated(rows["reason"], PRECEDENCE),
            "idle": -rows["idle_days"].astype("float64").fillna(-1),
        }
    )
    return rows.iloc[np.lexsort([keys["idle"], keys["precedence"], keys["lane"]])]


def _details(rows: pd.DataFrame, facts: pd.DataFrame) -> pd.Series[str]:
    last = _day(last_days(rows))
    left = "Left on " + last + "."
    works = "Active in " + rows["source"] + " with the last day " + last + ", and used something on "
    left = left.mask(facts["contradicted"], works + _day(rows["active_anywhere"]) + ".")
    added = "Never used since the account was added on " + _day(rows["added_on"]) + "."
    lost = "The identity it belonged to is no longer in " + rows["source"] + "."
    words: dict[WasteReason, pd.Series[str] | str] = {
        WasteReason.LEAVER: left.fillna("Departed according to " + rows["source"] + "."),
        WasteReason.SUSPENDED: "Suspended in " + rows["source"] + ".",
        WasteReason.DUPLICATE: "Looks like a second account of the same person.",
        WasteReason.ORPHAN: lost.fillna("Belongs to no identity of any source."),
        WasteReason.NEVER_USED: added,
        WasteReason.IDLE: "Not used since " + _day(rows["last_active"]) + ".",
    }
    details = pd.Series("", index=rows.index, dtype="str")
    for reason, text in words.items():
        details = details.mask(rows["reason"] == reason.value, text)
    return details


def _evidence(rows: pd.DataFrame, now: datetime) -> pd.Series[str]:
    """What a row rests on: the connection, the day its facts are of and their age, and what they tell."""
    age = (pd.Timestamp(now) - rows["known_at"]).dt.days.clip(lower=0)
    aged = (" (" + age.astype("str") + " days before this report)").mask(age < 1, "")
    told = ("last used " + _day(rows["last_active"])).fillna("use not told")
    told = told.mask(rows["activity"] == Activity.NEVER, "never used")
    evidence: pd.Series[str] = rows["told_by"] + " as of " + _day(rows["known_at"]) + aged + ": " + told
    return evidence


def _day(times: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    # Days return, and writing one takes longer than finding it.
    numbers, days = pd.factorize(times.dt.floor("D"))
    words = pd.array([f"{day:%Y-%m-%d}" for day in days], dtype="str")
    return pd.Series(words.take(numbers, allow_fill=True), index=times.index)


def _among(rows: pd.DataFrame, some: pd.DataFrame | None) -> pd.Series:
    """Whether the account of each row is among some accounts."""
    if some is None or some.empty:
        return pd.Series(False, index=rows.index)
    mine, theirs = numbered([rows[ACCOUNT], some[ACCOUNT]], ACCOUNT)
    return pd.Series(within(mine, theirs), index=rows.index)
