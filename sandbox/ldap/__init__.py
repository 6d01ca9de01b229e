"""The LDAP face: the company as Active Directory and as OpenLDAP, on the port of all the others.

Who signs in decides which of the two answers. Active Directory's particulars are those of its documentation:
pages of at most 1,000 entries, an answer without pages that ends there with an error, member lists in parts
of 1,500, three references to other servers beside every search of the whole domain, numbers of changes,
deleted objects for 180 days, sign-ins that are renewed after 9 to 14 days, primary groups, times in steps of
100 ns. OpenLDAP dates its changes and keeps nothing of what was deleted.

Options of the world: `ldap_range` (members in one answer), `ldap_hides_deleted` (the account may not see
deleted objects), `ldap_invocation` (the database of the domain controller; another one is a restored one),
`ldap_sync_interval` (days after which the domain says that sign-ins are renewed).
"""

from sandbox.kit.connection import Connection
from sandbox.kit.world import Face
from sandbox.ldap.ber import SEQUENCE
from sandbox.ldap.protocol import PASSWORD, PATH, Ldap

FACES = (Face(name="ldap", prefix=PATH, routes=(), speaks=(bytes((SEQUENCE,)), Ldap)),)
CONNECTIONS = tuple(
    Connection(
        name=name,
        kind="ldap",
        options={
            "profile": profile,
            "url": "ldap://$host",
            "starttls": False,
            "bind_dn": account,
            "password": "env:SANDBOX_LDAP_PASSWORD",
        },
        secrets={"SANDBOX_LDAP_PASSWORD": PASSWORD},
        rank=70,
        needs="ldap",
    )
    for name, profile, account in (
        ("acme-ad", "active_directory", "seatwise@acme.test"),
        ("acme-openldap", "openldap", "cn=seatwise,dc=acme,dc=test"),
    )
)

__all__ = ["CONNECTIONS", "FACES"]
