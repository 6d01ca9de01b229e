"""What was given lately and is gone again is taken once two reads say so, or one says that somebody left."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from provisioning.decide.decide import Decision
from provisioning.decide.fresh_losses import YOUNG
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import NOW, account, identity, links, policy, source, target, think

DEACTIVATE = [{"after": "0d", "do": "deactivate"}]
MINUTE = timedelta(minutes=1)


def decided(now: list[dict], members: list[str], *, said=("", "g-atl-jira"), age=MINUTE, **rules) -> Decision:
    """What is decided of Ada and Bob, who were given Jira so long ago; what was said is of Ada."""
    granted = {
        "account_id": ["acc-ada", "acc-bob"],
        "entitlement_id": ["e-jira-users"] * 2,
        "at": pd.to_datetime([NOW - age] * 2, utc=True).astype("datetime64[us, UTC]"),
    }
    before = [("idp", "id-ada", group) for group in said]
    before += [("idp", "id-bob", group) for group in ("", "g-atl-jira")]
    memory = Memory(
        links=links("ada", "bob"),
        granted=pd.DataFrame(granted),
        said=pd.DataFrame(before, columns=["source", "source_id", "group_id"], dtype="str"),
    )
    held = target([account("ada"), account("bob")], {"jira-users": ["ada", "bob"]})
    read = source([*now, identity("bob")], {"atl-jira": [*members, "bob"]})
    return think(read, held, policy(**rules), memory=memory)


def taken(decision: Decision) -> list[str]:
    """The actions that take something from Ada; Bob loses nothing in any case."""
    changes = decision.plan.changes
    lost = changes[changes["destructive"]]
    assert set(lost["account_id"]) <= {"acc-ada"}
    return lost["action"].tolist()


def notes(decision: Decision) -> list[str]:
    return [note.message for note in decision.notes]


def test_who_is_gone_from_a_group_by_one_read_keeps_what_is_young():
    decision = decided([identity("ada")], [])

    assert taken(decision) == []
    assert decision.withheld["action"].tolist() == ["revoke"]
    assert (
        "1 change left for the next run: what was given within the last day is gone from this read, and an "
        "answer that is out of date looks the same: ada@acme.test"
    ) in notes(decision)


@pytest.mark.parametrize("leaver", [{}, {"leaver": DEACTIVATE}], ids=["seats", "account"])
def test_who_is_not_listed_any_more_keeps_it_too(leaver):
    """Neither the group nor the account that has it is taken."""
    decision = decided([], [], **leaver)

    assert taken(decision) == []
    assert not decision.withheld.empty


@pytest.mark.parametrize(
    ("now", "more", "action"),
    [
        ([identity("ada")], {"said": ("",)}, "revoke"),
        ([identity("ada")], {"age": YOUNG}, "revoke"),
        ([identity("ada", state="departed")], {}, "revoke"),
        ([identity("ada", state="suspended")], {}, "revoke"),
        ([], {"said": ()}, "revoke"),
        ([], {"said": (), "leaver": DEACTIVATE}, "deactivate"),
    ],
    ids=["said before", "old", "departed", "suspended", "missed before", "account missed before"],
)
def test_what_two_reads_say_or_is_old_or_said_in_words_is_taken_at_once(now, more, action):
    decision = decided(now, [], **more)

    assert taken(decision) == [action]
    assert not [note for note in notes(decision) if "left for the next run" in note]
