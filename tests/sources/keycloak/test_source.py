"""What is Keycloak's own: a count beside the list, a tree of groups, milliseconds, tokens of a minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.model.frames import Identities, Memberships
from provisioning.model.intake import gathered
from sandbox.keycloak import CONNECTIONS
from sandbox.keycloak.rows import user_id
from sandbox.running import Running
from sources.keycloak.source import Keycloak, KeycloakOptions
from transport.door import Door
from transport.errors import CredentialRefused, Malformed

USERS = "/keycloak/admin/realms/acme/users"


def keycloak(sandbox: Running, **options: Any) -> Keycloak:
    stated = CONNECTIONS[0].resolved(sandbox.url)
    return Keycloak("keycloak", KeycloakOptions(**{**stated, **options}), Door())


@pytest.fixture
def changing() -> Iterator[Running]:
    with Running(people=30, seed=2, odd=False) as sandbox:
        yield sandbox


def test_whoever_is_removed_while_pages_are_read_makes_the_read_fail(changing: Running) -> None:
    """The others moved up to pages that were read, so nobody can say who was passed over."""
    changing.world.options["keycloak_shrinks"] = True

    with pytest.raises(Malformed, match="are left"):
        list(keycloak(changing, page_size=10, workers=1).identities())


def test_fewer_than_are_counted_are_no_whole_read(faulty: Running) -> None:
    faulty.world.faults.add(path=f"{USERS}/count", status=200, times=0, body=10_000)

    with pytest.raises(Malformed, match="promised"):
        list(keycloak(faulty).identities())


def test_members_of_a_team_are_in_the_group_of_their_department(acme: Running) -> None:
    """Direct members and those below a group are together who is in it, each once and with the way."""
    held = gathered(Memberships, keycloak(acme, groups=["dept-engineering"]).memberships()).frame
    alone = gathered(
        Memberships, keycloak(acme, groups=["dept-engineering"], nested=False).memberships()
    ).frame

    groups = acme.world.company.groups
    teams = [group for name, group in groups.items() if name.startswith("team-engineering")]
    everyone = {number for group in (groups["dept-engineering"], *teams) for number in group.members}
    assert {user_id(number) for number in everyone} == set(held["source_id"])
    assert not held["source_id"].duplicated().any()
    assert held[held["direct"]]["source_id"].tolist() == alone["source_id"].tolist()
    assert held["path"].dropna().str.startswith("dept-engineering/team-engineering-").all()


def test_milliseconds_are_moments(acme: Running) -> None:
    people = gathered(Identities, keycloak(acme).identities()).frame.set_index("source_id")

    for person in acme.world.company.people.values():
        assert people["created_on"][user_id(person.number)] == person.created


def test_a_wrong_secret_is_refused(acme: Running) -> None:
    with pytest.raises(CredentialRefused, match="Invalid client"):
        list(keycloak(acme, client_secret="another").identities())
