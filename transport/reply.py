"""A whole answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict
from urllib.parse import urljoin

import msgspec
import orjson
from requests.utils import parse_header_links

from transport.errors import Malformed, read_body

Decode = Callable[[bytes], Any]
"""Makes plain values of a JSON body, or raises what it raises in the way of orjson or msgspec."""


class _Named(TypedDict):
    id: str


decode_ids: Decode = msgspec.json.Decoder(list[_Named]).decode
"""Decodes of a list of objects the `id` of each, a tenth of the work where these are whole users."""


@dataclass(frozen=True)
class Reply:
    """A complete answer with a status of success.

    Attributes:
        status: the HTTP status.
        headers: found whatever the case of their names; lines of one name are joined by a comma.
        content: the body, decompressed.
        url: where it came from.
        method: how it was asked for.
        page: its number, counted from 1, where it is one of a listing.
        decode: makes values of the body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    url: str
    method: str = "GET"
    page: int | None = None
    decode: Decode = field(default=orjson.loads, repr=False, compare=False)
    _read: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            Malformed: the body is empty, cut or no JSON.
        """
        # Kept by hand: before Python 3.12 a cached property lets one thread at a time read any answer.
        if not self._read:
            self._read.append(self._json())
        return self._read[0]

    def numbered(self, page: int) -> Reply:
        """Return the same answer as a page of a listing; its body is not decoded again."""
        numbered = replace(self, page=page)
        numbered._read.extend(self._read)  # noqa: SLF001 - another of its own class
        return numbered

    def without_body(self) -> Reply:
        """Return what says where the answer came from, so that the body need not be kept."""
        return replace(self, content=b"")

    def _json(self) -> Any:
        try:
            return self.decode(self.content)
        except msgspec.ValidationError as odd:
            problem = f"the answer is not what is expected ({odd})"
        except msgspec.DecodeError as wrong:
            problem = f"the answer is not JSON ({wrong})" if self.content else "the answer is empty"
        except orjson.JSONDecodeError as wrong:
            problem = f"the answer is not JSON ({wrong.msg})" if self.content else "the answer is empty"
        raise Malformed(
            problem,
            method=self.method,
            url=self.url,
            status=self.status,
            body=read_body(self.content),
            headers=self.headers,
        )

    @property
    def links(self) -> dict[str, str]:
        """The addresses of the Link headers by their relation, for example `{"next": "https://…"}`."""
        links = parse_header_links(self.headers.get("Link", ""))
        return {rel: urljoin(self.url, link["url"]) for link in links for rel in link.get("rel", "").split()}
