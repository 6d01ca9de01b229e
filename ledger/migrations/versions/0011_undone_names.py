"""The name of what was taken back, and of the rows from before 0009 which entitlements they stand for.

Revision: 0011
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_KEY = ("target", "account_id", "rule", "action", "entitlement_id")
_TAKES_BACK = {"grant": "revoke", "revoke": "grant"}
_UNDO = "Undo: "
# All that was made of what the rows may stand for, in that order: of each entitlement the last one counts.
_MADE = """
    SELECT undone.target, undone.account_id, undone.rule, undone.action, changes.entitlement_id,
        changes.entitlement, changes.action AS made, changes.reason, changes.fingerprint
    FROM undone
    JOIN changes ON changes.target = undone.target AND changes.rule = undone.rule
    JOIN outcomes ON outcomes.fingerprint = changes.fingerprint AND outcomes.change_id = changes.change_id
        AND coalesce(changes.account_id, outcomes.account_id) = undone.account_id
    WHERE undone.action IN ('grant', 'revoke') AND changes.entitlement_id IS NOT NULL
        AND outcomes.status IN ('applied', 'propagating') AND outcomes.intended_by IS NOT NULL
    ORDER BY outcomes.seq
"""
_SAME = "target = :target AND account_id = :account_id AND rule = :rule AND action = :action"
_NAME = f"UPDATE undone SET entitlement = :entitlement WHERE {_SAME} AND entitlement_id = :entitlement_id"  # noqa: S608 (names of our own columns)
_COPY = f"""
    INSERT INTO undone
        (target, account_id, rule, action, entitlement_id, entitlement, subject, run_id, rule_digest, at)
    SELECT target, account_id, rule, action, :entitlement_id, :entitlement, subject, :run_id, rule_digest, at
    FROM undone WHERE {_SAME} AND entitlement_id = ''
"""  # noqa: S608 (names of our own columns)
_DROP = f"DELETE FROM undone WHERE {_SAME} AND entitlement_id = ''"  # noqa: S608 (names of our own columns)


def upgrade() -> None:
    op.add_column("undone", sa.Column("entitlement", sa.Text(), nullable=True))
    connection = op.get_bind()
    known = {tuple(row) for row in connection.execute(sa.text(f"SELECT {', '.join(_KEY)} FROM undone"))}  # noqa: S608 (names of our own columns)
    found = list(_last_made(connection))
    named = [row for row in found if tuple(row[name] for name in _KEY) in known]
    vague = [row for row in found if (*(row[name] for name in _KEY[:-1]), "") in known]
    taken_back = [row for row in vague if row["run_id"] is not None]
    new = [row for row in taken_back if tuple(row[name] for name in _KEY) not in known]
    for statement, rows in ((_NAME, named), (_COPY, new), (_DROP, taken_back)):
        for row in rows:
            connection.execute(sa.text(statement), row)


def _last_made(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """What was made last of each entitlement; `run_id` is the run that this took back, null if it took none.

    What was made again after it had been taken back is suspended no longer.
    """
    query = "SELECT fingerprint, undoes FROM planned WHERE undoes IS NOT NULL ORDER BY seq"
    undoes = {row.fingerprint: row.undoes for row in connection.execute(sa.text(query))}
    last = {tuple(row[name] for name in _KEY): row for row in connection.execute(sa.text(_MADE)).mappings()}
    for row in last.values():
        back = row["made"] == _TAKES_BACK[row["action"]] and row["reason"].startswith(_UNDO)
        run_id = undoes.get(row["fingerprint"]) if back else None
        yield {**{name: row[name] for name in (*_KEY, "entitlement")}, "run_id": run_id}
