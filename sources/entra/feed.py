"""What changed in a tenant: Graph's feeds say who and which groups, and those are read again.

Seen by it: users and groups that came, changed or went, managers, who joined or left a group, whom an
application is assigned to, and successful sign-ins. Changed users and deleted ones come from the
same listings as in a whole read, changed groups and those around them by the same code. The groups
of the deleted, the reports of a manager who was renamed, and the groups and reports of someone
restored are looked after here, because the feeds need not name them.
Not seen, so as old as the last whole read: a sign-in that Graph notes later than `OVERLAP` after it
happened, attempts to sign in of users without any success, and, where `attributes` fills user_name
from another property, that a manager was renamed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import pandas as pd

from provisioning.model.frames import Rejects, concat
from provisioning.model.intake import iso_times
from provisioning.model.merge import Delta, FeedLost
from provisioning.model.snapshots import SourceSnapshot
from sources.entra.fields import GUARDED
from sources.entra.graph import FeedChanges, Graph
from sources.entra.group_changes import GroupChanges
from sources.entra.groups import GROUP, Assigned, Groups
from sources.entra.options import EntraOptions
from sources.entra.people import People
from sources.entra.people_changes import find_people_changes
from transport.errors import BadRequest, Forbidden, NotFound

log = logging.getLogger(__name__)
OVERLAP = timedelta(minutes=10)
"""How far a delta looks back for sign-ins beyond the one before."""
LINK_COST = 1
"""Resource units of a listing of what one user is tied to."""


@dataclass(frozen=True)
class Checkpoint:
    """Where the feeds stand.

    Attributes:
        users, groups: their delta links.
        at: when that was by Graph's clock, ISO 8601 to the second.
        apps: for each application read a digest of whom it was assigned to.
    """

    users: str
    groups: str
    at: str
    apps: dict[str, str]

    @property
    def since(self) -> str:
        """From when on sign-ins are asked for."""
        return f"{datetime.fromisoformat(self.at) - OVERLAP:%Y-%m-%dT%H:%M:%SZ}"

    def __str__(self) -> str:
        """Return the text a checkpoint is kept as."""
        return orjson.dumps(asdict(self)).decode()


class Changes:
    """The feeds of one tenant.

    Args:
        graph: where they are read.
        people, groups: read again what changed.
        options: of the connection.
    """

    def __init__(self, graph: Graph, people: People, groups: Groups, options: EntraOptions) -> None:
        self._graph, self._people, self._groups, self._options = graph, people, groups, options

    def checkpoint(self) -> str | None:
        """Where the feeds stand now; None where the tenant has none, as one for customers."""
        try:
            users = self._latest_users()
            groups = self._latest("groups", ["id", "displayName", "members"])
        except (BadRequest, NotFound) as refusal:
            log.warning("%s: always read whole: %s", self._people.source, refusal)
            return None
        return str(Checkpoint(users.link, groups.link, users.at, _digests(self._assignments())))

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Return what changed since a checkpoint.

        Raises:
            FeedLost: a link is too old, or the feeds contradict the listings.
            TransportError: a page failed.
        """
        then = Checkpoint(**orjson.loads(checkpoint))
        people, users = self._people, self._read_feed(then.users)
        signed_in = people.sign_ins(then.since) if self._options.sign_ins else {}
        changed = find_people_changes(people, users.rows, before, then.at)
        if changed.returned and self._options.sign_ins:
            signed_in = signed_in | people.sign_ins_of(changed.returned)
        identities = changed.screen(people, self._tied(changed.returned, "directReports"))
        groups = self._read_feed(then.groups)
        named = {row["id"] for row in groups.rows} | set(self._tied(changed.returned, "memberOf", GROUP))
        assignments = list(self._assignments())
        apps = _digests(assignments)
        again = GroupChanges(self._groups, self._options, before)
        again.read(named, [a for a in assignments if _has_moved(a, then.apps, apps, named)])
        again.drop(then.apps.keys() - apps.keys())
        again.remove_people({*changed.deleted, *changed.gone})
        memberships = again.result()
        return Delta(
            str(Checkpoint(users.link, groups.link, users.at, apps)),
            identities=identities.frame,
            gone=changed.gone,
            memberships=memberships.frame,
            groups=again.touched,
            sign_ins=_sign_ins(signed_in),
            rejects=concat(Rejects, [identities.rejects, memberships.rejects]),
        )

    def _latest_users(self) -> FeedChanges:
        tracked = [*self._people.properties, *(["manager"] if self._options.managers else [])]
        try:
            return self._latest("users", tracked)
        except Forbidden:
            return self._latest("users", [name for name in tracked if name != GUARDED])

    def _latest(self, what: str, names: Iterable[str]) -> FeedChanges:
        """Begin a feed; what is not selected is not told."""
        # That someone is deleted, the feed says in its own way.
        tracked = ",".join(name for name in names if name != "deletedDateTime")
        return self._graph.changes(f"/{what}/delta", {"$select": tracked, "$deltatoken": "latest"})

    def _read_feed(self, link: str) -> FeedChanges:
        try:
            return self._graph.changes(link)
        except (BadRequest, NotFound) as refusal:
            words = refusal.args[0] or f"it answered {refusal.status}"
            raise FeedLost(f"Graph cannot tell what changed since the last read: {words}") from refusal

    def _tied(self, ids: Iterable[str], what: str, kind: str | None = None) -> list[str]:
        """Return whom or what restored users are tied to again."""
        paths = [f"/users/{key}/{what}?$select=id&$top=999" for key in ids]
        try:
            rows = list(self._graph.gather_all(paths, LINK_COST, self._options.workers))
        except Forbidden as refusal:
            raise FeedLost(f"a user was restored, and {what} may not be read: {refusal.args[0]}") from refusal
        return [row["id"] for row in rows if kind is None or row.get("@odata.type") == kind]

    def _assignments(self) -> Iterable[Assigned]:
        return self._groups.assignments(self._options.apps) if self._options.apps else ()


def _digests(assignments: Iterable[Assigned]) -> dict[str, str]:
    """Digest by application what its members are made of: names, roles, and who is assigned."""
    return {app["id"]: _digest([app, sorted(rows, key=lambda row: row["id"])]) for app, rows in assignments}


def _digest(facts: Any) -> str:
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _has_moved(assigned: Assigned, then: Mapping[str, str], now: Mapping[str, str], groups: set[str]) -> bool:
    """Say whether an application is assigned to others than then, or to a group that changed."""
    app, rows = assigned
    return then.get(app["id"]) != now[app["id"]] or any(row["principalId"] in groups for row in rows)


def _sign_ins(signed_in: Mapping[str, str | None]) -> pd.DataFrame:
    known = {key: at for key, at in signed_in.items() if at}
    at = iso_times(pd.Series(list(known.values()), dtype="str"))
    return pd.DataFrame(
        {
            "source_id": pd.Series(list(known), dtype="str"),
            "last_sign_in": at.astype(pd.DatetimeTZDtype("us", "UTC")),
        }
    )
