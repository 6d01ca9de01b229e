"""What the bytes of a directory mean, beside figures of other programs, and what a connection may say."""

from __future__ import annotations

import sys
from uuid import UUID

import pytest
from pydantic import ValidationError

from sources.ldap.options import LdapOptions
from sources.ldap.source import Ldap, LdapMissing
from sources.ldap.values import (
    control_word,
    escaped_guid,
    guid,
    last_day_of_filetime,
    last_day_of_shadow,
    lock_word,
    moment,
)
from transport.door import Door

STATED = {
    "profile": "active_directory",
    "url": "ldaps://dc1.acme.test",
    "bind_dn": "seatwise@acme.test",
    "password": "made-up-password",
}


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        # Ten millionths of seconds since 1601; less 11,644,473,600 s they are what `date -ud @…` writes out.
        (b"132223104000000000", "2020-01-01T00:00:00+00:00"),
        (b"128271382742968750", "2007-06-24T05:57:54.296875+00:00"),
        (b"0", None),
        (b"9223372036854775807", None),
        (b"20261129210000Z", "2026-11-29T21:00:00.0+00:00"),
        (b"20261129210000.0Z", "2026-11-29T21:00:00.0+00:00"),
        (b"202611292100+0130", "2026-11-29T21:00:00.0+01:30"),
        (b"2026-11-29", "2026-11-29"),
    ],
)
def test_moments(stated, meant):
    """FILETIME and GeneralizedTime are told apart, and never is no moment."""
    assert moment(stated) == meant


def test_a_guid_is_read_as_microsoft_writes_it():
    """The first three parts are little-endian; the filter escapes the bytes as they are stored."""
    stored = bytes.fromhex("33221100554477668899aabbccddeeff")

    assert guid(stored) == "00112233-4455-6677-8899-aabbccddeeff"
    assert escaped_guid(guid(stored)) == "".join(f"\\{byte:02x}" for byte in stored)
    assert UUID(guid(stored)).bytes_le == stored


def test_the_last_day_is_the_one_before_an_account_ceases_to_work():
    """Windows writes the midnight after the last day, shadow the first day that is shut."""
    assert last_day_of_filetime(b"132223104000000000") == "2019-12-31"
    assert last_day_of_shadow(b"18262") == "2019-12-31"
    assert last_day_of_filetime(b"0") is last_day_of_shadow(b"-1") is None


def test_states():
    """Bit 2 shuts an account, whatever else is set; a lock of mistyped passwords passes by itself."""
    assert [control_word(value) for value in (b"512", b"514", b"66050", b"66048")] == [
        "enabled",
        "disabled",
        "disabled",
        "enabled",
    ]
    assert lock_word(b"000001010000Z") == "locked"
    assert lock_word(b"20261129210000Z") is None


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"password": ""}, "an empty password"),
        ({"url": "ldap://dc1.acme.test", "starttls": False}, "clear text"),
        ({"url": "https://dc1.acme.test"}, "no address"),
        ({"url": "ldaps://name:secret@dc1.acme.test"}, "no address"),
    ],
)
def test_what_is_refused_before_anything_is_sent(more, told):
    """A name without a password would sign in nobody, and one in clear text tells it to everybody."""
    with pytest.raises(ValidationError, match=told):
        LdapOptions(**{**STATED, **more})


def test_only_this_machine_may_do_without_encryption():
    """Elsewhere ldap:// goes on with StartTLS."""
    assert not LdapOptions(**{**STATED, "url": "ldap://127.0.0.1:389", "starttls": False}).secure
    assert LdapOptions(**{**STATED, "url": "ldap://dc1.acme.test"}).secure


def test_a_missing_library_is_told_with_how_to_install_it(monkeypatch):
    """It is compiled, so it is no part of the usual installation."""
    for name in [*sys.modules]:
        if name == "ldap" or name.startswith(("ldap.", "sources.ldap.reading", "sources.ldap.directory")):
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "ldap", None)
    source = Ldap("acme-ad", LdapOptions(**STATED), Door())

    [finding] = source.check()
    with pytest.raises(LdapMissing, match="make ldap"):
        next(source.identities())

    assert finding.level == "error"
    assert "make ldap" in (finding.remedy or "")
