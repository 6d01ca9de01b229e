"""What the service knows of one connection."""

from __future__ import annotations

from typing import Literal, NamedTuple

Way = Literal["bearer", "raw", "basic"]


class Connection(NamedTuple):
    """One identity provider that pushes.

    Attributes:
        name: the connection's, which is part of its address.
        authentication: how its token may be presented: behind the word Bearer, alone, or as the password of
            HTTP Basic.
        answers: `json` where the client takes no other content type than application/json.
        requests_per_minute: that one token may make; above, the service says when to come again.
        url: public address of the service, where it is not the one a request names.
    """

    name: str
    authentication: tuple[Way, ...] = ("bearer",)
    answers: Literal["scim", "json"] = "scim"
    requests_per_minute: int = 6_000
    url: str | None = None
