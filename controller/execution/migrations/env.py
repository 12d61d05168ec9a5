"""Run by alembic: the migrations, on the connection that it was given."""

from alembic import context

from controller.execution.database import REVISIONS

context.configure(connection=context.config.attributes["connection"], version_table=REVISIONS)
with context.begin_transaction():
    context.run_migrations()
