"""The one way to the network: a door grants permission to read, and to write only where it says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping

from requests.auth import AuthBase

from transport.bounds import Bounds
from transport.client import Client
from transport.meter import Meter
from transport.pace import Pacing
from transport.redact import guard_logs
from transport.retry_policy import RetryPolicy
from transport.watch import Say
from transport.wire import Meaning, Wire, as_stated

HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "seatwise"}
_VERSION = re.compile(r"v?\d{1,2}(\.\d+)?")


def by_shape(method: str, path: str) -> str:
    """Return method and path with identifiers left out, for example `GET /api/v1/groups/*/users`."""
    return f"{method} " + "/".join("*" if _names_one(part) else part for part in path.split("/"))


def _names_one(segment: str) -> bool:
    """Return whether a segment is an identifier: it has a digit and is no version, or is very long."""
    if len(segment) > 30 or "@" in segment or "%" in segment:
        return True
    return any(letter.isdigit() for letter in segment) and not _VERSION.fullmatch(segment)


class Door:
    """Makes clients that share one permission, one meter, one pacing and one retry policy."""

    def __init__(
        self,
        *,
        writable: bool = False,
        meter: Meter | None = None,
        pacing: Pacing | None = None,
        retry_policy: RetryPolicy | None = None,
        bounds: Bounds | None = None,
        clear_text: bool = False,
        say: Say | None = None,
    ) -> None:
        """Open for reading; also for writing when `writable`.

        Doors that use the same credential should be given the same `pacing`.

        Args:
            writable: whether clients may write.
            meter: counts the requests.
            pacing: what is known of the limits of each host.
            retry_policy: how often a request is sent again.
            bounds: what one exchange may take in all.
            clear_text: whether credentials may travel unencrypted to other machines.
            say: told in one line when a request waits for long; the log is by default.
        """
        self.writable = writable
        self.clear_text = clear_text
        self.bounds = bounds or Bounds()
        self.say = say
        self.meter = meter or Meter()
        self.pacing = pacing or Pacing()
        self.retry_policy = retry_policy or RetryPolicy()
        guard_logs()

    def like_this(self, *, writable: bool = False, clear_text: bool = False) -> Door:
        """Return a door with other permissions that shares all else with this one."""
        return Door(
            writable=writable,
            meter=self.meter,
            pacing=self.pacing,
            retry_policy=self.retry_policy,
            bounds=self.bounds,
            clear_text=clear_text,
            say=self.say,
        )

    def client(
        self,
        base_url: str,
        auth: AuthBase,
        *,
        token_id: Hashable,
        bucket: Callable[[str, str], str] = by_shape,
        headers: Mapping[str, str] | None = None,
        workers: int = 8,
        bounds: Bounds | None = None,
        meaning: Meaning = as_stated,
    ) -> Client:
        """Return a client for the host of `base_url`.

        Args:
            base_url: scheme, host and the path all others stand below.
            auth: the credential; it signs requests to this host alone.
            token_id: a label of the credential, never the secret; requests of one label share a pace.
            bucket: from method and path, the name of the limit a request counts against.
            headers: sent with every request, over the usual ones.
            workers: connections kept open, and requests at the same time.
            bounds: what one exchange may take in all, where it is not what the door says.
            meaning: which status a refusal stands for, where its body says more than its status.

        Raises:
            ValueError: `base_url` is no http address, or holds a name and password.
            ClearText: `base_url` is unencrypted and leads to another machine, which the door does not allow.
        """
        return Client(
            base_url,
            self._wire(base_url, auth, headers or {}, workers, bounds or self.bounds, meaning),
            token_id=token_id,
            bucket=bucket,
            writable=self.writable,
            workers=workers,
            meter=self.meter,
            pacing=self.pacing,
            retry_policy=self.retry_policy,
            say=self.say,
        )

    def _wire(
        self,
        base_url: str,
        auth: AuthBase,
        headers: Mapping[str, str],
        workers: int,
        bounds: Bounds,
        meaning: Meaning,
    ) -> Wire:
        stated = {**HEADERS, **headers}
        return Wire(base_url, auth, stated, workers, bounds, clear_text=self.clear_text, meaning=meaning)
