"""Commands that run no flow, and so no Prefect, from init to prune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import OUT, POLICY, AsOf, Config, Debug, Json, Only, Out
from flows.cli.terminal import say


def show(
    what: Annotated[
        str | None, typer.Argument(help="Run or plan, or its beginning; the last run if left out.")
    ] = None,
    config: Config = POLICY,
    rows: Annotated[int, typer.Option(help="Changes shown of each kind.")] = 10,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show a run with its plan and what became of each change, or one plan."""
    from flows.cli.show import describe

    say(describe(config, what, rows=rows, json=json), json=json)


def approve(
    plan: Annotated[str, typer.Argument(help="Fingerprint of a plan that needs approval, or its beginning.")],
    reason: Annotated[str, typer.Option(help="Why it may be applied; kept in the ledger.", prompt=True)],
    by: Annotated[str | None, typer.Option(help="Who says so; by default your login.")] = None,
    config: Config = POLICY,
    debug: Debug = False,
) -> None:
    """Approve a plan, so that `seatwise apply` may do it."""
    from flows.cli.history import approve_plan

    say(approve_plan(config, plan, by=by, reason=reason))


def release(
    target: Annotated[str, typer.Argument(help="Connection that a killed run was writing.")],
    config: Config = POLICY,
    debug: Debug = False,
) -> None:
    """Free a target at once that a killed run was writing; by itself it is free within a minute.

    A run that is still at work stops before its next batch; the next run finds out how far it came.
    """
    from flows.cli.history import release_target

    say(release_target(config, target))


def lift(
    run_id: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Run that was taken back, or its beginning.")
    ] = None,
    config: Config = POLICY,
    only: Only = None,
    debug: Debug = False,
) -> None:
    """Let rules act again that an undo suspended: for everyone of that run, or with --only for some people.

    Without a run, list which rules are suspended for whom. A rule that changes acts again by itself.
    """
    from flows.cli.history import lift_undone

    say(lift_undone(config, run_id, only or []))


def history(
    config: Config = POLICY,
    limit: Annotated[int, typer.Option(help="Runs shown, newest first.")] = 20,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the runs: when, which flow, verdict, exit code."""
    from flows.cli.runs import list_runs

    say(list_runs(config, limit=limit, json=json), json=json)


def explain(
    email: Annotated[str, typer.Argument(help="E-mail address or user name of one person.")],
    config: Config = POLICY,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell all about one person: identity, link, assignments, seats, and what the next plan does and why.

    It reads the last snapshots from the ledger, so it answers at once and asks no service.
    """
    from flows.cli.explain import explain_person

    say(explain_person(config, email, as_of=as_of, json=json), json=json)


def check(
    config: Config = POLICY,
    out: Out = OUT,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no service: the file alone.")] = False,
    block: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Check this Prefect block instead; okta/NAME names its kind."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check the policy file and every connection, and say what each credential can do."""
    from flows.cli.check import check_block, check_connections

    if block is not None:
        text, failed = check_block(block, json=json)
    else:
        text, failed = check_connections(config, offline=offline, json=json)
    say(text, json=json)
    raise typer.Exit(1 if failed else 0)


def prune(
    config: Config = POLICY,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it nothing is removed.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what is kept longer than the policy's `retention` allows, and with --yes remove it.

    Old reads, old runs with their plans, and what is remembered of people who are long gone. What a run needs
    to be taken back stays for as long as `retention.undo` says.
    """
    from flows.cli.prune import prune_ledger

    say(prune_ledger(config, really=yes, json=json), json=json)


def health(config: Config = POLICY, json: Json = False, debug: Debug = False) -> None:
    """Say whether ledger, snapshots, reads, server, workers and schedules are as they should be.

    Exit code 0: nothing is wrong; 1: something is. For a monitor, and for the morning after.
    """
    from flows.cli.run import prepare_prefect

    prepare_prefect()
    from flows.cli.health import tell_health

    text, well = tell_health(config, json=json)
    say(text, json=json)
    raise typer.Exit(0 if well else 1)


def backup(
    archive: Annotated[Path, typer.Argument(help="File to write; an older one is replaced.")],
    config: Config = POLICY,
    debug: Debug = False,
) -> None:
    """Write the ledger and its snapshots into one file, also while runs go on.

    The file holds everything that Seatwise knows of people: keep it like the ledger itself.
    """
    from flows.cli.backup import back_up

    say(back_up(config, archive))


def restore(
    archive: Annotated[Path, typer.Argument(help="File that `seatwise backup` wrote.")],
    config: Config = POLICY,
    debug: Debug = False,
) -> None:
    """Fill the ledger of the policy from a backup; it must be empty, and may be another kind of database."""
    from flows.cli import backup

    say(backup.restore(config, archive))


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    from_exports: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--from-exports",
            metavar="PEOPLE USERS",
            help="A CSV file of the people who work here, and the user list exported from "
            "admin.atlassian.com: write a policy and a price book for them.",
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Write an example policy, price book and the schema that lets an editor complete it."""
    from flows.cli.init import write_examples
    from flows.cli.init_exports import write_from_exports

    if from_exports is None:
        say(write_examples(folder, force=force))
    else:
        say(write_from_exports(*from_exports, folder, force=force))


COMMANDS = (init, check, show, approve, release, lift, history, explain, prune, health, backup, restore)
