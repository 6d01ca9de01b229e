"""TO: one Atlassian target a folder, named as its kind in the policy file; each reads and writes.

To add one, make a folder whose `options` says what a connection may say and whose `sink` has a class that
satisfies `Sink`; it is found by itself, see `docs/connectors.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from pydantic import BaseModel

from provisioning.model.stated import find_class, find_options
from provisioning.model.terms import Action, Deployment, Unknown

if TYPE_CHECKING:
    import pandas as pd

    from provisioning.model.findings import Finding
    from provisioning.model.frames import Change
    from provisioning.model.screening import Screened
    from transport.door import Door

KINDS = {
    folder.name: f"{__name__}.{folder.name}"
    for folder in iter_modules(__path__)
    if folder.ispkg and folder.name != "kit"
}
"""Each kind and the folder to import when it is used; finding it imports nothing."""

ALREADY = "the target was already in this state"
"""Message of a change that had nothing left to do."""


class Observation(NamedTuple):
    """A fresh read of a few accounts, just before or after a write: Accounts and Assignments frames.

    `groups` has a column `name`: those of the groups asked for by name that exist, maybe others.
    `unknown` names accounts and kinds of entitlement that nobody told: that none is listed of such a kind
    does not mean that the account holds none, so no change of it is fulfilled or may be made.
    """

    accounts: pd.DataFrame
    assignments: pd.DataFrame
    groups: pd.DataFrame | None = None
    unknown: Unknown = frozenset()


class Applied(NamedTuple):
    """What a write answered: the account, and whether the target settles it later.

    `failed` says, by change_id, why changes of the bundle did not happen although others did, and
    `accounts` whose account each change was made on, where the bundle is of several people.
    """

    account_id: str | None
    propagating: bool = False
    message: str | None = None
    failed: Mapping[str, str] = MappingProxyType({})
    accounts: Mapping[str, str] = MappingProxyType({})


class Sink(Protocol):
    """One Atlassian target."""

    kind: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
    """What the connection's entry in the policy file may say; secrets are `SecretStr`."""
    actions: ClassVar[frozenset[Action]]
    """What it can do; anything else is refused before a request."""
    deployment: ClassVar[Deployment]
    """Where its products run, which decides how they are billed."""

    def __init__(self, name: str, options: BaseModel, door: Door) -> None:
        """Open nothing yet; the first read does."""

    def check(self) -> list[Finding]:
        """Say in words what the credential can and cannot do."""

    def accounts(self) -> Iterator[Screened]:
        """Pages of validated Accounts; raises unless the listing was read to its end."""

    def assignments(self) -> Iterator[Screened]:
        """Pages of validated Assignments."""

    def entitlements(self) -> Iterator[Screened]:
        """Pages of validated Entitlements: every group and role, and what it opens."""

    def seats(self) -> Iterator[Screened]:
        """Pages of validated Seats."""

    def capacity(self) -> Iterator[Screened]:
        """Pages of validated Capacity; none where the target does not tell."""

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,
    ) -> Observation:
        """Read a few accounts afresh, by identifier or e-mail address, and find a few groups by name.

        Args:
            account_ids: accounts.
            emails: addresses.
            groups: names of groups.
            user_names: address → user name, of accounts that are to be or were made: for targets that find
                nobody by address, or do not show it. What is found so may have another address or none.
        """

    def bundle(self, change: Change) -> str:
        """Changes of one bundle go out in one request; by default each is its own."""

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; raises a TransportError when it did not happen."""


def groups_named(names: Iterable[str]) -> pd.DataFrame:
    """Build the groups of an observation: a column `name`."""
    import pandas as pd

    return pd.DataFrame({"name": pd.Series(list(names), dtype="str")})


def bundled_by_person(change: Change) -> str:
    """The bundle of a change where only its creation tells a new person's account; others go alone."""
    if change.action == Action.CREATE or change.account_id is None:
        return f"person {change.source} {change.source_id} {change.subject}"
    return change.change_id


def options_of(kind: str) -> type[BaseModel]:
    """Return what a connection of a kind may say; neither frames nor the connector are loaded.

    Raises:
        KeyError: no sink has that kind.
        LookupError: its folder states no such options.
    """
    return find_options(import_module(f"{KINDS[kind]}.options"), kind)


def connector(kind: str) -> type[Sink]:
    """Return the class of a kind, imported only now.

    Raises:
        KeyError: no sink has that kind.
        LookupError: its folder has no such class.
    """
    found: type[Sink] = find_class(import_module(f"{KINDS[kind]}.sink"), options_of(kind))
    return found
