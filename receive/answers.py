"""Answers: a status, a body, headers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ledger.pushed import StoredGroup, StoredUser
from receive.call import Call, etag, stamp

NOTHING: Mapping[str, str] = MappingProxyType({})


class Answer(NamedTuple):
    """What is answered; no body where there is nothing to say."""

    status: int
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = NOTHING


def meta(call: Call, kind: str, row: StoredUser | StoredGroup) -> dict[str, str]:
    """What is said about a resource."""
    kinds = {} if call.old else {"resourceType": kind}
    return {
        **kinds,
        "created": stamp(row.created_at),
        "lastModified": stamp(row.modified_at),
        "version": etag(row.version),
        "location": f"{call.base}/{kind}s/{row.id}",
    }
