"""Organisations and desks of service management, as both deployments hold them."""

from __future__ import annotations

from dataclasses import dataclass, field

ORGANISATIONS = ("Sales", "Finance", "Legal", "Partners")
FIRST_DESK = 3
_DESKS = (("SUP", True), ("IT", False))
_FIRST_ORGANISATION = 11


@dataclass
class Circle:
    """An organisation or a desk, and the keys of who is in it; a `closed` one is for those who were added."""

    number: int
    name: str
    people: dict[str, None] = field(default_factory=dict)
    organisations: dict[int, None] = field(default_factory=dict)
    closed: bool = True


@dataclass
class ServiceDesk:
    """Two desks, one of them closed, and the organisations of the closed one."""

    organisations: dict[int, Circle] = field(default_factory=dict)
    desks: dict[int, Circle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the desks, with nobody in them."""
        for number, (key, closed) in enumerate(_DESKS, FIRST_DESK):
            self.desks[number] = Circle(number, key, closed=closed)
        for name in ORGANISATIONS:
            self.desks[FIRST_DESK].organisations[self.organise(name).number] = None

    def organise(self, name: str) -> Circle:
        """Return the organisation of a name, made where there is none."""
        found = next((one for one in self.organisations.values() if one.name == name), None)
        if found is None:
            found = Circle(_FIRST_ORGANISATION + len(self.organisations), name)
            self.organisations[found.number] = found
        return found
