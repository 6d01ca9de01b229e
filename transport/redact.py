"""Secrets are taken out before an error text or a log line exists.

Two nets: values announced with `conceal` are hidden wherever they stand, and anything that stands
where a credential usually stands (an Authorization header, `token=`, a JSON Web Token) is hidden
even when nobody announced it.
"""

from __future__ import annotations

import logging
import re
import threading
from bisect import insort
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 4
"""Shorter values would take ordinary words out of the text, so they are left to the patterns."""

_NAMES = (
    r"(?:proxy-)?authorization|dpop|(?:set-)?cookie|x-api-key|api[-_]?key|api[-_]?token|"
    r"(?:access|refresh|id)[-_]?token|token|client[-_]?secret|client[-_]?assertion|assertion|secret|"
    r"password|passwd|private[-_]?key|signature|sig"
)
_HEADER = re.compile(r"""(authorization['"]?\s*[=:]\s*['"]?)(?:\w+\s+)?[^\s'",;}]+""", re.IGNORECASE)
_SCHEMES = re.compile(
    r"\b(bearer|ssws|basic|dpop)\s+(?=[^\s\d]*\d|\S{20})[A-Za-z0-9._~+/=|:-]{4,}", re.IGNORECASE
)
_FIELDS = re.compile(
    rf"""(?<![\w-])(['"]?(?:{_NAMES})['"]?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s&,;'"}}\])]+)""", re.IGNORECASE
)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]+(?=@)")
_FORMATTER = logging.Formatter()


class Redactor:
    """The secrets of this process, and how to take them out of a text."""

    def __init__(self) -> None:
        """Know no secret yet."""
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._longest_first: list[str] = []

    def conceal(self, *secrets: str) -> None:
        """Hide these values from now on, in clear and as they look inside an address."""
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        with self._lock:
            for form in forms - self._values:
                # What holds another is hidden whole; who redacts meanwhile may meet one twice, never none.
                insort(self._longest_first, form, key=lambda known: -len(known))
            self._values |= forms

    def redact(self, text: str) -> str:
        """Return the text without any secret in it."""
        # A run may make thousands of passwords: looking for each costs less than a pattern of all.
        for secret in self._longest_first:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        text = _USERINFO.sub(HIDDEN, _JWT.sub(HIDDEN, text))
        text = _HEADER.sub(rf"\1{HIDDEN}", text)
        text = _SCHEMES.sub(rf"\1 {HIDDEN}", text)
        return _FIELDS.sub(_keep_name, text)


def _forms(secret: str) -> set[str]:
    """How a value may stand in a text."""
    return {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}


def _keep_name(found: re.Match[str]) -> str:
    """Hide the value of a field and keep its quotes, so that JSON stays JSON."""
    value = found.group(0)[len(found.group(1)) :]
    quotes = value[0] if value[0] in "'\"" else ""
    return f"{found.group(1)}{quotes}{HIDDEN}{quotes}"


_PROCESS = Redactor()
_SECRET_HEADER = re.compile(_NAMES, re.IGNORECASE)
conceal = _PROCESS.conceal
redact = _PROCESS.redact


def redact_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return a copy of the headers, still found in any case, without any secret in it."""
    # Logs are guarded in commands that ask nobody, too.
    from requests.structures import CaseInsensitiveDict

    return CaseInsensitiveDict(
        (name, HIDDEN if _SECRET_HEADER.fullmatch(name) else redact(value)) for name, value in headers.items()
    )


class RedactingFilter(logging.Filter):
    """Takes secrets out of a record: its message, its arguments and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; no record is dropped."""
        _redact_message(record)
        if record.exc_info:
            record.exc_text = redact(record.exc_text or _FORMATTER.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def _redact_message(record: logging.LogRecord) -> None:
    """Take secrets out of each argument, so that formatters still find them all, then of the whole."""
    record.msg = redact(record.msg) if isinstance(record.msg, str) else record.msg
    if isinstance(record.args, tuple):
        record.args = tuple(redact(each) if isinstance(each, str) else each for each in record.args)
    whole = record.getMessage()
    if (clean := redact(whole)) != whole:
        record.msg, record.args = clean, None


def guard_logs() -> None:
    """Redact every record of this process when it is made, whichever logger or handler it meets."""
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return
    clean = RedactingFilter()

    def made(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        clean.filter(record)
        return record

    made.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(made)
