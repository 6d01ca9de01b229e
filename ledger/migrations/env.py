"""Alembic's entry: migrate on the connection it is handed, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from ledger.migrate import VERSION_TABLE
from ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
