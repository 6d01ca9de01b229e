"""Sharing: runs on several machines that use one token divide what its limits allow."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from ledger import tables
from ledger.runs import SILENCE
from ledger.store import Store


class Sharing(Store):
    """The part of the ledger that knows how many runs use a token now."""

    def share_tokens(self, run_id: str, tokens: Collection[str], at: datetime) -> dict[str, int]:
        """Keep which tokens a run uses, and say how many runs use each of them now, that one among them.

        Args:
            run_id: the run.
            tokens: a text for each, of the host and the label of a credential; only its digest is kept.
            at: aware time of now.
        """
        digests = {hashlib.sha256(token.encode()).hexdigest(): token for token in tokens}
        token, run = tables.tokens.c, tables.runs.c
        ended = select(run.run_id).where(run.finished_at.is_not(None) | (run.alive_at <= at - SILENCE))
        mine = select(token.token).where(token.run_id == run_id)
        among = select(token.token, func.count()).where(token.token.in_(digests)).group_by(token.token)
        with self._writing(alone_on=tables.tokens) as connection:
            connection.execute(delete(tables.tokens).where(token.run_id.in_(ended), token.run_id != run_id))
            if fresh := set(digests) - set(connection.scalars(mine)):
                connection.execute(insert(tables.tokens), [{"token": one, "run_id": run_id} for one in fresh])
            return {digests[row[0]]: int(row[1]) for row in connection.execute(among)}
