"""What `seatwise receive` does: serve, tokens, and the steps in an identity provider's console."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from errors import SeatwiseError
from flows.cli.terminal import complain, say
from ledger import Inbox
from ledger.pushed import TokenRow
from receive.connection import Connection
from receive.guide import Vendor, describe_setup
from sources import options_of
from tasks.locate import ledger_address
from tasks.policy_file import read_policy
from tasks.secrets import resolve

KIND = "scim_push"
PORT = 8710


class NobodyPushes(SeatwiseError):
    """The policy has no connection that is pushed to, or none of that name."""

    remedy = f"Add it under `connections` of the policy, such as okta-push: {{kind: {KIND}}}."


class Exposed(SeatwiseError):
    """The service would take tokens in clear text from other machines."""

    remedy = "Leave out --host, or name with --proxy the address of the proxy that ends TLS before it."


def serve(config: Path, *, host: str, port: int, proxy: str | None, rest: timedelta) -> None:
    """Serve every pushed connection of a policy until a signal comes.

    Args:
        config: the policy file.
        host: address to listen at.
        port: 0 takes a free one.
        proxy: address of the proxy before it.
        rest: how long nothing must be pushed before a sync is asked for.
    """
    from receive import make_app
    from receive.gate import is_loopback
    from receive.quiet import Quiet
    from receive.server import Server

    if proxy is None and not is_loopback(host):
        raise Exposed(f"listening at {host} without a proxy that ends TLS")
    # Method, path and status of each request, and nothing of its body.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("receive").setLevel(logging.INFO)
    with open_inbox(config) as (inbox, connections):
        server = Server(make_app(inbox, connections), host=host, port=port, proxy=proxy)
        for end in (signal.SIGTERM, signal.SIGINT):
            signal.signal(end, lambda *_: server.stop())
        for one in connections:
            say(f"{one.name}: http://{server.address}/{one.name}/scim/v2")
        say(f"listening on http://{server.address}")
        with Quiet(inbox, [one.name for one in connections], rest, _teller(config)):
            server.run()


def _teller(config: Path) -> Callable[[], bool]:
    """Who hears that pushes came to rest: the Prefect server where there is one, and the terminal always."""
    from flows.cli.run import prepare_prefect

    prepare_prefect()
    with_server = bool(os.environ.get("PREFECT_API_URL"))
    if not with_server:
        complain("PREFECT_API_URL is not set: a push starts no sync by itself; the schedule does.")

    def tell() -> bool:
        if with_server:
            from tasks.pushed import tell_prefect

            if not tell_prefect(config):
                return False
        say("pushes have come to rest")
        return True

    return tell


def change_tokens(config: Path, action: str, name: str | None, *, number: int | None) -> str:
    """Make, exchange, revoke or list tokens; what to print.

    Args:
        config: the policy file.
        action: new, rotate, revoke or list.
        name: the connection; None for all, which only a list may.
        number: of one token, to revoke.
    """
    now = datetime.now(UTC)
    with open_inbox(config) as (inbox, connections):
        known = [one.name for one in connections]
        if name is not None and name not in known:
            raise NobodyPushes(f"no connection {name} is pushed to; there are {', '.join(known)}")
        if action == "list":
            return "\n".join(map(_describe, inbox.tokens(name))) or "There are no tokens yet."
        if name is None:
            raise NobodyPushes(f"{action} needs the name of a connection; there are {', '.join(known)}")
        if action == "revoke":
            revoked = inbox.revoke_tokens(name, now, seq=number)
            return f"{revoked} of the tokens of {name} {'counts' if revoked == 1 else 'count'} no longer."
        return _shown(inbox, name, now, exchange=action == "rotate")


def _shown(inbox: Inbox, name: str, now: datetime, *, exchange: bool) -> str:
    if exchange:
        valid = [one.seq for one in inbox.tokens(name) if one.revoked_at is None]
        for seq in valid[:-1]:
            inbox.revoke_tokens(name, now, seq=seq)
    token = inbox.make_token(name, now)
    older = [one for one in inbox.tokens(name) if one.revoked_at is None][:-1]
    end = f"\nToken {older[0].seq} counts until you revoke it." if older else ""
    return f"{token}\n\nThis is shown once. Enter it in the identity provider's console.{end}"


def _describe(token: TokenRow) -> str:
    used = "never used"
    if token.used_at:
        used = f"last used {token.used_at:%Y-%m-%d %H:%M} UTC from {token.used_from}"
    ended = f", revoked {token.revoked_at:%Y-%m-%d %H:%M} UTC" if token.revoked_at else ""
    return f"{token.seq:>4}  {token.connection}  made {token.made_at:%Y-%m-%d %H:%M} UTC, {used}{ended}"


def guide(config: Path, vendor: Vendor, name: str | None) -> str:
    """The steps in the console of an identity provider for one connection.

    Args:
        config: the policy file.
        vendor: the identity provider.
        name: the connection; may be left out where there is one.
    """
    found = read_connections(config)
    chosen = [one for one in found if name in (None, one.name)]
    if len(chosen) != 1:
        raise NobodyPushes(f"say which connection; there are {', '.join(one.name for one in found)}")
    base = (chosen[0].url or "https://your-host").rstrip("/")
    return describe_setup(vendor, chosen[0].name, f"{base}/{chosen[0].name}/scim/v2")


def read_connections(config: Path) -> list[Connection]:
    """The connections of a policy that are pushed to.

    Raises:
        NobodyPushes: there is none.
    """
    return [one for one, _ledger in _stated(config)]


def _stated(config: Path) -> list[tuple[Connection, str]]:
    """Each connection that is pushed to, and the database it is kept in."""
    rules = read_policy(config)
    pushed = {name: one for name, one in rules.connections.items() if one.kind == KIND}
    if not pushed:
        raise NobodyPushes(f"{config} has no connection of kind {KIND}")
    folder, found = config.absolute().parent, []
    for name, one in pushed.items():
        said: Any = resolve(one.options, options_of(KIND), folder=folder, kind=KIND)
        made = Connection(name, tuple(said.authentication), said.answers, said.requests_per_minute, said.url)
        found.append((made, ledger_address(said.ledger or rules.ledger, folder)))
    return found


@contextmanager
def open_inbox(config: Path) -> Iterator[tuple[Inbox, list[Connection]]]:
    """The inbox of a policy's pushed connections.

    Raises:
        SeatwiseError: they are kept in several databases.
    """
    stated = _stated(config)
    ledgers = {ledger for _one, ledger in stated}
    if len(ledgers) > 1:
        raise SeatwiseError(
            "the pushed connections name several databases", "Serve each with a policy file of its own."
        )
    with Inbox.open(ledgers.pop()) as inbox:
        yield inbox, [one for one, _ledger in stated]
