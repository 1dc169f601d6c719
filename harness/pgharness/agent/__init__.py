"""The agent: runs a project's env.py, models and revisions in the project's own interpreter, and tells what they do.

It is started by file, under the name `pgharness_agent`, in an interpreter in which pgharness need not be installed. So it imports
the standard library, the project's Alembic and SQLAlchemy, and itself; it runs on Python 3.9 and later.
"""
