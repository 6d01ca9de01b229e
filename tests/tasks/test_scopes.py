"""Who was in the groups of a scope, as the ledger remembers it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ledger import Ledger, StoredPlan
from provisioning.model.frames import Changes, empty
from provisioning.model.snapshots import Memory, measure
from provisioning.policy.rules import SourceRules
from tasks.memory import SIZES
from tasks.scopes import recall_grouped
from tests.provisioning.worlds import NOW, identity, links, source

DAY = timedelta(days=1)
LINKED = links("ann", "bob")
PEOPLE = [identity(name) for name in ("ann", "bob", "cyd", "dan")]
RULES = SourceRules.model_validate(
    {"from": "idp", "scope": {"groups": ["staff"], "exclude_groups": ["contractors"]}}
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}") as opened:
        yield opened


def keep(ledger: Ledger, days: int, *staff: str, measured: bool = True) -> None:
    """A whole read so many days after the beginning: of staff, and of a contractor."""
    read = source(PEOPLE, {"staff": staff, "contractors": ["dan"], "other": ["ann"]})
    ledger.save_snapshot(
        "idp",
        {"identities": read.identities, "memberships": read.memberships},
        complete=True,
        at=NOW + days * DAY,
        run_id=None,
        measured=SIZES.dump_python(measure(read), mode="json", fallback=dict) if measured else None,
    )


def recalled(ledger: Ledger, rules: SourceRules = RULES) -> dict[str, list[str]]:
    """Source → who was in which group."""
    found = recall_grouped(ledger, Memory(links=LINKED), [rules], "cloud").grouped
    shown = {True: " out", False: ""}
    return {
        name: sorted({*(rows["group_name"] + " " + rows["source_id"] + rows["excluded"].map(shown))})
        for name, rows in found.items()
    }


@pytest.mark.parametrize("measured", [True, False])
def test_the_last_read_and_the_first_within_thirty_days_are_told(ledger, measured):
    """Of those with an account, and of whoever the scope leaves out; earlier versions kept no sizes."""
    for days, staff in ((0, ["ann", "bob"]), (20, ["ann", "cyd"]), (40, ["cyd"])):
        keep(ledger, days, *staff, measured=measured)

    assert recalled(ledger) == {"idp": ["contractors id-dan out", "staff id-ann"]}


def test_what_a_person_approved_is_no_loss(ledger):
    keep(ledger, 0, "ann", "bob")
    run = ledger.start_run("sync", NOW + DAY, policy="p")
    plan = StoredPlan("a1" * 32, "cloud", run, "p", ["why"], NOW + DAY, empty(Changes))
    ledger.store_plan(plan)
    ledger.approve(plan.fingerprint, by="eve", reason="read", at=NOW + DAY)
    keep(ledger, 2, "ann")

    assert recalled(ledger) == {"idp": ["contractors id-dan out", "staff id-ann"]}


@pytest.mark.parametrize("damaged", [True, False])
def test_a_source_whose_reads_are_lost_or_whose_scope_names_no_group_is_absent(ledger, tmp_path, damaged):
    assert recalled(ledger) == {}
    keep(ledger, 0, "ann")
    assert recalled(ledger, SourceRules.model_validate({"from": "idp"})) == {}
    for file in tmp_path.rglob("*.parquet"):
        file.write_bytes(file.read_bytes()[:100]) if damaged else file.unlink()

    assert recalled(ledger) == {}
