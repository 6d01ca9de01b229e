"""One request over one pool of connections: a whole answer, or a typed error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson
import requests
import urllib3
from requests import PreparedRequest, Response
from requests import exceptions as raised
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.util import parse_url

from transport.bounds import Bounds
from transport.errors import (
    BadRequest,
    ClearText,
    ConnectionLost,
    ForeignHost,
    TransportError,
    error_class,
    read_body,
    words_of,
)
from transport.failures import translate_failure
from transport.loopback import is_this_machine
from transport.reply import Decode, Reply
from transport.watch import UNDER_WAY, UnderWay

log = logging.getLogger(__name__)
Params = Mapping[str, Any] | None
Origin = tuple[str, str, int]
Meaning = Callable[[int, Any], int]
"""The status that a refusal stands for, of the one it bears and its body: some services hide it there."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Request:
    """What to send: `writes` says whether it may change anything there, `decode` how the answer is read."""

    method: str
    url: str
    params: Params = None
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    writes: bool = False
    decode: Decode = orjson.loads


def origin(url: str) -> Origin:
    """Return scheme, host and port, read by the same parser that later opens the connection.

    Raises:
        ValueError: it is no http address.
    """
    parts = parse_url(url)
    if parts.scheme not in _PORTS or not parts.host:
        raise ValueError(f"{url!r} is no http or https address")
    return parts.scheme, parts.host, parts.port or _PORTS[parts.scheme]


def _checked_origin(base_url: str, *, clear_text: bool) -> Origin:
    """Return the origin of an address that a credential may go to; raises what `Wire` says."""
    if parse_url(base_url).auth:
        raise ValueError("the address holds a name or password; put them into the connection's secret")
    scheme, host, port = origin(base_url)
    if scheme != "https" and not clear_text and not is_this_machine(host):
        raise ClearText(f"http://{host}:{port} would carry the credential in clear text; not opened")
    return scheme, host, port


@lru_cache(maxsize=1_000)
def _normal(url: str) -> str:
    """Return an address without parameters as it is sent; lists ask the same one page after page."""
    prepared = PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


_quoted = lru_cache(maxsize=1_000)(quote_plus)


def _build_url(url: str, params: Params) -> str:
    """Return the whole address; a parameter that is a list is repeated, one that is None is left out."""
    stated = {name: value for name, value in (params or {}).items() if value is not None}
    if not stated:
        return _normal(url)
    base, hash_sign, fragment = _normal(url).partition("#")
    # Commas stay: they are legal, documentation writes them so, and the connection reads escapes slowly.
    query = urlencode(stated, doseq=True, safe=",", quote_via=_quoted)
    return f"{base}{'&' if '?' in base else '?'}{query}{hash_sign}{fragment}"


def _watched(connection_class: type[Any]) -> type[Any]:
    """The same class of connections, which lets the request under way know its socket."""

    class Watched(connection_class):  # type: ignore[misc]
        def request(self, *args: Any, **options: Any) -> None:
            if under_way := UNDER_WAY.get():
                under_way.uses(self)
            super().request(*args, **options)

        def getresponse(self) -> Any:
            if under_way := UNDER_WAY.get():
                under_way.reads(self.sock)
            return super().getresponse()

    return Watched


class _OneHost(HTTPAdapter):
    """The adapter of `requests` for one host, which does once what is the same for every request.

    The adapter is used because it knows proxies, certificate bundles and connection pools. For each
    request it also looks up the pool, works out the proxy and reads cookies, which costs time on every
    page. All pages come from one host, so none of it changes in between, and cookies are not wanted at
    all: so these three methods are overridden, and nothing else.
    """

    _pool: Any = None

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Return the one pool of connections, looked up once."""
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **options)
            self._pool.ConnectionCls = _watched(self._pool.ConnectionCls)
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """Return what the request line names; it depends on the address only where there are proxies."""
        return str(super().request_url(request, proxies)) if proxies else request.path_url

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """Return the answer without reading cookies."""
        answer = Response()
        answer.status_code, answer.reason, answer.raw = resp.status, resp.reason, resp
        answer.headers = CaseInsensitiveDict(resp.headers)
        answer.url, answer.request = str(req.url), req
        return answer


def as_stated(status: int, _body: Any) -> int:
    """Return the status as the service states it, which nearly all mean as they say."""
    return status


class Wire:
    """A pool of kept-alive connections to one host, and the credential that goes there alone."""

    def __init__(
        self,
        base_url: str,
        auth: AuthBase,
        headers: Mapping[str, str],
        workers: int,
        bounds: Bounds,
        *,
        clear_text: bool,
        meaning: Meaning = as_stated,
    ) -> None:
        """Open nothing yet.

        Args:
            base_url: an address on the host.
            auth: the credential.
            headers: sent with every request.
            workers: connections kept open.
            bounds: what one exchange may take in all.
            clear_text: whether the credential may travel unencrypted to another machine.
            meaning: which status a refusal stands for.

        Raises:
            ValueError: it is no http address, or holds a name and password.
            ClearText: it is not encrypted and leads to another machine.
        """
        self.auth = auth
        self._origin = _checked_origin(base_url, clear_text=clear_text)
        scheme, host, port = self._origin
        self._own = f"{scheme}://{host}:{port}/" if port != _PORTS[scheme] else f"{scheme}://{host}/"
        self._bounds, self._meaning = bounds, meaning
        self._timeouts = (bounds.connect, bounds.silence)
        self._headers = headers
        # A pool that blocks never opens more connections than there are workers. Used without a session,
        # which would keep cookies and look where redirects lead.
        self._adapter = _OneHost(1, workers, max_retries=0, pool_block=True)
        # Read once: proxies and certificate bundles come from the environment.
        with requests.Session() as session:
            settings = session.merge_environment_settings(base_url, {}, True, None, None)
        self._settings: dict[str, Any] = dict(settings)

    def prepare(self, request: Request) -> PreparedRequest:
        """Return the request as it will be sent, its address checked and not yet signed.

        Raises:
            ForeignHost: the address leads to another host.
            BadRequest: it is no address.
        """
        prepared = PreparedRequest()
        try:
            prepared.prepare_method(request.method)
            prepared.url = _build_url(request.url, request.params)
            prepared.prepare_headers({**self._headers, **(request.headers or {})})
            prepared.prepare_body(request.body, None)
            foreign = not self._is_own(prepared.url)
        except (raised.RequestException, urllib3.exceptions.HTTPError, ValueError) as wrong:
            error: TransportError = BadRequest(f"the address cannot be used ({wrong})")
        else:
            if not foreign:
                return prepared
            error = ForeignHost("the address is on another host; not sent")
        raise error.about(request.method, prepared.url or request.url)

    def _is_own(self, url: str) -> bool:
        # What begins with the whole own authority and a slash has that authority; no need to parse it.
        return url.startswith(self._own) or origin(url) == self._origin

    def sign(self, prepared: PreparedRequest) -> None:
        """Put the credential on; a credential that is fetched first may raise what fetching raises."""
        prepared.prepare_auth(self.auth, str(prepared.url))

    def send(self, prepared: PreparedRequest, under_way: UnderWay, request: Request) -> Reply:
        """Send once; no redirect is followed.

        Args:
            prepared: the signed request.
            under_way: what watches over its time.
            request: what was prepared; of a read, a JSON body must be readable to count as an answer.

        Raises:
            TransportError: by its next step.
        """
        answer, content = self._exchange(prepared, under_way)
        status, method, url = answer.status_code, str(prepared.method), str(prepared.url)
        log.debug("%s %s answered %s", method, url, status)
        if not 200 <= status < 300:
            raise _refusal(answer, content, self._meaning).about(method, url)
        reply = Reply(status, answer.headers, content, url, method, decode=request.decode)
        if not request.writes and content and "json" in answer.headers.get("Content-Type", ""):
            reply.json()  # A body that ends with the connection shows its cut only here.
        return reply

    def _exchange(self, prepared: PreparedRequest, under_way: UnderWay) -> tuple[Response, bytes]:
        """Return the answer and its whole body."""
        error: TransportError | None = None
        try:
            with (
                under_way.bounded(self._bounds.seconds),
                self._adapter.send(prepared, timeout=self._timeouts, **self._settings) as answer,
            ):
                content = self._bounds.read(answer)
        except TransportError as too_large:
            error = too_large
        except (raised.RequestException, urllib3.exceptions.HTTPError, OSError) as failure:
            error = translate_failure(failure)
        if under_way.overdue:  # A body that ends with the connection would look whole.
            error = ConnectionLost(f"no whole answer within {self._bounds.seconds:g} s")
        if error is None:
            return answer, content
        # Raised out here, so that the failure with its signed request does not travel along.
        raise error.about(str(prepared.method), prepared.url)


def _refusal(answer: Response, content: bytes, meaning: Meaning) -> TransportError:
    """Return the error an answer without success stands for."""
    body = read_body(content)
    words = words_of(body)
    if answer.is_redirect:
        words = f"it points to {answer.headers['Location']}"
    status = meaning(answer.status_code, body)
    return error_class(status)(words, status=status, body=body, headers=answer.headers)
