from enum import Enum

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Cover(Enum):
    HARD = "hard"
    SOFT = "soft"
    LEATHER = "leather"


class Author(Base):
    __tablename__ = "author"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text)
    country: Mapped[str] = mapped_column(sa.Text, server_default="unknown")


class Book(Base):
    __tablename__ = "book"
    __table_args__ = (
        sa.CheckConstraint("pages BETWEEN 1 AND 5000", name="ck_book_pages"),
        sa.UniqueConstraint("author_id", "title", name="uq_book_author_id_title"),
        sa.Index("ix_book_title", sa.text("lower(title)"), postgresql_include=["pages"]),
        sa.Index("ix_book_unsold", "author_id", postgresql_where=sa.text("sold_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("author.id", name="fk_book_author_id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(sa.Text)
    pages: Mapped[int]
    cover: Mapped[Cover] = mapped_column(
        sa.Enum(Cover, name="cover", values_callable=lambda cover: [one.value for one in cover])
    )
    sold_at: Mapped[sa.DateTime | None] = mapped_column(sa.DateTime(timezone=True))
