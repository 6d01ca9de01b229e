"""Prefect blocks: one form per kind of connection that needs a credential, and one for a policy.

Their fields are those of the connector's own options, so that a form never says anything else than the
policy does. Numbers, lists and mappings tune how much is read at once or what it means; they stay in the
policy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, ClassVar, Literal, get_args, get_origin

from prefect.blocks.core import Block
from pydantic import BaseModel, Field, SecretStr, create_model
from pydantic.fields import FieldInfo

from errors import SeatwiseError
from provisioning.model.findings import Finding
from provisioning.policy import policy
from tasks.connections import connector
from tasks.policy_file import ConnectorOptions
from transport.door import Door
from transport.redact import conceal

PREFIX = "seatwise-"
"""Begins the slug of each block type of ours."""
STATED = (str, SecretStr, bool)
"""Types of the fields a form shows; choices are shown besides."""


class BlockMissing(SeatwiseError):
    """No block of ours bears the name."""

    remedy = "Create it in the Prefect UI under Blocks; `seatwise deploy` registers the types."


class AmbiguousBlock(SeatwiseError):
    """Blocks of several types bear the name."""

    remedy = "Name the type as well, as in `--block okta/NAME`."


class ConnectionBlock(Block):
    """What the block of every kind of connection can do."""

    kind: ClassVar[str]

    def check(self) -> list[Finding]:
        """Say in words what the credential can and cannot do; it asks the service and writes nothing.

        Raises:
            ValidationError: the fields do not fit each other, as with two credentials at once.
        """
        kind = connector(self.kind)
        stated = {name: getattr(self, name) for name in shown_fields(kind.Options)}
        for value in stated.values():
            if isinstance(value, SecretStr):
                conceal(value.get_secret_value())
        options = kind.Options.model_validate({name: value for name, value in stated.items() if value})
        return kind(self._block_document_name or self.kind, options, Door()).check()


class PolicyBlock(Block):
    """A policy kept at the Prefect server; flows take it as `block:NAME` where they take a file."""

    _block_type_name: ClassVar[str] = "Seatwise policy"
    _block_type_slug: ClassVar[str] = f"{PREFIX}policy"
    _description: ClassVar[str] = "A policy file, for workers that share no folder."

    text: str = Field(description="The YAML of the policy. Secrets are references, never values.")

    def check(self) -> list[Finding]:
        """Say that the policy is valid.

        Raises:
            PolicyError: it is not; every mistake with its line.
        """
        name = self._block_document_name or "policy"
        policy.load(self.text, origin=f"block:{name}", connection_options=ConnectorOptions())
        return [Finding("ok", name, "is valid")]


def shown_fields(options: type[BaseModel]) -> dict[str, FieldInfo]:
    """The options that say where a connection leads and as whom: text, secrets, switches, choices."""
    return {name: field for name, field in options.model_fields.items() if _is_shown(field.annotation)}


def _is_shown(annotation: Any) -> bool:
    alternatives = [kind for kind in get_args(annotation) or [annotation] if kind is not type(None)]
    if get_origin(annotation) is Literal:
        return True
    return get_origin(annotation) not in (list, dict) and all(kind in STATED for kind in alternatives)


def _block_type(kind: str, options: type[BaseModel]) -> type[ConnectionBlock]:
    fields: dict[str, Any] = {name: _form_field(field) for name, field in shown_fields(options).items()}
    words = kind.replace("_", " ")
    block: type[ConnectionBlock] = create_model(
        "".join(part.capitalize() for part in kind.split("_")) + "Block",
        __base__=ConnectionBlock,
        __module__=__name__,
        __doc__=f"A connection of kind {kind}.",
        **fields,
    )
    block.kind = kind
    block._block_type_name = f"Seatwise {words}"  # noqa: SLF001  how Prefect wants blocks to say it
    block._block_type_slug = slug_of(kind)  # noqa: SLF001
    block._description = f"Address and credential of a connection of kind {kind}."  # noqa: SLF001
    return block


def _form_field(field: FieldInfo) -> tuple[Any, Any]:
    """Type and default; what may be left out is left empty, for a form shows such a secret as a password."""
    if field.is_required() or field.default is not None:
        return field.annotation, Field(field.default, description=field.description)
    kind = SecretStr if SecretStr in get_args(field.annotation) else str
    return kind, Field(kind(""), description=field.description)


def slug_of(kind: str) -> str:
    """The slug of a kind's block type."""
    return PREFIX + kind.replace("_", "-")


def _has_secret(options: type[BaseModel]) -> bool:
    return any("SecretStr" in str(field.annotation) for field in options.model_fields.values())


CONNECTION_BLOCKS = {
    kind: _block_type(kind, options) for kind, options in ConnectorOptions().items() if _has_secret(options)
}
"""The block type of each kind of connection that takes a secret."""

BLOCK_TYPES: tuple[type[ConnectionBlock | PolicyBlock], ...] = (*CONNECTION_BLOCKS.values(), PolicyBlock)


def load_block(kind: str, name: str) -> ConnectionBlock | PolicyBlock:
    """The block of a name and kind, `policy` among the kinds.

    Raises:
        BlockMissing: there is none.
    """
    block = PolicyBlock if kind == "policy" else CONNECTION_BLOCKS.get(kind)
    if block is None:
        raise BlockMissing(f"connections of kind {kind} have no block", "They take no secret.")
    # Within a flow the method would give a coroutine unless told otherwise, which its type does not know.
    load: Callable[..., Any] = block.load
    try:
        loaded: ConnectionBlock | PolicyBlock = load(name, _sync=True)
    except ValueError as error:
        raise BlockMissing(f"Prefect has no block {name} of type {block.get_block_type_slug()}") from error
    return loaded


def find_block(what: str) -> ConnectionBlock | PolicyBlock:
    """The block a person means by its name, or by kind and name with a slash between.

    Raises:
        BlockMissing: there is none.
        AmbiguousBlock: blocks of several kinds bear the name.
    """
    kind, _, name = what.rpartition("/")
    if kind:
        return load_block(kind, name)
    found = []
    for kind in (*CONNECTION_BLOCKS, "policy"):
        with suppress(BlockMissing):
            found.append((kind, load_block(kind, name)))
    if not found:
        raise BlockMissing(f"Prefect has no block {name} of Seatwise's types")
    if len(found) > 1:
        raise AmbiguousBlock(f"blocks of several kinds are called {name}: {', '.join(k for k, _ in found)}")
    return found[0][1]


def write_policy(name: str, folder: Path) -> Path:
    """Put the policy of a block where relative paths of it start, and return the file.

    Raises:
        BlockMissing: there is no such block.
    """
    block = load_block("policy", name)
    assert isinstance(block, PolicyBlock)
    path = folder.absolute() / f"block-{name}.yaml"
    with NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as file:
        file.write(block.text)
    # Another run may be reading it: it finds the old file or the new one, never half of one.
    Path(file.name).replace(path)
    return path
