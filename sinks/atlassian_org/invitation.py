"""The answer to an invitation: whose account it made, and which parts of it failed for which reason.

Atlassian answers 206 where at least one part failed. One address goes out with each request, so where no
account and no grant of ours can be blamed, it is the invitation itself that failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from provisioning.model.frames import Change
from sinks import Applied
from sinks.atlassian_org.data import bare
from transport.errors import BadRequest
from transport.reply import Reply
from transport.shape import Row, malformed, rows_in, rows_of, text_in

PARTLY = 206
NO_REASON = "Atlassian gave no reason"
REMEDY = "Look at the person on the admin site; a blocked or unusual address is refused there, too."
_PARTS = {"groupAssignmentResult": "group", "roleAssignmentResult": "resource"}
"""Lists of an answer, and the field of their rows that says what was to be granted."""


def read_invitation(reply: Reply, created: Change, grants: Sequence[Change]) -> Applied:
    """Read the answer to an invitation of one person.

    Args:
        reply: the answer.
        created: the change that makes the account.
        grants: what the invitation was to grant besides.

    Raises:
        BadRequest: nobody was invited.
        Malformed: the answer does not say.
    """
    invited = next(iter(rows_of(reply, "data")), None)
    reasons = list(_reasons(invited, reply)) if invited is not None else []
    failed = _failed_grants(grants, dict(reasons))
    partly = reply.status == PARTLY
    if partly and (invited is None or not invited.get("id") or not failed):
        words = "; ".join(dict.fromkeys(reason for _, reason in reasons)) or NO_REASON
        raise BadRequest(f"{created.subject} was not invited: {words}", status=reply.status, remedy=REMEDY)
    if invited is None:
        raise malformed("the answer to the invitation names no account", reply)
    return Applied(text_in(invited, "id", reply), failed=failed)


def _reasons(invited: Row, reply: Reply) -> Iterator[tuple[str, str]]:
    """What failed, by identifier of the group or product ("" where that is not told), and why."""
    for result in _rows_or_none(invited, "results", reply):
        for kind, key in _PARTS.items():
            for part in _rows_or_none(result, kind, reply):
                if part.get("status") == "ERROR":
                    yield bare(str(part.get(key) or "")), str(part.get("statusReason") or NO_REASON)


def _failed_grants(grants: Sequence[Change], reasons: Mapping[str, str]) -> dict[str, str]:
    ids = {grant.change_id: bare(str(grant.entitlement_id)) for grant in grants}
    return {change_id: reasons[key] for change_id, key in ids.items() if key in reasons}


def _rows_or_none(body: Row, key: str, reply: Reply) -> list[Row]:
    return [] if body.get(key) is None else rows_in(body, key, reply)
