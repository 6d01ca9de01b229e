"""How a flow's parameters become the fields of its form in the Prefect UI."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args, get_type_hints

from pydantic import AfterValidator

if TYPE_CHECKING:
    from prefect import Flow
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

AFlow = TypeVar("AFlow", bound="Flow[..., Any]")


class Described(NamedTuple):
    """What a parameter is called and means, and what the form takes; Prefect reads it from the schema."""

    title: str
    text: str
    bounds: Mapping[str, Any] = MappingProxyType({})

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add all of it to the schema of the type; bounds hold for the text in an optional value, too."""
        schema = handler(core)
        texts = (part for part in [schema, *schema.get("anyOf", [])] if part.get("type") == "string")
        for text in texts:
            text.update(self.bounds)
        return {**schema, "title": self.title, "description": self.text}


def titled(flow: AFlow) -> AFlow:
    """Give the fields of a flow's form their titles; Prefect would call them as the code does."""
    for name, hint in get_type_hints(flow.fn, include_extras=True).items():
        for described in (part for part in get_args(hint) if isinstance(part, Described)):
            flow.parameters.properties[name]["title"] = described.title
    return flow


def _is_filled(text: str) -> str:
    if not text.strip():
        raise ValueError("it must not be empty")
    return text.strip()


def _chosen(text: str) -> str:
    return _is_filled(text).split()[0]


Filled = AfterValidator(_is_filled)
Chosen = AfterValidator(_chosen)
"""What stands first in a choice; the words behind it are for whoever chooses."""
