"""An application that reads its own variable, and is reached through a context as Flask's is."""

import os

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)


class App:
    def __init__(self):
        self.engine = sa.create_engine(os.environ["WEBSHOP_DATABASE_URI"])
        self.metadata = Base.metadata

    def push(self):
        _pushed.append(self)


class CurrentApp:
    def is_missing(self):
        return not _pushed or _pushed[-1].engine.url != sa.make_url(os.environ["WEBSHOP_DATABASE_URI"])

    def __getattr__(self, name):
        if not _pushed:
            raise RuntimeError("Working outside of application context.")
        return getattr(_pushed[-1], name)


_pushed = []
create_app = App
current_app = CurrentApp()
