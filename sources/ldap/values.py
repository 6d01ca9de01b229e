"""What the bytes of LDAP attributes mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

DISABLED = 0x2
"""The bit of userAccountControl of an account that cannot sign in."""
NO_MOMENT = (0, 2**63 - 1)
"""FILETIMEs that stand for never."""
LOCKED_BY_HAND = b"000001010000Z"
"""The pwdAccountLockedTime of an account an administrator locked; a time is that of mistyped passwords."""
_FILETIME_0 = datetime(1601, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GENERALIZED = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,](\d+))?(Z|[+-]\d{2,4})")
_TICK = timedelta(microseconds=1)

Reader = Callable[[bytes], str | None]


def text(value: bytes) -> str:
    """Return a text; what is no UTF-8 in it shows as such."""
    return value.decode("utf-8", "replace")


def guid(value: bytes) -> str:
    """Return an objectGUID, whose first three parts are little-endian; anything else stays as it stands."""
    return str(UUID(bytes_le=value)) if len(value) == 16 else value.hex()


def escaped_guid(key: str) -> str:
    """Return a GUID for a filter, every byte escaped."""
    return "".join(f"\\{byte:02x}" for byte in UUID(key).bytes_le)


def moment(value: bytes) -> str | None:
    """Return a time in ISO 8601: of a GeneralizedTime or a FILETIME; other texts as they stand."""
    stated = text(value)
    if stated.isdigit() and len(stated) != 14:
        at = _filetime(int(stated))
        return at.isoformat() if at else None
    parts = _GENERALIZED.fullmatch(stated)
    if parts is None:
        return stated
    year, month, day, hour, minute, second, fraction, zone = parts.groups()
    offset = "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[3:] or '00'}"
    return f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}.{fraction or '0'}{offset}"


def last_day_of_filetime(value: bytes) -> str | None:
    """Return the day an account still works on, of the moment it ceases to: accountExpires."""
    at = _filetime(int(value))
    return f"{at - _TICK:%Y-%m-%d}" if at else None


def last_day_of_shadow(value: bytes) -> str | None:
    """Return the last day of an account that is shut from a day on, counted since 1970; below 0 is never."""
    days = int(value)
    return f"{_EPOCH + timedelta(days=days - 1):%Y-%m-%d}" if days > 0 else None


def control_word(value: bytes) -> str:
    """Return whether userAccountControl lets somebody sign in."""
    return "disabled" if int(value) & DISABLED else "enabled"


def lock_word(value: bytes) -> str | None:
    """Return `locked` where an administrator locked the account; a lock of mistyped passwords passes."""
    return "locked" if value == LOCKED_BY_HAND else None


def ns_lock_word(value: bytes) -> str | None:
    """Return `locked` where 389 Directory Server says so."""
    return "locked" if text(value).casefold() == "true" else None


def _filetime(ticks: int) -> datetime | None:
    """Return a moment counted in 100 ns since 1601; None for never, and for one beyond all calendars."""
    if ticks in NO_MOMENT:
        return None
    try:
        return _FILETIME_0 + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


_OF_ATTRIBUTE: Mapping[str, Reader] = {
    "useraccountcontrol": control_word,
    "pwdaccountlockedtime": lock_word,
    "nsaccountlock": ns_lock_word,
    "accountexpires": last_day_of_filetime,
    "shadowexpire": last_day_of_shadow,
}
_TIMES = ("hired_on", "leaves_on", "created_on", "last_sign_in")


def reader(column: str, attribute: str) -> Reader:
    """Return what makes a value of a column out of an attribute's bytes."""
    return _OF_ATTRIBUTE.get(attribute.casefold(), moment if column in _TIMES else text)
