"""The directories of the sandbox keep the limits of real ones, shown to OpenLDAP's own client library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.ldap import active_directory
from sandbox.ldap.protocol import PASSWORD
from sandbox.running import Running

ldap = pytest.importorskip("ldap", reason="python-ldap is not installed: `make ldap`")

PEOPLE, GROUPS = "(&(objectCategory=person)(objectClass=user))", "(objectClass=group)"
DOMAIN = active_directory.DOMAIN


@pytest.fixture(scope="module")
def acme() -> Iterator[Running]:
    """Serve more people than one answer holds."""
    with Running(people=1100, seed=3, odd=False) as sandbox:
        yield sandbox


def _connect(acme: Running) -> Any:
    connection = ldap.initialize(acme.url.replace("http", "ldap"))
    connection.set_option(ldap.OPT_REFERRALS, 0)
    connection.simple_bind_s("seatwise@acme.test", PASSWORD)
    return connection


def _page(connection: Any, filter_: str, size: int, cookie: bytes = b"") -> tuple[list[Any], bytes]:
    paging = ldap.controls.SimplePagedResultsControl(True, size, cookie)
    asked = connection.search_ext(DOMAIN, ldap.SCOPE_SUBTREE, filter_, ["cn"], serverctrls=[paging])
    _kind, rows, _number, [told] = connection.result3(asked)
    return rows, told.cookie


def test_an_answer_without_pages_ends_at_a_thousand(acme: Running) -> None:
    """And says so by its code, after the thousand."""
    connection = _connect(acme)
    asked = connection.search(DOMAIN, ldap.SCOPE_SUBTREE, PEOPLE, ["cn"])
    found = [connection.result(asked, all=0)[1] for _entry in range(1000)]

    assert all(dn is not None for [(dn, _held)] in found)
    with pytest.raises(ldap.SIZELIMIT_EXCEEDED):
        connection.result(asked)


def test_pages_are_never_larger_and_refer_elsewhere(acme: Running) -> None:
    """A larger page is silently cut down; three references to other servers come with each."""
    connection = _connect(acme)
    first, cookie = _page(connection, PEOPLE, 5000)
    second, end = _page(connection, PEOPLE, 5000, cookie)

    assert [sum(dn is None for dn, _ in page) for page in (first, second)] == [3, 3]
    assert len(first) - 3 == 1000
    assert len(first) + len(second) - 6 == len(acme.world.company.people)
    assert end == b""


def test_a_cookie_is_worth_nothing_on_another_connection(acme: Running) -> None:
    """Whoever lost the connection starts anew."""
    _rows, cookie = _page(_connect(acme), PEOPLE, 10)

    with pytest.raises(ldap.UNWILLING_TO_PERFORM):
        _page(_connect(acme), PEOPLE, 10, cookie)


def test_long_lists_come_in_ranges(acme: Running) -> None:
    """The list itself is there and empty, and its first part beside it."""
    acme.world.options["ldap_range"] = 200
    connection, name = _connect(acme), "member"
    group = acme.world.company.groups["atl-confluence-users"]
    dn = f"CN={group.name},OU=Groups,{DOMAIN}"

    [(_dn, held)] = connection.search_s(dn, ldap.SCOPE_BASE, attrlist=[name])
    [(_dn, rest)] = connection.search_s(dn, ldap.SCOPE_BASE, attrlist=["member;range=200-*"])

    assert held[name] == []
    assert len(held["member;range=0-199"]) == 200
    assert set(rest) == {name, "member;range=200-399"}


def test_filters_mean_what_they_say(acme: Running) -> None:
    """Counted beside the company itself."""
    connection, people = _connect(acme), acme.world.company.people.values()

    def count(filter_: str) -> int:
        return sum(dn is not None for dn, _held in _page(connection, f"(&{PEOPLE}{filter_})", 1000)[0])

    disabled = "(userAccountControl:1.2.840.113556.1.4.803:=2)"
    assert count(disabled) == sum(person.state != "active" for person in people)
    assert count(f"(!{disabled})(title=*engineer*)(!(manager=*))") == sum(
        "engineer" in p.title.lower() and not p.manager and p.state == "active" for p in people
    )
    assert count("(department=sales)") == sum(person.department == "Sales" for person in people)


def test_nothing_is_written_and_nobody_unknown_gets_in(acme: Running) -> None:
    """It is there to be read; HTTP goes on at the same port."""
    connection = _connect(acme)
    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
        connection.delete_s(f"CN=WS-0001,CN=Computers,{DOMAIN}")
    with pytest.raises(ldap.INVALID_CREDENTIALS):
        connection.simple_bind_s("seatwise@acme.test", "wrong")

    assert requests.get(f"{acme.url}/_sandbox/state", timeout=5).ok
