"""Users, groups and members in both databases, by several writers at once, read as of one write."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from ledger import Inbox, Ledger
from ledger.pushed import MemberChange, StoredGroup, StoredUser, Taken, UserKeys, Vanished, tables
from ledger.pushed.resources import Writer


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    with Inbox.open(url) as opened:
        yield opened


@pytest.fixture
def writer(inbox: Inbox, now: datetime) -> Writer:
    token = inbox.recognise(inbox.make_token("idp", now))
    assert token
    return Writer("idp", token.seq, now)


def keys(name: str, *, active: bool = True) -> UserKeys:
    return UserKeys(name, f"x-{name}", f"{name}@acme.test", active)


def add_user(inbox: Inbox, writer: Writer, name: str) -> None:
    inbox.add_user(writer, name, {"userName": name, "active": True}, keys(name))


def change(inbox: Inbox, writer: Writer, name: str, **attributes: Any) -> StoredUser:
    def made(before: StoredUser) -> tuple[dict[str, Any], UserKeys]:
        body = {**before.body, **attributes}
        return body, keys(name, active=body["active"])

    return inbox.change_user(writer, name, made)


def told(inbox: Inbox) -> list[tuple[str, str]]:
    """What the record of writes says: what was done and to which id."""
    with inbox._reading() as connection:
        c = tables.events.c
        return [tuple(row) for row in connection.execute(select(c.what, c.id).order_by(c.seq))]


def test_a_life_in_the_record(inbox: Inbox, writer: Writer) -> None:
    """Every write that changes something is one line; what changes nothing is none."""
    add_user(inbox, writer, "ada")
    change(inbox, writer, "ada", title="Countess")
    change(inbox, writer, "ada", title="Countess")
    change(inbox, writer, "ada", active=False)
    change(inbox, writer, "ada", active=True)
    inbox.add_group(writer, "g", "atl-jira", None, ["ada"])
    for step in (
        MemberChange("add", ["ada"]),
        MemberChange("add", ["bob"]),
        MemberChange("remove", ["nobody"]),
        MemberChange("replace", []),
    ):
        inbox.change_group(writer, "g", lambda before: before, [step])
    inbox.delete_group(writer, "g", lambda _before: None)
    inbox.delete_user(writer, "ada", lambda _before: None)

    users = ["created", "changed", "deactivated", "activated", "deleted"]
    assert [what for what, who in told(inbox) if who == "ada"] == users
    assert [what for what, who in told(inbox) if who == "g"] == ["created", "members", "emptied", "deleted"]


def test_names_are_borne_once_and_given_again(inbox: Inbox, writer: Writer) -> None:
    """Not twice at a time, also by a rename; again when whoever bore it is deleted; apart by connection."""
    add_user(inbox, writer, "ada")
    add_user(inbox, writer, "bob")
    with pytest.raises(Taken):
        inbox.add_user(writer, "other", {}, keys("ada"))
    with pytest.raises(Taken):
        inbox.change_user(writer, "bob", lambda _before: ({"userName": "ada"}, keys("ada")))
    assert inbox.find_user("idp", "bob").body["userName"] == "bob"

    inbox.delete_user(writer, "ada", lambda _before: None)
    inbox.add_user(writer, "ada-again", {}, keys("ada"))
    inbox.add_user(writer._replace(connection="another"), "ada-there", {}, keys("ada"))

    with pytest.raises(Vanished):
        inbox.find_user("idp", "ada")
    # The one who was deleted is told no longer once somebody bears the name again.
    assert [user.id for user in inbox.read_pushed("idp").users] == ["bob", "ada-again"]


def test_a_refused_change_leaves_everything_as_it_was(inbox: Inbox, writer: Writer) -> None:
    add_user(inbox, writer, "ada")
    inbox.add_group(writer, "g", "one", None, ["ada"])
    inbox.add_group(writer, "h", "two", None, [])
    before = told(inbox)

    def refuse(_before: object) -> Any:
        raise ValueError("no")

    def rename(before: StoredGroup) -> StoredGroup:
        return before._replace(display_name="TWO")

    with pytest.raises(ValueError, match="no"):
        inbox.change_user(writer, "ada", refuse)
    with pytest.raises(ValueError, match="no"):
        inbox.delete_user(writer, "ada", refuse)
    with pytest.raises(Taken):
        inbox.change_group(writer, "g", rename, [MemberChange("replace", [])])

    assert told(inbox) == before
    assert [one.id for one in inbox.members_of("idp", ["g"])["g"]] == ["ada"]


def test_many_members_at_once(inbox: Inbox, writer: Writer) -> None:
    """More than one statement takes; a replace changes only what is different."""
    everyone = [f"m{number:05}" for number in range(12_000)]
    inbox.add_group(writer, "g", "everyone", None, everyone)
    inbox.change_group(writer, "g", lambda before: before, [MemberChange("replace", [*everyone[10:], "new"])])
    inbox.change_group(writer, "g", lambda before: before, [MemberChange("remove", everyone[10:20])])

    members = {one.id for one in inbox.members_of("idp", ["g"])["g"]}
    assert members == {*everyone[20:], "new"}
    with inbox._reading() as connection:
        c = tables.events.c
        counted = [tuple(row) for row in connection.execute(select(c.added, c.removed).order_by(c.seq))]
    assert counted == [(12_000, 0), (1, 10), (0, 10)]


def test_one_member_costs_the_same_in_any_group(inbox: Inbox, writer: Writer) -> None:
    """The same statements, each of which touches one row, whether ten are in the group or 35,000."""
    inbox.add_group(writer, "small", "small", None, [f"s{number}" for number in range(10)])
    inbox.add_group(writer, "large", "large", None, [f"l{number}" for number in range(35_000)])

    sent = {name: statements(inbox, writer, name) for name in ("small", "large")}

    assert sent["small"] == sent["large"]
    assert sum(sent["large"].values()) <= 16
    assert not [one for one in sent["large"] if "SELECT" in one and "pushed_members" in one]


def statements(inbox: Inbox, writer: Writer, group: str) -> Counter[str]:
    """Statements of adding one member and taking one out."""
    sent: Counter[str] = Counter()

    def count(*arguments: Any) -> None:
        sent[arguments[2]] += 1

    event.listen(inbox._engine, "before_cursor_execute", count)
    for step in (MemberChange("add", ["new"]), MemberChange("remove", ["new"])):
        inbox.change_group(writer, group, lambda before: before, [step])
    event.remove(inbox._engine, "before_cursor_execute", count)
    return sent


def test_writers_side_by_side_lose_nothing(url: str, inbox: Inbox, writer: Writer) -> None:
    """Two processes' worth of connections write one user, one group and one name at the same time."""
    add_user(inbox, writer, "ada")
    inbox.add_group(writer, "g", "everyone", None, [])
    with Inbox.open(url) as other, ThreadPoolExecutor(8) as pool:
        work = []
        for number in range(40):
            at = (inbox, other)[number % 2]
            mark = {f"mark{number}": number}
            work.append(pool.submit(partial(change, at, writer, "ada", **mark)))
            member = [MemberChange("add", [f"m{number}"])]
            work.append(pool.submit(at.change_group, writer, "g", lambda before: before, member))
            work.append(pool.submit(claim, at, writer, number))
        done = [one.result() for one in work]

    body = inbox.find_user("idp", "ada").body
    assert {f"mark{number}": number for number in range(40)}.items() <= body.items()
    assert len(inbox.members_of("idp", ["g"])["g"]) == 40
    assert done.count("made") == 1


def claim(inbox: Inbox, writer: Writer, number: int) -> str:
    try:
        inbox.add_user(writer, f"claim{number}", {}, keys("wanted"))
    except Taken:
        return "taken"
    return "made"


def test_a_read_is_of_one_moment(inbox: Inbox, writer: Writer) -> None:
    """Everybody is put into both groups in one write each; no read sees a member without the user."""
    stop = threading.Event()

    def push() -> None:
        number = 0
        while not stop.is_set() and number < 400:
            add_user(inbox, writer, f"p{number}")
            for group in ("a", "b"):
                step = [MemberChange("add", [f"p{number}"])]
                inbox.change_group(writer, group, lambda before: before, step)
            number += 1

    for group in ("a", "b"):
        inbox.add_group(writer, group, group, None, [])
    pushing = threading.Thread(target=push)
    pushing.start()
    try:
        seen = [inbox.read_pushed("idp") for _ in range(40)]
    finally:
        stop.set()
        pushing.join()

    for pushed in seen:
        people = {user.id for user in pushed.users}
        first, second = (set(group.members) for group in pushed.groups)
        assert second <= first <= people
        assert len(people) - len(second) <= 1
    assert [pushed.seq for pushed in seen] == sorted(pushed.seq for pushed in seen)


def test_a_backup_holds_what_was_pushed(url: str, inbox: Inbox, writer: Writer, tmp_path: Path) -> None:
    """Restored elsewhere everything is there, tokens among it, and new rows come after the old ones."""
    add_user(inbox, writer, "ada")
    inbox.add_group(writer, "g", "atl-jira", None, ["ada"])
    pushed = inbox.read_pushed("idp")
    with Ledger.open(url, folder=tmp_path / "from") as ledger:
        ledger.back_up(tmp_path / "backup.zip", at=writer.at)
    other = f"sqlite:///{tmp_path / 'other.db'}"

    with Ledger.open(other, folder=tmp_path / "to") as ledger:
        ledger.restore(tmp_path / "backup.zip")

    with Inbox.open(other) as restored:
        assert restored.read_pushed("idp") == pushed
        assert len(restored.tokens("idp")) == 1
        add_user(restored, writer, "bob")
        assert [user.id for user in restored.read_pushed("idp").users] == ["ada", "bob"]
