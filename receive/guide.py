"""What to click and paste in the console of an identity provider, with this connection's address."""

from __future__ import annotations

from typing import Literal, get_args

Vendor = Literal["okta", "entra", "onelogin", "jumpcloud", "ping"]
VENDORS: tuple[Vendor, ...] = get_args(Vendor)

_STEPS: dict[Vendor, str] = {
    "okta": """\
1. Admin console → Applications → Create App Integration → SWA or SAML 2.0; under General, App Settings,
   turn on Enable SCIM provisioning.
2. Provisioning → Integration:
     SCIM connector base URL          {address}
     Unique identifier field          userName
     Supported provisioning actions   Push New Users, Push Profile Updates, Push Groups
     Authentication mode              HTTP Header
     Authorization                    the token (Okta writes Bearer before it)
3. Test Connector Configuration, then Save.
4. Provisioning → To App: Create Users, Update User Attributes, Deactivate Users.
5. Assignments: assign people or groups. Push Groups: push the groups that the policy's `groups.map` names.
Pushed groups hold only people who are assigned to this application.""",
    "entra": """\
1. Entra admin center → Enterprise applications → New application → Create your own → Non-gallery.
2. Provisioning → Automatic:
     Tenant URL      {address}?aadOptscim062020
     Secret Token    the token
3. Test Connection, then Save.
4. Mappings: keep externalId ← objectId as matching attribute of users, and displayName of groups.
5. Users and groups: assign the groups that the policy's `groups.map` names. Settings → Scope: only assigned.
6. Start provisioning. A cycle takes about 40 minutes.
Entra sends direct members of assigned groups alone: members of a group in a group are not pushed. Whoever is
unassigned is made inactive and never deleted.""",
    "onelogin": """\
1. Administration → Applications → Add App → SCIM Provisioner with SAML (SCIM v2 Enterprise).
2. Configuration:
     SCIM Base URL        {address}
     SCIM Bearer Token    the token
   API Connection → Enable.
3. Provisioning → Enable provisioning; entitlements: Refresh. When users are deleted or lose access: Suspend.
4. Parameters → Groups → Include in User Provisioning; Rules: set groups from roles.
If the connection test complains of the content type, add `answers: json` to connection {name}.""",
    "jumpcloud": """\
1. SSO Applications → Add New Application → Custom → Export users to this app (Identity Management).
2. Identity Management:
     API type      SCIM API, SCIM 2.0
     Base URL      {address}
     Token Key     the token
     Test User     an address that nobody has
3. Test Connection, then Activate. It makes a test user and a test group and deletes both.
4. Turn on Enable management of User Groups and Group Membership, then bind the user groups.""",
    "ping": """\
PingFederate: install the SCIM Provisioner connector.
PingOne: Integrations → Provisioning → New Connection → SCIM Outbound.
     SCIM URL                 {address}
     SCIM version             2.0
     Authentication           OAuth 2 Bearer Token: the token
     User filter              userName eq "%s"
     Remove user action       Disable
     Group membership         Merge
Map userName, name, emails (work) and externalId. PingFederate reads all groups to find one; so be it.""",
}


def describe_setup(vendor: Vendor, name: str, address: str) -> str:
    """The steps for one identity provider.

    Args:
        vendor: the identity provider.
        name: the connection.
        address: where its SCIM 2.0 face is reached, from outside.
    """
    steps = _STEPS[vendor].format(address=address, name=name)
    return f"""{steps}

The token: `seatwise receive token new {name}` shows it once.
`seatwise check` says when the first push has come.
SCIM 1.1 is served at {address.removesuffix("v2")}v1."""
