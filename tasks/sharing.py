"""Runs that use one token divide its limits: each tells the ledger, and learns how many they are."""

from __future__ import annotations

from ledger import LedgerError
from tasks.session import Session
from transport.pace import Token


def join_sharers(session: Session, sharer: str) -> None:
    """From now on tell the ledger of each token before its first request, and learn who else uses it.

    Args:
        session: the open session.
        sharer: who uses it: a run, or a step of it in another process, as `share_tokens` wants it.
    """
    session.reader.pacing.met = lambda _token: count_sharers(session, sharer)


def count_sharers(session: Session, sharer: str) -> None:
    """Learn anew how many use each token of this one; a ledger that is away changes nothing."""
    shares = session.reader.pacing.shares
    known: dict[str, Token] = {f"{host} {label}": (host, label) for host, label in list(shares)}
    if not known:
        return
    try:
        counts = session.ledger.share_tokens(sharer, list(known), session.moment())
    except LedgerError:
        return
    for text, count in counts.items():
        shares[known[text]].count = count
