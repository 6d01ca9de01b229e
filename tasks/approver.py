"""Who approves: the name by which a person is kept, and whether two spellings of one are the same person.

What nobody sees makes no name and no second person: blanks of every width and number, letters that steer the
direction or the joining of others, those that stand for nothing, and those that Unicode gives no meaning.
"""

from __future__ import annotations

import unicodedata

# Unlike Python's own tables it knows what Unicode lets nobody see, and letters of scripts added lately.
import regex

_UNSEEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}\p{C}\u2800\ufffc\U00013441\U00013442\U00016fe4\U0001d159]"
)
"""What Unicode lets nobody see; what controls, is unassigned, private or half a letter; signs drawn blank."""


def approver_name(text: str) -> str:
    """Return the name of a person as it is kept; empty where it names nobody."""
    in_one_line = " ".join(unicodedata.normalize("NFKC", text).split())
    words = _UNSEEN.sub("", in_one_line).split()
    # What stood between a letter and its accent is gone now.
    return unicodedata.normalize("NFKC", " ".join(words))


def approver_key(text: str) -> str:
    """Return what is the same for every spelling of one person's name; empty where it names nobody."""
    return approver_name(approver_name(text).casefold())
