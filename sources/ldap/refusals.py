"""How an LDAP server refuses, named by what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping

import ldap

from transport.errors import (
    BadRequest,
    ConnectionLost,
    CredentialRefused,
    Forbidden,
    Malformed,
    Moved,
    NotFound,
    TransportError,
    Unavailable,
)

RAISE_LIMIT = (
    "The server gives this account fewer entries than there are, and a part is no directory. Raise the limit "
    'for it; of OpenLDAP: `limits dn.exact="…" size.soft=unlimited size.hard=unlimited size.pr=1000 '
    "size.prtotal=unlimited time=unlimited`; or set a smaller `page_size`."
)
ENCRYPT = (
    "Write an ldaps:// address, or leave out `starttls: false`: the server takes no password in clear text."
)
REACH = (
    "Check the address, the port and the network. Where the server's certificate comes from an authority of "
    "your own, name its file under `ca`; the name in the address has to be one the certificate bears."
)
ACCOUNT = "Check `bind_dn` and `password` of this connection."

_CLASSES: Mapping[type[ldap.LDAPError], tuple[type[TransportError], str | None]] = {
    ldap.SERVER_DOWN: (ConnectionLost, REACH),
    ldap.CONNECT_ERROR: (ConnectionLost, REACH),
    ldap.TIMEOUT: (ConnectionLost, None),
    ldap.BUSY: (Unavailable, None),
    ldap.UNAVAILABLE: (Unavailable, None),
    ldap.DECODING_ERROR: (Malformed, None),
    ldap.PROTOCOL_ERROR: (BadRequest, None),
    ldap.INVALID_CREDENTIALS: (CredentialRefused, ACCOUNT),
    ldap.INAPPROPRIATE_AUTH: (CredentialRefused, ACCOUNT),
    ldap.INVALID_DN_SYNTAX: (BadRequest, "Correct the DN: `bind_dn` and `base` of this connection."),
    ldap.FILTER_ERROR: (BadRequest, "Correct `people` and `group_filter` of this connection."),
    ldap.STRONG_AUTH_REQUIRED: (BadRequest, ENCRYPT),
    ldap.CONFIDENTIALITY_REQUIRED: (BadRequest, ENCRYPT),
    ldap.INSUFFICIENT_ACCESS: (Forbidden, "Let the account of this connection read people and groups."),
    ldap.NO_SUCH_OBJECT: (NotFound, "Correct `base` of this connection, or let its account read there."),
    ldap.REFERRAL: (Moved, "Name the server that holds `base`: the one in `url` only refers to it."),
    ldap.SIZELIMIT_EXCEEDED: (BadRequest, RAISE_LIMIT),
    ldap.ADMINLIMIT_EXCEEDED: (BadRequest, RAISE_LIMIT),
    ldap.TIMELIMIT_EXCEEDED: (BadRequest, RAISE_LIMIT),
}
_SUBCODE = re.compile(r"\bdata ([0-9a-f]{3,4})\b")
_SUBCODES = {
    "525": "no such account",
    "52e": "wrong name or password",
    "530": "it may not sign in at this hour",
    "531": "it may not sign in from this machine",
    "532": "its password has expired",
    "533": "it is disabled",
    "701": "it has expired",
    "773": "its password has to be changed first",
    "775": "it is locked",
}
"""What Active Directory means by the number in its refusal to sign in."""
UNBOUND = ("successful bind must be completed", "requires binds")
"""What Active Directory says to somebody whose sign-in it has forgotten."""


def refusal(error: ldap.LDAPError, what: str, url: str) -> TransportError:
    """Return an error of the library as one that names the next step.

    Args:
        error: as python-ldap raised it.
        what: what was asked, such as `search DC=acme,DC=test`.
        url: address of the server.
    """
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = ": ".join(str(told[key]).strip("\0 ") for key in ("desc", "info") if told.get(key)) or str(error)
    found, remedy = _CLASSES.get(type(error), (BadRequest, None))
    if any(phrase in words for phrase in UNBOUND):
        found, remedy = CredentialRefused, ACCOUNT
    if found is CredentialRefused and (code := _SUBCODE.search(words)):
        words = f"{_SUBCODES.get(code[1], 'refused')} ({words})"
    return found(words, remedy=remedy).about(what, url)
