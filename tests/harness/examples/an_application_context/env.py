"""What Flask-Migrate writes: everything is asked of the application around it, which it makes where there is none."""

from alembic import context
from webshop import create_app, current_app

if current_app.is_missing():
    create_app().push()

with current_app.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=current_app.metadata)
    with context.begin_transaction():
        context.run_migrations()
