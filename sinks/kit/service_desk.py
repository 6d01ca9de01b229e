"""What service management tells on either deployment: desks, organisations, and who is in them.

Pages state no total; the last one says so, and a short one is not the last.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

from provisioning.model.findings import Finding
from provisioning.model.text import fold
from sinks.kit.connection_check import Probe
from sinks.kit.frames import GROUP, Entitlement
from sinks.kit.optional import unless_refused
from sinks.kit.required import require_texts
from transport.client import Client
from transport.pages import follow_offsets
from transport.reply import Reply
from transport.shape import Row, malformed, object_of, rows_in

API = "rest/servicedeskapi"
DESK = "desk:"
"""How the identifier and the name of a group begin that stands for the customers of a desk."""


class Circle(NamedTuple):
    """People the site keeps together, as a group: an organisation, or the customers of a desk.

    Attributes:
        group_id: identifier; of a desk it begins with `DESK`.
        name: of an organisation its own, of a desk `DESK` and the key of its project.
        modifiable: whether people may be put in and taken out.
        unread: whether the site refused to tell who is in it.
    """

    group_id: str
    name: str
    modifiable: bool = True
    unread: bool = False

    @property
    def is_desk(self) -> bool:
        """Whether it is the customers of a desk."""
        return self.group_id.startswith(DESK)

    @property
    def number(self) -> str:
        """The number under which the site knows it."""
        return self.group_id.removeprefix(DESK)

    @property
    def path(self) -> str:
        """Where its people are listed, put in and taken out."""
        if self.is_desk:
            return f"{API}/servicedesk/{self.number}/customer"
        return f"{API}/organization/{self.number}/user"

    @property
    def entitlement(self) -> Entitlement:
        """What it is among the entitlements; nobody is put into one that does not tell who is in it."""
        return Entitlement(GROUP, self.group_id, self.name, modifiable=not self.unread)


class ServiceDesk(ABC):
    """One site or server; a deployment's own module says how it names people.

    Args:
        client: requests go through it.
        page_size: rows a page.
    """

    key: ClassVar[str]
    """The field of a user that never changes, by which accounts are known."""

    def __init__(self, client: Client, page_size: int) -> None:
        self.client, self._size = client, page_size

    @abstractmethod
    def create(self, email: str, name: str) -> str:
        """Make a customer and return the identifier; one that is there already is refused."""

    @abstractmethod
    def members(self, account_id: str) -> dict[str, list[str]]:
        """Name somebody who is put in or taken out."""

    def desks(self) -> list[Circle]:
        """Read the service desks."""
        rows = self.all(f"{API}/servicedesk", ("id", "projectKey"))
        return [Circle(f"{DESK}{row['id']}", f"{DESK}{row['projectKey']}") for row in rows]

    def organisations(self, **query: str) -> list[Circle]:
        """Read the organisations, those that a query chooses."""
        return [_organisation(row) for row in self.all(f"{API}/organization", ("id", "name"), **query)]

    def of_desk(self, desk: Circle) -> list[Circle]:
        """Read the organisations on one desk."""
        rows = self.all(f"{API}/servicedesk/{desk.number}/organization", ("id", "name"))
        return [_organisation(row) for row in rows]

    def circles(self) -> list[Circle]:
        """Read organisations and desks."""
        return [*self.organisations(), *self.desks()]

    def people(self, circles: Sequence[Circle]) -> list[tuple[Circle, list[Row]]]:
        """Read who is in each; one that is refused is marked as unread."""
        calls = (partial(self._people, circle) for circle in circles)
        answers = self.client.in_parallel(calls)
        return [
            (circle if rows is not None else circle._replace(unread=True), rows or [])
            for circle, rows in zip(circles, answers, strict=True)
        ]

    def first(self, path: str) -> object:
        """Read a page of one row."""
        return _values(self.client.get(f"{API}/{path}", {"start": "0", "limit": "1"}))

    def all(self, path: str, needed: Sequence[str], **query: str) -> Iterator[Row]:
        """Read the rows of a listing to its last page, each with the fields that are needed."""
        read = 0

        def fetch(start: int) -> Reply:
            return self.client.get(path, {**query, "start": str(start), "limit": str(self._size)})

        def next_start(reply: Reply) -> int | None:
            nonlocal read
            read += len(_values(reply))
            last = object_of(reply).get("isLastPage")
            if not isinstance(last, bool):
                raise malformed("the page does not say whether it is the last", reply)
            return None if last else read

        for reply in follow_offsets(fetch, next_start):
            yield from require_texts(_values(reply), needed, reply)

    def _people(self, circle: Circle) -> list[Row] | None:
        def read() -> list[Row] | None:
            return list(self.all(circle.path, (self.key,)))

        return unless_refused(f"people of {circle.name}", read, None)


def names_among(circles: Iterable[Circle], names: Iterable[str]) -> list[str]:
    """Return what the circles of these names are called; capitals make no difference."""
    wanted = set(map(fold, names))
    return [circle.name for circle in circles if fold(circle.name) in wanted]


def probe_desks(name: str, portal: ServiceDesk, keys: Sequence[str]) -> dict[str, Probe]:
    """What a check tries of desks and organisations, whichever way it signs in."""
    return {
        "desks": lambda: portal.first("servicedesk"),
        "organisations": lambda: portal.first("organization"),
        "customers of desks": lambda: check_desks(name, portal),
        "organisations of desks": lambda: check_organisations(name, portal, keys),
    }


def check_desks(name: str, portal: ServiceDesk) -> Finding | None:
    """Warn of desks that do not tell their customers: the listing is an experiment of Atlassian's."""
    told = portal.people(portal.desks())
    silent = [circle.name for circle, _ in told if circle.unread]
    if not silent:
        return None
    return Finding(
        "warning",
        f"{name}: customers of desks",
        f"{', '.join(silent)} do not tell their customers, so nobody is put in or taken out there",
        "Keep customers by organisations, which tell their people.",
    )


def check_organisations(name: str, portal: ServiceDesk, keys: Sequence[str]) -> Finding | None:
    """Warn of organisations on none of the connection's desks, and of desks there are not."""
    wanted = {f"{DESK}{key}" for key in keys}
    desks = [desk for desk in portal.desks() if desk.name in wanted]
    on_desks = {one.group_id for desk in desks for one in portal.of_desk(desk)}
    missing = wanted - {desk.name for desk in desks}
    lost = [one.name for one in portal.organisations() if one.group_id not in on_desks]
    if not wanted or not (missing or lost):
        return None
    said = [f"there is no {name}" for name in sorted(missing)] + [f"{name} is on no desk" for name in lost]
    return Finding(
        "warning",
        f"{name}: organisations of desks",
        "; ".join(said),
        "Put the organisation on a desk, or correct `desks` of the connection.",
    )


def _values(reply: Reply) -> list[Row]:
    return rows_in(object_of(reply), "values", reply)


def _organisation(row: dict[str, Any]) -> Circle:
    return Circle(str(row["id"]), str(row["name"]))
