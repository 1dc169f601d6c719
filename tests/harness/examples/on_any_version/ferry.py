import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Port(Base):
    __tablename__ = "port"

    id = sa.Column(sa.BigInteger, sa.Identity(always=False), primary_key=True)
    name = sa.Column(sa.Text, nullable=False)


class Sailing(Base):
    __tablename__ = "sailing"
    __table_args__ = (
        sa.CheckConstraint("price_cents > 0", name="ck_sailing_price_cents"),
        sa.Index("ix_sailing_port_id", "port_id"),
    )

    id = sa.Column(sa.BigInteger, sa.Identity(always=False), primary_key=True)
    port_id = sa.Column(sa.BigInteger, sa.ForeignKey("port.id", name="fk_sailing_port_id"), nullable=False)
    price_cents = sa.Column(sa.Integer, nullable=False)
    deck = sa.Column(sa.Enum("car", "lorry", "foot", name="deck"), nullable=False)
    leaves_at = sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
