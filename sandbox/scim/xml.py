"""SCIM 1.1 in XML: attributes become elements, the schemas their namespaces."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from sandbox.scim.errors import ScimError

CORE = "urn:scim:schemas:core:1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
# What one value of a list is called, where it is not the name without its last letter.
_ONE = {"addresses": "address", "Resources": "Resource", "Errors": "Error"}
LISTS = "emails phoneNumbers ims photos addresses groups members entitlements roles x509Certificates schemas"


def to_xml(root: str, body: dict[str, Any]) -> bytes:
    """Return a document; JSON's `schemas` are told by the namespaces alone."""
    ET.register_namespace("", CORE)
    ET.register_namespace("xsi", XSI)
    top = ET.Element(f"{{{CORE}}}{root}")
    _fill(top, body, CORE)
    whole: bytes = ET.tostring(top, encoding="UTF-8", xml_declaration=True)
    return whole


def _fill(element: ET.Element, body: dict[str, Any], space: str) -> None:
    for name, value in body.items():
        if name == "schemas" or value is None:
            continue
        if name.startswith("urn:"):
            _fill(element, value, name)
        elif isinstance(value, list):
            _list(ET.SubElement(element, f"{{{space}}}{name}"), name, value, space)
        else:
            _one(ET.SubElement(element, f"{{{space}}}{name}"), value, space)


def _list(element: ET.Element, name: str, items: list[Any], space: str) -> None:
    one = _ONE.get(name, name.removesuffix("s"))
    for item in items:
        child = ET.SubElement(element, f"{{{space}}}{one}")
        if name == "Resources":
            child.set(f"{{{XSI}}}type", "User" if "userName" in item else "Group")
        _one(child, item, space)


def _one(element: ET.Element, value: Any, space: str) -> None:
    if isinstance(value, dict):
        _fill(element, value, space)
    elif isinstance(value, bool):
        element.text = str(value).lower()
    else:
        element.text = str(value)


def from_xml(document: bytes) -> dict[str, Any]:
    """Return a resource sent as XML the way JSON would say it.

    Raises:
        ScimError: 400, it is no XML.
    """
    try:
        top = ET.fromstring(document)  # noqa: S314 - a rehearsal on loopback
    except ET.ParseError as wrong:
        raise ScimError(400, f"The document is not XML: {wrong}.", "invalidSyntax") from wrong
    body = _read(top)
    return body | {"schemas": [CORE, *(name for name in body if name.startswith("urn:"))]}


def _read(element: ET.Element) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for child in element:
        space, _, name = child.tag.rpartition("}")
        space = space.removeprefix("{") or CORE
        target = body if space == CORE else body.setdefault(space, {})
        if name in LISTS.split():
            target[name] = [_read(item) if len(item) else item.text for item in child]
        else:
            target[name] = _read(child) if len(child) else _text(child.text)
    return body


def _text(text: str | None) -> Any:
    return {"true": True, "false": False}.get(text or "", text)
