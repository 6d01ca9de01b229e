"""What is JumpCloud's own: an order that has to be asked for, an end that is an empty page, ways."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.model.frames import Identities, Memberships
from provisioning.model.intake import gathered
from provisioning.model.screening import Screened
from sandbox.jumpcloud import CONNECTIONS
from sandbox.jumpcloud.face import user_id
from sandbox.running import Running
from sources.jumpcloud.source import JumpCloud, JumpCloudOptions
from transport.door import Door
from transport.errors import Malformed

GROUP, INNER = "atl-jira-users", "dept-legal"


def jumpcloud(sandbox: Running, **options: Any) -> JumpCloud:
    stated = CONNECTIONS[0].resolved(sandbox.url)
    return JumpCloud("jumpcloud", JumpCloudOptions(**{**stated, **options}), Door())


def held(sandbox: Running, **options: Any) -> Screened:
    return gathered(Memberships, jumpcloud(sandbox, **options).memberships())


def test_everybody_comes_once_by_pages_of_any_size(acme: Running) -> None:
    """Without an order the face turns its lists, and pages would overlap."""
    people = gathered(Identities, jumpcloud(acme, page_size=3).identities()).frame
    members = held(acme, page_size=3).frame

    assert sorted(map(user_id, acme.world.company.people)) == sorted(people["source_id"])
    sizes = {name: len(group.members) for name, group in acme.world.company.groups.items() if group.members}
    assert sizes == members.groupby("group_name").size().to_dict()


def test_members_through_another_group_say_the_way(faulty: Running) -> None:
    faulty.world.options["jumpcloud_nested"] = {GROUP: [INNER]}
    deep = held(faulty, groups=[GROUP]).frame.set_index("source_id")
    direct = held(faulty, groups=[GROUP], nested=False).frame
    del faulty.world.options["jumpcloud_nested"]

    groups = faulty.world.company.groups
    inner = {user_id(number) for number in groups[INNER].members}
    assert inner
    assert {INNER} == set(deep["path"].dropna())
    assert inner == set(deep.index[~deep["direct"]])
    assert {user_id(number) for number in groups[GROUP].members} - inner == set(direct["source_id"])


def test_a_member_that_is_no_user_leaves_the_group_unread(faulty: Running) -> None:
    odd = [{"id": "5f", "type": "system", "paths": []}]
    faulty.world.faults.add(path="/jumpcloud/api/v2/usergroups/60", status=200, times=1, body=odd)

    rejects = held(faulty, groups=[GROUP], workers=1).rejects

    assert list(rejects["problem"]) == ["1 members are no users"]


def test_a_total_that_shrank_is_no_whole_read(faulty: Running) -> None:
    body = {"totalCount": 1, "results": []}
    faulty.world.faults.add(path="/jumpcloud/api/systemusers", status=200, skip=2, times=0, body=body)

    with pytest.raises(Malformed, match="are left"):
        list(jumpcloud(faulty, page_size=7).identities())
