"""How names and addresses are compared, and how a pattern of the policy or of a connection matches one.

There is one fold and one kind of pattern in the whole product: `ATL-Jira`, `atl-jira` and `atl-jira ` are
one name, and so are the two ways in which Unicode writes an `é`, and an address whether its domain is written
in its own script or in letters for machines (`xn--`). A pattern is a glob: `*` stands for any
text, `?` for one letter, `[ab]` for one of these. The expression made of it never goes back over what a
`*` has taken, so the time it needs grows with the length of the name and not beyond.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from provisioning.model.keys import Mask


_BREAKS = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_ENCODED = "xn--"
"""How a label of a domain begins that is another script written in ASCII (punycode)."""
_HYPHENS = re.compile(rb"--")


def fold(text: str) -> str:
    """Return a text as it is compared: without surrounding blanks, regard to case or normal form."""
    plain = text.strip().lower() if text.isascii() else _fold_letters(text.strip())
    return _fold_letters(own_script(plain)) if _ENCODED in plain else plain


def folded(values: pd.Series) -> pd.Series:
    """Return texts as they are compared; an empty one is null."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pa.array(values, type=pa.large_string())
    text = pc.utf8_lower(pc.utf8_trim_whitespace(column))
    known = pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
    plain = pd.Series(pd.array(known, dtype="str"), index=values.index, name=values.name)
    encoded = encoded_addresses(values)
    if encoded is None and pc.all(pc.string_is_ascii(column), min_count=0).as_py():
        return plain
    foreign = values.notna() & ~values.str.isascii().fillna(value=True)
    if encoded is not None:
        foreign |= encoded
    text = plain.mask(foreign, values[foreign].map(fold))
    return text.mask(text == "")


def name_key(name: str) -> str:
    """Return a name of a group as it is compared: also without regard to what nobody sees of its blanks.

    Any run of blanks and line breaks is one blank, and characters without a shape, such as a zero-width
    space or a byte order mark, are none.
    """
    if not name.isascii():
        name = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return fold(" ".join(name.split()))


def own_script(text: str) -> str:
    """Return an address with its domain in its own script; any other text as it is."""
    local, at, domain = text.rpartition("@")
    return local + at + ".".join(map(_decode, domain.split("."))) if at else text


def own_scripts(values: pd.Series) -> pd.Series:
    """Return the addresses of a column with their domains in their own script."""
    encoded = encoded_addresses(values)
    return values if encoded is None else values.mask(encoded, values[encoded].map(own_script))


def encoded_addresses(values: pd.Series) -> pd.Series | None:
    """Return which texts may hold a domain in letters for machines; None where nobody's does.

    Hardly a column holds one, and its letters are looked through at once, eight times as quick as its texts.
    """
    import pyarrow as pa

    column = pa.chunked_array(pa.array(values, type=pa.large_string()))
    if not any(_HYPHENS.search(chunk.buffers()[2] or b"") for chunk in column.chunks):
        return None
    return values.str.contains(_ENCODED, case=False, regex=False).fillna(value=False)


def _decode(label: str) -> str:
    """A label of a domain in its own script; one that only looks encoded stays as it is."""
    if label[: len(_ENCODED)].lower() != _ENCODED:
        return label
    encoded = label[len(_ENCODED) :].lower()
    try:
        plain = encoded.encode("ascii").decode("punycode")
        same = plain.encode("punycode").decode("ascii") == encoded
    except UnicodeError:
        return label
    return plain if same and not plain.isascii() and not plain.lower().startswith(_ENCODED) else label


def _fold_letters(text: str) -> str:
    """Small letters, composed; `ß` is no `ss`, for with either a domain or a login is another one's."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def one_line(text: str) -> str:
    """Return a text for a place within a sentence: what breaks a line is a blank, and feigns none."""
    return _BREAKS.sub(" ", text)


def matches(name: str | None, globs: Iterable[str]) -> bool:
    """Return whether a name matches one of the globs; null matches none."""
    return isinstance(name, str) and _compile(tuple(globs)).fullmatch(name_key(name)) is not None


def matching(names: pd.Series, globs: Iterable[str]) -> Mask:
    """Return which names match one of the globs."""
    import numpy as np

    wanted = tuple(globs)
    if not wanted:
        return np.zeros(len(names), dtype=np.bool_)
    found = [name for name in names.dropna().unique() if matches(name, wanted)]
    return names.isin(found).to_numpy(dtype=np.bool_)


def unmatched(globs: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the globs that match none of the names."""
    known = {name_key(name) for name in names}
    return [glob for glob in globs if not any(map(_compile((glob,)).fullmatch, known))]


def nearest(name: str, header: Sequence[str]) -> str | None:
    """Return the header most like a name, whatever its case."""
    plain = {fold(known): known for known in header}
    found = get_close_matches(fold(name), list(plain), n=1, cutoff=0.5)
    return plain[found[0]] if found else None


@lru_cache(maxsize=1_000)
def _compile(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(name_key(glob)) for glob in globs) or r"(?!)")
