"""What a SCIM face refuses with."""

from __future__ import annotations


class ScimError(Exception):
    """A request is refused: a status, a sentence and, in SCIM 2.0, a word for it."""

    def __init__(self, status: int, detail: str, word: str | None = None) -> None:
        """Keep the HTTP status, the sentence and the `scimType`."""
        super().__init__(detail)
        self.status, self.detail, self.word = status, detail, word
