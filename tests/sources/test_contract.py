"""What every source promises, held over all kinds in the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.screening import Screened
from sandbox.running import Running
from sources import KINDS, Source
from tests.pages import positions
from tests.sources.cases import CASES, Case, connect, untold
from transport.door import Door
from transport.errors import PageLoop, TransportError
from transport.retry_policy import RetryPolicy

PARTS = {"identities": frames.Identities, "memberships": frames.Memberships}
ORDER = {"identities": ["source_id"], "memberships": ["group_id", "source_id"]}
REMOTE = [(kind, part) for kind, case in CASES.items() for part in case.paths]
BREAKS = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 429},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "expire_token"},
]


def read(source: Source, part: str) -> pd.DataFrame:
    pages: Iterator[Screened] = getattr(source, part)()
    whole = frames.concat(PARTS[part], [page.frame for page in pages])
    return whole.sort_values(ORDER[part], ignore_index=True)


def hasty() -> Door:
    return Door(retry_policy=RetryPolicy(attempts=2))


def test_every_kind_is_covered() -> None:
    """A connector that is found has a case, so that the contract holds for it too."""
    assert set(KINDS) == {case.kind or name for name, case in CASES.items()}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", CASES)
def test_frames_are_valid(kind: str, part: str, acme: Running, tmp_path: Path) -> None:
    """Every page satisfies its model, and each row is there once."""
    source = connect(kind, acme, tmp_path, Door())

    whole = read(source, part)

    assert len(whole)
    pd.testing.assert_frame_equal(PARTS[part].validate(whole), whole)
    assert not whole.duplicated(ORDER[part]).any()
    assert {kind} == set(whole["source"])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", CASES)
def test_an_empty_directory_gives_an_empty_typed_frame(kind: str, part: str, tmp_path: Path) -> None:
    """Nobody at all is a result with all columns and types, not an error."""
    with Running(people=3, seed=1, odd=False) as sandbox:
        sandbox.world.company.people.clear()
        for group in sandbox.world.company.groups.values():
            group.members.clear()

        whole = read(connect(kind, sandbox, tmp_path, Door()), part)

    pd.testing.assert_frame_equal(frames.empty(PARTS[part]), whole)


@pytest.mark.parametrize(("kind", "part"), REMOTE)
def test_page_size_changes_nothing(kind: str, part: str, acme: Running, tmp_path: Path) -> None:
    """Small pages and large ones bring the same rows."""
    few, many = Door(), Door()
    large = read(connect(kind, acme, tmp_path, few), part)

    small = read(connect(kind, acme, tmp_path, many, **CASES[kind].small_pages), part)

    pd.testing.assert_frame_equal(large, small)
    assert sent(many) > sent(few)


@pytest.mark.parametrize("fault", BREAKS, ids=lambda f: f"{f['kind']}{f.get('status', '')}")
@pytest.mark.parametrize(("kind", "part"), REMOTE)
def test_a_fault_on_any_page_raises(
    kind: str, part: str, fault: dict[str, object], faulty: Running, tmp_path: Path
) -> None:
    """Whatever page fails for good, the read raises and says what to do; no part of it passes for all."""
    path = CASES[kind].paths[part]
    before = faulty.world.counters.total(path)
    read(connect(kind, faulty, tmp_path, Door(), **CASES[kind].small_pages), part)
    pages = faulty.world.counters.total(path) - before
    assert pages > 3

    for page in positions(pages, many=fault == BREAKS[0]):
        faulty.world.faults.clear()
        faulty.world.faults.add(path=path, skip=page, times=0, **fault)
        source = connect(kind, faulty, tmp_path, hasty(), **CASES[kind].small_pages)

        with pytest.raises(TransportError) as failure:
            read(source, part)

        assert failure.value.remedy


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("kind", "part"), REMOTE)
def test_a_passing_fault_is_survived(
    kind: str, part: str, status: int, faulty: Running, tmp_path: Path
) -> None:
    """A page refused once is asked again, and the result is the same."""
    whole = read(connect(kind, faulty, tmp_path, Door()), part)
    faulty.world.faults.add(path=CASES[kind].paths[part], skip=1, times=1, status=status)
    door = hasty()

    again = read(connect(kind, faulty, tmp_path, door, **CASES[kind].small_pages), part)

    pd.testing.assert_frame_equal(whole, again)
    assert [counts["retried"] for counts in door.meter.counts().values()] == [1]


@pytest.mark.parametrize(("kind", "part"), REMOTE)
def test_a_repeated_token_stops(kind: str, part: str, faulty: Running, tmp_path: Path) -> None:
    """A listing whose next page is always the same one ends with an error, not never."""
    case = CASES[kind]
    faulty.world.faults.add(**case.endless(faulty, case.paths[part]))

    with pytest.raises(PageLoop):
        read(connect(kind, faulty, tmp_path, hasty(), **case.small_pages), part)


@pytest.mark.parametrize("kind", CASES)
def test_no_write_leaves(kind: str, acme: Running, tmp_path: Path) -> None:
    """Reading everything and checking sends no write, even through a door that could."""
    door = Door(writable=True)
    source = connect(kind, acme, tmp_path, door)
    for part in PARTS:
        read(source, part)
    source.check()

    assert sum(counts["write"] for counts in door.meter.counts().values()) == 0
    assert CASES[kind].remote == bool(sent(door))


@pytest.mark.parametrize("kind", CASES)
def test_check_speaks_of_the_connection(kind: str, acme: Running, tmp_path: Path) -> None:
    """A connection that works has no error among its findings, and each names the connection."""
    findings = connect(kind, acme, tmp_path, Door()).check()

    assert findings
    assert {"ok"} == {finding.level for finding in findings}
    assert all(finding.subject.startswith(kind) for finding in findings)


def test_the_same_company_gives_the_same_identities(tmp_path: Path) -> None:
    """Each source tells the same people, states, facts and groups of one company."""
    told = ["user_name", "email", "state", "given_name", "family_name", "department", "cost_center"]
    told += ["title", "user_type", "manager", "hired_on", "leaves_on"]
    seen, groups, never = {}, {}, {}
    usable = [kind for kind, case in CASES.items() if case.usable]
    with Running(people=60, seed=5, odd=False) as sandbox:
        for kind in usable:
            source = connect(kind, sandbox, tmp_path, Door())
            people = read(source, "identities").dropna(subset="email")
            names = people.set_index("source_id")["user_name"]
            # Some name a manager by identifier, and some tell fewer states apart.
            people["manager"] = people["manager"].map(names).fillna(people["manager"])
            seen[kind] = people.sort_values("email", ignore_index=True)[told]
            emails = people.set_index("source_id")["email"]
            held = read(source, "memberships").query("group_name.str.startswith('atl-')")
            groups[kind] = set(zip(held["source_id"].map(emails), held["group_name"], strict=True))
            never[kind] = sorted(set(told) & set(untold(kind, sandbox, tmp_path)))

    first, *others = usable
    for kind in others:
        known = as_told_by(CASES[kind], seen[first], sandbox.world.company.now)
        known.loc[:, never[kind]] = None
        pd.testing.assert_frame_equal(known, seen[kind])
        assert groups[first] == groups[kind]


def as_told_by(case: Case, people: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Return what a kind can know of people that another told in full."""
    people = people.assign(state=people["state"].replace(case.states))
    departed = people["state"] == "departed"
    people.loc[departed, list(case.forgets)] = None
    if case.keeps is not None:
        people = people[~departed | (people["leaves_on"] > now - timedelta(days=case.keeps))]
    return people.reset_index(drop=True)


def sent(door: Door) -> int:
    return sum(counts["read"] for counts in door.meter.counts().values())
