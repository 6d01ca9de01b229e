"""E-mail addresses, checked and brought to the one form in which they are kept and compared.

The rules are those of the library email-validator. Of a million addresses nearly all are ordinary, and
those are told by one expression over the whole column; the library sees the others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from provisioning.model.text import encoded_addresses

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORDINARY = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z]{{2,63}}$"
MOST = 254
"""Characters of an address."""

REMEDY = "write one plain address, such as ada@example.com, then run again; until then no account is made"


class Addresses(NamedTuple):
    """Addresses in their normal form, null where there is none, and which values are no address."""

    normal: pd.Series
    wrong: pd.Series


def normalise(values: pd.Series) -> Addresses:
    """Check a column of addresses and bring each to its normal form.

    The domain is written in lower case and in its own script, blanks around an address are dropped, and
    letters are composed (NFC). A value with anything beside one address, such as a name or a second
    address, is none. Whether mail arrives is not asked, so addresses of tests and intranets pass.
    """
    stated = pa.array(values, type=pa.large_string())
    ordinary = pc.and_(
        pc.match_substring_regex(stated, _ORDINARY),
        pc.and_(
            pc.less_equal(pc.binary_length(stated), MOST),
            # Two hyphens may begin a domain in another script, which the library writes out.
            pc.invert(pc.match_substring(stated, "--")),
        ),
    )
    special = pd.Series(ordinary.to_pandas().eq(other=False).to_numpy(), index=values.index)
    if not special.any():
        return Addresses(values, special)
    found = values[special].map(_normal)
    normal = values.where(~special, found.reindex(values.index)).astype(values.dtype)
    blank = values[special].str.strip() == ""
    return Addresses(normal, special & normal.isna() & ~blank.reindex(values.index, fill_value=False))


def in_one_form(values: pd.Series) -> pd.Series:
    """Bring each address of a column to its normal form as far as letters beyond ASCII are concerned.

    What is no address stays as it is, and so does what is ASCII throughout, whatever its case.
    """
    ascii_alone = pc.string_is_ascii(pa.array(values, type=pa.large_string()))
    special = pd.Series(ascii_alone.to_pandas().eq(other=False).to_numpy(), index=values.index)
    if (encoded := encoded_addresses(values)) is not None:
        special |= encoded
    if not special.any():
        return values
    found = values[special].map(_normal).fillna(values[special])
    return values.where(~special, found.reindex(values.index)).astype(values.dtype)


@lru_cache(maxsize=10_000)
def _normal(value: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(
            value.strip(), check_deliverability=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError:
        return None
    return address.normalized if "." in address.domain else None
