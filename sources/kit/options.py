"""What a connection to any identity provider may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from provisioning.model.terms import State


class SourceOptions(BaseModel):
    """Options that every identity provider has; a connector adds its own.

    Attributes:
        kind: what the policy file calls the provider.
        known_fields: which field of a user fills which column, unless `attributes` says otherwise.
        untold: columns that this provider can never tell.
    """

    # What stands where a secret belongs is not shown in the error about it.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    kind: ClassVar[str]
    known_fields: ClassVar[Mapping[str, str]] = {}
    untold: ClassVar[frozenset[str]] = frozenset()

    attributes: dict[str, str] = Field({}, description="Column to field of a user, where yours differ.")
    states: dict[str, State] = Field({}, description="What further state words of the provider mean.")
    groups: list[str] = Field(
        ["*"], description="Patterns of the names of groups to read; case does not count."
    )

    @field_validator("attributes")
    @classmethod
    def _of_known_columns(cls, attributes: dict[str, str]) -> dict[str, str]:
        if unknown := set(attributes) - set(cls.known_fields):
            raise ValueError(f"no column {sorted(unknown)}; columns are {sorted(cls.known_fields)}")
        return attributes
