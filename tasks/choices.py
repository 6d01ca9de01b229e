"""What the forms of a deployment offer: the policies it knows, plans that wait, runs to take back.

A form is a JSON Schema that the server keeps, draws and checks before a run exists. Whoever deploys writes
the policies into it; each run of a deployment, which may have made a plan or changed something, writes down
what there is to apply and to undo now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.exceptions import ObjectNotFound
from prefect.runtime import deployment

from ledger.runs import RunRow
from tasks.ending import describe_briefly
from tasks.progress import announce
from tasks.session import Session

LOOKED_AT = 30
"""How many of the last runs are looked through."""
OFFERED = 10
"""How many runs can be chosen to be taken back; an older one is typed."""

Form = dict[str, Any]


def with_policies(form: Form, usual: str, others: Sequence[str]) -> Form:
    """A form whose policy is chosen; nothing else is accepted, and without others it stays free text."""
    if not others:
        return form
    names = list(dict.fromkeys([usual, *others]))
    return _with_field(form, "config", {"type": "string", "enum": names, "default": usual})


def with_choices(form: Form, field: str, choices: Sequence[str]) -> Form:
    """A form whose field is chosen from a list, or typed as before; without choices it is only typed."""
    typed = form["properties"][field].get("anyOf", [form["properties"][field]])[-1]
    rules = {name: typed[name] for name in ("type", "minLength", "maxLength", "pattern") if name in typed}
    if not choices:
        return _with_field(form, field, rules)
    lists = {"title": "Choose", "type": "string", "enum": list(choices)}
    return _with_field(form, field, {"anyOf": [lists, {"title": "Type", **rules}]})


def _with_field(form: Form, field: str, shape: Form) -> Form:
    kept = ("title", "description", "position")
    old = form["properties"][field]
    new = {name: old[name] for name in kept if name in old} | shape
    return {**form, "properties": {**form["properties"], field: new}}


def offer_choices(session: Session) -> None:
    """Write into the forms beside this run's what they may take now; a run never fails for their sake."""
    own = deployment.name
    if not deployment.id or not own:
        return
    try:
        runs = list(_recent(session))
        with get_client(sync_client=True) as client:
            _offer(client, _beside(own, session, "apply"), "plan", list(_plans(session, runs)))
            _offer(client, _beside(own, session, "undo"), "run_id", list(_applied(runs))[:OFFERED])
    except Exception as unoffered:  # noqa: BLE001  whatever it is
        announce(f"the forms of apply and undo offer what they did before: {unoffered}")


def _beside(own: str, session: Session, flow: str) -> str:
    """The deployment of another flow in the same set, as Prefect names it."""
    return f"seatwise-{flow}/{own.replace(f'seatwise-{session.flow}', f'seatwise-{flow}', 1)}"


def _offer(client: SyncPrefectClient, name: str, field: str, choices: list[str]) -> None:
    try:
        found = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return
    form = found.parameter_openapi_schema
    if form is None or (new := with_choices(form, field, choices)) == form:
        return
    client.update_deployment(found.id, DeploymentUpdate(parameter_openapi_schema=new))


def _recent(session: Session) -> Iterator[RunRow]:
    """The last runs of the policy, the newest first."""
    for run_id in session.ledger.runs(LOOKED_AT)["run_id"]:
        run = session.ledger.run(str(run_id))
        if run.summary is not None and run.config == str(session.config):
            yield run


def _plans(session: Session, runs: Sequence[RunRow]) -> Iterator[str]:
    """The newest plan of each target, where it waits: its fingerprint, then what it is."""
    seen: set[str] = set()
    for run in runs:
        summary: Mapping[str, Any] = run.summary or {}
        for target, plan in summary.get("waiting", {}).items():
            if target not in seen and not plan["by_hand"] and _is_fresh(session, run, target):
                yield f"{plan['fingerprint'][:12]} {target}: {describe_briefly(dict(summary))}"
        seen |= summary.get("fingerprints", {}).keys()


def _is_fresh(session: Session, run: RunRow, target: str) -> bool:
    """Whether a plan of a run may still be written: nothing has outdated it."""
    if run.policy != session.policy.fingerprint():
        return False
    if run.started_at < session.moment() - session.policy.approve.timeout:
        return False
    return not session.ledger.wrote_since(target, run.started_at, others_than=())


def _applied(runs: Sequence[RunRow]) -> Iterator[str]:
    """Runs that changed something: the identifier, then what they did."""
    for run in runs:
        if (run.summary or {}).get("applied"):
            yield f"{run.run_id} {run.flow}: {describe_briefly(dict(run.summary or {}))}"
