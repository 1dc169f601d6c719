import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Pallet(Base):
    __tablename__ = "pallet"
    __table_args__ = {"schema": "stock"}

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(sa.Enum("in", "out", name="state", schema="stock"))


class Van(Base):
    __tablename__ = "van"
    __table_args__ = {"schema": "fleet"}

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    pallet_id: Mapped[int] = mapped_column(sa.ForeignKey("stock.pallet.id", name="fk_van_pallet_id"), index=True)
