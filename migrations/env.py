"""Runs migrations on the application's own engine: offline scripts are not offered, SQLite alters in batch mode."""

from alembic import context
from flask import current_app

engine = current_app.extensions["migrate"].db.engine
metadata = current_app.extensions["migrate"].db.metadata

with engine.connect() as connection:
    # SQLite alters a table by making it anew; dropping the old one would delete whatever refers to it with CASCADE.
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        connection.connection.execute("PRAGMA foreign_keys=OFF")  # outside a transaction, or it does nothing
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
        if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
            raise RuntimeError(f"rows refer to nothing after the migration: {broken[:5]}")
    connection.commit()
    if is_sqlite:
        connection.connection.execute("PRAGMA foreign_keys=ON")
