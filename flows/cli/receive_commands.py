"""`seatwise receive`: the service that identity providers push to, its tokens, and how to set them up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flows.cli.options import POLICY, Config, Debug
from flows.cli.terminal import say

app = typer.Typer(
    name="receive",
    help="Take users and groups that an identity provider pushes over SCIM.\n\n"
    "A connection of kind scim_push in the policy, a token of it, the service behind a proxy that ends TLS, "
    "and the steps in the identity provider's console that `guide` prints.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str | None, typer.Argument(metavar="CONNECTION", help="Connection of kind scim_push.")]


class Action(StrEnum):
    """What can be done with tokens."""

    new = "new"
    rotate = "rotate"
    revoke = "revoke"
    list = "list"


class Vendor(StrEnum):
    """Whose console."""

    okta = "okta"
    entra = "entra"
    onelogin = "onelogin"
    jumpcloud = "jumpcloud"
    ping = "ping"


@app.command()
def serve(
    config: Config = POLICY,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8710,
    proxy: Annotated[
        str | None, typer.Option(help="Address of the proxy that ends TLS, where it is another machine.")
    ] = None,
    quiet: Annotated[
        int, typer.Option(min=1, help="Seconds without a push after which a sync is asked for.")
    ] = 60,
    debug: Debug = False,
) -> None:
    """Serve every connection of kind scim_push until a signal comes. It holds no Atlassian credential."""
    from datetime import timedelta

    from flows.cli import receive

    receive.serve(config, host=host, port=port, proxy=proxy, rest=timedelta(seconds=quiet))


@app.command()
def token(
    action: Annotated[Action, typer.Argument(case_sensitive=False, help="What to do.")],
    connection: Name = None,
    number: Annotated[
        int | None, typer.Option(help="Of the token to revoke; all of them if left out.")
    ] = None,
    config: Config = POLICY,
    debug: Debug = False,
) -> None:
    """Make a token, exchange it, revoke it, or list when each was last used. A token is shown once."""
    from flows.cli import receive

    say(receive.change_tokens(config, action.value, connection, number=number))


@app.command()
def guide(
    vendor: Annotated[Vendor, typer.Argument(case_sensitive=False, help="The identity provider.")],
    connection: Name = None,
    config: Config = POLICY,
    debug: Debug = False,
) -> None:
    """Print what to click and paste in the console of an identity provider."""
    from flows.cli import receive

    say(receive.guide(config, vendor.value, connection))
