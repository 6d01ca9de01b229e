"""How numbers, days and money are written for a reader: by a locale, or as everybody can read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

NONE = "\N{EN DASH}"
NOBREAK = "\N{NO-BREAK SPACE}"
ANYWHERE = "en_US"
"""Whose numbers are written where no locale is asked for; days are those of ISO 8601 then."""


class Forms:
    """The forms of values in a report.

    Args:
        locale: language and country, as in `de_DE` or `de-CH`; None writes `1,234.50` and `2026-09-14`.
        currency: what money is in; None where the report has no money.
    """

    def __init__(self, locale: str | None = None, currency: str | None = None) -> None:
        self._named = locale is not None
        self._locale = Locale.parse((locale or ANYWHERE).replace("-", "_"))
        self._currency = currency

    @property
    def tag(self) -> str:
        """The locale as browsers call it: `de-DE`."""
        return str(self._locale).replace("_", "-")

    def money(self, amount: Decimal | None) -> str:
        """An amount with its cents: `1,234.50`."""
        return NONE if amount is None else format_decimal(amount, "#,##0.00", locale=self._locale)

    def priced(self, amount: Decimal | None) -> str:
        """An amount with its currency, where the locale writes it: `USD 1,234.50`, `1.234,50 EUR`."""
        pattern = self._locale.currency_formats["standard"].pattern
        parts = [self._currency or "", self.money(amount)]
        return NOBREAK.join(parts if pattern.startswith("¤") else reversed(parts))

    def count(self, number: Any) -> str:
        """A whole number: `1,234`."""
        return NONE if number is None else format_decimal(int(number), "#,##0", locale=self._locale)

    def share(self, part: float | None) -> str:
        """A share in percent, never rounded to nothing or to all: `24 %`, `<1 %`, `>99 %`."""
        if part is None:
            return NONE
        percent = round(part * 100)
        if percent == 0 and part > 0:
            return "<1 %"
        return ">99 %" if percent == 100 and part < 1 else f"{percent} %"

    def day(self, when: date | datetime | None) -> str:
        """A day: `2026-09-14`."""
        if when is None:
            return NONE
        return format_date(when, "medium", locale=self._locale) if self._named else f"{when:%Y-%m-%d}"

    def instant(self, when: datetime) -> str:
        """A day and time: `2026-09-14 07:30 UTC`."""
        if not self._named:
            return f"{when:%Y-%m-%d %H:%M} UTC"
        return f"{format_datetime(when, 'medium', tzinfo=when.tzinfo, locale=self._locale)} UTC"

    def shown(self, value: Any, kind: str) -> str:
        """A value as text, by the kind of its column."""
        forms: dict[str, Callable[[Any], str]] = {
            "money": self.money, "number": self.money, "count": self.count, "share": self.share,
            "day": self.day,
        }  # fmt: skip
        if kind in forms:
            return forms[kind](value)
        return NONE if value is None else str(value)
