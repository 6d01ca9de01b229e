"""Bare loops over the pages of each source: `requests.Session`, orjson, the rows thrown away.

They ask for the same pages as the sources do, as many at a time, and know the paths beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import jwt
import orjson
import requests

from sandbox.entra.auth import CLIENT, TENANT
from sandbox.google_workspace.auth import ADMIN, AUDIENCE, GRANT, GROUPS, USERS
from sandbox.google_workspace.key import PEM, SERVICE_ACCOUNT
from sandbox.jumpcloud.face import KEY as JUMPCLOUD_KEY
from sandbox.keycloak.face import CLIENT as KEYCLOAK_CLIENT
from sandbox.keycloak.face import REALM
from sandbox.keycloak.face import SECRET as KEYCLOAK_SECRET
from sandbox.pingone.face import CLIENT as PINGONE_CLIENT
from sandbox.pingone.face import ENVIRONMENT
from sandbox.pingone.face import SECRET as PINGONE_SECRET

WORKERS, GRAPH_WORKERS = 8, 4
EVERYONE = 'lastUpdated gt "1970-01-01T00:00:00.000Z"'
USER_PROPERTIES = (
    "id,createdDateTime,userPrincipalName,mail,givenName,surname,displayName,department,employeeOrgData,"
    "companyName,jobTitle,employeeType,employeeId,employeeHireDate,employeeLeaveDateTime,accountEnabled,"
    "externalUserState,deletedDateTime,userType"
)
JUMPCLOUD_USER = (
    "_id state username email firstname lastname displayname department costCenter company jobTitle "
    "employeeType employeeIdentifier manager attributes created"
)
GOOGLE_USER = (
    "kind,nextPageToken,users(id,primaryEmail,emails,name,organizations,externalIds,relations,customSchemas,"
    "creationTime,lastLoginTime,suspended,archived)"
)
GOOGLE_GROUP = "kind,nextPageToken,groups(id,name,email,directMembersCount)"


def okta(base: str) -> None:
    """Users and groups by links; members of the groups that have some side by side."""
    api = f"{base}/okta/api/v1"
    with (
        _session({"Authorization": "SSWS sandbox-okta-token"}) as session,
        ThreadPoolExecutor(WORKERS + 1) as pool,
    ):
        users = pool.submit(_links, session, f"{api}/users", {"limit": 200, "filter": EVERYONE})
        groups = _links(session, f"{api}/groups", {"limit": 200, "expand": "stats"})
        full = [g["id"] for page in groups for g in page if g["_embedded"]["stats"]["usersCount"]]
        members = (f"{api}/groups/{group}/users" for group in full)
        list(pool.map(lambda url: len(_links(session, url, {"limit": 1000})), members))
        users.result()


def entra(base: str) -> None:
    """Sign-ins, users and deleted users by links; members of groups in batches of twenty."""
    graph = f"{base}/entra/v1.0"
    pair = {"client_id": CLIENT, "client_secret": "sandbox-entra-secret", "grant_type": "client_credentials"}
    with _session({}) as session:
        scope = {"scope": "https://graph.microsoft.com/.default"}
        given = session.post(f"{base}/entra/{TENANT}/oauth2/v2.0/token", data=pair | scope, timeout=60)
        session.headers["Authorization"] = f"Bearer {given.json()['access_token']}"
        with ThreadPoolExecutor(1) as pool:
            people = pool.submit(_graph_people, session, graph)
            pages = _next_links(session, f"{graph}/groups", {"$select": "id,displayName", "$top": 999})
            groups = [group["id"] for page in pages for group in page["value"]]
            batches = [groups[at : at + 20] for at in range(0, len(groups), 20)]
            with ThreadPoolExecutor(GRAPH_WORKERS) as workers:
                list(workers.map(lambda batch: _graph_members(session, graph, batch), batches))
            people.result()


def _graph_people(session: requests.Session, graph: str) -> None:
    chosen = {"$select": USER_PROPERTIES, "$top": 999}
    _next_links(session, f"{graph}/users", {"$select": "id,signInActivity", "$top": 500})
    _next_links(session, f"{graph}/users", chosen | {"$expand": "manager($select=id,userPrincipalName)"})
    _next_links(session, f"{graph}/directory/deletedItems/microsoft.graph.user", chosen)


def _graph_members(session: requests.Session, graph: str, groups: list[str]) -> None:
    """The members of twenty groups, with the further pages of those that have more."""
    urls = [f"/groups/{group}/members?$select=id&$top=999" for group in groups]
    while urls:
        asked = [{"id": str(n), "method": "GET", "url": url} for n, url in enumerate(urls)]
        answers = session.post(f"{graph}/$batch", json={"requests": asked}, timeout=60).json()["responses"]
        further = (answer["body"].get("@odata.nextLink") for answer in answers)
        urls = [link.partition("/v1.0")[2] for link in further if link]


def onelogin(base: str) -> None:
    """Pages by number: the first tells how many there are."""
    api = f"{base}/onelogin"
    pair = ("sandbox-onelogin-id", "sandbox-onelogin-secret")
    with _session({}) as session:
        given = session.post(
            f"{api}/auth/oauth2/v2/token", json={"grant_type": "client_credentials"}, auth=pair, timeout=60
        )
        session.headers["Authorization"] = f"bearer {given.json()['access_token']}"
        fields = (
            "id,username,email,firstname,lastname,custom_attributes,department,company,title,"
            "manager_user_id,created_at,last_login,state,status"
        )
        lists = (f"{api}/api/2/users", fields), (f"{api}/api/2/roles", "id,name,users")
        _at_once(
            lambda pool, url, named: _numbered(session, pool, url, {"fields": named, "limit": 100}), lists
        )


def scim(base: str) -> None:
    """Pages by index: the first tells how many there are; one more page holds the server to it."""
    with _session({"Authorization": "Bearer sandbox-scim-token"}) as session:
        lists = [(f"{base}/scim/v2/Users",), (f"{base}/scim/v2/Groups",)]
        _at_once(lambda pool, url: _indexed(session, pool, url, 100), lists)


def google_workspace(base: str) -> None:
    """Users and deleted ones by tokens; members of every group side by side."""
    api = f"{base}/google/admin/directory/v1"
    with _session({"Authorization": f"Bearer {_google_token(base)}"}) as session:
        users = {"customer": "my_customer", "maxResults": 500, "fields": GOOGLE_USER}
        groups = {"customer": "my_customer", "maxResults": 200, "fields": GOOGLE_GROUP}
        members = {"maxResults": 200, "fields": "kind,nextPageToken,members(id,email,type)"}
        with ThreadPoolExecutor(WORKERS + 1) as pool:
            people = pool.submit(_tokens, session, f"{api}/users", users)
            _tokens(session, f"{api}/users", users | {"showDeleted": "true"})
            keys = [g["id"] for page in _tokens(session, f"{api}/groups", groups) for g in page["groups"]]
            list(pool.map(lambda key: len(_tokens(session, f"{api}/groups/{key}/members", members)), keys))
            ids = users | {"fields": "kind,nextPageToken,users(id,customerId,archived)"}
            _tokens(session, f"{api}/users", ids)
            people.result()


def _google_token(base: str) -> str:
    now = int(time.time())
    claim = {"iss": SERVICE_ACCOUNT, "sub": ADMIN, "scope": f"{USERS} {GROUPS}", "aud": AUDIENCE}
    signed = jwt.encode(claim | {"iat": now, "exp": now + 3600}, PEM, "RS256")
    form = {"grant_type": GRANT, "assertion": signed}
    return str(requests.post(f"{base}/google-oauth/token", data=form, timeout=60).json()["access_token"])


def _tokens(session: requests.Session, url: str, params: dict[str, Any]) -> list[Any]:
    pages = [_got(session, url, params)[0]]
    while token := pages[-1].get("nextPageToken"):
        pages.append(_got(session, url, params | {"pageToken": token})[0])
    return pages


def keycloak(base: str) -> None:
    """Users by offset side by side; the tree of groups, and the members of each up to an empty page."""
    api = f"{base}/keycloak/admin/realms/{REALM}"
    form = {"grant_type": "client_credentials"}
    token_url = f"{base}/keycloak/realms/{REALM}/protocol/openid-connect/token"
    given = requests.post(token_url, data=form, auth=(KEYCLOAK_CLIENT, KEYCLOAK_SECRET), timeout=60)
    with (
        _session({"Authorization": f"Bearer {given.json()['access_token']}"}) as session,
        ThreadPoolExecutor(1) as pool,
        ThreadPoolExecutor(GRAPH_WORKERS) as workers,
    ):
        count = _got(session, f"{api}/users/count")[0]
        pages = pool.submit(
            lambda: list(
                workers.map(lambda at: len(_offset(session, f"{api}/users", at)), range(0, count, 100))
            )
        )
        level = _until_empty(session, f"{api}/groups")
        groups = list(level)
        while level:
            fathers = [f"{api}/groups/{group['id']}/children" for group in level if group["subGroupCount"]]
            level = [
                row for rows in workers.map(lambda url: _until_empty(session, url), fathers) for row in rows
            ]
            groups += level
        members = [f"{api}/groups/{group['id']}/members" for group in groups]
        list(workers.map(lambda url: len(_until_empty(session, url)), members))
        pages.result()


def _offset(session: requests.Session, url: str, first: int) -> list[Any]:
    rows, _ = _got(session, url, {"first": first, "max": 100, "briefRepresentation": "false"})
    return list(rows)


def _until_empty(session: requests.Session, url: str) -> list[Any]:
    rows: list[Any] = []
    while page := _offset(session, url, len(rows)):
        rows += page
    return rows


def jumpcloud(base: str) -> None:
    """Users by offset side by side; groups, and the members of each up to an empty page."""
    api = f"{base}/jumpcloud/api"
    users = {"limit": 100, "sort": "_id", "fields": JUMPCLOUD_USER}
    with (
        _session({"x-api-key": JUMPCLOUD_KEY}) as session,
        ThreadPoolExecutor(GRAPH_WORKERS) as workers,
        ThreadPoolExecutor(1) as pool,
    ):
        total = _got(session, f"{api}/systemusers", users | {"skip": 0})[0]["totalCount"]
        starts = range(100, total, 100)
        people = pool.submit(
            lambda: list(
                workers.map(lambda at: _got(session, f"{api}/systemusers", users | {"skip": at}), starts)
            )
        )
        groups = [group["id"] for group in _skipped(session, f"{api}/v2/usergroups", "name")]
        members = [f"{api}/v2/usergroups/{group}/membership" for group in groups]
        list(workers.map(lambda url: len(_skipped(session, url, "id")), members))
        people.result()


def _skipped(session: requests.Session, url: str, order: str) -> list[Any]:
    rows: list[Any] = []
    while page := _got(session, url, {"limit": 100, "skip": len(rows), "sort": order})[0]:
        rows += page
    return rows


def pingone(base: str) -> None:
    """Users by links twice, once with the groups each is in; the groups."""
    api = f"{base}/pingone/v1/environments/{ENVIRONMENT}"
    form, pair = {"grant_type": "client_credentials"}, (PINGONE_CLIENT, PINGONE_SECRET)
    given = requests.post(f"{base}/pingone-auth/{ENVIRONMENT}/as/token", data=form, auth=pair, timeout=60)
    with (
        _session({"Authorization": f"Bearer {given.json()['access_token']}"}) as session,
        ThreadPoolExecutor(1) as pool,
    ):
        people = pool.submit(_hal, session, f"{api}/users", {"limit": 200})
        _hal(session, f"{api}/groups", {"limit": 200})
        _hal(session, f"{api}/users", {"include": "memberOfGroupIDs", "limit": 200})
        people.result()


def _hal(session: requests.Session, url: str, params: dict[str, Any]) -> None:
    body, _ = _got(session, url, params)
    while following := body["_links"].get("next"):
        body, _ = _got(session, following["href"])


def _session(headers: dict[str, str]) -> requests.Session:
    session = requests.Session()
    session.headers.update(headers)
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=2 * WORKERS + 2))
    return session


def _at_once(read: Callable[..., object], lists: Iterable[tuple[Any, ...]]) -> None:
    """Read two lists with the pages of both in one pool."""
    with ThreadPoolExecutor(WORKERS) as pages, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(read, pages, *one) for one in lists]:
            done.result()


def _got(session: requests.Session, url: str, params: dict[str, Any] | None = None) -> tuple[Any, Any]:
    reply = session.get(url, params=params)
    reply.raise_for_status()
    return orjson.loads(reply.content), reply


def _links(session: requests.Session, url: str, params: dict[str, Any]) -> list[Any]:
    body, reply = _got(session, url, params)
    pages = [body]
    while "next" in reply.links:
        body, reply = _got(session, reply.links["next"]["url"])
        pages.append(body)
    return pages


def _next_links(session: requests.Session, url: str, params: dict[str, Any]) -> list[Any]:
    pages = [_got(session, url, params)[0]]
    while link := pages[-1].get("@odata.nextLink"):
        pages.append(_got(session, link)[0])
    return pages


def _numbered(session: requests.Session, pool: Executor, url: str, params: dict[str, Any]) -> None:
    _, first = _got(session, url, params | {"page": 1})
    rest = range(2, int(first.headers["total-pages"]) + 1)
    list(pool.map(lambda number: len(_got(session, url, params | {"page": number})[0]), rest))


def _indexed(session: requests.Session, pool: Executor, url: str, count: int) -> None:
    body, _ = _got(session, url, {"startIndex": 1, "count": count})
    starts = range(1 + count, body["totalResults"] + count + 1, count)
    list(pool.map(lambda at: len(_got(session, url, {"startIndex": at, "count": count})[0]), starts))


LOOPS: dict[str, Callable[[str], None]] = {
    "okta": okta,
    "entra": entra,
    "onelogin": onelogin,
    "scim": scim,
    "google_workspace": google_workspace,
    "keycloak": keycloak,
    "jumpcloud": jumpcloud,
    "pingone": pingone,
}
