"""The source reads a real OpenLDAP server: the same company, many people, limits, TLS, and what changes."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.merge import merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox.kit.world import World, make_world
from sandbox.ldap import openldap, slapd
from sandbox.ldap.slapd import BLIND, LIMITED, MANAGER, PASSWORD, READER, Slapd
from sandbox.ldap.tree import Entry, Tree
from sandbox.running import Running
from sources.ldap.options import LdapOptions
from sources.ldap.source import Ldap
from tests.sources.cases import connect
from transport.door import Door
from transport.errors import BadRequest, ConnectionLost, CredentialRefused, NotFound, Untrusted
from transport.retry_policy import RetryPolicy

ldap = pytest.importorskip("ldap", reason="python-ldap is not installed: `make ldap`")
pytestmark = pytest.mark.skipif(slapd.missing() is not None, reason=slapd.missing() or "")

MANY = 20_000
ORDER = {"identities": ["source_id"], "memberships": ["group_id", "source_id"]}
PARTS = {"identities": frames.Identities, "memberships": frames.Memberships}
RELAX = ldap.controls.LDAPControl("1.3.6.1.4.1.4203.666.5.12", criticality=True)
"""Lets an administrator write what the server keeps of itself, such as identifiers."""


def _source(url: str, *, door: Door | None = None, **more: Any) -> Ldap:
    stated = {"url": url, "starttls": False, "bind_dn": READER, "password": PASSWORD, **more}
    return Ldap("directory", LdapOptions(profile="openldap", **stated), door or Door())


def _read(source: Ldap, part: str) -> pd.DataFrame:
    whole = frames.concat(PARTS[part], [page.frame for page in getattr(source, part)()])
    return whole.assign(source="directory").sort_values(ORDER[part], ignore_index=True)


def _entries(world: World) -> list[Entry]:
    return list(openldap.entries(Tree(world.company), world.company))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """Serve the twenty thousand."""
    with Slapd(tmp_path_factory.mktemp("crowd"), slapd.crowd(MANY)) as server:
        yield server


def test_the_same_company_as_through_the_simulated_one(tmp_path: Path) -> None:
    """Every person, fact, group and path is what the sandbox shows of the same entries."""
    with Running(people=60, seed=5) as sandbox, Slapd(tmp_path, _entries(sandbox.world)) as server:
        for part in PARTS:
            simulated = connect("ldap-openldap", sandbox, tmp_path, Door())
            assert isinstance(simulated, Ldap)

            pd.testing.assert_frame_equal(_read(simulated, part), _read(_source(server.url), part))
            pd.testing.assert_frame_equal(
                _read(simulated, part), _read(_source(server.url, page_size=7), part)
            )


def test_twenty_thousand_people_and_a_group_of_all_of_them(crowd: Slapd) -> None:
    """As many as another client counts, each once."""
    source = _source(crowd.url)

    people, held = (_read(source, part) for part in PARTS)

    assert (
        len(people) == people["source_id"].nunique() == _count(crowd, "(objectClass=inetOrgPerson)") == MANY
    )
    assert set(held["source_id"]) == set(people["source_id"])
    assert len(held) == MANY


def _count(server: Slapd, filter_: str) -> int:
    """Entries by OpenLDAP's own command."""
    signed_in = ["-x", "-H", server.url, "-D", READER, "-w", PASSWORD, "-b", openldap.SUFFIX]
    command = ["ldapsearch", *signed_in, "-LLL", "-E", "pr=1000/noprompt", filter_, "1.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return sum(line.startswith("dn:") for line in done.stdout.splitlines())


@pytest.mark.parametrize("few", [200, 0], ids=["looked up", "listed"])
def test_other_spellings_of_a_name_mean_the_same(
    crowd: Slapd, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case, spaces and escapes do not count, whichever way somebody is found who was not known yet."""
    monkeypatch.setattr("sources.ldap.people.FEW", few)
    from sources.ldap.directory import plain
    from sources.ldap.people import Index

    people = _source(crowd.url)._reading.people
    spelled = "EmployeeNumber = \\30\\30\\30\\30\\30\\37 , OU=People , dc=acme, dc=test"
    index = Index(people._options)

    people.look_up([spelled], index)

    assert index.ids[plain(spelled)] == "00000000-0000-0000-0000-000000000007"
    assert plain(spelled) == f"employeenumber=000007,ou=people,{openldap.SUFFIX}"


@pytest.mark.parametrize(
    ("more", "words"),
    [({"page_size": 500}, "Size limit exceeded"), ({"page_size": 1000}, "[Ll]imit exceeded")],
)
def test_a_limit_that_cuts_the_listing_is_an_error(crowd: Slapd, more: dict[str, Any], words: str) -> None:
    """The server ends after 500 of 20,000; nobody is taken for gone, and the remedy is its own line."""
    with pytest.raises(BadRequest, match=words) as caught:
        _read(_source(crowd.url, bind_dn=LIMITED, **more), "identities")

    assert "size.prtotal=unlimited" in caught.value.remedy


def test_who_may_not_read_and_who_may_not_sign_in(crowd: Slapd) -> None:
    """Both are told apart, with what to do."""
    with pytest.raises(NotFound, match="No such object"):
        _read(_source(crowd.url, bind_dn=BLIND), "identities")
    with pytest.raises(CredentialRefused) as caught:
        _read(_source(crowd.url, password="wrong"), "identities")
    assert "bind_dn" in caught.value.remedy


def test_a_server_that_goes_down_fails_the_read(tmp_path: Path) -> None:
    """After the first page there is no second, and no part passes for all."""
    world = make_world(30, 1)
    door = Door(retry_policy=RetryPolicy(attempts=2))
    with Slapd(tmp_path, _entries(world)) as server:
        pages = _source(server.url, door=door, page_size=5)._reading.directory.pages("(uid=*)", ["uid"])
        first = next(pages)

    with pytest.raises(ConnectionLost):
        list(pages)
    assert len(first) == 5
    assert [count["retried"] for count in door.meter.counts().values()] == [0]


def test_certificates_are_verified(tmp_path: Path) -> None:
    """By LDAPS and by StartTLS; a server that nobody vouches for is not signed in to."""
    (tmp_path / "data").mkdir()
    certificate, key = _certificate(tmp_path)
    with Slapd(tmp_path / "data", [], (certificate, key)) as server:
        for url, starttls in ((server.secure_url, False), (server.url, True)):
            known = _source(url, starttls=starttls, ca=certificate)
            unknown = _source(url, starttls=starttls, door=Door(retry_policy=RetryPolicy(attempts=1)))

            assert known.checkpoint()
            with pytest.raises(Untrusted, match="no file"):
                _source(url, starttls=starttls, ca=certificate.with_name("none.pem")).checkpoint()
            with pytest.raises(ConnectionLost) as caught:
                unknown.checkpoint()
            assert "`ca`" in caught.value.remedy


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that vouches for itself, for this machine."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


def test_deltas_equal_a_whole_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty days of joins, moves, leaves and deletions, written as an administrator would."""
    # Everything here is younger than what a delta asks for again; without that it alone has to find it.
    monkeypatch.setattr("sources.ldap.feed.OVERLAP", timedelta(0))
    dice, world = random.Random(7), make_world(50, 3)
    with Slapd(tmp_path, _entries(world)) as server:
        known = _whole(server)
        for _ in range(20):
            before = _entries(world)
            world.advance(1)
            if dice.random() < 0.2:
                world.company.leave(dice.choice(world.company.present()).number, how="deleted")
            _write(server, before, _entries(world))
            if dice.random() < 0.5:
                source = _source(server.url)
                known = merged(known, source.delta(known.checkpoint or "", known), datetime.now(UTC))

        known = merged(known, _source(server.url).delta(known.checkpoint or "", known), datetime.now(UTC))
        again = _whole(server)

    for part in PARTS:
        mine, theirs = (
            getattr(read, part).sort_values(ORDER[part], ignore_index=True) for read in (known, again)
        )
        pd.testing.assert_frame_equal(theirs, mine)


def _whole(server: Slapd) -> SourceSnapshot:
    source = _source(server.url)
    mark = source.checkpoint()
    parts = {part: _read(source, part) for part in PARTS}
    return SourceSnapshot("directory", datetime.now(UTC), True, checkpoint=mark, **parts)


def _told(entry: Entry) -> dict[str, list[bytes]]:
    """What an administrator may write; sign-ins the server notes itself."""
    return {name: held for name, held in entry.values.items() if name != "pwdLastSuccess"}  # noqa: PD011


def test_a_sign_in_is_told_by_the_next_delta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server notes it without counting it as a change of the entry."""
    world = make_world(10, 3)
    person = next(p for p in world.company.people.values() if not p.last_sign_in or p.present)
    dn = openldap.dn(person)
    with Slapd(tmp_path, _entries(world)) as server:
        connection = ldap.initialize(server.url)
        connection.simple_bind_s(MANAGER, PASSWORD)
        connection.modify_s(dn, [(ldap.MOD_ADD, "userPassword", [b"of this person"])])
        before = _whole(server)
        connection.simple_bind_s(dn, "of this person")
        monkeypatch.setattr("sources.ldap.feed.OVERLAP", timedelta(0))
        after = merged(before, _source(server.url).delta(before.checkpoint or "", before), datetime.now(UTC))

    at = after.identities.set_index("user_name")["last_sign_in"][person.login]
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def _write(server: Slapd, before: list[Entry], after: list[Entry]) -> None:
    """Bring a server from some entries to others."""
    connection = ldap.initialize(server.url)
    connection.simple_bind_s(MANAGER, PASSWORD)
    old, new = ({entry.dn: _told(entry) for entry in entries} for entries in (before, after))
    for dn in old.keys() - new.keys():
        connection.delete_s(dn)
    for dn, values in new.items():
        if dn not in old:
            connection.add_ext_s(dn, list(values.items()), serverctrls=[RELAX])
        elif old[dn] != values:
            changed = {name for name in {*values, *old[dn]} if values.get(name) != old[dn].get(name)}
            mods = [(ldap.MOD_REPLACE, name, values.get(name)) for name in sorted(changed)]
            connection.modify_ext_s(dn, mods, serverctrls=[RELAX])
    connection.unbind_s()
