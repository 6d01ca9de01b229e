"""What a directory tells of what changed since a checkpoint, and how far that goes.

Active Directory numbers its changes, each domain controller by itself: a checkpoint is such a number of one
controller, and of another one it means nothing. Whoever was deleted is among the deleted objects, which an
account sees only where it was given the right to; without it the identifiers of everyone are listed, as they
are of a server that keeps nothing deleted. OpenLDAP dates its changes, and says by `contextCSN` of its suffix
how far it has come; without that there are only whole reads.

A deletion is a conclusion, so whoever seems gone is looked for once more before they count as gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioning.model.frames import Identities, Memberships, Rejects, concat
from provisioning.model.intake import gathered
from provisioning.model.merge import Delta, FeedLost
from provisioning.model.snapshots import SourceSnapshot
from sources.kit.members import batched
from sources.ldap.directory import SHOW_DELETED, Directory
from sources.ldap.groups import Groups
from sources.ldap.options import LdapOptions
from sources.ldap.people import Index, People, first_of
from sources.ldap.values import guid
from transport.errors import Forbidden, NotFound
from transport.server_clock import OVERLAP

KEPT = timedelta(days=60)
"""How long the oldest forests keep deleted objects."""
STAMP = "%Y%m%d%H%M%SZ"


@dataclass(frozen=True)
class Told:
    """What a directory says of its changes.

    Attributes:
        checkpoint: where the next delta begins.
        changed: a filter of the entries that changed.
        left: identifiers of what was deleted or became another sort of entry; None where it does not say.
    """

    checkpoint: str
    changed: str
    left: set[str] | None = None


class Feed:
    """Follows the changes of one directory.

    Args:
        name: of the connection.
        directory: where people and groups are.
        people, groups: read them.
        options: of the connection.
    """

    def __init__(
        self, name: str, directory: Directory, people: People, groups: Groups, options: LdapOptions
    ) -> None:
        self._name, self._directory, self._people, self._groups = name, directory, people, groups
        self._options = options
        self._numbers = options.profile == "active_directory"

    def checkpoint(self) -> str | None:
        """Return where the directory stands; None where it does not say."""
        return self._numbered() if self._numbers else self._dated()

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Return what changed since a checkpoint.

        Raises:
            FeedLost: the checkpoint is that of another server, or too old.
        """
        told = self._changes_by_number(checkpoint) if self._numbers else self._changes_by_date(checkpoint)
        index = Index(self._options)
        people = gathered(Identities, self._people.changed(told.changed, index))
        gone, groups = self._vanished(told, before, set(people.frame["source_id"]))
        if not len(people.frame) and not len(people.rejects) and not gone and not groups:
            return Delta(told.checkpoint)
        reports = before.identities[before.identities["manager"].isin(list(gone))]["source_id"]
        others = gathered(Identities, self._people.by_id(set(reports) - gone, index))
        memberships = gathered(Memberships, batched(self._name, self._groups.members(self._people.index())))
        return Delta(
            told.checkpoint,
            identities=concat(Identities, [others.frame, people.frame]),
            gone=gone,
            memberships=memberships.frame,
            groups={*before.memberships["group_id"], *memberships.frame["group_id"]},
            rejects=concat(Rejects, [people.rejects, others.rejects, memberships.rejects]),
        )

    def _vanished(self, told: Told, before: SourceSnapshot, changed: set[str]) -> tuple[set[str], bool]:
        """Return who is gone, each looked for once more, and whether any group changed or is gone."""
        known, held = set(before.identities["source_id"]) - changed, set(before.memberships["group_id"])
        if told.left is None:
            seemingly = known - set(self._people.index().ids.values())
            group_gone = not held <= self._groups.ids()
        else:
            seemingly, group_gone = known & told.left, not held.isdisjoint(told.left)
        gone = seemingly - self._people.present(seemingly)
        return gone, group_gone or self._has(f"(&{self._groups.filter}{told.changed})")

    def _has(self, filter_: str) -> bool:
        pages = self._directory.pages(filter_, [self._options.directory.id], size=1)
        return next(pages, None) is not None

    # By number

    def _numbered(self) -> str:
        root = self._directory.root()
        server = next(iter(root["dsServiceName"]), "")
        known = self._directory.entry(server, ["invocationId"]) if server else None
        # A controller that was restored counts again from where it once was, under another name of itself.
        database = first_of([known], "invocationId")[0] if known else None
        return json.dumps(
            {
                "server": f"{server} {database.hex() if database else ''}",
                "usn": int(root["highestCommittedUSN"][0]),
                "at": root["currentTime"][0].partition(".")[0].removesuffix("Z") + "Z",
            }
        )

    def _changes_by_number(self, checkpoint: str) -> Told:
        now = self._numbered()
        then, here = json.loads(checkpoint), json.loads(now)
        if then["server"] != here["server"] or then["usn"] > here["usn"]:
            raise FeedLost(f"the changes are numbered by another domain controller: {here['server']}")
        if _moment(here["at"]) - _moment(then["at"]) > KEPT:
            raise FeedLost(f"the directory keeps deleted objects for {KEPT.days} days, and maybe no longer")
        changed = f"(uSNChanged>={then['usn'] + 1})"
        return Told(now, changed, self._left(changed))

    def _left(self, changed: str) -> set[str] | None:
        """Return identifiers of all that was deleted or changed; None where the deleted cannot be seen."""
        domain = self._directory.domain
        bin_ = f"CN=Deleted Objects,{domain}"
        wanted = f"(&(isDeleted=TRUE)(|{changed}(distinguishedName={bin_})))"
        try:
            # The container shows itself to whoever may see what is in it.
            pages = self._directory.pages(wanted, ["objectGUID"], base=bin_, controls=[SHOW_DELETED])
            deleted = [entry for page in pages for entry in page]
        except (NotFound, Forbidden):
            return None
        if not any(dn.lower() == bin_.lower() for dn, _held in deleted):
            return None
        sorts = f"(&(|(objectClass=user)(objectClass=group)){changed})"
        living = [e for page in self._directory.pages(sorts, ["objectGUID"], base=domain) for e in page]
        return {guid(key) for key in first_of([*deleted, *living], "objectGUID") if key}

    # By date

    def _dated(self) -> str | None:
        contexts = self._directory.root()["namingContexts"]
        base = self._directory.base
        suffixes = (s for s in contexts if base.lower().endswith(s.lower()))
        suffix = self._directory.entry(max(suffixes, key=len, default=base), ["contextCSN"])
        stamps = [value.decode() for value in (suffix[1].get("contextCSN", ()) if suffix else ())]
        # Each of several providers counts for itself; the one furthest behind decides.
        return json.dumps({"at": min(stamp[:14] for stamp in stamps) + "Z"}) if stamps else None

    def _changes_by_date(self, checkpoint: str) -> Told:
        now = self._dated()
        if now is None:
            raise FeedLost("the server no longer says how far it has come: its suffix has no contextCSN")
        start = f"{_moment(json.loads(checkpoint)['at']) - OVERLAP:{STAMP}}"
        # A sign-in is noted without counting as a change.
        dated = ("modifyTimestamp", self._options.fields["last_sign_in"])
        return Told(now, "(|" + "".join(f"({name}>={start})" for name in dated) + ")")


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
