"""What is Entra's own: tokens by msal, batches, groups in groups, rights that may be missing."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from provisioning.model import frames
from sandbox.company.people import DEPARTED
from sandbox.entra import tree as entra_tree
from sandbox.entra.auth import BASIC, CLIENT, TENANT
from sandbox.entra.ids import guid
from sandbox.entra.rows import user_id
from sandbox.running import Running
from sources.entra.source import Entra, EntraOptions
from tests.sandbox.entra.client import SECRETS, Tenant, certificate, public_part
from transport.door import Door
from transport.errors import (
    BadRequest,
    CredentialRefused,
    Forbidden,
    ForeignHost,
    Malformed,
    NotFound,
    PageLoop,
    RateLimited,
    TransportError,
    Unavailable,
    error_class,
)
from transport.retry_policy import RetryPolicy

SMALL = {"page_size": 9, "sign_in_page_size": 11, "member_page_size": 4}
TOKENS = f"/entra/{TENANT}/oauth2"
EXPIRED = {"error": {"code": "Directory_ExpiredPageToken", "message": "The page token has expired."}}


@pytest.fixture
def tenant(faulty: Running) -> Iterator[Running]:
    """Serve the shared company to a test that sets faults and options or counts requests."""
    before = dict(faulty.world.options)
    faulty.world.counters.clear()
    yield faulty
    faulty.world.options.clear()
    faulty.world.options.update(before)


def entra(sandbox: Running, door: Door | None = None, **options: Any) -> Entra:
    here = f"{sandbox.url}/entra"
    client = options.pop("client_id", CLIENT)
    proof = {} if "certificate" in options else {"client_secret": SECRETS.get(client, "none")}
    made = EntraOptions(tenant=TENANT, client_id=client, authority=here, graph=here, **proof | options)
    return Entra("entra-main", made, door or Door())


def people(source: Entra) -> pd.DataFrame:
    return frames.concat(frames.Identities, [page.frame for page in source.identities()])


def held(source: Entra) -> pd.DataFrame:
    return frames.concat(frames.Memberships, [page.frame for page in source.memberships()])


def asked(sandbox: Running, path: str) -> int:
    return sandbox.world.counters.total(path)


# Tokens


def test_a_certificate_reads_the_same(tenant: Running) -> None:
    """A private key with its certificate reads what a secret reads."""
    pem = certificate()
    signed = {"client_id": "signed", "certificate": public_part(pem)}
    tenant.world.options["entra_clients"] = [*tenant.world.options.get("entra_clients", ()), signed]

    whole = people(entra(tenant, client_id="signed", certificate=pem))

    tenant.world.options["entra_clients"] = None
    del tenant.world.options["entra_clients"]
    pd.testing.assert_frame_equal(people(entra(tenant)), whole)


def test_a_token_of_a_few_minutes_serves_more_than_one_request(tenant: Running) -> None:
    """A new reader asks for its own; one token then serves all requests of a read, however short it lives."""
    tenant.world.options["entra_token_seconds"] = 250
    people(entra(tenant, **SMALL))

    assert asked(tenant, "/entra/v1.0/") > 5
    assert asked(tenant, TOKENS) == 1


@pytest.mark.parametrize(
    ("part", "path"), [(people, "/entra/v1.0/users"), (held, "/entra/v1.0/$batch")], ids=["users", "batch"]
)
def test_an_expired_token_is_renewed_midway(part: Any, path: str, tenant: Running) -> None:
    """A token that dies between two requests is replaced, and no row is lost."""
    whole = part(entra(tenant))
    tenant.world.counters.clear()
    tenant.world.faults.add(path=path, skip=2, times=1, kind="expire_token")

    pd.testing.assert_frame_equal(whole, part(entra(tenant, **SMALL)))
    assert asked(tenant, TOKENS) == 2


def test_threads_share_one_token(tenant: Running) -> None:
    """Batches read side by side use one token, and the discovery document is read once."""
    held(entra(tenant, workers=8))

    assert asked(tenant, TOKENS) == 1
    assert asked(tenant, f"/entra/{TENANT}/v2.0") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_secret": "very-secret"}, "AADSTS7000215"),
        ({"client_id": "nobody"}, "AADSTS700016"),
        ({"certificate": "stranger"}, "AADSTS700027"),
        ({"certificate": "garbled"}, "cannot sign"),
    ],
    ids=["secret", "client", "another certificate", "broken key"],
)
def test_a_refused_credential_is_told(
    options: dict[str, str], words: str, tenant: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Entra's own number is in the message, the remedy names the options, and no secret is shown."""
    pem = certificate()
    if options.get("certificate") == "stranger":
        signed = {"client_id": "signed", "certificate": public_part(certificate())}
        tenant.world.options["entra_clients"] = [signed]
        options = {"client_id": "signed", "certificate": pem}
    elif options.get("certificate") == "garbled":
        options = {"certificate": pem.replace(pem[40:60], "A" * 20)}
    source = entra(tenant, **options)

    with caplog.at_level(logging.DEBUG), pytest.raises(CredentialRefused) as failure:
        people(source)

    findings = source.check()
    assert words in str(failure.value)
    assert failure.value.remedy
    assert {"error"} == {finding.level for finding in findings}
    shown = f"{failure.value} {source._options!r} {findings} {caplog.text}"
    assert "very-secret" not in shown
    assert pem[40:100] not in shown


def test_a_tenant_that_does_not_exist_is_told(tenant: Running) -> None:
    """The authority's own words reach the person."""
    source = Entra("e", entra(tenant)._options.model_copy(update={"tenant": "nowhere.test"}), Door())

    with pytest.raises(BadRequest, match=r"nowhere\.test.* not found"):
        people(source)


def test_msal_is_left_alone_until_it_is_needed() -> None:
    """Importing the source does not load msal."""
    told = "import sys, sources.entra.source; print([m for m in sys.modules if m.startswith('msal')])"
    root = Path(__file__).resolve().parents[3]
    seen = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=root)

    assert seen.stdout.strip() == "[]"


# People


def test_states_are_told(tenant: Running) -> None:
    """Enabled is active, disabled suspended, deleted departed; a deleted name loses its prefix."""
    company = tenant.world.company
    whole = people(entra(tenant)).set_index("source_id")
    gone = [p for p in company.people.values() if p.state == DEPARTED and user_id(p) in whole.index]

    assert gone
    assert set(whole.groupby("source_state")["state"].first().items()) == {
        ("enabled", "active"),
        ("disabled", "suspended"),
        ("deleted", "departed"),
    }
    for person in gone:
        assert whole.loc[user_id(person), "user_name"] == person.login
    assert len(whole) == len(company.present()) + len(gone)


def test_last_sign_ins_are_successes(tenant: Running) -> None:
    """The last success is taken, not a later attempt; never stays null."""
    whole = people(entra(tenant)).set_index("source_id")["last_sign_in"]

    for person in tenant.world.company.present():
        if person.last_sign_in is None:
            assert pd.isna(whole[user_id(person)])
        else:
            assert whole[user_id(person)] == pd.Timestamp(person.last_sign_in)


@pytest.mark.parametrize("why", ["licence", "permission"])
def test_without_the_right_sign_ins_are_unknown(
    why: str, tenant: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal leaves last sign-ins null, everything else as it is, and is told."""
    tenant.world.options["entra_premium"] = why != "licence"
    client = BASIC if why == "permission" else CLIENT
    source = entra(tenant, client_id=client)
    unknown = ["last_sign_in", "leaves_on"] if why == "permission" else ["last_sign_in"]

    whole = people(source)

    assert whole[unknown].isna().all(axis=None)
    tenant.world.options["entra_premium"] = True
    pd.testing.assert_frame_equal(people(entra(tenant)).drop(columns=unknown), whole.drop(columns=unknown))
    assert "last sign-ins are unknown" in caplog.text


def test_check_says_what_stays_unknown(tenant: Running) -> None:
    """Rights that are useful and missing are warnings that name the permission; needed ones are errors."""
    findings = {f.subject.partition(": ")[2]: f for f in entra(tenant, client_id=BASIC, apps=["*"]).check()}

    assert {name: finding.level for name, finding in findings.items()} == {
        "users": "ok",
        "deleted users": "ok",
        "groups": "ok",
        "last working days": "warning",
        "last sign-ins": "warning",
        "applications": "error",
    }
    assert "AuditLog.Read.All" in str(findings["last sign-ins"].remedy)


def test_reads_can_be_left_out(tenant: Running) -> None:
    """Without managers and sign-ins there is one listing of full pages."""
    whole = people(entra(tenant, managers=False, sign_ins=False))

    assert whole["manager"].isna().all()
    assert asked(tenant, "/entra/v1.0/users") == 1


def odd_users(tenant: Running, *changes: dict[str, Any]) -> None:
    """Answer the listing of users with users that differ from the usual as told."""
    rows = [
        {"id": f"u{n}", "userPrincipalName": f"p{n}@acme.test", "accountEnabled": True, **change}
        for n, change in enumerate(changes)
    ]
    tenant.world.faults.add(path="/entra/v1.0/users", status=200, times=0, body={"value": rows})


def test_odd_users_become_rows_or_rejects(tenant: Running) -> None:
    """Guests, invitations, an untold state, a structure in a text: one bad value is one bad value."""
    odd_users(
        tenant,
        {"userType": "Guest", "externalUserState": "PendingAcceptance"},
        {"userType": "Guest", "externalUserState": "Accepted", "employeeType": "Partner"},
        {"accountEnabled": None, "userType": "Member"},
        {"department": ["a"], "employeeHireDate": "soon"},
        {"id": None},
        {"id": "u0"},
    )

    page = next(entra(tenant).identities())

    assert page.frame["source_id"].tolist()[:4] == ["u0", "u1", "u2", "u3"]
    assert page.frame["state"].tolist()[:4] == ["staged", "active", "staged", "active"]
    assert page.frame["user_type"].tolist()[:2] == ["Guest", "Partner"]
    assert page.frame["user_type"][2:4].isna().all()
    assert sorted(zip(page.rejects["key"], page.rejects["field"], strict=True)) == [
        ("p4@acme.test", "source_id"),
        ("u2", "source_state"),
        ("u3", "department"),
        ("u3", "hired_on"),
    ]


@pytest.mark.parametrize(
    ("activity", "last"),
    [
        (None, None),
        ({"lastSignInDateTime": "2022-01-02T03:04:05Z"}, "2022-01-02T03:04:05Z"),
        (
            {
                "lastSignInDateTime": "2022-01-02T03:04:05Z",
                "lastNonInteractiveSignInDateTime": "2022-02-02T03:04:05Z",
            },
            "2022-02-02T03:04:05Z",
        ),
        (
            {
                "lastSignInDateTime": "2026-01-02T03:04:05Z",
                "lastSuccessfulSignInDateTime": "2025-01-02T03:04:05Z",
            },
            "2025-01-02T03:04:05Z",
        ),
        ({"lastSignInDateTime": "0001-01-01T00:00:00Z"}, None),
        ({"lastSignInDateTime": None}, None),
    ],
    ids=["none", "attempt", "quiet", "success", "never", "null"],
)
def test_what_counts_as_the_last_sign_in(
    activity: dict[str, Any] | None, last: str | None, tenant: Running
) -> None:
    """A noted success decides; before successes were noted the latest of the rest; unknown stays null."""
    odd_users(tenant, {"signInActivity": activity})

    found = next(entra(tenant).identities()).frame["last_sign_in"].iloc[0]

    assert (pd.isna(found) and last is None) or found == pd.Timestamp(last)


def test_the_connection_may_map_differently(tenant: Running) -> None:
    """`attributes` names another property, two deep; `states` gives a word another meaning."""
    odd_users(
        tenant,
        {"onPremisesExtensionAttributes": {"extensionAttribute1": "77"}, "accountEnabled": False},
    )
    mapped = {"cost_center": "onPremisesExtensionAttributes.extensionAttribute1"}
    source = entra(tenant, attributes=mapped, states={"disabled": "departed"})

    frame = next(source.identities()).frame

    assert (frame["cost_center"].iloc[0], frame["state"].iloc[0]) == ("77", "departed")


def test_someone_deleted_meanwhile_is_one_identity(tenant: Running) -> None:
    """Whoever is in both listings, for having been deleted between them, is told once."""
    person = tenant.world.company.present()[0]
    row = {"id": user_id(person), "userPrincipalName": "x", "deletedDateTime": "2026-11-23T08:00:00Z"}
    tenant.world.faults.add(path="/entra/v1.0/directory", status=200, times=0, body={"value": [row]})

    whole = people(entra(tenant))

    assert whole["source_id"].tolist().count(user_id(person)) == 1
    assert not (whole["state"] == "departed").any()


# Pages and batches


@pytest.mark.parametrize("part", [people, held], ids=["identities", "memberships"])
@pytest.mark.parametrize("fault", [{"status": 429}, {"kind": "reset"}], ids=["429", "reset"])
def test_a_passing_fault_on_any_request_is_survived(
    part: Any, fault: dict[str, Any], tenant: Running
) -> None:
    """Wherever a request fails once, inside a batch too, it is asked again and no row is lost."""
    whole = part(entra(tenant))
    tenant.world.counters.clear()
    part(entra(tenant, **SMALL))
    requests = asked(tenant, "/entra/v1.0/")

    for number in range(requests):
        tenant.world.faults.clear()
        tenant.world.faults.add(path="/entra/v1.0/", skip=number, times=1, **fault)

        pd.testing.assert_frame_equal(whole, part(entra(tenant, **SMALL)))

        assert tenant.world.faults.all[0].spent


@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize(
    ("part", "path"),
    [(people, "/entra/v1.0/users"), (held, "/entra/v1.0/groups?"), (held, "/entra/v1.0/groups/")],
    ids=["users", "groups", "members"],
)
def test_an_expired_page_token_starts_the_listing_again(
    part: Any, path: str, times: int, tenant: Running
) -> None:
    """Up to five times a listing starts again from its first page, alone or inside a batch."""
    whole = part(entra(tenant))
    tenant.world.faults.add(path=path.rstrip("?"), skip=2, times=times, status=400, body=EXPIRED)

    pd.testing.assert_frame_equal(whole, part(entra(tenant, **SMALL)))


@pytest.mark.parametrize(("part", "path"), [(people, "/entra/v1.0/users"), (held, "/entra/v1.0/groups/")])
def test_a_listing_that_never_ends_raises(part: Any, path: str, tenant: Running) -> None:
    """When the token expires each time, the read fails rather than going on for ever."""
    tenant.world.faults.add(path=path, skip=1, times=0, status=400, body=EXPIRED)

    with pytest.raises(BadRequest, match="Directory_ExpiredPageToken"):
        part(entra(tenant, **SMALL))


@pytest.mark.parametrize("part", [people, held], ids=["identities", "memberships"])
def test_an_empty_page_is_not_the_end(part: Any, tenant: Running) -> None:
    """A page without rows and with a next link is followed."""
    whole = part(entra(tenant))
    tenant.world.options["entra_empty_pages"] = True

    pd.testing.assert_frame_equal(whole, part(entra(tenant, **SMALL)))


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Forbidden), (404, NotFound), (429, RateLimited), (500, Unavailable), (400, BadRequest)],
)
def test_a_failure_inside_a_batch_raises_its_own_error(
    status: int, error: type[TransportError], tenant: Running
) -> None:
    """One group that cannot be read fails the read, with the address inside the batch."""
    key = guid("group", tenant.world.company.groups["dept-it"].number)
    tenant.world.faults.add(path=f"/entra/v1.0/groups/{key}", times=0, status=status)

    with pytest.raises(error) as failure:
        held(entra(tenant, Door(retry_policy=RetryPolicy(attempts=2, refusals=3))))

    assert key in str(failure.value)
    assert tenant.world.faults.all[0].struck == {429: 3, 500: 2}.get(status, 1)


def _answered(**answer: Any) -> dict[str, Any]:
    return {"responses": [{"id": str(n), "status": 200, "headers": {}, **answer} for n in range(20)]}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"responses": []}, Malformed),
        ({"error": "none"}, Malformed),
        (_answered(body={"value": None}), Malformed),
        (_answered(body={"value": [], "@odata.nextLink": "https://evil.test/v1.0/groups"}), ForeignHost),
        (_answered(body={"value": [], "@odata.nextLink": "SAME"}), PageLoop),
    ],
    ids=["an answer is missing", "no answers", "no rows", "another host", "a loop"],
)
def test_a_batch_that_makes_no_sense_raises(
    body: dict[str, Any], error: type[TransportError], tenant: Running
) -> None:
    """Nothing that is not the whole answer passes for it."""
    for answer in body.get("responses", ()):
        if answer["body"].get("@odata.nextLink") == "SAME":
            answer["body"] = {"value": [], "@odata.nextLink": f"{tenant.url}/entra/v1.0/groups?x"}
    tenant.world.faults.add(path="/entra/v1.0/$batch", times=0, status=200, body=body)

    with pytest.raises(error):
        held(entra(tenant))


def test_groups_go_twenty_a_batch(tenant: Running) -> None:
    """As many requests as there are twenties of groups, and no single one for a group."""
    held(entra(tenant))

    groups = len(Tenant(tenant).groups())
    assert asked(tenant, "/entra/v1.0/$batch") == -(-groups // 20)
    assert asked(tenant, "/entra/v1.0/groups/") == 0


# Groups in groups


def test_nested_members_are_the_transitive_ones(tenant: Running) -> None:
    """For every group direct and nested rows together are Graph's own transitive members, each once."""
    rows = held(entra(tenant))
    graph = Tenant(tenant)
    for name, key in graph.groups().items():
        cast = f"/groups/{key}/transitiveMembers/microsoft.graph.user?$select=id&$top=998"
        mine = rows[rows["group_id"] == key]

        assert sorted(mine["source_id"]) == sorted(row["id"] for row in graph.rows(cast)), name
        assert set(mine["group_name"]) <= {name}


def test_paths_lead_to_the_person(tenant: Running) -> None:
    """A path names the groups between, outermost first: each holds the next, the last the person."""
    rows = held(entra(tenant))
    company = tenant.world.company
    tree = entra_tree.units(tenant.world)
    nested = rows[~rows["direct"]]
    lengths = set()
    for row in nested.itertuples():
        steps = [row.group_name, *row.path.split(" > ")]
        lengths.add(len(steps))
        assert all(inner in tree[outer].groups for outer, inner in pairwise(steps))
        number = next(n for n in company.groups[steps[-1]].members if guid("user", n) == row.source_id)
        assert steps[-1] in company.people[number].groups

    assert lengths == {2, 3}
    assert rows.loc[rows["direct"], "path"].isna().all()


def test_nesting_can_be_left_out(tenant: Running) -> None:
    """Without it only direct members come, and groups that hold groups alone are empty."""
    rows = held(entra(tenant, nested=False))

    assert rows["direct"].all()
    assert "all-tech" not in set(rows["group_name"])


def test_inner_groups_are_read_though_not_wanted(tenant: Running) -> None:
    """Only wanted groups have rows, but the way to their members leads through any group."""
    rows = held(entra(tenant, groups=["all-tech"]))

    assert set(rows["group_name"]) == {"all-tech"}
    assert set(rows["source_id"]) == set(held(entra(tenant)).query("group_name == 'all-tech'")["source_id"])


def test_groups_that_hold_each_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring of groups is walked once."""
    ring = [("ring-a", ("ring-b",)), ("ring-b", ("ring-c", "dept-it")), ("ring-c", ("ring-a", "dept-sales"))]
    monkeypatch.setattr(entra_tree, "_outer", lambda _company: iter(ring))
    with Running(people=40, seed=3) as sandbox:
        rows = held(entra(sandbox, groups=["ring-*"]))
        company = sandbox.world.company
        both = {guid("user", n) for g in ("dept-it", "dept-sales") for n in company.groups[g].members}

    for name in ("ring-a", "ring-b", "ring-c"):
        mine = rows[rows["group_name"] == name]
        assert sorted(mine["source_id"]) == sorted(both)
    paths = set(rows.loc[rows["group_name"] == "ring-c", "path"])
    assert paths == {"dept-sales", "ring-a > ring-b > dept-it"}


def test_applications_are_groups_too(tenant: Running) -> None:
    """Whoever is assigned to an application, alone or by a group of it, is in `app:` with its role."""
    company = tenant.world.company
    source = entra(tenant, apps=["Atlassian*"], groups=["none"])

    rows = held(source)

    app = next(app for app in company.apps if app.name == "atlassian")
    assigned = {guid("user", p.number) for p in company.assigned(app)}
    direct = set(rows.loc[rows["direct"], "source_id"])
    assert set(rows["group_name"]) == {"app:Atlassian Cloud/User"}
    assert not rows.duplicated("source_id").any()
    assert set(rows["source_id"]) == assigned | direct
    assert set(rows.loc[~rows["direct"], "path"]) <= set(app.groups)


# Options


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"client_secret": "s", "certificate": "c"},
        {"client_secret": "s", "attributes": {"x": "y"}},
        {"client_secret": "s", "states": {"asleep": "active"}},
        {"client_secret": "s", "page_size": 1000},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    """One credential, known columns and words."""
    with pytest.raises(ValidationError):
        EntraOptions(tenant="t", client_id="c", **options)


def test_a_certificate_needs_its_key(tenant: Running) -> None:
    """PEM text with a certificate alone is refused before anything is sent."""
    with pytest.raises(ValidationError, match="private key and the certificate"):
        entra(tenant, certificate=public_part(certificate()))


def test_members_without_a_type_are_told_apart_all_the_same(tenant: Running) -> None:
    """A member whose type is not said is a group where one bears its identifier, else a user."""
    whole = held(entra(tenant))
    tenant.world.options["entra_untyped"] = True

    found = held(entra(tenant))

    order = ["group_id", "source_id"]
    pd.testing.assert_frame_equal(
        whole.sort_values(order, ignore_index=True), found.sort_values(order, ignore_index=True)
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_sign_ins_that_are_not_to_be_had_are_unknown(
    tenant: Running, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever word refuses them, users are read without them, and a warning says so."""
    source = entra(tenant)
    graph = source._people._graph
    pages = graph.pages

    def refused(path: str, params: Any, *args: Any, **options: Any) -> Any:
        if "signInActivity" in params.get("$select", ""):
            raise error_class(status)("not here", status=status)
        return pages(path, params, *args, **options)

    monkeypatch.setattr(graph, "pages", refused)

    whole = people(source)

    assert len(whole)
    assert whole["last_sign_in"].isna().all()
    assert "last sign-ins are unknown" in caplog.text


@pytest.mark.parametrize("status", [400, 403, 404])
def test_managers_that_are_not_to_be_had_are_unknown(
    tenant: Running, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody is read all the same."""
    usual = people(entra(tenant))
    source = entra(tenant)
    graph = source._people._graph
    pages = graph.pages

    def refused(path: str, params: Any, *args: Any, **options: Any) -> Any:
        if "$expand" in params:
            raise error_class(status)("not here", status=status)
        return pages(path, params, *args, **options)

    monkeypatch.setattr(graph, "pages", refused)

    whole = people(source)

    assert whole["source_id"].tolist() == usual["source_id"].tolist()
    assert whole["manager"].isna().all()
    assert "managers may not be read" in caplog.text
