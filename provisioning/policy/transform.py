"""Attribute mapping: fallback chains, templates and ordered transforms, applied by column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from provisioning.model.attributes import TEXTS
from provisioning.policy.patterns import (
    MOST_GROUPS,
    Pattern,
    fits,
    group_count,
    highest_reference,
    replace_first,
)

if TYPE_CHECKING:
    import pandas as pd

_PLACE = re.compile(r"\{([^{}]*)\}")


def _column(name: str) -> str:
    if name not in TEXTS:
        raise PydanticCustomError(
            "column", "an attribute of an identity is expected", {"words": [*TEXTS], "given": name}
        )
    return name


def _template(text: str) -> str:
    for name in _PLACE.findall(text):
        _column(name)
    if "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        expected = "braces around an attribute are expected, such as {{given_name}}"
        raise PydanticCustomError("template", expected)
    return text


Column = Annotated[str, AfterValidator(_column)]
Template = Annotated[str, AfterValidator(_template)]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Referring(_Step):
    """An expression and what replaces the first place that fits."""

    regex: Pattern = Field(
        description="Regular expression (RE2); the first place of the text that fits is meant.",
        examples=["(.*)@.*"],
    )
    to: str = Field(
        description="What replaces that place; `$1` stands for the first group of the expression.",
        examples=["$1"],
    )

    @model_validator(mode="after")
    def _groups_exist(self) -> Self:
        highest = highest_reference(self.to)
        if highest > MOST_GROUPS:
            raise PydanticCustomError("groups", f"only groups up to {MOST_GROUPS} can be named")
        if highest > group_count(self.regex):
            problem = {"number": highest}
            raise PydanticCustomError("groups", "the regular expression has no group {number}", problem)
        return self


class Regex(_Referring):
    r"""Replace the first place that fits; `$1` and `\1` both stand for the first group."""


class Replace(_Step):
    """Replace every occurrence of a text."""

    replace: str = Field(description="Text to replace, wherever it stands.", examples=[" "])
    by: str = Field("", description="What stands there instead; nothing by default.", examples=["."])


class Lookup(_Step):
    """Look the value up in a table; what is not there stays, or becomes `otherwise`."""

    lookup: dict[str, str] = Field(
        description="Value to the value that replaces it.",
        examples=[{"FIN": "Finance", "ENG": "Engineering"}],
    )
    otherwise: str | None = Field(
        None,
        description="What becomes of a value that is not in the table; it stays by default.",
        examples=["Other"],
    )


Step = Literal["trim", "lower", "upper"] | Regex | Replace | Lookup


class Attribute(_Step):
    """Where one field of an account comes from: the first attribute with a value, else the template."""

    origin: list[Column] = Field(
        [],
        alias="from",
        description="Attributes of the person, tried in order; the first that has a value counts.",
        examples=[["user_name", "email"]],
    )
    template: Template | None = Field(
        None,
        description="Text with attributes in braces, used when `from` gives nothing and all of them are "
        "known.",
        examples=["{given_name} {family_name}"],
    )
    otherwise: str | None = Field(
        None, description="Value when there is none otherwise.", examples=["unknown"]
    )
    required: bool = Field(
        False, description="Whether no account is created for a person without the value.", examples=[True]
    )
    transform: list[Step] = Field(
        [],
        description="Steps applied to the value in order: `trim`, `lower`, `upper`, or one of those below.",
        examples=[["trim", "lower", {"regex": "(.*)@.*", "to": "$1"}]],
    )


class Rename(_Referring):
    """What the target calls an IdP group whose name fits; `$0` is all that fits."""

    regex: Pattern = Field(
        description="Regular expression (RE2) that the name of the IdP group must fit somewhere.",
        examples=["^APP-(.*)$"],
    )
    to: str = Field(
        "$0",
        description="What replaces the place that fits; `$1` stands for the first group of the expression, "
        "`$0` for the whole place.",
        examples=["$1"],
    )
    transform: list[Step] = Field(
        [],
        description="Steps applied to the name in order, as for attributes.",
        examples=[["lower"]],
    )

    def name(self, group: str) -> str | None:
        """The target group's name, or None when the rule does not fit or leaves nothing."""
        import pandas as pd

        names = pd.Series([group], dtype="str")
        if not fits(self.regex, names).all():
            return None
        value = apply_steps(self.transform, replace_first(self.regex, self.to, names))
        return None if value.isna().iloc[0] else str(value.iloc[0]) or None


DEFAULT_ATTRIBUTES: Mapping[str, Attribute] = {
    "email": Attribute.model_validate({"from": ["email"]}),
    "user_name": Attribute.model_validate({"from": ["user_name", "email"]}),
    "display_name": Attribute.model_validate(
        {"from": ["display_name"], "template": "{given_name} {family_name}", "transform": ["trim"]}
    ),
    "given_name": Attribute.model_validate({"from": ["given_name"]}),
    "family_name": Attribute.model_validate({"from": ["family_name"]}),
    "title": Attribute.model_validate({"from": ["title"]}),
    "department": Attribute.model_validate({"from": ["department"]}),
    "organization": Attribute.model_validate({"from": ["organization"]}),
}
"""What an account's fields come from when the policy says nothing."""


def derive(attribute: Attribute, identities: pd.DataFrame) -> pd.Series:
    """The value of one account field for each identity; null where there is none."""
    import pandas as pd

    value = pd.Series(pd.NA, index=identities.index, dtype="str")
    for name in attribute.origin:
        value = value.fillna(identities[name]) if value.notna().any() else identities[name]
    if attribute.template is not None and value.isna().any():
        value = value.fillna(_filled(attribute.template, identities))
    if attribute.otherwise is not None:
        value = value.fillna(attribute.otherwise)
    return apply_steps(attribute.transform, value)


def apply_steps(steps: Sequence[Step], value: pd.Series) -> pd.Series:
    """Apply transforms in order; null stays null and an empty result becomes null."""
    for step in steps:
        match step:
            case "trim":
                value = value.str.strip()
            case "lower":
                value = value.str.lower()
            case "upper":
                value = value.str.upper()
            case Regex():
                value = replace_first(step.regex, step.to, value)
            case Replace():
                value = value.str.replace(step.replace, step.by, regex=False)
            case Lookup():
                value = _looked_up(step, value)
        value = value.astype("str")
    return value.mask(value == "") if steps else value


def _looked_up(step: Lookup, value: pd.Series) -> pd.Series:
    found = value.map(step.lookup).astype("str")
    stays = value if step.otherwise is None else value.mask(value.notna(), step.otherwise)
    return found.fillna(stays)


def _filled(template: str, identities: pd.DataFrame) -> pd.Series:
    """The template with its attributes; null where any of them is."""
    import pandas as pd

    parts = _PLACE.split(template)
    value = pd.Series(parts[0], index=identities.index, dtype="str")
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        value = value + identities[name] + after
    return value
