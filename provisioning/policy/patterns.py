r"""Regular expressions of the policy, run on names that come from outside.

They are RE2's: the time they take grows with the length of the name and never beyond, whatever the
expression and whoever chose the name. What cannot be had in that time, looking around and referring back, is
a mistake of the policy. `\w` and `\d` take letters and digits of every script, as an administrator expects.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import re2
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_GROUPS = 9
"""A replacement names groups by one digit."""
_REFERENCE = re.compile(r"[$\\](\d+)")
_PART = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)
_WORD, _DIGIT = r"\p{L}\p{N}_", r"\p{Nd}"
_OUTSIDE = {r"\w": f"[{_WORD}]", r"\W": f"[^{_WORD}]", r"\d": _DIGIT, r"\D": r"\P{Nd}", r"\Z": r"\z"}
_IN_BRACKETS = {r"\w": _WORD, r"\d": _DIGIT, r"\D": r"\P{Nd}"}


def group_count(pattern: str) -> int:
    """How many groups an expression has.

    Raises:
        ValueError: RE2 does not take it.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return int(re2.compile(_as_re2(pattern), options).groups)
    except re2.error as error:
        raise ValueError(_reason(error)) from None


def highest_reference(replacement: str) -> int:
    """The highest group that a replacement names."""
    return max((int(number) for number in _REFERENCE.findall(replacement)), default=0)


def fits(pattern: str, texts: pd.Series) -> pd.Series:
    """Which texts an expression fits somewhere; null fits none."""
    import pandas as pd
    import pyarrow.compute as pc

    found = pc.match_substring_regex(_as_arrow(texts), _as_re2(pattern))
    return pd.Series(found.to_pandas(), index=texts.index).fillna(value=False).astype("bool")


def replace_first(pattern: str, replacement: str, texts: pd.Series) -> pd.Series:
    r"""Replace the first place of each text that fits; `$1` and `\1` stand for the first group."""
    import pandas as pd
    import pyarrow.compute as pc

    parts = _REFERENCE.split(replacement)
    to = "".join(
        rf"\{part}" if number % 2 else part.replace("\\", r"\\") for number, part in enumerate(parts)
    )
    replaced = pc.replace_substring_regex(
        _as_arrow(texts), pattern=_as_re2(pattern), replacement=to, max_replacements=1
    )
    return pd.Series(replaced.to_pandas(), index=texts.index, dtype="str")


def _as_arrow(texts: pd.Series) -> pa.Array:
    import pyarrow as pa

    return pa.array(texts, type=pa.large_string(), from_pandas=True)


@lru_cache(maxsize=1_000)
def _as_re2(pattern: str) -> str:
    """The expression with what Python and RE2 mean differently said as RE2 says it."""
    parts: list[str] = []
    bracketed = False
    for found in _PART.finditer(pattern):
        part = found[0]
        parts.append((_IN_BRACKETS if bracketed else _OUTSIDE).get(part, part))
        if part.startswith("[") and not bracketed:
            bracketed = True
        elif part == "]" or (bracketed and part in ("[]", "[^]")):
            bracketed = False
    return "".join(parts)


def _reason(error: Exception) -> str:
    """RE2's words, with the reason where an expression would need to look around or refer back."""
    words = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
    if re.search(r"perl operator: \(\?(<?[=!]|P$|P=|>|\()|escape sequence: \\[1-9]", words):
        return f"{words}; what looks around or refers back to a group is not supported"
    return words


def _compiles(text: str) -> str:
    try:
        group_count(text)
    except ValueError as error:
        problem = {"problem": str(error)}
        expected = "a regular expression is expected, in the syntax of RE2: {problem}"
        raise PydanticCustomError("regex", expected, problem) from None
    return text


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression that RE2 takes."""
