"""What is remembered of a target stays until it is replaced."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from ledger import Ledger, tables
from provisioning.model.frames import Taken, complete, concat, empty

Make = Callable[..., pd.DataFrame]


def _rows(*rows: tuple[str, str | None, str | None], how: str = "made") -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["account_id", "kind", "entitlement_id"], dtype="str")
    return made.assign(how=how)


def _values(frame: pd.DataFrame, *names: str) -> list[tuple[object, ...]]:
    plain = frame[list(names)].astype(object)
    return list(plain.where(plain.notna(), None).itertuples(index=False, name=None))


def _link_history(ledger: Ledger) -> pd.DataFrame:
    """Every link there ever was, in the order they were made."""
    shown = [c for c in tables.links.c if c.name != "seq"]
    return ledger._frame(select(*shown).order_by(tables.links.c.seq), shown)


def test_links_are_replaced_for_their_target_alone(ledger: Ledger, now: datetime, make_links: Make) -> None:
    """The last save is what is found, other targets are left alone."""
    ledger.save_links("other", make_links(("a1", "u1"), target="other"), now)
    ledger.save_links("acme", make_links(("a1", "u1"), ("a2", "u2")), now)
    last = make_links(("a2", "u2"), ("a3", "u3"))
    ledger.save_links("acme", last, now)

    pd.testing.assert_frame_equal(last, ledger.links("acme"))
    assert ledger.links("other")["source_id"].tolist() == ["u1"]


def test_the_history_of_links_says_when_each_began_and_ended(
    ledger: Ledger, now: datetime, make_links: Make
) -> None:
    """What did not change keeps its first day; another rule is another row."""
    later = now + timedelta(days=1)
    ledger.save_links("acme", make_links(("a1", "u1"), ("a2", "u2"), ("a3", "u3")), now)
    changed = pd.concat([make_links(("a1", "u1")), make_links(("a2", "u2"), rule="link")], ignore_index=True)
    ledger.save_links("acme", changed, later)

    assert [
        ("a1", "email", now, None),
        ("a2", "email", now, later),
        ("a3", "email", now, later),
        ("a2", "link", later, None),
    ] == _values(_link_history(ledger), "account_id", "rule", "linked_at", "unlinked_at")


def test_no_links_are_saved_and_found_as_none(ledger: Ledger, now: datetime, make_links: Make) -> None:
    """An empty frame empties the target, and keeps its types."""
    ledger.save_links("acme", make_links(("a1", "u1")), now)
    ledger.save_links("acme", make_links(), now)

    pd.testing.assert_frame_equal(make_links(), ledger.links("acme"))


def test_links_are_read_from_a_copy_only_while_it_says_what_the_table_says(
    ledger: Ledger, now: datetime, make_links: Make
) -> None:
    """A row changed behind the ledger's back shows which of the two was read."""
    everybody = make_links(("a1", "u1"), ("a2", "u2"))
    ledger.save_links("acme", everybody, now)
    with ledger._writing() as connection:
        connection.execute(update(tables.links).values(rule="behind its back"))
    from_copy = ledger.links("acme")["rule"].tolist()
    ledger.save_links("acme", everybody[::-1], now)
    ledger.link("acme", make_links(("a2", "u3")), now)
    from_table = _values(ledger.links("acme"), "source_id", "rule")

    assert from_copy == everybody["rule"].tolist()
    assert from_table == [("u1", "behind its back"), ("u3", everybody["rule"][0])]


def test_links_outlive_the_loss_of_their_copy(
    ledger: Ledger, now: datetime, make_links: Make, tmp_path: Path
) -> None:
    """The table is the truth; saving the same again changes no row of it and makes a new copy."""
    links = make_links(("a1", "u1"), ("a2", "u2"))
    ledger.save_links("acme", links, now)
    history = _link_history(ledger)
    for file in tmp_path.rglob("*.parquet"):
        file.unlink()
    found = ledger.links("acme")
    ledger.save_links("acme", links, now + timedelta(days=1))

    pd.testing.assert_frame_equal(links, found)
    pd.testing.assert_frame_equal(history, _link_history(ledger))
    assert list(tmp_path.rglob("*.parquet"))


def test_rows_of_another_target_are_refused(ledger: Ledger, now: datetime, make_links: Make) -> None:
    """A mix-up of targets never overwrites a memory."""
    with pytest.raises(ValueError, match="rows of other were given for acme"):
        ledger.save_links("acme", make_links(("a1", "u1"), target="other"), now)


def test_links_saved_side_by_side_are_one_save_after_the_other(
    ledger: Ledger, now: datetime, make_links: Make
) -> None:
    """Two writers of one target never leave a mixture or a link twice."""
    frames = [make_links(*((f"a{i}", f"u{i}-{n}") for i in range(50))) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda frame: ledger.save_links("acme", frame, now), frames))
    found = ledger.links("acme").sort_values("account_id", ignore_index=True)

    assert any(found.equals(frame.sort_values("account_id", ignore_index=True)) for frame in frames)


def test_accounts_are_linked_anew_without_touching_others(
    ledger: Ledger, make_links: Any, now: datetime
) -> None:
    """A created account has one link, whatever it was linked with before, and the others keep theirs."""
    ledger.save_links("acme", make_links(("a1", "u1"), ("a2", "u2")), now)
    ledger.link("acme", make_links(("a1", "u9"), ("a3", "u3")), now)

    pairs = [("a1", "u9"), ("a2", "u2"), ("a3", "u3")]
    assert _values(ledger.links("acme"), "account_id", "source_id") == pairs


def test_doubts_are_replaced_for_their_target_alone(ledger: Ledger) -> None:
    facts = {"source": "okta", "source_id": "n1", "number": "7", "reason": "r"}
    doubted = pd.DataFrame([{"account_id": "a1", **facts}])
    ledger.save_doubted("acme", doubted)
    ledger.save_doubted("other", doubted)
    ledger.save_doubted("other", doubted.iloc[:0])

    assert ledger.doubted("acme").to_dict("records") == doubted.to_dict("records")
    assert ledger.doubted("other").empty


def test_leavers_keep_the_day_they_were_first_seen(ledger: Ledger, now: datetime) -> None:
    """Of two days for one account the earlier counts; saving again replaces."""
    days = [now, now - timedelta(days=3), now]
    stated = {"account_id": ["a1", "a1", "a2"], "since": days, "cause": ["departed", "departed", None]}
    ledger.save_leavers("acme", pd.DataFrame(stated))
    found = ledger.leavers("acme")
    ledger.save_leavers("acme", found[found["account_id"] == "a2"])

    assert [("a1", days[1]), ("a2", now)] == _values(found, "account_id", "since")
    assert ledger.leavers("acme")["account_id"].tolist() == ["a2"]
    assert found["cause"].fillna("").tolist() == ["departed", ""]
    assert str(found["since"].dtype) == "datetime64[us, UTC]"


def test_what_is_ours_is_added_once_and_forgotten_on_request(ledger: Ledger, now: datetime) -> None:
    """An account and what it holds are owned apart; adopting what was made leaves it made."""
    ledger.own("acme", _rows(("a1", None, None), ("a1", "group", "g1")), now)
    ledger.own("acme", _rows(("a1", "group", "g1"), ("a2", "group", "g1"), how="adopted"), now)
    found = ledger.owned("acme")
    ledger.disown("acme", _rows(("a1", "group", "g1"), ("a9", None, None)))
    ledger.disown("other", _rows(("a1", None, None)))

    names = ("account_id", "kind", "entitlement_id", "how")
    assert _values(found, *names) == [
        ("a1", None, None, "made"),
        ("a1", "group", "g1", "made"),
        ("a2", "group", "g1", "adopted"),
    ]
    assert _values(ledger.owned("acme"), *names) == [
        ("a1", None, None, "made"),
        ("a2", "group", "g1", "adopted"),
    ]


def test_nothing_owned_is_an_empty_frame_with_types(ledger: Ledger, now: datetime) -> None:
    """A first run finds memories it can join with."""
    ledger.own("acme", _rows(), now)

    found = ledger.owned("acme")
    assert found.empty
    assert {"str"} == {str(dtype) for dtype in found.dtypes}


def test_what_was_taken_waits_for_a_rehire(ledger: Ledger) -> None:
    """What is taken again stays as it was first; it is forgotten once it is given back."""
    thing = {"target": "acme", "account_id": "a1", "kind": "group", "entitlement_id": "g1", "name": "devs"}
    taken = complete(Taken, pd.DataFrame([thing | {"rule": "leaver 0d"}, thing | {"rule": "leaver 7d"}]))
    ledger.take("acme", taken)
    ledger.take("acme", taken[1:])
    other = complete(Taken, taken[:1].assign(account_id="a2"))
    ledger.take("acme", other)
    pd.testing.assert_frame_equal(concat(Taken, [taken[:1], other]), ledger.taken("acme"))
    ledger.forget_taken("acme", concat(Taken, [taken[:1], other]))

    pd.testing.assert_frame_equal(empty(Taken), ledger.taken("acme"))


def test_the_last_applied_policy_is_known_per_target(ledger: Ledger, now: datetime) -> None:
    """None before the first; the last one told counts, whatever the clock said."""
    assert ledger.applied_policy("acme") is None
    ledger.policy_applied("acme", "policy-1", now)
    ledger.policy_applied("acme", "policy-2", datetime(2020, 1, 1, tzinfo=UTC))
    ledger.policy_applied("other", "policy-3", now)

    assert ledger.applied_policy("acme") == "policy-2"
