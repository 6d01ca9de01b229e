"""The inbox: what is pushed, behind one door; the same database as the ledger's."""

from __future__ import annotations

from typing import Self

from ledger.migrate import open_database
from ledger.pushed.groups import Groups
from ledger.pushed.reading import Reading
from ledger.pushed.tokens import Tokens
from ledger.pushed.users import Users


class Inbox(Users, Groups, Tokens, Reading):
    """Users, groups, members and tokens; safe for threads and for several processes."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database of a ledger, creating or upgrading its tables where needed.

        Raises:
            LedgerUnavailable: the database cannot be reached or opened.
            LedgerTooNew: a later version of Seatwise has written it.
        """
        return cls(open_database(url))
