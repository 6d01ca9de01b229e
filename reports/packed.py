"""All judged seats of the page in a compact form, so that finding and sorting look at every one of them."""

from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
from markupsafe import Markup

from provisioning.model.keys import translated
from reports.licences import Report
from reports.words import named, titled

WORDS = ["product", "site", "lane", "reason", "department", "cost_center", "manager", "detail"]
"""Columns whose texts return: each is written once."""
KINDS = {"idle_days": "count", "monthly": "money", "at_renewal": "money"}
SHOWN = [
    ["who", "contact"], ["product", "site"], ["lane"], ["reason", "detail", "evidence"], ["idle_days"],
    ["department", "cost_center"], ["manager"],
]  # fmt: skip
"""The columns of the list, each with what stands small beneath it."""
MONEY = [["monthly"], ["at_renewal"]]


def pack_rows(report: Report) -> Markup:
    """Pack the judged seats as JSON that is safe inside a script element.

    Returns:
        `kinds` of the columns (word, text, count or money), the `words`, the `rows`, and which columns are
        `shown`, by number.
    """
    shown = SHOWN + (MONEY if report.currency is not None else [])
    names = [name for group in shown for name in group]
    columns, words = _columns(report.waste, names)
    packed = {
        "kinds": ["word" if name in WORDS else KINDS.get(name, "text") for name in names],
        "words": words,
        "rows": list(zip(*columns, strict=True)),
        "shown": [[names.index(name) for name in group] for group in shown],
    }
    text = orjson.dumps(packed, default=float).decode()
    # Within a script element nothing else could end it or begin a comment.
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON, and no letter of it is markup


def _columns(waste: pd.DataFrame, names: list[str]) -> tuple[list[list[Any]], list[str]]:
    """The columns as lists, words by their number, and the words."""
    told = waste.assign(
        who=waste["display_name"].fillna(waste["email"]).fillna(waste["account_id"]),
        contact=waste["email"].fillna(waste["account_id"]),
        product=translated(waste["product"], named),
        lane=translated(waste["lane"], titled),
        reason=translated(waste["reason"], titled),
    )
    repeated = [name for name in names if name in WORDS]
    codes, words = pd.factorize(pd.concat([told[name].fillna("") for name in repeated], ignore_index=True))
    parts = {name: codes[n * len(told) : (n + 1) * len(told)] for n, name in enumerate(repeated)}
    plain = told[names].astype(object)
    plain = plain.where(plain.notna(), None)
    return [parts[name].tolist() if name in parts else plain[name].tolist() for name in names], list(words)
