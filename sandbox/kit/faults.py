"""What shall go wrong, by request: `POST /_sandbox/faults`.

A fault is a path prefix, a method and a kind. It lets `skip` fitting requests pass, then strikes
`times` times (0 = for ever). Kinds, and whether the operation itself takes place:

| kind         | operation | what the client sees                                                    |
|--------------|-----------|-------------------------------------------------------------------------|
| status       | no        | `status` with `headers` and `body`, by default in the face's dialect    |
| timeout      | yes       | the answer, `seconds` (60) late                                         |
| reset        | no        | the connection cut without an answer                                    |
| truncate     | yes       | half of the body, though Content-Length promises all, then the cut      |
| lost_write   | yes       | the connection cut without an answer                                    |
| stale_read   | yes       | the state before the latest write made since the fault was set          |
| repeat       | once      | one answer in JSON, and from then on the same one again                 |
| reshape      | yes       | the answer in another `shape` (`sandbox.kit.shapes`), with its headers  |
| expire_token | no        | 401 in the face's dialect; an OAuth token is really invalid from then on |
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.kit.shapes import SHAPES

KINDS = (
    "status", "timeout", "reset", "truncate", "lost_write", "stale_read", "repeat", "reshape", "expire_token"
)  # fmt: skip


@dataclass
class Fault:
    """One fault; see the module for its meaning. `seen` and `struck` count fitting requests."""

    path: str = "/"
    method: str | None = None
    kind: str = "status"
    skip: int = 0
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 60.0
    shape: str = "object"
    seen: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        """Whether it will strike no more."""
        return bool(self.times) and self.struck >= self.times

    def answer_alike(self, status: int, headers: dict[str, str], body: Any) -> None:
        """Give this answer to whatever it strikes from now on."""
        self.kind, self.status, self.headers, self.body = "status", status, headers, body

    def fits(self, path: str, method: str) -> bool:
        """Whether a request is the sort this fault strikes."""
        return path.startswith(self.path) and self.method in (None, "*", method)


class Faults:
    """The faults that are set, in the order they were set; one request meets one at most."""

    def __init__(self) -> None:
        """Start with none."""
        self.all: list[Fault] = []

    def add(self, **facts: Any) -> Fault:
        """Set a fault.

        Raises:
            ValueError: A field or kind is unknown.
        """
        known = {f.name for f in fields(Fault)} - {"seen", "struck"}
        if unknown := set(facts) - known:
            raise ValueError(f"a fault has no {sorted(unknown)}; it has {sorted(known)}")
        fault = Fault(**facts)
        if fault.kind not in KINDS:
            raise ValueError(f"no fault is of kind {fault.kind!r}; expected one of {', '.join(KINDS)}")
        if fault.shape not in SHAPES:
            raise ValueError(f"no answer has the shape {fault.shape!r}; expected one of {', '.join(SHAPES)}")
        fault.method = fault.method.upper() if fault.method else None
        self.all.append(fault)
        return fault

    def strike(self, path: str, method: str) -> Fault | None:
        """Return the fault a request meets, and count the request against all that fit it."""
        hit: Fault | None = None
        for fault in self.all:
            if fault.spent or not fault.fits(path, method):
                continue
            fault.seen += 1
            if hit is None and fault.seen > fault.skip:
                fault.struck += 1
                hit = fault
        return hit

    def lagging(self) -> bool:
        """Whether a lagging read is still to come."""
        return any(f.kind == "stale_read" and not f.spent for f in self.all)

    def clear(self) -> None:
        """Remove every fault."""
        self.all.clear()
