"""Runs a suite of HTTP steps and assertions that a vendor published for servers of SCIM 1.1.

    told = run(suite, "http://127.0.0.1:8700/scim/v1", "Bearer sandbox-scim-token")
    assert not told.failures

The file holds steps: a request with variables in double braces, what to remember of the answer, and
what must hold for it. Pauses between steps are left out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
RANDOM = {
    "InvalidUserEmail": "abcdefgh@atko.test",
    "UserIdThatDoesNotExist": "010101001010101011001010101011",
    "randomEmail": "runscope.random@atko.test",
    "randomUsername": "runscope.random",
    "randomUsernameCaps": "RUNSCOPE.RANDOM",
    "randomGivenName": "Runscope",
    "randomFamilyName": "Random",
}


@dataclass
class Told:
    """What came of a run."""

    steps: int = 0
    assertions: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass
class _Answer:
    status: int
    body: Any
    milliseconds: float


CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "equal": lambda have, want: str(have).lower() == str(want).lower(),
    "equal_number": lambda have, want: float(have) == float(want),
    "not_empty": lambda have, _want: have is not None and have not in ("", [], {}),
    "has_value": lambda have, want: want in have,
    "contains": lambda have, want: want in have,
    "is_a_number": lambda have, _want: isinstance(have, int) and not isinstance(have, bool),
    "is_less_than": lambda have, want: float(have) < float(want),
}


def run(suite: dict[str, Any], base: str, auth: str) -> Told:
    """Send every step in order and hold every assertion; a check nobody knows fails."""
    variables = {**RANDOM, "SCIMBaseURL": base, "auth": auth}
    told = Told()
    for step in suite["steps"]:
        if step["step_type"] == "request":
            told.steps += 1
            answer = _send(step, variables)
            for wanted in step["variables"]:
                variables[wanted["name"]] = str(_found(answer.body, wanted["property"]))
            _hold(step, answer, variables, told)
    return told


def _filled(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda name: variables[name[1]], text)


def _send(step: dict[str, Any], variables: dict[str, str]) -> _Answer:
    headers = {
        name: _filled(value if isinstance(value, str) else ", ".join(value), variables)
        for name, value in step["headers"].items()
    }
    url, body = _filled(step["url"], variables), _filled(step.get("body") or "", variables)
    began = time.perf_counter()
    reply = requests.request(
        step["method"], url, headers={**headers, "Connection": "close"}, data=body, timeout=10
    )
    took = 1000 * (time.perf_counter() - began)
    try:
        return _Answer(reply.status_code, reply.json(), took)
    except ValueError:
        return _Answer(reply.status_code, None, took)


def _found(body: Any, path: str) -> Any:
    """Return what a path such as `Resources[0].name.familyName` leads to, None when nothing."""
    for index, name in _PART.findall(path):
        try:
            body = body[int(index)] if index else body[name]
        except (LookupError, TypeError):
            return None
    return body


def _hold(step: dict[str, Any], answer: _Answer, variables: dict[str, str], told: Told) -> None:
    sources = {"response_status": answer.status, "response_time": answer.milliseconds}
    for check in step["assertions"]:
        told.assertions += 1
        have = sources.get(check["source"], answer.body)
        have = _found(have, check["property"]) if check.get("property") else have
        want = check["value"]
        want = _filled(want, variables) if isinstance(want, str) else want
        if not _holds(check["comparison"], have, want):
            what = check.get("property") or check["source"]
            told.failures.append(f"{step['note']}: {what} is {have!r}, {check['comparison']} {want!r}")
    if any("Resources is of type Array" in script for script in step["scripts"]):
        # The one script of the file, in our words.
        told.assertions += 1
        if not isinstance(_found(answer.body, "Resources"), list) or not _found(answer.body, "totalResults"):
            told.failures.append(f"{step['note']}: there is no list of resources")


def _holds(comparison: str, have: Any, want: Any) -> bool:
    try:
        return CHECKS[comparison](have, want)
    except (TypeError, ValueError, KeyError):
        return False
