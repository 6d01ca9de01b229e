"""What the modules of a connector state, found by kind: its options, and the class that takes them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from pydantic import BaseModel


def find_options(home: ModuleType, kind: str) -> type[BaseModel]:
    """Return the model of a module that says what a connection of a kind may say.

    Raises:
        LookupError: the module states no such options.
    """
    for stated in vars(home).values():
        if isinstance(stated, type) and issubclass(stated, BaseModel) and vars(stated).get("kind") == kind:
            return stated
    raise LookupError(f"{home.__name__} has no model with kind = {kind!r}; state it there")


def find_class(home: ModuleType, options: type[BaseModel]) -> Any:
    """Return the class of a module whose `Options` are these.

    Raises:
        LookupError: the module has no such class.
    """
    for found in vars(home).values():
        if getattr(found, "Options", None) is options:
            return found
    raise LookupError(f"{home.__name__} has no class whose Options are {options.__name__}; import it there")
