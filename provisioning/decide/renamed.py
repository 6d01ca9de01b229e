"""Whoever is listed under another identifier now, such as a login that follows a surname, is still the same.

What says so is the employee number of one who is listed no more, or as departed, and of one who was not known
before, and what else is stated of both: a number alone may have been given to somebody new.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from provisioning.decide.agreement import tell_apart
from provisioning.decide.people import ACTIVE, DEPARTED, derive_presence
from provisioning.model.keys import positions, take
from provisioning.model.snapshots import Memory
from provisioning.model.terms import AccountState
from provisioning.model.text import folded

_OTHER = "while another account bears its address or user name"


def follow_renamed(
    memory: Memory,
    source: str,
    before: pd.DataFrame | None,
    now: pd.DataFrame,
    accounts: pd.DataFrame,
    at: datetime,
) -> Memory:
    """The memory with the identifiers that the people of one source go by now.

    Args:
        memory: what is remembered of one target.
        source: the source.
        before: its Identities as they were last read whole; None where that is not known.
        now: the same, read whole now.
        accounts: the target's Accounts.
        at: the present time.

    Returns:
        Links of those who are the same, and what is in doubt of the others. A number that several bear says
        nothing, and whoever is linked already is linked with no second account.
    """
    links = memory.links
    mine = links["source"] == source
    present = accounts[accounts["state"] != AccountState.DELETED.value]
    pairs = _pair(links[mine], now.iloc[:0] if before is None else before, now, at)
    pairs = pairs[positions(pairs["account_id"], present["account_id"]) >= 0].reset_index(drop=True)
    pairs = _judge(pairs, now if before is None else pd.concat([now, before]), now, present)
    same = pairs[pairs["against"].isna()]
    known_as = dict(zip(same["source_id"], same["source_id_now"], strict=True))
    followed = links["source_id"].map(known_as).astype("str").fillna(links["source_id"])
    links = links.assign(source_id=links["source_id"].mask(mine, followed))
    fresh = _word_doubts(pairs[pairs["against"].notna()], source)
    known = memory.doubted[~memory.doubted["account_id"].isin(fresh["account_id"])]
    lasting = known[(known["source"] != source) | _is_lasting(known, links, now, present)]
    return replace(memory, links=links, doubted=pd.concat([lasting, fresh], ignore_index=True))


def _pair(links: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Who is linked and gone, and who bears the number and is not linked: identifiers, number, account."""
    states, earlier = derive_presence(now, at), derive_presence(before, at)
    new = _alone(now[states != DEPARTED])
    new = new[positions(new["source_id"], links["source_id"]) < 0]
    gone = pd.concat([_alone(before[earlier != DEPARTED]), _numbered(before[earlier == DEPARTED])])
    gone = gone[positions(gone["source_id"], now["source_id"]) < 0]
    came = new[positions(new["source_id"], before["source_id"]) < 0]
    # Whoever is stated as departed leaves until the one who comes after them works.
    working = new[positions(new["source_id"], now.loc[states == ACTIVE, "source_id"]) >= 0]
    parts = [(gone, came), (_numbered(now[states == DEPARTED]), working)]
    pairs = pd.concat(
        [former.merge(later, on="number", suffixes=("", "_now")) for former, later in parts],
        ignore_index=True,
    )
    return pairs.merge(links[["source_id", "account_id"]], on="source_id")


def _judge(
    pairs: pd.DataFrame, stated: pd.DataFrame, now: pd.DataFrame, accounts: pd.DataFrame
) -> pd.DataFrame:
    """The pairs that say something, and what speaks `against` one person; null where nothing does."""
    one = stated.iloc[positions(pairs["source_id"], stated["source_id"])].reset_index(drop=True)
    other = now.iloc[positions(pairs["source_id_now"], now["source_id"])].reset_index(drop=True)
    against = pd.Series(list(tell_apart(one, other)), index=pairs.index, dtype="str")
    several = pairs["source_id_now"].duplicated(keep=False)
    pairs = pairs.assign(against=against.mask(against.isna() & _have_another(pairs, other, accounts), _OTHER))
    # One number of several who left is nobody's own, except where a name agrees with one of them alone.
    pairs = pairs[~several | against.isna()]
    return pairs.assign(
        against=pairs["against"].mask(pairs["source_id_now"].duplicated(keep=False), "as several do")
    )


def _have_another(pairs: pd.DataFrame, people: pd.DataFrame, accounts: pd.DataFrame) -> pd.Series:
    """Whether the address or user name of these people is on an account besides the one of the pair."""
    found = pd.Series(data=False, index=pairs.index)
    for name in ("email", "user_name"):
        keys = pd.DataFrame({"key": folded(people[name]), "mine": pairs["account_id"], "row": pairs.index})
        shown = pd.DataFrame({"key": folded(accounts[name]), "account_id": accounts["account_id"]})
        met = keys.dropna().merge(shown.dropna(), on="key")
        found |= found.index.isin(met.loc[met["mine"] != met["account_id"], "row"])
    return found


def _word_doubts(pairs: pd.DataFrame, source: str) -> pd.DataFrame:
    """Doubts as they are remembered, one an account."""
    reason = (
        "employee number "
        + pairs["number"]
        + " of "
        + pairs["source_id"]
        + ", who left, is now that of "
        + pairs["source_id_now"]
        + ", "
        + pairs["against"]
        + "; correct the number of whoever came, or, if it is one person, give the account the new address "
        "and name and close any other"
    )
    doubts = pd.DataFrame(
        {
            "account_id": pairs["account_id"],
            "source": source,
            "source_id": pairs["source_id_now"],
            "number": pairs["number"],
            "reason": reason,
        },
        dtype="str",
    )
    return doubts.drop_duplicates("account_id")


def _is_lasting(
    doubts: pd.DataFrame, links: pd.DataFrame, now: pd.DataFrame, accounts: pd.DataFrame
) -> pd.Series:
    """Which doubts last: the account is linked with nobody listed, and who came bears the number still.

    An account that shows their address was given to them by hand.
    """
    here = positions(doubts["source_id"], now["source_id"])
    account = positions(doubts["account_id"], accounts["account_id"])
    former = take(links["source_id"], positions(doubts["account_id"], links["account_id"]))
    numbers = take(folded(now["employee_number"]), here)
    shown, stated = take(folded(accounts["email"]), account), take(folded(now["email"]), here)
    lasts = (
        pd.Series((here >= 0) & (account >= 0)) & former.notna() & (positions(former, now["source_id"]) < 0)
    )
    lasts &= (numbers == doubts["number"].reset_index(drop=True)).fillna(value=False)
    lasts &= ~(shown == stated).fillna(value=False)
    return lasts.set_axis(doubts.index)


def _numbered(identities: pd.DataFrame) -> pd.DataFrame:
    """Identifier and employee number of those who have one; zeros alone are none."""
    rows = identities[["source_id"]].assign(number=folded(identities["employee_number"]))
    return rows[rows["number"].notna() & (rows["number"].str.strip("0") != "")]


def _alone(identities: pd.DataFrame) -> pd.DataFrame:
    """The same of those who alone bear their number."""
    rows = _numbered(identities)
    return rows[~rows["number"].duplicated(keep=False)]
