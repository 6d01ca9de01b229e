"""Sharing: runs on several machines that use one token divide what its limits allow."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from ledger import tables
from ledger.runs import SILENCE
from ledger.store import Store


class Sharing(Store):
    """The part of the ledger that knows how many runs, or steps of one in other processes, use a token."""

    def share_tokens(self, sharer: str, tokens: Collection[str], at: datetime) -> dict[str, int]:
        """Keep which tokens a sharer uses, and say how many use each of them now, that one among them.

        Args:
            sharer: a run; or a run, a blank and what tells a step of it in another process from the others.
            tokens: a text for each, of the host and the label of a credential; only its digest is kept.
            at: aware time of now.
        """
        digests = {hashlib.sha256(token.encode()).hexdigest(): token for token in tokens}
        token = tables.tokens.c
        mine = select(token.token).where(token.run_id == sharer)
        among = select(token.token, func.count()).where(token.token.in_(digests)).group_by(token.token)
        with self._writing(alone_on=tables.tokens) as connection:
            gone = _ended(connection, at) - {sharer}
            connection.execute(delete(tables.tokens).where(token.run_id.in_(gone)))
            if fresh := set(digests) - set(connection.scalars(mine)):
                connection.execute(insert(tables.tokens), [{"token": one, "run_id": sharer} for one in fresh])
            return {digests[row[0]]: int(row[1]) for row in connection.execute(among)}

    def leave_tokens(self, sharer: str) -> None:
        """Forget that a step in another process uses any token; a run that ends is forgotten by itself."""
        with self._writing(alone_on=tables.tokens) as connection:
            connection.execute(delete(tables.tokens).where(tables.tokens.c.run_id == sharer))


def _ended(connection: Connection, at: datetime) -> set[str]:
    """The sharers whose run has ended or fell silent."""
    run = tables.runs.c
    sharers = {
        sharer: sharer.partition(" ")[0] for sharer in connection.scalars(select(tables.tokens.c.run_id))
    }
    silent = run.finished_at.is_not(None) | (run.alive_at <= at - SILENCE)
    ended = set(connection.scalars(select(run.run_id).where(run.run_id.in_(sharers.values()), silent)))
    return {sharer for sharer, run_id in sharers.items() if run_id in ended}
