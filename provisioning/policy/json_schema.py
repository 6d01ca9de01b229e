"""The JSON Schema of the policy file, for editors and for the page that is made from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from provisioning.policy.policy import OF_EVERY_KIND, OptionModels, Policy
from provisioning.policy.values import REFERENCE, SHARE_UNIT, duration_text, share_text


class _WordsOfTheFile(GenerateJsonSchema):
    """Keys in the order of the file, defaults in its notation; a section's defaults are those of its keys."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002 (as pydantic calls it)
        """Leave the keys as they are declared."""
        return value

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        """One value with its default."""
        described = super().default_schema(schema)
        default = schema.get("default")
        if isinstance(default, BaseModel):
            described.pop("default", None)
        elif isinstance(default, timedelta):
            described["default"] = duration_text(default)
        elif described.get("unit") == SHARE_UNIT and isinstance(default, float):
            described["default"] = share_text(default)
        return described


def json_schema(connection_options: OptionModels | None = None) -> dict[str, Any]:
    """JSON Schema of the policy file, for editors; connections by kind when models are given."""
    schema = Policy.model_json_schema(by_alias=True, schema_generator=_WordsOfTheFile)
    common = {name: schema["$defs"]["Connection"]["properties"][name] for name in OF_EVERY_KIND}
    variants = []
    for name, model in sorted((connection_options or {}).items()):
        # Two connectors, or a connector and the policy, may use one name for different models.
        part = model.model_json_schema(
            by_alias=True, ref_template=f"#/$defs/{name}.{{model}}", schema_generator=_WordsOfTheFile
        )
        schema["$defs"].update({f"{name}.{one}": defined for one, defined in part.pop("$defs", {}).items()})
        kind = {**common["kind"], "const": name}
        part["properties"] = {"kind": kind, **part.get("properties", {}), "insecure": common["insecure"]}
        part["required"] = ["kind", *part.get("required", [])]
        variants.append(_with_references({**part, "additionalProperties": False}))
    loose = {"type": "object", "required": ["kind"], "properties": common}
    schema["$defs"]["Connection"] = {"oneOf": variants} if variants else loose
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Seatwise policy"}


def _with_references(part: Any) -> Any:
    """Say of every secret in a schema that it is a reference."""
    if isinstance(part, list):
        return [_with_references(child) for child in part]
    if not isinstance(part, dict):
        return part
    described = {key: _with_references(child) for key, child in part.items()}
    if described.get("format") != "password":
        return described
    return {**described, "pattern": f"^({REFERENCE.pattern})$"}
