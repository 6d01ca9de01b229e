"""Row by row: who may lose what today, and who must have lost it by now.

It is slow and simple on purpose. An account is judged by the person it truly belongs to, never by what a
list said of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.company.people import ACTIVE, DEPARTED, SUSPENDED, Person
from sandbox.kit.world import World
from tests.oracle.truth import (
    DEACTIVATED,
    DELETED,
    EXISTS,
    GOVERNED,
    IDLE,
    NEVER_USED,
    SEATS,
    WORKS,
    Account,
    Meaning,
)

SLACK = timedelta(hours=12)
EVERYBODY = "all-staff"
ADMINISTER = {"site-admins", "org-admins"}
MEANWHILE = timedelta(days=1)
"""After a stage is due the next whole read takes it, which is a day away at most."""


def why_not(world: World, meaning: Meaning, account: Account, thing: str, *, idle: bool) -> str | None:
    """Why an account may not lose something now; None where it may.

    Args:
        world: the company as it truly is.
        meaning: what its groups are meant to hold.
        account: the account before the run.
        thing: a group, `WORKS` or `EXISTS`.
        idle: whether the target has the rule that takes a seat nobody uses.
    """
    person = account.person
    if person is None:
        return "it is nobody's, and nobody's accounts are left alone"
    if account.email.endswith("-svc@acme.test"):
        return "the policy protects it"
    if thing in {WORKS, EXISTS}:
        return _why_no_stage(world, meaning, person, thing)
    if thing not in GOVERNED | {EVERYBODY}:
        return "the policy does not govern that group"
    unused = idle and thing == "jira-software-users" and is_idle(account, world.company.now)
    if unused or person.state in {DEPARTED, SUSPENDED}:
        return None
    return _why_it_stays(world, meaning, person, thing)


def _why_it_stays(world: World, meaning: Meaning, person: Person, group: str) -> str | None:
    """Why somebody who works here, or soon will, keeps a group."""
    belongs = group == EVERYBODY or group in meaning.of_person(world, person)
    if person.state == ACTIVE and not belongs:
        return None
    return f"{person.email} is {person.state} and belongs there"


def _why_no_stage(world: World, meaning: Meaning, person: Person, thing: str) -> str | None:
    gone = {DEPARTED, SUSPENDED} if thing == WORKS else {DEPARTED}
    if person.state not in gone:
        return f"{person.email} is {person.state}"
    days = DEACTIVATED if thing == WORKS else DELETED
    # One list of stages stands for all causes: who is suspended first and departs later is gone all along.
    since = world.company.now - meaning.gone.get(person.number, person.status_changed)
    return None if since + SLACK >= days else f"{person.email} is gone for {since.days} days only"


def is_idle(account: Account, now: datetime) -> bool:
    """Whether Jira was not used for so long that the policy takes the seat."""
    if account.last_used is None:
        return now - account.since + SLACK >= NEVER_USED
    return now - account.last_used + SLACK >= IDLE


@dataclass
class Deadlines:
    """What has to be gone, counted from the first whole read that could show it.

    Attributes:
        known: accounts that belong to a person beyond doubt: a whole read found both under one address.
        due: account and thing → the time of the first whole read that showed it should go.
    """

    known: set[str] = field(default_factory=set)
    due: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def read(self, world: World, meaning: Meaning, accounts: list[Account]) -> None:
        """Note what a whole read of today could show; called before the run."""
        now, present = world.company.now, set()
        counts: dict[int, int] = {}
        for one in accounts:
            if one.person is not None:
                counts[one.person.number] = counts.get(one.person.number, 0) + 1
        for one in accounts:
            person = one.person
            if person is None or one.untouchable or counts[person.number] > 1 or person.flaw:
                continue
            if person.number in world.company.people and one.email.lower() == person.email.lower():
                self.known.add(one.key)
            # Whoever administers may be the last who does, and then stays until a person has seen to it.
            for thing in set() if one.things & ADMINISTER else self._to_go(world, meaning, one, person):
                present.add((one.key, thing))
                self.due.setdefault((one.key, thing), now)
        for gone in set(self.due) - present:
            del self.due[gone]

    def _to_go(self, world: World, meaning: Meaning, one: Account, person: Person) -> set[str]:
        if one.key not in self.known or WORKS not in one.things:
            return set()
        if person.state == DEPARTED:
            return {*(one.things & SEATS), WORKS}
        if person.state != ACTIVE:
            return set()
        return {thing for thing in one.things & GOVERNED if thing not in meaning.of_person(world, person)}

    def overdue(self, world: World, accounts: list[Account]) -> list[str]:
        """What should have gone by now and is still there; called after a run that read everything whole."""
        held = {one.key: one for one in accounts}
        late = []
        for (key, thing), since in self.due.items():
            allowed = DEACTIVATED + MEANWHILE if thing == WORKS else timedelta(0)
            if key in held and thing in held[key].things and world.company.now - since >= allowed:
                one = held[key]
                assert one.person is not None
                days = (world.company.now - since).days
                late.append(f"{one.email} ({one.person.state}) still has {thing!r}, due for {days} days")
        return late
