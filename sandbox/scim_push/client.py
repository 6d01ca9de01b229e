"""A provisioning client: it remembers what it pushed and sends what is different now.

A cycle goes as the vendors' do: people first, then who manages whom, then groups and their members. What was
answered with an error is tried again in the next cycle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from sandbox.company.company import Company
from sandbox.company.people import Group, Person
from sandbox.scim_push import rows
from sandbox.scim_push.dialects import DIALECTS, Dialect

TIMEOUT = 60


@dataclass
class Pushed:
    """What a client remembers between cycles, by number of the person or group.

    Attributes:
        users: Identifiers the service gave.
        facts: Attributes as they were sent.
        managers: Who was named as manager.
        groups: Identifiers the service gave.
        members: Who was put in.
        refused: Requests the last cycle was refused, each as method, path and status.
    """

    users: dict[int, str] = field(default_factory=dict)
    facts: dict[int, rows.Row] = field(default_factory=dict)
    managers: dict[int, int] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


class Client:
    """One vendor's client, pushing to one address."""

    def __init__(self, dialect: str, url: str, token: str, pushed: Pushed | None = None) -> None:
        self._dialect: Dialect = DIALECTS[dialect]
        self._url = url.rstrip("/")
        self._token = token
        self.pushed = pushed or Pushed()

    def cycle(self, company: Company) -> None:
        """Push everything that is different from what was pushed before."""
        self.pushed.refused.clear()
        with requests.Session() as session:
            session.headers.update({**self._dialect.headers, "Authorization": f"Bearer {self._token}"})
            self._session = session
            for person in company.people.values():
                self._push_person(person)
            for person in company.people.values():
                self._push_manager(person)
            for group in company.groups.values():
                self._push_group(group)

    def _push_person(self, person: Person) -> None:
        facts, known = rows.user(person), self.pushed.users.get(person.number)
        if known and self.pushed.facts.get(person.number) == facts:
            return
        known = known or self._look_up("Users", *self._dialect.user_key(facts))
        if known is None:
            made = self._send("POST", "/Users", self._dialect.new_user(facts))
            known = made and made["id"]
        else:
            method, body = self._dialect.changed_user(known, facts, self.pushed.facts.get(person.number))
            if self._send(method, f"/Users/{known}", body) is None:
                return
        if known:
            self.pushed.users[person.number], self.pushed.facts[person.number] = known, facts
            # A whole user that was put has no manager until it is said again.
            self.pushed.managers.pop(person.number, None)

    def _push_manager(self, person: Person) -> None:
        boss = person.manager if person.manager in self.pushed.users else None
        known = self.pushed.users.get(person.number)
        if known is None or boss is None or self.pushed.managers.get(person.number) == boss:
            return
        method, body = self._dialect.manager(known, self.pushed.facts[person.number], self.pushed.users[boss])
        if self._send(method, f"/Users/{known}", body) is not None:
            self.pushed.managers[person.number] = boss

    def _push_group(self, group: Group) -> None:
        known = self.pushed.groups.get(group.number) or self._look_up("Groups", "displayName", group.name)
        if known is None:
            made = self._send("POST", "/Groups", self._dialect.new_group(group.name))
            known = made and made["id"]
        if known is None:
            return
        self.pushed.groups[group.number] = known
        wanted = {number for number in group.members if number in self.pushed.users}
        present = self.pushed.members.get(group.number, set())
        more = [self.pushed.users[number] for number in sorted(wanted - present)]
        fewer = [self.pushed.users[number] for number in sorted(present - wanted)]
        changes = self._dialect.member_changes(known, group.name, more, fewer)
        answers = [self._send("PATCH", f"/Groups/{known}", body) for body in changes]
        if None not in answers:
            self.pushed.members[group.number] = wanted

    def _look_up(self, kind: str, attribute: str, value: str) -> str | None:
        found = self._send("GET", f"/{kind}?filter=" + quote(f"{attribute} eq {json.dumps(value)}"))
        listed = (found or {}).get("Resources") or []
        return str(listed[0]["id"]) if listed else None

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        """Return what was answered, an empty object for an empty answer, None for a refusal."""
        reply = self._session.request(
            method, f"{self._url}{path}{self._dialect.tail}", json=body, timeout=TIMEOUT
        )
        if reply.ok:
            return reply.json() if reply.content else {}
        self.pushed.refused.append(f"{method} {path} {reply.status_code}")
        return None
