"""One day in the company's life."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, Person
from sandbox.company.usual import DEPARTMENTS, DEV, FAMILY, JIRA, JSM
from sandbox.company.workforce import Workforce

# Changes a day, as a share of those present.
HIRES, MOVES, LEAVES, REHIRES, SUSPENSIONS = 0.003, 0.004, 0.002, 0.0004, 0.0005
NOTICE = timedelta(days=14)


def live(company: Workforce, rng: random.Random) -> Counter[str]:
    """Let one day pass; the clock already shows it. Returns how many of each change happened."""
    done: Counter[str] = Counter()
    _due(company, done)
    size = len(company.present())
    for _ in range(_draw(rng, size * HIRES)):
        company.hire(rng=rng)
        done["hires"] += 1
    for person in _some(rng, _staff(company), size * MOVES):
        _move(company, person, rng)
        done["moves"] += 1
    for person in _some(rng, _staff(company), size * LEAVES):
        how = rng.choices(("departed", "suspended", "deleted"), (70, 20, 10))[0]
        company.leave(person.number, how=how)
        done["leaves"] += 1
    gone = [p for p in company.people.values() if p.state == DEPARTED]
    for person in _some(rng, gone, size * REHIRES):
        company.rehire(person.number)
        done["rehires"] += 1
    for person in _some(rng, _staff(company), size * SUSPENSIONS):
        company.set_state(person, SUSPENDED)
        done["suspensions"] += 1
    done["sign_ins"] += _sign_ins(company, rng)
    return done


def _due(company: Workforce, done: Counter[str]) -> None:
    """Start those whose first day has come, and let go those whose notice is over."""
    for person in company.in_state(STAGED):
        if person.hired_on <= company.now:
            company.set_state(person, ACTIVE)
            done["starts"] += 1
    for person in company.in_state(SUSPENDED):
        if person.leaves_on and person.leaves_on + NOTICE <= company.now:
            company.leave(person.number)
            done["departures"] += 1


def _staff(company: Workforce) -> list[Person]:
    """Return those whom ordinary changes happen to: active people, no services, no odd records."""
    active = company.in_state(ACTIVE)
    return [p for p in active if p.user_type != "Service" and not p.flaw]


def _draw(rng: random.Random, mean: float) -> int:
    """Return a whole number around a mean: many small dice, or the bell curve they tend to."""
    if mean < 8:
        return sum(rng.random() < mean / 16 for _ in range(16))
    return max(0, round(rng.gauss(mean, mean**0.5)))


def _some(rng: random.Random, people: list[Person], mean: float) -> list[Person]:
    return rng.sample(people, min(_draw(rng, mean), len(people)))


def _move(company: Workforce, person: Person, rng: random.Random) -> None:
    """Change department, title, name or groups."""
    dice = rng.random()
    if dice < 0.4:
        new = rng.choice([d for d in DEPARTMENTS if d.name != person.department])
        company.move(person.number, {"department": new.name, "title": rng.choice(new.titles)})
    elif dice < 0.6:
        company.move(person.number, {"title": f"Senior {person.title.removeprefix('Senior ')}"})
    elif dice < 0.7:
        family = rng.choice([f for f in FAMILY if f != person.family_name])
        address = company.free_email(person.given_name, family)
        company.move(person.number, {"family_name": family, "email": address})
    else:
        name = rng.choice((JIRA, JSM, DEV))
        company.move(person.number, {"remove_groups" if name in person.groups else "add_groups": [name]})


def _sign_ins(company: Workforce, rng: random.Random) -> int:
    """Let most active people sign in on a weekday, few at the weekend."""
    share = 0.7 if company.now.weekday() < 5 else 0.05
    people = [p for p in company.people.values() if p.state == ACTIVE and not p.snag]
    signed = sorted((rng.random(), p.number) for p in people if rng.random() < share)
    start = company.now - timedelta(hours=12)
    for when, number in signed:
        at = (start + timedelta(hours=12 * when)).replace(microsecond=0)
        company.sign_in(company.people[number], at)
    return len(signed)
