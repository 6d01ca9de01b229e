"""The service as a WSGI application: routes, the gate before them, and the answer after them.

`/<connection>/scim/v2` speaks SCIM 2.0 and `/<connection>/scim/v1` SCIM 1.1, over the same users and groups.
The log names method, path, status and attributes, and never a value or a token.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule, Submount

from ledger import LedgerError
from ledger.pushed import Inbox, Taken, Vanished
from receive import discovery, groups, users
from receive.answers import Answer
from receive.call import Call
from receive.connection import Connection
from receive.gate import Gate
from receive.refusals import Refusal, Shape

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
Endpoint = Callable[..., Answer]
SCIM, JSON = "application/scim+json", "application/json"
RETRY_SECONDS = "30"


def _not_offered(_call: Call, **_names: str) -> Answer:
    raise Refusal(501, "This service does not offer that; leave it out of the configuration.")


def _rules(kind: str, room: ModuleType) -> list[Rule]:
    """The six things that can be asked of a kind of resource."""
    every, one = f"/{kind.title()}s", f"/{kind.title()}s/<identifier>"
    asked = [
        ("GET", every, f"list_{kind}s"),
        ("POST", every, f"add_{kind}"),
        ("GET", one, f"get_{kind}"),
        ("PUT", one, f"replace_{kind}"),
        ("PATCH", one, f"patch_{kind}"),
        ("DELETE", one, f"delete_{kind}"),
    ]
    return [Rule(path, methods=[verb], endpoint=getattr(room, name)) for verb, path, name in asked]


def _documents() -> list[Rule]:
    told = {
        "/ServiceProviderConfig": discovery.config,
        "/ServiceProviderConfigs": discovery.config,
        "/Schemas": discovery.schemas,
        "/Schemas/<identifier>": discovery.schema,
        "/ResourceTypes": discovery.resource_types,
        "/ResourceTypes/<identifier>": discovery.resource_type,
    }
    return [Rule(path, methods=["GET"], endpoint=endpoint) for path, endpoint in told.items()]


_REFUSED = [
    Rule(path, endpoint=_not_offered)
    for path in ("/Bulk", "/Me", "/.search", "/Users/.search", "/Groups/.search")
]
ROUTES = Map(
    [
        Submount(
            "/<connection>/scim/<any(v1, v2):version>",
            [*_rules("user", users), *_rules("group", groups), *_documents(), *_REFUSED],
        )
    ],
    strict_slashes=False,
    merge_slashes=False,
)


class _App:
    """The application; safe for threads."""

    def __init__(self, inbox: Inbox, connections: Iterable[Connection]) -> None:
        self._inbox, self._gate = inbox, Gate(inbox)
        self._connections = {one.name: one for one in connections}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        parts = request.path.strip("/").split("/")
        old = parts[2:3] == ["v1"]
        connection = self._connections.get(parts[0])
        try:
            answer = self._answer(request, connection, old=old)
        except Refusal as refusal:
            answer = Answer(refusal.status, Shape(old).body(refusal), refusal.headers)
        response = _response(request, connection, answer)
        log.info("%s %s %d", request.method, request.path, response.status_code)
        return response(environ, start)

    def _answer(self, request: Request, connection: Connection | None, *, old: bool) -> Answer:
        at = datetime.now(UTC)
        try:
            token = self._gate.admit(request, connection, at)
            assert connection is not None
            endpoint, names = _route(request)
            return endpoint(Call(request, connection, token, self._inbox, at, old), **names)
        except Taken as taken:
            raise Refusal(409, str(taken), "uniqueness") from taken
        except Vanished as vanished:
            raise Refusal(404, str(vanished)) from vanished
        except LedgerError as error:
            log.error("the database cannot be used: %s", error.message)  # noqa: TRY400 - the message says it
            wait = {"Retry-After": RETRY_SECONDS}
            raise Refusal(503, "The service cannot reach its database; try again.", None, wait) from error
        except Refusal:
            raise
        except Exception as error:
            # Neither the message nor the values of an error nobody foresaw are known to be fit for a log.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s %s failed: %s\n%s", request.method, request.path, type(error).__name__, where)  # noqa: TRY400
            raise Refusal(500, "The service failed; its log says where. Try again later.") from error


def make_app(inbox: Inbox, connections: Iterable[Connection]) -> Callable[..., Iterable[bytes]]:
    """The service over an inbox, for these connections."""
    return _App(inbox, connections)


def _route(request: Request) -> tuple[Endpoint, dict[str, Any]]:
    try:
        endpoint, names = ROUTES.bind_to_environ(request.environ).match()
    except MethodNotAllowed as wrong:
        if _is_document(request.path):
            allowed = {"Allow": ", ".join(sorted(wrong.valid_methods or ()))}
            raise Refusal(405, "This can be read alone; send no changes of it.", None, allowed) from None
        # Of users and groups: a 405 had an identity provider try for weeks (Entra).
        return _not_offered, {}
    except HTTPException:
        raise Refusal(
            404, "There is nothing at this address; see /ResourceTypes for what there is."
        ) from None
    return endpoint, {name: value for name, value in names.items() if name == "identifier"}


def _is_document(path: str) -> bool:
    """Whether a path leads to what the service says of itself."""
    kinds = ("ServiceProviderConfig", "ServiceProviderConfigs", "Schemas", "ResourceTypes")
    return path.strip("/").split("/")[3:4] in ([kind] for kind in kinds)


def _response(request: Request, connection: Connection | None, answer: Answer) -> Response:
    body = None if answer.body is None else orjson.dumps(answer.body)
    response = Response(body, status=answer.status, headers=dict(answer.headers))
    if body is None:
        response.headers.pop("Content-Type", None)
    else:
        response.content_type = _content_type(request, connection)
    return response


def _content_type(request: Request, connection: Connection | None) -> str:
    """That of the request's family: OneLogin takes application/json alone, Entra wants SCIM's own."""
    if connection is not None and connection.answers == "json":
        return JSON
    said = f"{request.headers.get('Accept', '')} {request.headers.get('Content-Type', '')}".lower()
    return JSON if JSON in said and SCIM not in said else SCIM
