"""What is particular to a directory: its filters, and which attribute fills which column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioning.model.terms import State
from sources.ldap.values import escaped_guid, guid, text

COMMON = {
    "user_name": "uid",
    "email": "mail",
    "given_name": "givenName",
    "family_name": "sn",
    "display_name": "displayName",
    "cost_center": "departmentNumber",
    "title": "title",
    "user_type": "employeeType",
    "manager": "manager",
}
OPENLDAP = {
    "source_id": "entryUUID",
    "source_state": "pwdAccountLockedTime",
    **COMMON,
    "department": "ou",
    "organization": "o",
    "employee_number": "employeeNumber",
    "leaves_on": "shadowExpire",
    "created_on": "createTimestamp",
    "last_sign_in": "pwdLastSuccess",
}
ACTIVE_DIRECTORY = {
    "source_id": "objectGUID",
    "source_state": "userAccountControl",
    **COMMON,
    "user_name": "userPrincipalName",
    "department": "department",
    "organization": "company",
    "employee_number": "employeeID",
    "leaves_on": "accountExpires",
    "created_on": "whenCreated",
    "last_sign_in": "lastLogonTimestamp",
}
COLUMNS = {column: attribute for column, attribute in OPENLDAP.items() if column != "source_id"} | {
    "hired_on": ""
}
"""Columns that `attributes` of a connection may fill; the first working day has no attribute of its own."""


@dataclass(frozen=True)
class Profile:
    """What is particular to a directory.

    Attributes:
        fields: for each column the attribute that fills it.
        states: what its words for a state mean; an account of OpenLDAP without a lock has no word.
        people, groups: filters.
        index: attributes beside the identifier by which a group may name a person.
        members: attributes of a group that name its members.
        identifier: makes a text of the identifier's bytes.
        escaped: writes the identifier as a filter wants it.
    """

    fields: Mapping[str, str]
    states: Mapping[str | None, State]
    people: str
    groups: str
    index: tuple[str, ...]
    members: tuple[str, ...]
    identifier: Callable[[bytes], str]
    escaped: Callable[[str], str]

    @property
    def id(self) -> str:
        """The attribute that never changes."""
        return self.fields["source_id"]


PROFILES = {
    "active_directory": Profile(
        fields=ACTIVE_DIRECTORY,
        states={"enabled": State.ACTIVE, "disabled": State.SUSPENDED},
        people="(&(objectCategory=person)(objectClass=user))",
        groups="(objectClass=group)",
        index=("objectSid", "primaryGroupID"),
        members=("member",),
        identifier=guid,
        escaped=escaped_guid,
    ),
    "openldap": Profile(
        fields=OPENLDAP,
        states={None: State.ACTIVE, "locked": State.SUSPENDED},
        people="(objectClass=inetOrgPerson)",
        groups="(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
        index=("uid",),
        members=("member", "uniqueMember", "memberUid"),
        identifier=text,
        escaped=str,
    ),
}
