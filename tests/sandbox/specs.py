"""A vendor's OpenAPI file as a judge of answers.

    spec = Spec.named("atlassian-admin-organizations-2026-08.json")      # skips where it is absent
    spec.check("POST", "/v2/orgs/1/directories/2/users/search", 200, body)

OpenAPI 3.0 is not quite JSON Schema: `nullable` becomes a type of its own, a discriminator decides
between alternatives, and a pattern that ends in a stray line break (one vendor's does) loses it.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Self

import jsonschema_rs
import orjson
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "specs"


class Spec:
    """One OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Prepare a document; nothing is compiled before it is needed."""
        self.paths: dict[str, dict[str, Any]] = document["paths"]
        self.components = as_json_schema(document.get("components", {}))
        self.document = document
        ranked = sorted(self.paths, key=lambda path: (path.count("{"), -len(path)))
        self._patterns = [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path) for path in ranked]
        self._validators: dict[tuple[str, str, str], jsonschema_rs.Validator | None] = {}

    @classmethod
    def named(cls, name: str) -> Self:
        """Load a file, or skip the test where the specifications do not lie beside the project."""
        path = FOLDER / name
        if not path.exists():
            pytest.skip(f"the specification {name} is not beside the project")
        return cls(_load(path))

    def template(self, method: str, path: str) -> str:
        """The documented path an actual operation belongs to; fewest placeholders win.

        One path may stand there twice, with another name of its placeholder for another method.
        """
        for pattern, template in self._patterns:
            if pattern.match(path) and method.lower() in self.paths[template]:
                return template
        raise AssertionError(f"{method} {path} is not documented")

    def check(self, method: str, path: str, status: int, body: Any) -> None:
        """Fail unless the status is documented for the operation and the body fits its schema.

        Args:
            method: HTTP method.
            path: Actual path, without the server's own prefix.
            status: HTTP status.
            body: Parsed body; None when it is empty.
        """
        template = self.template(method, path)
        operation = self.paths[template][method.lower()]
        assert str(status) in operation["responses"], (
            f"{method} {template} is not documented to answer {status}"
        )
        validator = self._validator(template, method.lower(), str(status))
        if validator is None:
            return
        errors = [f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in validator.iter_errors(body)]
        assert not errors, f"{method} {template} {status}: {errors[:3]}"

    def _validator(self, template: str, method: str, status: str) -> jsonschema_rs.Validator | None:
        key = (template, method, status)
        if key not in self._validators:
            response = self._resolved(self.paths[template][method]["responses"][status])
            content = response.get("content", {})
            schema = next((media.get("schema") for media in content.values()), None)
            whole = {**as_json_schema(schema), "components": self.components} if schema else None
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole) if whole else None
        return self._validators[key]

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/")]
            node = found
        return node


def as_json_schema(node: Any) -> Any:
    """Turn a part of an OpenAPI 3.0 document into JSON Schema."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {name: as_json_schema(value) for name, value in node.items() if name not in ("example", "examples")}
    if isinstance(out.get("pattern"), str):
        out["pattern"] = out["pattern"].strip()
    if isinstance(out.get("discriminator"), dict):
        out = _discriminated(out)
    if out.pop("nullable", False) is True:
        return _nullable(out)
    return out


def _discriminated(schema: dict[str, Any]) -> dict[str, Any]:
    """Hold each alternative to the words the discriminator maps to it."""
    name = schema["discriminator"].get("propertyName")
    mapping: dict[str, str] = schema["discriminator"].get("mapping", {})
    for kind in ("oneOf", "anyOf"):
        for number, alternative in enumerate(schema.get(kind, [])):
            words = [word for word, ref in mapping.items() if ref == alternative.get("$ref", "")]
            if words and not {"true", "false"} & set(words):
                held = {"properties": {name: {"enum": words}}}
                schema[kind][number] = {"allOf": [alternative, held]}
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


@functools.cache
def _load(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    if path.suffix == ".json":
        document: dict[str, Any] = orjson.loads(raw)
        return document
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads a bare `=` as the text it is; one vendor's file has it."""

    Loader.add_constructor("tag:yaml.org,2002:value", Loader.construct_yaml_str)
    loaded: dict[str, Any] = yaml.load(raw, Loader=Loader)
    return loaded
