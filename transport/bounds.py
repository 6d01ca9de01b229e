"""How long one exchange may take and how large its answer may be, whatever the other side does."""

from __future__ import annotations

from dataclasses import dataclass

from requests import Response

from transport.errors import TooLarge

PIECE = 1 << 20
"""Bytes read at a time. Ten kilobytes, the usual, cost as much as decoding the page."""


@dataclass(frozen=True)
class Bounds:
    """What one exchange may take in all.

    Attributes:
        seconds: from the first byte of the request to the last one of the answer.
        size: bytes of the answer, decompressed.
        connect: seconds until the connection is there.
        silence: seconds between two pieces of the answer.
    """

    seconds: float = 100.0
    size: int = 64 << 20
    connect: float = 10.0
    silence: float = 60.0

    def read(self, answer: Response) -> bytes:
        """Return the whole body, decompressed piece by piece and never beyond its size.

        Raises:
            TooLarge: there is more.
        """
        stated = answer.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > self.size:
            raise self._too_large(f"the answer has {int(stated):,} bytes")
        if stated.isdecimal() and "Content-Encoding" not in answer.headers:
            return b"".join(answer.iter_content(None))
        pieces: list[bytes] = []
        left = self.size
        for piece in answer.iter_content(PIECE):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise self._too_large("the answer does not end")
        return b"".join(pieces)

    def _too_large(self, what: str) -> TooLarge:
        return TooLarge(f"{what}; at most {self.size:,} bytes are read")
