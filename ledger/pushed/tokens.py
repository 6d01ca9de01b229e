"""Tokens: made here, shown once, kept as a digest.

A token is 256 bits of chance behind a prefix that names its connection, so that a scanner that finds one in
a repository can say whose it is. With so much chance a plain SHA-256 is as safe as a slow one, and the
database looks it up without comparing letter by letter.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, insert, select, update

from errors import SeatwiseError
from ledger.pushed import tables
from ledger.store import Database

PREFIX = "sw_scim"
MOST = 2
"""Valid tokens of a connection at a time: the old and the new one while they are exchanged."""
_SEEN_EVERY = timedelta(minutes=1)
_t = tables.tokens


class TokensFull(SeatwiseError):
    """A connection has as many valid tokens as it may have."""

    remedy = "Revoke the one that is no longer used, with `seatwise receive token revoke`, then make another."


class NoToken(SeatwiseError):
    """A connection has no such token."""

    remedy = "See which there are with `seatwise receive token list`."


class TokenRow(NamedTuple):
    """A token as listed; the token itself is known to nobody.

    Attributes:
        seq: its number.
        connection: whose.
        made_at: when it was made.
        revoked_at: when it stopped to count; None while it counts.
        used_at: when it was last used, to the minute.
        used_from: the address it was last used from.
    """

    seq: int
    connection: str
    made_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    used_from: str | None


_COLUMNS = [_t.c[name] for name in TokenRow._fields]


class Tokens(Database):
    """The tokens of all connections."""

    def make_token(self, connection_name: str, at: datetime) -> str:
        """Make a token; what is returned is told to nobody again.

        Raises:
            TokensFull: the connection has two valid ones.
        """
        token = f"{PREFIX}_{connection_name}_{secrets.token_urlsafe(32)}"
        row = {"connection": connection_name, "digest": _digest(token), "made_at": at}
        with self._writing(alone_on=_t) as connection:
            valid = select(func.count()).where(_t.c.connection == connection_name, _t.c.revoked_at.is_(None))
            if (connection.scalar(valid) or 0) >= MOST:
                raise TokensFull(f"connection {connection_name} has {MOST} valid tokens")
            connection.execute(insert(_t).values(row))
        return token

    def revoke_tokens(self, connection_name: str, at: datetime, *, seq: int | None = None) -> int:
        """Let one token, or every one of a connection, count no longer.

        Args:
            connection_name: whose.
            at: aware time of now.
            seq: number of the token; None for every one.

        Returns:
            How many counted until now.

        Raises:
            NoToken: none counted.
        """
        valid = (_t.c.connection == connection_name) & _t.c.revoked_at.is_(None)
        if seq is not None:
            valid &= _t.c.seq == seq
        with self._writing() as connection:
            number = connection.execute(update(_t).where(valid).values(revoked_at=at)).rowcount
        if not number:
            which = f"valid token {seq}" if seq is not None else "valid token"
            raise NoToken(f"connection {connection_name} has no {which}")
        return number

    def tokens(self, connection_name: str | None = None) -> list[TokenRow]:
        """The tokens of one connection or all, oldest first, revoked ones among them."""
        query = select(*_COLUMNS).order_by(_t.c.seq)
        if connection_name is not None:
            query = query.where(_t.c.connection == connection_name)
        with self._reading() as connection:
            return [TokenRow(*row) for row in connection.execute(query)]

    def recognise(self, token: str) -> TokenRow | None:
        """The valid token these letters are, None where they are none."""
        query = select(*_COLUMNS).where(_t.c.digest == _digest(token), _t.c.revoked_at.is_(None))
        with self._reading() as connection:
            found = connection.execute(query).one_or_none()
        return TokenRow(*found) if found else None

    def see_token(self, token: TokenRow, at: datetime, address: str) -> None:
        """Remember that a token was used; written once a minute, not with every request."""
        if token.used_at and at - token.used_at < _SEEN_EVERY and token.used_from == address:
            return
        with self._writing() as connection:
            connection.execute(update(_t).where(_t.c.seq == token.seq).values(used_at=at, used_from=address))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
