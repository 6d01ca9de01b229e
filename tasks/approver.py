"""Who approves: the name by which a person is kept, and whether two spellings of one are the same person.

What nobody sees makes no name and no second person: blanks of every width and number, letters that steer the
direction or the joining of others, and those that stand for nothing.
"""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Fillers, joiners and variants: by their kind letters, marks or signs, and yet nothing shows."""
_STEERS = ("Cc", "Cf")
"""Unicode's kinds of what controls and formats."""


def approver_name(text: str) -> str:
    """Return the name of a person as it is kept; empty where it names nobody."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    words = "".join(one for one in seen if one.isspace() or not _steers(one)).split()
    # What stood between a letter and its accent is gone now.
    return unicodedata.normalize("NFKC", " ".join(words))


def approver_key(text: str) -> str:
    """Return what is the same for every spelling of one person's name; empty where it names nobody."""
    return approver_name(approver_name(text).casefold())


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) in _STEERS
