"""Tokens: shown once, kept as a digest, two at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import create_engine, text

from ledger import Inbox
from ledger.pushed.tokens import NoToken, TokensFull


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    with Inbox.open(url) as opened:
        yield opened


def test_a_token_is_nowhere_but_in_the_answer(inbox: Inbox, url: str, now: datetime) -> None:
    """The database holds what nobody can turn back; the prefix names the connection."""
    token = inbox.make_token("okta-push", now)
    engine = create_engine(url)
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM push_tokens")).all()
    engine.dispose()

    assert token.startswith("sw_scim_okta-push_")
    assert len(token) >= len("sw_scim_okta-push_") + 43
    assert row.digest == sha256(token.encode()).hexdigest()
    assert token not in str(row)


def test_two_count_at_a_time(inbox: Inbox, now: datetime) -> None:
    """While they are exchanged; a third is refused until one is revoked."""
    first, second = (inbox.make_token("idp", now) for _ in range(2))
    with pytest.raises(TokensFull, match=r"has 2 valid tokens\. Revoke"):
        inbox.make_token("idp", now)

    known = inbox.recognise(first)
    assert known
    assert inbox.revoke_tokens("idp", now, seq=known.seq) == 1
    assert inbox.recognise(first) is None
    assert inbox.recognise(second)
    assert inbox.make_token("idp", now) != second
    assert inbox.make_token("another", now)


def test_what_does_not_count_is_revoked_by_nobody(inbox: Inbox, now: datetime) -> None:
    inbox.make_token("idp", now)

    assert inbox.revoke_tokens("idp", now) == 1
    with pytest.raises(NoToken, match="seatwise receive token list"):
        inbox.revoke_tokens("idp", now)


def test_the_last_use_is_written_once_a_minute(inbox: Inbox, now: datetime) -> None:
    """And when the address changes."""
    token = inbox.make_token("idp", now)

    def use(after: timedelta, address: str) -> tuple[datetime | None, str | None]:
        known = inbox.recognise(token)
        assert known
        inbox.see_token(known, now + after, address)
        (row,) = inbox.tokens("idp")
        return row.used_at, row.used_from

    assert use(timedelta(0), "10.0.0.1") == (now, "10.0.0.1")
    assert use(timedelta(seconds=59), "10.0.0.1") == (now, "10.0.0.1")
    assert use(timedelta(seconds=59), "10.0.0.2") == (now + timedelta(seconds=59), "10.0.0.2")
    assert use(timedelta(minutes=3), "10.0.0.2") == (now + timedelta(minutes=3), "10.0.0.2")
