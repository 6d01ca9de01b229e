"""A client we did not write reads the OneLogin face: the vendor's SDK."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.onelogin.rows import USERS
from sandbox.running import Running

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


@pytest.fixture
def client(acme: Running) -> Any:
    """Sign the SDK in: HTTP Basic for the token, then the token for the rest."""
    import onelogin

    settings = onelogin.Configuration(
        host=f"{acme.url}/onelogin", username="sandbox-onelogin-id", password="sandbox-onelogin-secret"
    )
    with onelogin.ApiClient(settings) as client:
        wanted = onelogin.GenerateTokenRequest(grant_type="client_credentials")
        given = onelogin.OAuth2Api(client).generate_token(wanted)
        # The constructor's own argument is overwritten with None.
        settings.access_token = given.access_token
        yield client


def test_the_sdk_lists_everybody(acme: Running, client: Any) -> None:
    """By number of page the SDK brings everybody once, each as its own model."""
    import onelogin

    api = onelogin.UsersV2Api(client)
    first = api.list_users2_with_http_info(limit=100)
    rest = [api.list_users2(limit=100, page=n) for n in range(2, int(first.headers["total-pages"]) + 1)]

    users = [*first.data, *(user for page in rest for user in page)]
    assert [user.id - USERS for user in users] == list(acme.world.company.people)
    assert [user.username for user in users] == [p.login for p in acme.world.company.people.values()]


def test_the_sdk_reads_roles_and_the_limit(acme: Running, client: Any) -> None:
    """Roles come with their members, and what is left of the hour is understood."""
    import onelogin

    roles = onelogin.RolesApi(client).list_roles(limit=100, fields="id,name,users")

    assert {role.name for role in roles} == set(acme.world.company.groups)
    assert sum(len(role.users) for role in roles) == sum(
        len(p.groups) for p in acme.world.company.people.values()
    )
    assert onelogin.OAuth2Api(client).get_rate_limit().data.x_rate_limit_limit == 5000
