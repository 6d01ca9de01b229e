"""What is true of the organisation, told to tests alone: who is billed for what, who is whose account."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.company.people import ACTIVE, DEPARTED
from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID, PRODUCTS, SITE, Account
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import ORG_KEY, SCOPED_KEY, organisation
from sandbox.kit.world import Reply, Request, Route, World, json_reply


def truth(world: World) -> dict[str, Any]:
    """Return the organisation's numbers: seats that are billed, capacity, states, drift.

    `seats` counts an account once per product, as the bill does; `people` says how the accounts stand to the
    company's people.
    """
    org = organisation(world)
    listed = [a for a in org.accounts if a.status != "closed" and a.membership != "no_membership"]
    return {
        "org": ORG_ID,
        "directory": DIRECTORY_ID,
        "site": SITE,
        "keys": {"all": ORG_KEY, "scoped": SCOPED_KEY},
        "caller": org.by_id[org.caller].email if org.caller else None,
        "accounts": len(listed),
        "states": Counter(a.composite for a in listed),
        "kinds": Counter(a.kind for a in listed),
        "seats": {PRODUCTS[r].key: org.billed[r] for r in PRODUCTS},
        "capacity": {PRODUCTS[r].key: limit for r, limit in org.capacity.items()},
        "groups": {g.name: len(g.members) for g in org.groups.values()},
        "people": Counter(_standing(a) for a in listed),
        "without_account": sum(1 for p in world.company.in_state(ACTIVE) if _wants(org, p)),
    }


def _standing(account: Account) -> str:
    if account.person is None:
        return "nobody" if account.kind == "atlassian" else account.kind
    if account.person.state != DEPARTED:
        return "present"
    return "gone but billable" if account.works else "gone"


def _wants(org: Organisation, person: Any) -> bool:
    """Whether somebody has an Atlassian group at the identity provider and no account."""
    asks = any(name.startswith("atl-") for name in person.groups)
    return asks and person.email.lower() not in org.by_email


def account(world: World, request: Request) -> Reply:
    """`GET /_sandbox/atlassian/account?email=…`: one account with its groups and billed seats."""
    org = organisation(world)
    found = org.by_email.get((request.get("email") or "").lower())
    if found is None:
        return json_reply({"error": f"no account has the address {request.get('email')}"}, 404)
    return json_reply(
        {
            "account_id": found.account_id,
            "email": found.email,
            "name": found.name,
            "status": found.composite,
            "managed": found.managed,
            "synced": found.synced,
            "person": found.person.number if found.person else None,
            "groups": sorted(org.groups[g].name for g in found.groups),
            "seats": sorted(PRODUCTS[r].key for r in org.seats(found)),
        }
    )


def capacity(world: World, request: Request) -> Reply:
    """`POST /_sandbox/atlassian/capacity {"jira-software": 10}`; null takes the limit away."""
    org = organisation(world)
    body = request.json() or {}
    keys = {p.key: r for r, p in PRODUCTS.items()}
    if unknown := set(body) - set(keys):
        return json_reply({"error": f"unknown products {sorted(unknown)}; known are {sorted(keys)}"}, 400)
    org.capacity |= {keys[key]: limit for key, limit in body.items()}
    return json_reply(truth(world))


DOORS = (
    Route("GET", "/account", account),
    Route("POST", "/capacity", capacity),
)
