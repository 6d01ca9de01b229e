"""The User management API, and a client others wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from atlassian import cloud_admin
from atlassian.cloud_admin import CloudAdmin

from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID, Account
from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import HOME, KEY, Api


@pytest.fixture
def api(fresh: Running) -> Api:
    """Return a client of an organisation of one's own."""
    return Api(fresh)


def _account(api: Api, *, synced: bool = False) -> Account:
    """A working managed account, straight from the sandbox's own books."""
    api.state()
    org = api.sandbox.world.held["atlassian"]
    found: Account = next(
        a for a in org.accounts if a.works and a.person and a.synced == synced and a.account_id != org.caller
    )
    return found


def _manage(api: Api, **which: Any) -> str:
    return f"/users/{_account(api, **which).account_id}/manage"


def _key(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["key"]


# Privileges


def test_privileges_say_what_may_be_done(api: Api) -> None:
    """All rules unasked, only the asked ones otherwise; profile rules name each field."""
    home = _manage(api)

    everything = api.get(home)
    some = api.get(f"{home}?privileges=email.set,lifecycle.delete")

    assert set(some) == {"email.set", "lifecycle.delete"}
    assert everything["profile.write"]["extended_profile.job_title"] == {"allowed": True}
    assert everything["lifecycle.enablement"] == {"allowed": True}


def test_synced_accounts_may_be_read_alone(api: Api) -> None:
    """The rule names the external directory; each write is refused with that rule."""
    home = _manage(api, synced=True)
    rule = {"allowed": False, "reason": {"key": "externalDirectory.scim"}}

    assert api.get(home)["lifecycle.enablement"] == rule
    disabled = api.call("POST", f"{home}/lifecycle/disable")
    assert (_key(disabled), disabled.json()["context"]) == ((403, "forbidden.action"), rule)
    named = api.call("PATCH", f"{home}/profile", {"name": "X"})
    assert (_key(named), named.json()["context"]) == ((403, "forbidden.fieldMutation"), {"name": rule})
    assert api.call("GET", f"{home}/profile").status_code == 200


def test_nobody_deactivates_themselves(api: Api) -> None:
    """The caller's own account has the reason `administrative.notMyself`."""
    caller = api.user(api.state()["caller"])["accountId"]

    answer = api.call("POST", f"/users/{caller}/manage/lifecycle/disable")

    assert answer.json()["context"]["reason"] == {"key": "administrative.notMyself"}


def test_unmanaged_unknown_and_unverified_accounts_are_told_apart(api: Api) -> None:
    """403 forbidden, 404 accountNotFound, and 403 with the fields only the real wire has."""
    outsider = api.users(claimStatus="unmanaged")[0]["accountId"]
    assert _key(api.call("GET", f"/users/{outsider}/manage")) == (403, "forbidden")
    assert _key(api.call("GET", "/users/712020:nobody/manage")) == (404, "accountNotFound")

    account = _account(api)
    account.verified = False
    answer = api.call("POST", f"/users/{account.account_id}/manage/lifecycle/disable")
    assert _key(answer) == (403, "forbidden.targetUnverified")
    assert answer.json()["errorKey"] == "forbidden.target-unverified"


# Profile and address


def test_a_profile_takes_the_fields_that_are_sent(api: Api) -> None:
    """The answer is the whole profile, and the search shows it at once."""
    home, email = _manage(api), _account(api).email
    before = api.get(f"{home}/profile")["account"]

    changed = api.call(
        "PATCH", f"{home}/profile", {"name": "Lila", "extended_profile": {"job_title": "Lead"}}
    )

    after = changed.json()["account"]
    assert (after["name"], after["extended_profile"]["job_title"]) == ("Lila", "Lead")
    assert after["nickname"] == before["nickname"]
    assert (api.user(email)["name"], api.user(email)["jobTitle"]) == ("Lila", "Lead")


@pytest.mark.parametrize(
    ("body", "field", "violation"),
    [
        ({"nickname": "x" * 31}, "nickname", "maxLength"),
        ({"name": "x" * 101}, "name", "maxLength"),
        ({"name": "a\x00b"}, "name", "validCharacters"),
        ({"name": 5}, "name", "invalid"),
        ({"colour": "red"}, "colour", "unknownField"),
        ({"extended_profile": {"shoe": "42"}}, "extended_profile.shoe", "unknownField"),
    ],
)
def test_a_field_that_breaks_its_rule_changes_nothing(
    api: Api, body: dict[str, Any], field: str, violation: str
) -> None:
    """400 names field and violation; the other fields of the body are not written either."""
    home = _manage(api)
    before = api.get(f"{home}/profile")

    answer = api.call("PATCH", f"{home}/profile", {"locale": "de", **body})

    assert _key(answer) == (400, "fieldConstraintsViolated")
    (found,) = answer.json()["context"]["fieldViolations"]
    assert (found["field"], found["violations"]) == (field, [{"key": violation}])
    assert api.get(f"{home}/profile") == before


def test_a_broken_body_is_a_parse_failure(api: Api) -> None:
    """Neither JSON that is cut nor JSON that is no object is taken."""
    url = f"{api.sandbox.url}/atlassian{_manage(api)}/profile"

    for body in ("{", "[]", ""):
        answer = api.session.patch(url, data=body, timeout=30)
        assert _key(answer) == (400, "bodyParseFailure")


def test_an_address_changes_within_the_claimed_domain_alone(api: Api) -> None:
    """204, then only the new address finds the account; other domains and taken addresses are refused."""
    home, account = _manage(api), _account(api)
    old, taken = account.email, api.state()["caller"]

    foreign = api.call("PUT", f"{home}/email", {"email": "x@else.test"})
    assert (_key(foreign), foreign.json()["context"]) == (
        (403, "forbidden.unclaimedDomain"),
        {"domain": "else.test"},
    )
    for email in (taken, "no address", "", None):
        answer = api.call("PUT", f"{home}/email", {"email": email})
        assert _key(answer) == (400, "fieldConstraintsViolated")

    assert api.call("PUT", f"{home}/email", {"email": "New.Name@acme.test"}).status_code == 204
    assert api.user("new.name@acme.test")["accountId"] == account.account_id
    assert api.search(emails=[old])["data"] == []


# Lifecycle


def test_deactivation_stops_the_bill_and_keeps_the_groups(api: Api) -> None:
    """Deactivated and back; doing either twice does no harm."""
    home, email = _manage(api), _account(api).email
    seats, groups = api.state()["seats"], api.user(email)["groups"]

    for _ in range(2):
        assert api.call("POST", f"{home}/lifecycle/disable", {"message": "On leave"}).status_code == 204
    row = api.user(email)
    assert (row["status"], row["accountStatus"], row["membershipStatus"]) == (
        "deactivated",
        "inactive",
        "active",
    )
    assert row["groups"] == groups
    assert sum(api.state()["seats"].values()) < sum(seats.values())

    for _ in range(2):
        assert api.call("POST", f"{home}/lifecycle/enable").status_code == 204
    assert api.user(email)["status"] == "active"
    assert api.state()["seats"] == seats


def test_deactivating_twice_can_be_a_conflict() -> None:
    """The documentation does not say; `atlassian_disable_twice` chooses the other answer."""
    with Running(people=20, atlassian_disable_twice=409) as sandbox:
        api = Api(sandbox)
        path = f"{_manage(api)}/lifecycle/disable"
        assert api.call("POST", path).status_code == 204

        assert _key(api.call("POST", path)) == (409, "conflict.lifecycleErrors")


def test_a_deletion_can_be_cancelled_for_fourteen_days(api: Api) -> None:
    """Meanwhile the account looks deactivated and cannot be enabled; then it is gone."""
    home, email = _manage(api), _account(api).email
    assert "14-day" in api.call("POST", f"{home}/lifecycle/delete").json()["message"]
    assert api.user(email)["status"] == "for_deletion"
    for verb in ("enable", "disable", "delete"):
        answer = api.call("POST", f"{home}/lifecycle/{verb}")
        assert _key(answer) == (409, "conflict.lifecycleErrors")
        assert answer.json()["context"]["errorCodes"][0]["code"] == "deletion-pending"

    api.sandbox.world.company.now += timedelta(days=13)
    assert api.call("POST", f"{home}/lifecycle/cancel-delete").status_code == 200
    assert api.user(email)["status"] == "active"
    assert _key(api.call("POST", f"{home}/lifecycle/cancel-delete")) == (404, "notFound")

    api.call("POST", f"{home}/lifecycle/delete")
    api.sandbox.world.company.now += timedelta(days=14)
    assert _key(api.call("POST", f"{home}/lifecycle/cancel-delete")) == (404, "accountNotFound")
    assert api.search(emails=[email])["data"] == []
    assert api.search(emails=[email], claimStatus="managed")["data"] == []


def test_tokens_are_listed_and_revoked(api: Api) -> None:
    """One token goes, the second time it is not found."""
    account = _account(api)
    account.tokens = [{"id": "t1", "label": "Laptop", "createdAt": "2026-01-02T03:04:05.000Z"}]
    path = f"/users/{account.account_id}/manage/api-tokens"

    assert [token["label"] for token in api.get(path)] == ["Laptop"]
    assert api.call("DELETE", f"{path}/t1").status_code == 204
    assert _key(api.call("DELETE", f"{path}/t1")) == (404, "notFound")
    assert api.get(path) == []


# A client others wrote


@pytest.fixture
def client(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudAdmin]:
    """Return the administration client of atlassian-python-api, pointed at the sandbox."""
    monkeypatch.setattr(cloud_admin, "ADMIN_URL", f"{api.sandbox.url}/atlassian")
    with CloudAdmin(admin_api_key=KEY) as found:
        yield found


def test_another_client_reads_the_organisation(client: CloudAdmin, api: Api) -> None:
    """Organisations, directories, searches by cursor, counts, single accounts and groups."""
    assert client.get_organizations()["data"][0]["id"] == ORG_ID
    assert client.get_organization(ORG_ID)["data"]["attributes"]["name"] == "Acme"
    assert client.get_directories(ORG_ID)["data"][0]["directoryId"] == DIRECTORY_ID

    page = client.search_directory_users(ORG_ID, DIRECTORY_ID, {"limit": 30})
    rows = page["data"]
    while token := page["links"].get("next"):
        page = client.search_directory_users(ORG_ID, DIRECTORY_ID, {"cursor": token})
        rows += page["data"]
    assert (
        len(rows)
        == client.get_directory_users_count(ORG_ID, DIRECTORY_ID)["count"]
        == api.state()["accounts"]
    )

    one = client.get_directory_user(ORG_ID, DIRECTORY_ID, rows[0]["accountId"])
    assert one["data"]["email"] == rows[0]["email"]
    groups = client.search_directory_groups(ORG_ID, DIRECTORY_ID, {"searchTerm": "jira-soft"})["data"]
    assert client.get_group(ORG_ID, DIRECTORY_ID, groups[0]["id"])["data"]["name"] == "jira-software-users"
    assert len(client.get_groups(ORG_ID, DIRECTORY_ID, limit=3)["data"]) == 3


def test_another_client_manages_an_account(client: CloudAdmin, api: Api) -> None:
    """Privileges, profile, address, lifecycle: read back after each write."""
    account, email = _account(api).account_id, "moved@acme.test"

    assert client.get_user_management_permissions(account)["email.set"] == {"allowed": True}
    assert client.update_user_profile(account, {"nickname": "Lil"})["account"]["nickname"] == "Lil"
    client.set_user_email(account, email)
    assert client.get_user_profile(account)["account"]["email"] == email
    client.deactivate_user(account, "Gone fishing")
    assert api.user(email)["status"] == "deactivated"
    client.activate_user(account)
    assert client.delete_user(account)["message"]
    assert api.user(email)["status"] == "for_deletion"
    assert client.cancel_user_deletion(account)["message"]
    assert api.user(email)["status"] == "active"


def test_another_client_raises_what_is_refused(client: CloudAdmin, api: Api) -> None:
    """It reads our refusal as an HTTP error."""
    outsider = api.users(claimStatus="unmanaged")[0]["accountId"]

    with pytest.raises(requests.HTTPError):
        client.get_user_profile(outsider)
    assert api.call("GET", f"{HOME}/users/{outsider}").status_code == 200
