"""What a connection to a provisioning directory remembers between reads and writes."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from provisioning.model.text import fold


class KnownUsers:
    """By which name, and with which identifier, users of an address are found."""

    def __init__(self) -> None:
        self._user_names: dict[str, str] = {}
        self._created: dict[str, str] = {}

    def note_names(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember user names by address."""
        self._user_names.update((fold(email), user_name) for email, user_name in pairs)

    def user_name(self, email: str) -> str:
        """Return the name of a user; the address itself where no other is known."""
        return self._user_names.get(fold(email), email)

    def note_created(self, email: str, scim_id: str) -> None:
        """Remember a user that this connection created."""
        self._created[fold(email)] = scim_id

    def created(self) -> dict[str, str]:
        """Users that this connection created, by folded address."""
        return dict(self._created)


class Limits:
    """How much a directory may hold, and how much of it is taken.

    Args:
        users, members: the most users of the directory, and members of a group.
    """

    def __init__(self, users: int, members: int) -> None:
        self.users, self.members = users, members
        self.lock = threading.Lock()
        self.taken: int | None = None
        self.sizes: dict[str, int] = {}
        self._groups: dict[str, threading.Lock] = {}

    def group(self, group_id: str) -> threading.Lock:
        """Return the lock under which the members of a group are counted and changed."""
        with self.lock:
            return self._groups.setdefault(group_id, threading.Lock())
