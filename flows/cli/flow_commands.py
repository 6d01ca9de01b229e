"""Commands that run a Prefect flow: reconcile, apply, sync, licences, undo."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import OUT, POLICY, AsOf, Compare, Config, Debug, Full, Json, Only, Out, Send


def reconcile(
    config: Config = POLICY,
    out: Out = OUT,
    only: Only = None,
    full: Full = False,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Read everything, compare, and show the plan. Writes nothing outside.

    The plan goes into the ledger under its fingerprint; `seatwise apply FINGERPRINT` does exactly that plan.
    With --as-of it is a rehearsal: the plan is shown, and nothing is kept that a later run decides by.
    """
    from flows.cli.run import run_command

    parameters = {"config": str(config), "out": str(out), "only": only, "as_of": as_of, "full": full}
    run_command("reconcile", parameters, json=json)


def sync(
    config: Config = POLICY,
    out: Out = OUT,
    only: Only = None,
    full: Full = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Reconcile and apply in one go, unless a limit or a rule stops the plan.

    This is what a schedule runs. A plan that needs approval waits for `seatwise approve` and `apply`.
    """
    from flows.cli.run import run_command

    run_command("sync", {"config": str(config), "out": str(out), "only": only, "full": full}, json=json)


def apply(
    plan: Annotated[str, typer.Argument(help="Fingerprint of a plan, or its beginning.")],
    config: Config = POLICY,
    out: Out = OUT,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make the changes of a plan you have read; nothing else.

    A plan that needs approval is approved first. Rows whose account changed since are skipped as stale.
    """
    from flows.cli.run import run_command

    run_command("apply", {"plan": plan, "config": str(config), "out": str(out)}, json=json)


def licences(
    config: Config = POLICY,
    out: Out = OUT,
    as_of: AsOf = None,
    compare: Compare = None,
    send: Send = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Report every seat, what it costs and what is wasted: HTML, PDF, workbook, CSV, Parquet and FOCUS."""
    from flows.cli.run import run_command

    parameters = {"config": str(config), "out": str(out), "as_of": as_of, "compare": compare, "send": send}
    run_command("licences", parameters, json=json)


def undo(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Run to take back, or its beginning.")],
    config: Config = POLICY,
    out: Out = OUT,
    only: Only = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Plan the way back from a run: the inverse of what it applied. Shown, not applied.

    The inverse is a plan like any other: read it, approve it, then `seatwise apply` it.
    """
    from flows.cli.run import run_command

    parameters = {"run_id": run_id, "config": str(config), "out": str(out), "only": only}
    run_command("undo", parameters, json=json)


COMMANDS = (reconcile, apply, sync, licences, undo)
