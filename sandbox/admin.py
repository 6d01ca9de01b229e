"""The sandbox's own doors under `/_sandbox`: clock, people, faults, counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from sandbox.company.people import Person
from sandbox.kit.limits import Limits
from sandbox.kit.world import Handler, Reply, Request, Route, World, json_reply


def _careful(handler: Callable[[World, Request], Reply]) -> Handler:
    """Turn a mistake in a request into a 400 that says what was wrong."""

    def careful(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            return json_reply({"error": str(error)}, 400)

    return careful


def shown(person: Person) -> dict[str, Any]:
    """Return a person as JSON."""
    row = {f.name: getattr(person, f.name) for f in fields(person) if f.name != "revision"}
    return row | {"groups": sorted(person.groups), "display_name": person.display_name}


def state(world: World, _request: Request) -> Reply:
    """Tell the clock, how many people are in which state, and what is true of each face."""
    company = world.company
    states: dict[str, int] = {}
    for person in company.people.values():
        states[person.state] = states.get(person.state, 0) + 1
    return json_reply(
        {
            "now": company.now,
            "day": company.day,
            "people": company.size,
            "seed": company.seed,
            "states": states,
            "groups": len(company.groups),
            "limits": world.limits.mode,
            "faults": len(world.faults.all),
            "faces": {face.name: world.base + face.prefix for face in world.faces},
            **{face.name: face.tell(world) for face in world.faces if face.tell},
        }
    )


def advance(world: World, request: Request) -> Reply:
    """Let days pass: `{"days": 1}`."""
    days = int((request.json() or {}).get("days", 1))
    if not 0 < days <= 3660:
        raise ValueError(f"days={days}: expected 1 to 3660")
    counts = world.advance(days)
    return json_reply({"now": world.company.now, "day": world.company.day, "changes": counts})


def people(world: World, request: Request) -> Reply:
    """Return everyone, or the one called `?email=`."""
    if email := request.get("email"):
        return json_reply(shown(world.company.find(email)))
    return json_reply([shown(p) for p in world.company.people.values()])


def change_people(world: World, request: Request) -> Reply:
    """Hire, move, leave or rehire one person, or a list of them.

    `{"do": "hire", "given_name": …}` · `{"do": "move", "email": …, "department": …, "new_email": …}` ·
    `{"do": "leave", "email": …, "how": "departed | suspended | deleted"}` · `{"do": "rehire", "email": …}`
    """
    body = request.json()
    world.before_write()
    done = [shown(_change(world, dict(order))) for order in (body if isinstance(body, list) else [body])]
    return json_reply(done if isinstance(body, list) else done[0])


def _change(world: World, order: dict[str, Any]) -> Person:
    company, do = world.company, order.pop("do", None)
    if do == "hire":
        return company.hire(order)
    if do not in ("move", "leave", "rehire"):
        raise ValueError(f"do={do!r}: expected hire, move, leave or rehire")
    email = order.pop("email", None)
    if not email:
        raise ValueError(f'{do} needs "email": whose')
    if do == "leave":
        return company.leave(email, **order)
    if "new_email" in order:
        order["email"] = order.pop("new_email")
    return company.move(email, order) if do == "move" else company.rehire(email, order)


def reset(world: World, request: Request) -> Reply:
    """Start again, by default with the same company: `{"people": 500, "seed": 1}`."""
    world.renew(**(request.json() or {}))
    return state(world, request)


def faults(world: World, _request: Request) -> Reply:
    """List the faults, with how many requests each has seen and struck."""
    return json_reply([asdict(f) | {"spent": f.spent} for f in world.faults.all])


def add_faults(world: World, request: Request) -> Reply:
    """Set one fault or a list of them."""
    body = request.json()
    for facts in body if isinstance(body, list) else [body]:
        world.faults.add(**facts)
    return faults(world, request)


def clear_faults(world: World, _request: Request) -> Reply:
    """Remove every fault."""
    world.faults.clear()
    return Reply(204)


def set_limits(world: World, request: Request) -> Reply:
    """Change rate limits and latency: `{"mode": "documented", "seconds": 60, "latency": 0.1}`."""
    facts, old = dict(request.json() or {}), world.limits
    if unknown := set(facts) - {"mode", "seconds", "latency"}:
        raise ValueError(f"limits have no {sorted(unknown)}; they have mode, seconds, latency")
    known: dict[str, Any] = {"mode": old.mode, "seconds": old.seconds, "latency": old.latency}
    world.limits = Limits(**known | facts, clock=old.clock, in_flight=old.in_flight)
    return json_reply(known | facts)


def set_options(world: World, request: Request) -> Reply:
    """Change switches of single faces, such as `{"okta_page_size": 50}`; null takes one back."""
    for name, value in (request.json() or {}).items():
        world.options[name] = value
        if value is None:
            del world.options[name]
    return json_reply(sorted(world.options))


def requests(world: World, _request: Request) -> Reply:
    """Tell what was asked; status 0 is a connection cut without an answer."""
    counters = world.counters
    return json_reply({"total": counters.total(), "writes": counters.writes, "requests": counters.as_rows()})


def written(world: World, _request: Request) -> Reply:
    """List every write that succeeded, in the order they were made."""
    return json_reply([one._asdict() for one in world.counters.written])


def clear_requests(world: World, _request: Request) -> Reply:
    """Count from nothing again."""
    world.counters.clear()
    return Reply(204)


ROUTES = tuple(
    Route(method, path, _careful(handler))
    for method, path, handler in (
        ("GET", "/state", state),
        ("POST", "/advance", advance),
        ("GET", "/people", people),
        ("POST", "/people", change_people),
        ("POST", "/reset", reset),
        ("GET", "/faults", faults),
        ("POST", "/faults", add_faults),
        ("DELETE", "/faults", clear_faults),
        ("POST", "/limits", set_limits),
        ("POST", "/options", set_options),
        ("GET", "/requests", requests),
        ("DELETE", "/requests", clear_requests),
        ("GET", "/written", written),
    )
)
