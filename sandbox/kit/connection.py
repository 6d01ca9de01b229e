"""How a policy reaches a face, and what it keeps in step there.

Each vendor folder states its `CONNECTIONS` beside its `FACES`; `sandbox.policy` makes a policy file of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

# Which groups of the identity provider stand for which of a target.
JIRA = {
    "atl-jira-users": ["jira-software-users"],
    "atl-jira-dev": ["jira-software-users", "developers"],
}
CONFLUENCE = {"atl-confluence-users": ["confluence-users"]}
AGENTS = {"atl-jsm-agents": ["jsm-agents"]}
# The stages a leaver goes through.
GONE = ("{after: 0d, do: revoke_seats}", "{after: 7d, do: deactivate}", "{after: 90d, do: delete}")
SEATS = ("{after: 0d, do: revoke_seats}",)
NAMES = "display_name, email"


class Target(NamedTuple):
    """What a policy says of one target.

    Attributes:
        map: Groups of the identity provider, and the target's groups they stand for.
        update: The attributes that follow the identity provider, with commas between.
        leaver: The stages of a leaver.
        rest: Further lines.
        default: Whether everyone joins `all-staff`.
        create: Whether a joiner gets an account here.
        another_way: Whether this is another way into the organisation that `acme-cloud` is.
    """

    map: Mapping[str, list[str]]
    update: str = NAMES
    leaver: tuple[str, ...] = GONE
    rest: tuple[str, ...] = ()
    default: bool = True
    create: bool = True
    another_way: bool = False


class Connection(NamedTuple):
    """One connection of a policy to a face.

    Attributes:
        name: What the policy calls it.
        kind: The kind of connection, which is the name of the vendor folder.
        options: What its entry says; `$base` stands for where the sandbox listens, `$host` for the same
            without the scheme, and `env:NAME` for one of the secrets.
        secrets: What the environment has to hold.
        target: What is kept in step there; nothing for a source.
        rank: Where it stands in a policy of all; the order of sources is their precedence.
        pushed: Whether its identity provider pushes, so that a service has to run beside; it is in no policy
            that did not ask for it.
        needs: The module without which nothing reads it; where it is missing no policy has the connection.
    """

    name: str
    kind: str
    options: Mapping[str, Any]
    secrets: Mapping[str, str] = MappingProxyType({})
    target: Target | None = None
    rank: int = 50
    pushed: bool = False
    needs: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it can be read on this machine."""
        return self.needs is None or find_spec(self.needs) is not None

    def entry(self, base: str) -> dict[str, Any]:
        """Return the entry for a sandbox that listens at `base`."""
        entry: dict[str, Any] = {"kind": self.kind, **self.options}
        host = base.partition("://")[2]
        return {
            option: value.replace("$base", base).replace("$host", host) if isinstance(value, str) else value
            for option, value in entry.items()
        }

    def resolved(self, base: str) -> dict[str, Any]:
        """Return the options with secrets in place of their references, as a connector takes them."""
        known = {f"env:{name}": value for name, value in self.secrets.items()}
        entry = self.entry(base)
        return {
            name: known.get(value, value) if isinstance(value, str) else value
            for name, value in entry.items()
            if name != "kind"
        }
