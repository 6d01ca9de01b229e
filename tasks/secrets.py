"""References to secrets become values here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from errors import SeatwiseError
from transport.redact import conceal


class SecretMissing(SeatwiseError):
    """A reference names a secret that is not there; the message says where it was looked for."""


def reveal(reference: str, *, folder: Path, kind: str) -> SecretStr:
    """The secret behind `env:NAME`, `file:PATH`, `block:NAME` or `block:NAME/FIELD`.

    The log filter knows it from now on.

    Args:
        reference: as the policy file states it.
        folder: where relative paths start.
        kind: of the connection; a field is one of a block of this kind.

    Raises:
        SecretMissing: nothing is there.
    """
    scheme, _, name = reference.partition(":")
    value = {"env": _from_environment, "file": _from_file, "block": _from_block}[scheme](name, folder, kind)
    value = value.strip()
    if not value:
        raise SecretMissing(f"the secret {reference} is empty", "Give it a value and run again.")
    conceal(value)
    return SecretStr(value)


def resolve(options: Mapping[str, Any], model: type[BaseModel], *, folder: Path, kind: str) -> BaseModel:
    """A connection's options with the secrets in place and the paths starting at the policy's folder.

    Args:
        options: the entry of the policy file without its kind.
        model: the connector's Options; its `SecretStr` fields hold references.
        folder: where relative paths start.
        kind: of the connection.
    """
    resolved = {key: _in_place(key, value, model, folder, kind) for key, value in options.items()}
    return model.model_validate(resolved)


def _in_place(key: str, value: Any, model: type[BaseModel], folder: Path, kind: str) -> Any:
    typed = str(model.model_fields[key].annotation) if key in model.model_fields else ""
    if value is not None and "SecretStr" in typed:
        return reveal(str(value), folder=folder, kind=kind)
    return folder / str(value) if value is not None and "Path" in typed else value


def _from_environment(name: str, _folder: Path, _kind: str) -> str:
    if name not in os.environ:
        remedy = f"Set it, for instance with `export {name}=…`, and run again."
        raise SecretMissing(f"the environment variable {name} is not set", remedy)
    return os.environ[name]


def _from_file(name: str, folder: Path, _kind: str) -> str:
    path = folder / Path(name).expanduser()
    if not path.is_file():
        raise SecretMissing(f"there is no file {path}", "Write the secret into it and run again.")
    return path.read_text(encoding="utf-8")


def _from_block(name: str, _folder: Path, kind: str) -> str:
    # One is loaded without the other: whoever uses a plain Secret waits for no connector of another kind.
    block, separator, field = name.partition("/")
    return _from_typed_block(block, field, kind) if separator else _from_secret_block(name)


def _from_secret_block(name: str) -> str:
    from prefect.blocks.system import Secret

    # Within a flow the method would give a coroutine unless told otherwise, which its type does not know.
    load: Callable[..., Any] = Secret.load
    try:
        return str(load(name, _sync=True).get())
    except ValueError as error:
        remedy = "Create it in the Prefect UI under Blocks, and run again."
        raise SecretMissing(f"Prefect has no Secret block {name}", remedy) from error


def _from_typed_block(name: str, field: str, kind: str) -> str:
    from tasks.blocks import load_block

    block = load_block(kind, name)
    value = getattr(block, field, None)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    known = [each for each, stated in block if isinstance(stated, SecretStr)]
    remedy = f"It holds {', '.join(known)}." if known else "Fill in one of its secrets in the Prefect UI."
    raise SecretMissing(f"the block {name} holds no secret {field!r}", remedy)
