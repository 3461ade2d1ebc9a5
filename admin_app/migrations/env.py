"""Alembic's entry: always on the connection that `admin_app/store.py` hands over."""

from alembic import context

import models  # noqa: F401  (maps every table)
from models.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
