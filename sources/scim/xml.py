"""SCIM 1.1 in XML, read into the shape its JSON has."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from transport.errors import Malformed
from transport.reply import Reply

CORE = "urn:scim:schemas:core:1.0"
LISTS = frozenset(
    ("Resources", "emails", "phoneNumbers", "addresses", "groups", "members", "roles", "schemas")
)
"""Elements that hold elements of one kind."""
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)


def read_xml(reply: Reply) -> dict[str, Any]:
    """Return the document of an answer: lists as lists, extensions under their schema, values as text.

    Raises:
        Malformed: it is no XML, or declares a document type, which SCIM never does.
    """
    trouble = "the document declares a type" if _DOCTYPE.search(reply.content) else ""
    if not trouble:
        try:
            # Entities need a document type, and that was refused.
            return _fields(ET.fromstring(reply.content), CORE)  # noqa: S314
        except ET.ParseError as wrong:
            trouble = f"the answer is not XML ({wrong})"
    raise Malformed(trouble, method=reply.method, url=reply.url, status=reply.status)


def _fields(element: ET.Element, own: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for child in element:
        space, _, name = child.tag.rpartition("}")
        space = space.removeprefix("{") or own
        target = fields if space in (own, CORE) else fields.setdefault(space, {})
        target[name] = _list(child, space) if name in LISTS else _value(child, space)
    return fields


def _list(element: ET.Element, space: str) -> list[Any]:
    return [_value(child, space) for child in element]


def _value(element: ET.Element, space: str) -> Any:
    return _fields(element, space) if len(element) else element.text
