"""The blocks on a real server: forms made from the connectors' options, secrets that stay secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.running import Running
from tests.operations.commands import ask, seatwise, tell

TOKEN = "sandbox-okta-token"


@pytest.fixture(scope="session")
def types(environment) -> dict[str, dict]:
    """Our block types by slug, as the server has them: nobody registered them but the installed package."""
    found = ask(environment, "block_types", block_types={"slug": {"any_": SLUGS}})
    return {each["slug"]: each for each in found}


SLUGS = [
    f"seatwise-{kind}"
    for kind in (
        "entra", "google-workspace", "jumpcloud", "keycloak", "okta", "onelogin", "pingone", "scim", "sql",
        "atlassian-org", "atlassian-scim", "bitbucket-dc", "confluence-cloud", "confluence-dc", "crowd",
        "jira-cloud", "jira-dc", "jsm-customers", "policy",
    )
]  # fmt: skip


def save(environment: dict[str, str], types: dict[str, dict], slug: str, name: str, **data: object) -> None:
    """Create a block as the form of the UI does."""
    (schema,) = ask(
        environment, "block_schemas", block_schemas={"block_type_id": {"any_": [types[slug]["id"]]}}
    )
    given = {"name": name, "data": data, "block_schema_id": schema["id"], "block_type_id": types[slug]["id"]}
    tell(environment, "POST", "block_documents/", given)


@pytest.fixture
def company(environment, types, tmp_path: Path):
    """A company, the credential of its Okta in a block, and a policy that names it."""
    with Running(people=40, seed=7) as running:
        yield running


def test_a_server_with_the_package_installed_knows_every_type(types):
    assert sorted(SLUGS) == sorted(types)


def test_every_field_is_described_and_secrets_are_told_from_the_rest(environment, types):
    ids = [each["id"] for each in types.values()]
    schemas = ask(environment, "block_schemas", block_schemas={"block_type_id": {"any_": ids}})

    for schema in schemas:
        fields = schema["fields"]["properties"]
        assert all(field.get("description") for field in fields.values()), fields
        secrets = {name for name, field in fields.items() if field.get("format") == "password"}
        assert secrets == set(schema["fields"]["secret_fields"])
    kinds = {schema["fields"]["block_type_slug"] for schema in schemas if schema["fields"]["secret_fields"]}
    assert kinds == set(SLUGS) - {"seatwise-policy"}


def test_check_asks_the_service_with_what_the_block_holds(environment, types, company, tmp_path):
    url = f"{company.url}/okta"
    save(environment, types, "seatwise-okta", "checked", url=url, token=TOKEN)
    save(environment, types, "seatwise-okta", "refused", url=url, token="another-token")

    good = seatwise(environment, "check", "--block", "checked", folder=tmp_path)
    bad = seatwise(environment, "check", "--block", "okta/refused", "--json", folder=tmp_path)
    absent = seatwise(environment, "check", "--block", "nobody", folder=tmp_path)

    assert (good.returncode, bad.returncode, absent.returncode) == (0, 1, 1), good.stderr + bad.stderr
    assert "ok " in good.stdout
    assert json.loads(bad.stdout)["okta/refused"][0]["level"] == "error"
    assert "has no block nobody" in absent.stderr
    assert "another-token" not in bad.stdout + bad.stderr


def test_a_block_of_two_credentials_is_refused_in_words(environment, types, company, tmp_path):
    save(
        environment, types, "seatwise-okta", "both",
        url=f"{company.url}/okta", token=TOKEN, client_id="app", private_key="key-of-the-app",
    )  # fmt: skip

    ran = seatwise(environment, "check", "--block", "both", folder=tmp_path)

    assert ran.returncode == 1
    assert "give either token, or client_id with private_key" in ran.stdout
    assert "key-of-the-app" not in ran.stdout


def test_a_policy_takes_a_secret_from_the_field_of_a_block(environment, types, company, tmp_path):
    """And a policy may itself be kept in a block. What the server tells of either shows no secret."""
    from sandbox import policy

    path = policy.write(tmp_path, company.url)
    path.write_text(path.read_text().replace("env:SANDBOX_OKTA_TOKEN", "block:named/token"))
    assert "block:named/token" in path.read_text()
    save(environment, types, "seatwise-okta", "named", url=f"{company.url}/okta", token=TOKEN)
    save(environment, types, "seatwise-policy", "acme", text=path.read_text())
    env = environment | policy.SECRETS

    from_file = seatwise(env, "check", folder=tmp_path)
    path.unlink()
    from_block = seatwise(env, "check", "--config", "block:acme", folder=tmp_path)
    of_block = seatwise(env, "check", "--block", "acme", folder=tmp_path)

    assert from_file.returncode == from_block.returncode == of_block.returncode == 0, from_block.stderr
    assert "block:acme is valid" in from_block.stdout
    assert TOKEN not in json.dumps(ask(environment, "block_documents"))


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("block:nobody/token", "Prefect has no block nobody of type seatwise-okta"),
        ("block:half/key", "the block half holds no secret 'key'"),
        ("block:half/url", "It holds token, private_key."),
    ],
)
def test_a_reference_that_leads_nowhere_says_what_there_is(
    reference, said, environment, types, company, tmp_path
):
    from sandbox import policy

    path = policy.write(tmp_path, company.url)
    path.write_text(path.read_text().replace("env:SANDBOX_OKTA_TOKEN", reference))
    if not ask(environment, "block_documents", block_documents={"name": {"any_": ["half"]}}):
        save(environment, types, "seatwise-okta", "half", url=f"{company.url}/okta", token=TOKEN)

    ran = seatwise(environment | policy.SECRETS, "check", folder=tmp_path)

    assert ran.returncode == 1
    assert said in ran.stdout
