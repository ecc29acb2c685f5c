"""How Alembic runs: on the connection and in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from contado.kernel.records.schema import Base

if hasattr(context, "config"):  # Alembic executes this file; whoever merely imports it starts nothing
    context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
    context.run_migrations()
