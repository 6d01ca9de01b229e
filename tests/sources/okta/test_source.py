"""What is Okta's own: credentials, odd records, sizes of groups."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto.jwk import JWK
from pydantic import ValidationError

from provisioning.model import frames
from sandbox.okta.rows import user_id
from sandbox.running import Running
from sources.okta.source import Okta, OktaOptions
from transport.door import Door
from transport.errors import BadRequest, CredentialRefused, Forbidden
from transport.retry_policy import RetryPolicy

SCOPES = ["okta.users.read", "okta.groups.read", "okta.logs.read"]


@pytest.fixture(scope="module")
def key() -> str:
    """Return a service app's private key as PEM."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def service(faulty: Running, key: str) -> Iterator[Running]:
    """Serve an org that knows three service apps: two may not read the log, one of them demands DPoP."""
    public = JWK.from_pem(key.encode()).export_public(as_dict=True)
    jwks = {"keys": [public | {"kid": "k1", "alg": "RS256", "use": "sig"}]}
    faulty.world.options["okta_clients"] = [
        {"client_id": name, "jwks": jwks, "scopes": scopes, "dpop": name == "app-dpop"}
        for name, scopes in (("app", SCOPES), ("app-lean", SCOPES[:2]), ("app-dpop", SCOPES[:2]))
    ]
    faulty.world.counters.clear()
    yield faulty
    faulty.world.options["okta_clients"] = []


def okta(sandbox: Running, door: Door | None = None, **options: Any) -> Okta:
    settings = options if "client_id" in options else {"token": "sandbox-okta-token", **options}
    return Okta("okta-main", OktaOptions(url=f"{sandbox.url}/okta", **settings), door or Door())


def people(source: Okta) -> pd.DataFrame:
    return frames.concat(frames.Identities, [page.frame for page in source.identities()])


@pytest.mark.parametrize(("app", "dpop"), [("app", False), ("app-dpop", True)])
def test_a_service_app_reads_the_same(app: str, dpop: bool, service: Running, key: str) -> None:
    """A private key, with or without proofs of possession, reads what an API token reads.

    The app with proofs is refused twice before: for the nonce, and for the scope it is not granted.
    """
    source = okta(service, client_id=app, private_key=key, kid="k1", dpop=dpop, page_size=15)

    pd.testing.assert_frame_equal(people(okta(service)), people(source))


def test_an_expired_token_is_renewed_midway(service: Running, key: str) -> None:
    """A token that dies between two pages is replaced, and no row is lost."""
    source = okta(service, client_id="app", private_key=key, kid="k1", page_size=10)
    service.world.faults.add(path="/okta/api/v1/users", skip=2, times=1, kind="expire_token")

    whole = people(source)

    pd.testing.assert_frame_equal(people(okta(service)), whole)
    assert asked(service, "/okta/oauth2/v1/token") == 2


def test_a_scope_that_is_not_granted_is_done_without(service: Running, key: str) -> None:
    """An app without okta.logs.read is refused once, gets a token of less, and has no feed of changes."""
    source = okta(service, client_id="app-lean", private_key=key, kid="k1")

    assert source.checkpoint() is None
    assert asked(service, "/okta/oauth2/v1/token") == 2


def test_other_scopes_are_not_done_without(service: Running, key: str) -> None:
    """A scope that the connection asks for and the app is not granted is told as such."""
    source = okta(service, client_id="app", private_key=key, kid="k1", scopes=["okta.apps.read"])

    with pytest.raises(BadRequest, match="not granted"):
        people(source)


def test_threads_share_one_token(service: Running, key: str) -> None:
    """Groups read side by side use one access token."""
    source = okta(service, client_id="app", private_key=key, kid="k1", workers=6)

    rows = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])

    assert len(rows) > 100
    assert asked(service, "/okta/oauth2/v1/token") == 1


def test_a_key_that_is_not_known_is_told(service: Running) -> None:
    """A wrong private key ends with the credential's error, not with an endless renewal."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    source = okta(service, client_id="app", private_key=other.decode(), kid="k1")

    with pytest.raises((CredentialRefused, BadRequest)):
        people(source)

    assert {"error"} == {finding.level for finding in source.check()}


def test_the_okta_sdk_is_left_alone_by_tokens() -> None:
    """Importing the source and opening it with a token does not load the SDK, which takes seconds."""
    told = (
        "import sys; from sources.okta.source import Okta, OktaOptions; from transport.door import Door;"
        "s = Okta('o', OktaOptions(url='http://127.0.0.1:9', token='t'), Door()); s._client;"
        "print([m for m in sys.modules if m == 'okta' or m.startswith('okta.')])"
    )
    root = Path(__file__).resolve().parents[3]
    seen = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=root)

    assert seen.stdout.strip() == "[]"


def test_a_token_that_may_not_read_groups_raises(acme: Running) -> None:
    """Rights are told as rights: the users come, the groups raise, and check says which."""
    source = okta(acme, token="sandbox-okta-users-token")

    assert len(people(source))
    with pytest.raises(Forbidden):
        list(source.memberships())
    assert [finding.level for finding in source.check()] == ["ok", "error", "warning"]


def test_departed_people_are_listed(acme: Running) -> None:
    """Deprovisioned users, hidden from a plain listing, come as departed in the one listing there is."""
    states = people(okta(acme)).groupby("source_state")["state"].first()

    assert states["DEPROVISIONED"] == "departed"
    assert states["SUSPENDED"] == "suspended"
    assert states["ACTIVE"] == "active"


def odd_users(faulty: Running, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Make a listing of one page whose users differ from the usual as told."""
    usual = {"status": "ACTIVE", "created": "2026-01-02T03:04:05.000Z", "lastLogin": None}
    rows = [
        usual
        | {
            "id": f"00u{n}",
            "profile": {"login": f"p{n}@acme.test", "email": f"p{n}@acme.test"} | change.pop("profile", {}),
        }
        | change
        for n, change in enumerate(changes)
    ]
    faulty.world.faults.add(path="/okta/api/v1/users", status=200, times=0, body=rows)
    return rows


def test_an_unknown_status_is_reported_and_kept(faulty: Running) -> None:
    """A status nobody knows costs no page and no row: it counts as staged, and a reject says what to do."""
    odd_users(faulty, {}, {"status": "HIBERNATING"}, {"status": "ACTIVATING"})

    page = next(okta(faulty).identities())

    assert page.frame["state"].tolist() == ["active", "staged", "staged"]
    assert list(page.rejects[["key", "field", "value"]].itertuples(index=False, name=None)) == [
        ("00u1", "source_state", "HIBERNATING")
    ]
    assert "states" in page.rejects["remedy"].iloc[0]


def test_the_connection_may_say_what_a_status_means(faulty: Running) -> None:
    """A status mapped under `states` is no longer reported."""
    odd_users(faulty, {"status": "HIBERNATING"})

    page = next(okta(faulty, states={"HIBERNATING": "suspended"}).identities())

    assert page.frame["state"].tolist() == ["suspended"]
    assert page.rejects.empty


def test_odd_values_become_values_or_rejects(faulty: Running) -> None:
    """Numbers become text, empty text and nulls null, structures and bad dates are reported."""
    odd_users(
        faulty,
        {"profile": {"employeeNumber": 4711, "firstName": None, "title": ""}},
        {"profile": {"department": ["a", "b"], "hireDate": "soon"}},
        {"created": None, "profile": {"costCenter": 12.5}},
    )

    page = next(okta(faulty).identities())

    assert page.frame["employee_number"].iloc[0] == "4711"
    assert page.frame["cost_center"].iloc[2] == "12.5"
    assert page.frame.loc[0, ["given_name", "title"]].isna().all()
    assert {("00u1", "department"), ("00u1", "hired_on")} == set(
        zip(page.rejects["key"], page.rejects["field"], strict=True)
    )


def test_a_user_without_an_id_is_one_bad_row(faulty: Running) -> None:
    """A row that cannot be named is reported; the others go on."""
    odd_users(faulty, {"id": None}, {}, {})

    page = next(okta(faulty).identities())

    assert page.frame["source_id"].tolist() == ["00u1", "00u2"]
    assert page.rejects["field"].tolist() == ["source_id"]


def test_a_user_listed_twice_is_one_identity(faulty: Running) -> None:
    """A listing that moves while it is read may repeat a user; the first one is kept."""
    odd_users(faulty, {}, {"id": "00u0"}, {})

    assert next(okta(faulty).identities()).frame["source_id"].tolist() == ["00u0", "00u2"]


def test_other_attributes_may_fill_a_column(faulty: Running) -> None:
    """`attributes` names the profile attribute of an org that keeps a fact elsewhere."""
    odd_users(faulty, {"profile": {"kostenstelle": "77"}})

    page = next(okta(faulty, attributes={"cost_center": "kostenstelle"}).identities())

    assert page.frame["cost_center"].tolist() == ["77"]


def test_unwanted_groups_are_not_asked(service: Running) -> None:
    """Only groups with a wanted name cost a request; whether one is empty the group itself says."""
    source = okta(service, groups=["atl-*"])

    rows = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])

    company = service.world.company
    named = {name for name in company.groups if name.startswith("atl-")}
    wanted = {name for name in named if company.groups[name].members}
    assert wanted == set(rows["group_name"])
    assert len(named) == asked(service, "/okta/api/v1/groups/")
    members = {(user_id(n), name) for name in wanted for n in company.groups[name].members}
    assert members == set(zip(rows["source_id"], rows["group_name"], strict=True))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"token": "t", "client_id": "c", "private_key": "k"},
        {"client_id": "c"},
        {"token": "t", "attributes": {"x": "y"}},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    """A connection holds exactly one credential and maps only columns that exist."""
    with pytest.raises(ValidationError):
        OktaOptions(url="https://acme.okta.com", **options)


def test_no_secret_shows(acme: Running) -> None:
    """Neither the options nor an error say the token."""
    door = Door(retry_policy=RetryPolicy(attempts=1))
    source = okta(acme, door, token="very-secret-token")

    with pytest.raises(CredentialRefused) as failure:
        people(source)

    assert "very-secret-token" not in f"{failure.value} {source._options!r} {source.check()}"


def asked(sandbox: Running, path: str) -> int:
    """Count the requests below a path."""
    return sandbox.world.counters.total(path)


@pytest.mark.parametrize(("count", "unread"), [(0, False), (5, True)])
def test_a_count_never_speaks_for_the_members(service: Running, count: int, unread: bool) -> None:
    """Members are read whatever the statistics say; a group that counts some and lists none is not read."""
    source = okta(service, groups=["atl-*"])
    whole = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])
    company = service.world.company
    empty = [name for name, group in company.groups.items() if name.startswith("atl-") and not group.members]
    service.world.options["okta_users_count"] = count

    pages = list(source.memberships())

    del service.world.options["okta_users_count"]
    rejects = frames.concat(frames.Rejects, [page.rejects for page in pages])
    pd.testing.assert_frame_equal(whole, frames.concat(frames.Memberships, [page.frame for page in pages]))
    assert rejects["value"].tolist() == (empty if unread else [])
    assert set(rejects["field"]) <= {"members"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_log_that_is_not_to_be_had_costs_the_changes_alone(service: Running, status: int) -> None:
    """Whatever word refuses it, the org is read whole, and the check warns but for a refused credential."""
    service.world.faults.add(path="/okta/api/v1/logs", status=status, times=0)
    source = okta(service)

    assert source.checkpoint() is None
    assert len(people(source))
    assert source.check()[-1].level == ("error" if status == 401 else "warning")


def test_who_can_sign_in_and_never_did_is_told_apart() -> None:
    """Null is never for whoever can sign in; an attribute of the org's own says nothing of the kind."""
    with Running(people=40, seed=3) as hiring:
        company = hiring.world.company
        new = company.hire({"state": "active"})
        new.last_sign_in = None

        told = people(okta(hiring)).set_index("source_id")
        own = people(okta(hiring, attributes={"last_sign_in": "hireDate"}))

    never = set(told.index[told["never_signed_in"].fillna(value=False)])
    expected = {user_id(p.number) for p in company.in_state("active") if p.last_sign_in is None}
    assert user_id(new.number) in never
    assert expected == never
    assert own["never_signed_in"].isna().all()
