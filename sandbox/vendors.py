"""Finds the vendor folders, and what each states: its faces, and how a policy reaches them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import sandbox
from sandbox.kit.connection import Connection
from sandbox.kit.world import Face


def folders() -> tuple[ModuleType, ...]:
    """Return every folder of the sandbox that states faces, by name."""
    names = sorted(found.name for found in iter_modules(sandbox.__path__) if found.ispkg)
    every = (import_module(f"{sandbox.__name__}.{name}") for name in names)
    return tuple(folder for folder in every if hasattr(folder, "FACES"))


def faces() -> tuple[Face, ...]:
    """Return every face; before one whose path begins another's stands the longer path."""
    found = (face for folder in folders() for face in folder.FACES)
    return tuple(sorted(found, key=lambda face: -len(face.prefix)))


def connections() -> dict[str, Connection]:
    """Return every connection by its name, in the order a policy of all lists them."""
    found = [one for folder in folders() for one in getattr(folder, "CONNECTIONS", ())]
    return {one.name: one for one in sorted(found, key=lambda one: one.rank)}
