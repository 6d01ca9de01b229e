"""Jira Data Center: versions told apart, listings that are cut refused, what only Jira says no to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from provisioning.model.findings import Refused
from provisioning.model.terms import Action
from sandbox.kit.datacenter_drift import CALLER, DOUBLE, LEAD, SYNCED
from sandbox.running import Running
from sinks import Sink
from sinks.jira_dc.sink import JiraDc, JiraDcOptions
from sinks.kit.jira_server import Jira
from tests.sinks.cases import change, connect, read
from tests.sinks.test_contract import sent
from transport.door import Door
from transport.errors import BadRequest, Malformed
from transport.retry_policy import RetryPolicy


def _jira(sandbox: Running, version: str = "10.3.24", door: Door | None = None, **options: Any) -> Sink:
    sandbox.world.options["jira_dc_version"] = version
    return connect("jira_dc", sandbox, Path(), door or Door(writable=True), **options)


def _held(group: str) -> dict[str, str]:
    return {"kind": "group", "entitlement_id": group, "entitlement": group}


def _levels(sink: Sink) -> dict[str, str]:
    return {finding.subject.partition(": ")[2]: finding.level for finding in sink.check()}


# Versions


@pytest.mark.parametrize("version", ["9.12.5", "10.1.0", "11.2.1"])
def test_every_version_reads_the_same(version: str, fresh: Running) -> None:
    """Accounts, memberships and seats are the same; only 10.3 and later tell the last sign-in."""
    parts = {part: read(_jira(fresh), part) for part in ("accounts", "assignments", "seats")}
    other = _jira(fresh, version)

    for part, whole in parts.items():
        untold = [] if version == "11.2.1" else ["last_active", "activity"]
        here, there = (frame.drop(columns=untold, errors="ignore") for frame in (whole, read(other, part)))
        pd.testing.assert_frame_equal(here, there)


def test_without_a_sign_in_told_use_is_unknown(fresh: Running) -> None:
    """9.x tells nobody's last sign-in, so nobody counts as idle; 10.3 does, so its silence means never."""
    old, new = read(_jira(fresh, "9.12.5"), "seats"), read(_jira(fresh), "seats")

    assert set(old["activity"]) == {"unknown"}
    assert set(new["activity"]) == {"used", "never"}
    assert new.loc[new["activity"] == "used", "last_active"].notna().all()


def test_10_1_sees_members_of_groups_alone_and_says_so(fresh: Running) -> None:
    """Its search would show the first hundred alone, so it is not asked for everybody."""
    made = change(_jira(fresh), Action.CREATE, None, after={"email": "ada@acme.test", "user_name": "ada"})
    _jira(fresh).apply([made])

    old, new = (read(_jira(fresh, version), "accounts") for version in ("10.1.0", "10.3.24"))

    assert set(new["user_name"]) - set(old["user_name"]) == {"ada"}
    assert _levels(_jira(fresh, "10.1.0"))["users"] == "warning"
    assert _levels(_jira(fresh))["users"] == "ok"


def test_the_first_hundred_are_never_taken_for_everybody(acme: Running) -> None:
    """Reading the search of 10.x to its end is refused in words."""
    acme.world.options["jira_dc_version"] = "10.2.0"
    sink = connect("jira_dc", acme, Path(), Door())
    assert isinstance(sink, JiraDc)

    with pytest.raises(Malformed, match="first 100 users alone") as failure:
        list(Jira(sink.client, 200).search_all())

    assert "10.3" in failure.value.remedy
    del acme.world.options["jira_dc_version"]


def test_a_search_that_was_cut_raises(fresh: Running) -> None:
    """A member of a group whom the search left out proves that it ended early."""
    fresh.world.options["jira_dc_search_ends"] = 10

    with pytest.raises(Malformed, match="ended after 10 and left out"):
        read(_jira(fresh, "9.12.5"), "accounts")


def test_groups_that_are_not_shown_raise(fresh: Running) -> None:
    """The picker tells how many there are."""
    fresh.world.options["jira_dc_groups_shown"] = 3

    with pytest.raises(Malformed, match="3 of its 6 groups"):
        read(_jira(fresh), "entitlements")


def test_an_address_too_many_resemble_raises(fresh: Running) -> None:
    """A look by address must not miss the one it is about."""
    fresh.world.renew(people=200)

    with pytest.raises(Malformed, match=r"resemble acme\.test"):
        _jira(fresh).observe([], ["acme.test"])


# Credentials


def test_a_password_is_let_in_up_to_10(fresh: Running) -> None:
    """On 11 the check says to give a token."""
    pair = {"user": CALLER, "password": "sandbox-dc-password"}
    door = Door()
    sink = JiraDc("jira", JiraDcOptions(url=f"{fresh.url}/jira", **pair), door)

    assert "error" not in _levels(sink).values()
    fresh.world.options["jira_dc_version"] = "11.2.1"
    errors = [finding for finding in sink.check() if finding.level == "error"]
    assert errors
    assert all("token" in str(finding.remedy) for finding in errors)


@pytest.mark.parametrize("credential", [{}, {"user": "x"}, {"token": "t", "user": "x", "password": "p"}])
def test_one_credential_is_needed(credential: dict[str, str]) -> None:
    """A token, or a name with its password, and not both."""
    with pytest.raises(ValidationError, match="either `token`"):
        JiraDcOptions(url="http://jira.test", **credential)


def test_the_caller_is_told(acme: Running) -> None:
    """The account of the token is known and so spared."""
    accounts = read(connect("jira_dc", acme, Path(), Door()), "accounts")

    assert accounts.loc[accounts["caller"], "user_name"].tolist() == [CALLER]


# What Jira says no to


def _key(sink: Sink, name: str) -> str:
    accounts = read(sink, "accounts")
    return str(accounts.loc[accounts["user_name"] == name, "account_id"].iloc[0])


def test_a_lead_is_told_in_words(fresh: Running) -> None:
    """Who leads a project stays active, and the message says what to do."""
    sink = _jira(fresh)

    with pytest.raises(BadRequest, match="leads a project") as failure:
        sink.apply([change(sink, Action.DEACTIVATE, _key(sink, LEAD))])

    assert "another lead" in failure.value.remedy


def test_a_read_only_directory_is_told_in_words(fresh: Running) -> None:
    """Jira has no list of directories, so the refusal itself is recognised."""
    sink = _jira(fresh)

    with pytest.raises(BadRequest, match="read-only directory") as failure:
        sink.apply([change(sink, Action.UPDATE, _key(sink, SYNCED), after={"display_name": "New"})])

    assert "that directory" in failure.value.remedy


@pytest.mark.parametrize("action", [Action.DEACTIVATE, Action.DELETE])
def test_a_shadowed_account_is_not_ended(action: Action, fresh: Running) -> None:
    """Behind it another of the same name would come to light, so nothing is sent."""
    door = Door(writable=True)
    sink = _jira(fresh, door=door)

    with pytest.raises(Refused, match="several directories"):
        sink.apply([change(sink, action, _key(sink, DOUBLE))])

    assert sent(door, "write") == 0
    assert _levels(sink)["directories"] == "warning"


def test_a_name_that_is_taken_is_no_success(fresh: Running) -> None:
    """The same name with another address is somebody else."""
    sink = _jira(fresh)
    taken = change(sink, Action.CREATE, None, after={"email": "other@acme.test", "user_name": LEAD})

    with pytest.raises(BadRequest, match="already exists"):
        sink.apply([taken])


# Writing


def test_a_joiner_costs_one_write_a_change(fresh: Running) -> None:
    """Account and groups go together; a group that is not there does not undo the rest."""
    door = Door(writable=True)
    sink = _jira(fresh, door=door)
    wanted = {"email": "ada@acme.test", "user_name": "ada", "display_name": "Ada New"}
    changes = [
        change(sink, Action.CREATE, None, after=wanted),
        *(
            change(sink, Action.GRANT, None, **_held(g))
            for g in ("developers", "no-such", "jira-software-users")
        ),
    ]

    applied = sink.apply(changes)

    assert len({sink.bundle(one) for one in changes}) == 1
    assert sent(door, "write") == 4
    assert list(applied.failed) == [changes[2].change_id]
    observation = sink.observe([str(applied.account_id)], [])
    assert set(observation.assignments["entitlement_id"]) == {"developers", "jira-software-users"}
    assert observation.accounts["display_name"].tolist() == ["Ada New"]


def test_grants_of_an_interrupted_joiner_find_the_account(fresh: Running) -> None:
    """What is left of a bundle is made on the account that exists by now."""
    sink = _jira(fresh)
    sink.apply([change(sink, Action.CREATE, None)._replace(after='{"email": "new.person@acme.test"}')])

    applied = sink.apply([change(sink, Action.GRANT, None, **_held("developers"))])

    assert not sink.observe([str(applied.account_id)], []).assignments.empty


def test_anonymising_leaves_nobody(fresh: Running) -> None:
    """With the option, a deletion anonymises; the account counts as deleted and holds no seat."""
    sink = _jira(fresh, anonymize=True)
    key = _key(sink, next(iter(set(read(sink, "accounts")["user_name"]) - {LEAD, DOUBLE, SYNCED, CALLER})))

    applied = sink.apply([change(sink, Action.DELETE, key)])

    assert not applied.propagating
    assert sink.observe([key], []).accounts["state"].tolist() == ["deleted"]
    seats = read(sink, "seats")
    assert not seats.loc[seats["account_id"] == key, "billable"].any()


def test_an_anonymisation_that_takes_long_is_pending(fresh: Running) -> None:
    """It is asked about as long as patience lasts, and told as pending."""
    fresh.world.options["jira_dc_asks"] = 99
    sink = _jira(fresh, door=Door(writable=True, retry_policy=RetryPolicy(attempts=3)), anonymize=True)
    accounts = read(sink, "accounts")
    key = str(accounts.loc[accounts["email"].str.endswith("partner.test"), "account_id"].iloc[0])

    applied = sink.apply([change(sink, Action.DELETE, key)])

    assert applied.propagating
    assert "next run" in str(applied.message)


def test_seats_without_a_limit_have_none(fresh: Running) -> None:
    """An unlimited licence is unknown capacity, never a number."""
    fresh.world.options["jira_dc_seats"] = {"jira-software": None, "jira-servicedesk": 30}

    capacity = read(_jira(fresh), "capacity").set_index("product")

    assert pd.isna(capacity.loc["jira-software", "seats"])
    assert capacity.loc["jira-servicedesk", "seats"] == 30
    assert capacity["used"].gt(0).all()
