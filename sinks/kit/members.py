"""Members of many groups of a Data Center product; one group that is refused costs that group alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sinks.kit.datacenter_rows import Group
from transport.client import Client
from transport.errors import BadRequest, Forbidden, NotFound

T = TypeVar("T")
log = logging.getLogger(__name__)


def read_members(
    client: Client, groups: Sequence[Group], read: Callable[[str], list[T]]
) -> tuple[list[Group], list[list[T]]]:
    """Read the members of each group.

    Returns:
        The groups, those that were refused marked as unread, and the members of each.
    """
    answers = list(client.in_parallel(partial(_unless_refused, read, group.name) for group in groups))
    pairs = list(zip(groups, answers, strict=True))
    marked = [group._replace(unread=True) if members is None else group for group, members in pairs]
    return marked, [members or [] for members in answers]


def _unless_refused(read: Callable[[str], list[T]], group: str) -> list[T] | None:
    try:
        return read(group)
    except (BadRequest, Forbidden, NotFound) as error:
        log.warning("group %s: not read, for it was refused (%s). %s", group, error.message, error.remedy)
        return None
