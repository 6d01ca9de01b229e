"""Which property of a Graph user fills which column, and what the states of an account mean."""

from __future__ import annotations

from provisioning.model.terms import State

FIELDS = {
    "source_id": "id",
    "created_on": "createdDateTime",
    "user_name": "userPrincipalName",
    "email": "mail",
    "given_name": "givenName",
    "family_name": "surname",
    "display_name": "displayName",
    "department": "department",
    "cost_center": "employeeOrgData.costCenter",
    "organization": "companyName",
    "title": "jobTitle",
    "user_type": "employeeType",
    "employee_number": "employeeId",
    "hired_on": "employeeHireDate",
    "leaves_on": "employeeLeaveDateTime",
}
"""Which property of a user fills which column; `attributes` of a connection overrides it."""

MANAGER = "manager.userPrincipalName"
EXPAND = "manager($select=id,userPrincipalName)"

FACTS = {
    "enabled": "accountEnabled",
    "invitation": "externalUserState",
    "deleted_on": "deletedDateTime",
    "sort": "userType",
}
"""Properties that are no column but decide about one."""

GUARDED = "employeeLeaveDateTime"
"""A property that needs a permission of its own, User-LifeCycleInfo.Read.All."""

ENABLED, DISABLED, INVITED, DELETED = "enabled", "disabled", "invited", "deleted"
NOT_STATED = "accountEnabled is missing"
STATES = {
    ENABLED: State.ACTIVE,
    DISABLED: State.SUSPENDED,
    INVITED: State.STAGED,
    DELETED: State.DEPARTED,
}
"""What an account is, in our words for Graph's properties; `states` of a connection overrides it.

Graph does not tell someone who has not started from someone who is barred: both are disabled. A
tenant that only ever disables leavers says `states: {disabled: departed}`.
"""

PENDING = "PendingAcceptance"
GUEST = "Guest"

SUCCESS = "lastSuccessfulSignInDateTime"
ATTEMPTS = ("lastSignInDateTime", "lastNonInteractiveSignInDateTime")
"""Read where no success is noted, as before December 2023; one of them counts attempts too."""

NO_ROLE = "00000000-0000-0000-0000-000000000000"
"""The role of an assignment to an application that has none."""

EXPIRED_PAGE = "Directory_ExpiredPageToken"

CHECKS = (
    ("users", "/users", "id", "User.Read.All", True),
    ("deleted users", "/directory/deletedItems/microsoft.graph.user", "id", "User.Read.All", True),
    ("groups", "/groups", "id", "GroupMember.Read.All", True),
    ("last working days", "/users", f"id,{GUARDED}", "User-LifeCycleInfo.Read.All", False),
    ("last sign-ins", "/users", "id,signInActivity", "AuditLog.Read.All, which needs a P1 licence", False),
    ("applications", "/servicePrincipals", "id", "Application.Read.All", True),
)
"""What a connection reads: its name, where, which property, the permission, whether it must be had."""
