"""What identity providers push: their users, groups and members, and the tokens they push with."""

from ledger.pushed.groups import MemberChange, StoredGroup, StoredMember
from ledger.pushed.inbox import Inbox
from ledger.pushed.reading import Pushed
from ledger.pushed.resources import Taken, Vanished
from ledger.pushed.tokens import TokenRow
from ledger.pushed.users import StoredUser, UserKeys

__all__ = [
    "Inbox",
    "MemberChange",
    "Pushed",
    "StoredGroup",
    "StoredMember",
    "StoredUser",
    "Taken",
    "TokenRow",
    "UserKeys",
    "Vanished",
]
