"""Connections to one LDAP server, encrypted and signed in: one for each thread that searches."""

from __future__ import annotations

import threading
from contextlib import suppress

import ldap
from ldap.ldapobject import SimpleLDAPObject

from sources.ldap.options import LdapOptions
from transport.errors import Moved, Untrusted
from transport.redact import conceal

CONNECT, ANSWER = 10.0, 120.0
"""Seconds to wait for a connection, and for an answer."""
EVERYTHING = "(objectClass=*)"


class Connections:
    """Signs in for each thread: a connection that is being read is not closed for another's sake."""

    def __init__(self, name: str, options: LdapOptions) -> None:
        self._name, self._options = name, options
        self._held = threading.local()
        self._server: str | None = None
        conceal(options.password.get_secret_value())

    def mine(self) -> SimpleLDAPObject:
        """Return this thread's connection, signed in.

        Raises:
            LDAPError: the server refuses.
            Moved: the address leads to several domain controllers.
            Untrusted: the file of the authority is not there.
        """
        held = self._held.__dict__
        if "connection" not in held:
            held["connection"] = self._sign_in()
            self._meet(held["connection"])
        connection: SimpleLDAPObject = held["connection"]
        return connection

    def close(self) -> None:
        """Sign out; the next search of this thread signs in again."""
        connection = self._held.__dict__.pop("connection", None)
        if connection is not None:
            with suppress(ldap.LDAPError):
                connection.unbind_s()

    def _meet(self, connection: SimpleLDAPObject) -> None:
        """Hold to one domain controller: each counts changes on its own, and one may lag behind another.

        Raises:
            Moved: this connection led to another one than the one before.
        """
        if self._options.profile != "active_directory":
            return
        asked = connection.search_ext("", ldap.SCOPE_BASE, EVERYTHING, ["dsServiceName"])
        # The library's own way to ask and wait would wait for ever.
        _kind, [(_dn, said), *_] = connection.result(asked)
        server = next(iter(said.get("dsServiceName", ())), b"").decode()
        if self._server not in (None, server):
            self.close()
            raise Moved(
                "the address leads to several domain controllers",
                remedy=f"Name one of them under `url` of connection {self._name}.",
            ).about("sign in", self._options.url)
        self._server = server

    def _sign_in(self) -> SimpleLDAPObject:
        options = self._options
        connection = ldap.initialize(options.url)
        connection.set_option(ldap.OPT_REFERRALS, 0)
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, CONNECT)
        connection.set_option(ldap.OPT_TIMEOUT, ANSWER)
        connection.timeout = ANSWER
        if options.secure:
            self._verify(connection)
        if options.secure and options.url.startswith("ldap:"):
            connection.start_tls_s()
        connection.simple_bind_s(options.bind_dn, options.password.get_secret_value())
        return connection

    def _verify(self, connection: SimpleLDAPObject) -> None:
        """Have the server's certificate verified."""
        authority = self._options.ca
        if authority and not authority.is_file():
            raise Untrusted(f"there is no file {authority}", remedy="Correct `ca` of this connection.")
        if authority:
            connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(authority))
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        # It takes up what was said before it, so it is last.
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
