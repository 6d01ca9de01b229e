"""Who answered a form in the Prefect UI is a person, as at the terminal."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tasks import answers
from tasks.answers import Approval


@pytest.mark.parametrize(("given", "counts"), [(" Ada  Larsen ", True), ("\N{ZERO WIDTH SPACE}", False)])
def test_what_nobody_answered_does_not_count(monkeypatch, given, counts):
    """A form lets a name of letters nobody sees pass; it approves and rejects nothing."""

    async def load(*_: object, **__: object) -> Approval:
        return Approval(decision="approve", reason="read", approver=given)

    told: list[str] = []
    monkeypatch.setattr(Approval, "aload", load)
    monkeypatch.setattr(answers, "tell", told.append)

    answer = asyncio.run(answers._answer("a1-0", uuid4()))

    assert (answer is not None) is counts
    assert bool(told) is not counts
