import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Member(Base):
    __tablename__ = "member"
    __table_args__ = (sa.UniqueConstraint("card", name="uq_member_card"),)

    id = sa.Column(sa.BigInteger, sa.Identity(always=False), primary_key=True)
    name = sa.Column(sa.Text, nullable=False)
    state = sa.Column(sa.Text, nullable=False, server_default="active")  # 0001 says 'new'
    email = sa.Column(sa.Text, nullable=False)
    card = sa.Column(sa.Text)


class Shelf(Base):
    __tablename__ = "shelf"

    id = sa.Column(sa.BigInteger, sa.Identity(always=False), primary_key=True)


class Label(Base):
    __tablename__ = "label"

    id = sa.Column(sa.BigInteger, sa.Identity(always=False), primary_key=True)
