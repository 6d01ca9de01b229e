"""What tells SCIM 2.0 and 1.1 apart for a reader, and how to find out what a server speaks."""

from __future__ import annotations

from typing import NamedTuple

from sources.kit.scim_users import Version, is_true
from sources.scim.xml import read_xml
from transport.client import Client
from transport.errors import BadRequest, Forbidden, Malformed, NotFound, words_of
from transport.reply import Reply
from transport.shape import Row, malformed, object_of, rows_in

OLD_CORE = "urn:scim:schemas:core:1.0"
ACCEPT = {"json": "application/scim+json, application/json", "xml": "application/xml"}


class Abilities(NamedTuple):
    """What a server speaks.

    Attributes:
        version: of SCIM.
        cursor: whether it pages by cursor.
        most: rows a page at most, when it says so.
    """

    version: Version
    cursor: bool = False
    most: int | None = None


def abilities(client: Client, *, known: bool) -> Abilities:
    """Ask a server what it speaks.

    Args:
        client: the server.
        known: whether it is known to speak SCIM 2.0, so that only its paging is asked for.
    """
    config = _config(client, "/ServiceProviderConfig")
    if config is not None and (known or not _is_old(config)):
        pagination = config.get("pagination")
        if not isinstance(pagination, dict):
            return Abilities("2.0")
        most = pagination.get("maxPageSize")
        return Abilities("2.0", is_true(pagination.get("cursor")), most if isinstance(most, int) else None)
    if known:
        return Abilities("2.0")
    if config is not None or _config(client, "/ServiceProviderConfigs") is not None:
        return Abilities("1.1")
    reply = client.get("/Users", {"startIndex": 1, "count": 1})
    return Abilities("1.1" if any(map(_is_old, resources(object_of(reply), reply))) else "2.0")


def _config(client: Client, path: str) -> Row | None:
    try:
        return object_of(client.get(path))
    except (NotFound, BadRequest, Forbidden, Malformed):
        return None


def _is_old(body: Row) -> bool:
    return any(str(schema).startswith(OLD_CORE) for schema in body.get("schemas") or ())


def body_of(reply: Reply, *, xml: bool) -> Row:
    """Return the document of an answer.

    Raises:
        Malformed: it is none.
    """
    return read_xml(reply) if xml else object_of(reply)


def resources(body: Row, reply: Reply) -> list[Row]:
    """Return the rows of a list; in the wild the name has two spellings, and is absent where there are none.

    Without rows a document is a list only by saying how many there are.

    Raises:
        Malformed: they are no list of objects, or the answer is no list at all.
    """
    for name in ("Resources", "resources"):
        if body.get(name) is not None:
            return rows_in(body, name, reply)
    if body.get("totalResults") is None:
        said = words_of(body)
        why = f"it says: {said}" if said else "it holds neither `Resources` nor `totalResults`"
        raise malformed(f"the answer is no SCIM list; {why}", reply)
    return []
