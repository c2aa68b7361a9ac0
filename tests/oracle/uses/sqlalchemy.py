# SPDX-License-Identifier: MIT
"""sqlalchemy.py: mapped classes, sessions with objects in every state, statements and results."""
import sqlalchemy
from sqlalchemy import (Column, ForeignKey, Integer, MetaData, String, Table, create_engine, event,
                        func, insert, select, text)
from sqlalchemy.orm import (Session, declarative_base, joinedload, relationship, selectinload,
                            sessionmaker)

from kinds import keep, make

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String(50))
    orders = relationship("Order", back_populates="user", cascade="all, delete-orphan")


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"))
    item = Column(String)
    user = relationship("User", back_populates="orders")


ENGINE = create_engine("sqlite://", future=True)
TABLE = Table("plain", MetaData(), Column("a", Integer), Column("b", String))


def session():
    """A session with objects new, dirty, deleted, expired and clean."""
    Base.metadata.create_all(ENGINE)
    made = Session(ENGINE, future=True)
    for i in range(20):
        user = User(name="user %d" % i)
        user.orders = [Order(item="item %d" % k) for k in range(3)]
        made.add(user)
    made.commit()
    users = made.execute(select(User)).scalars().all()
    users[0].name = "changed"
    users[0].orders.append(Order(item="added"))
    made.delete(users[1])
    made.expire(users[2])
    made.add(User(name="new"))
    keep(users[3].orders, users[4].orders[0].user, User(name="transient"))
    return [made, users]


def detached():
    made = Session(ENGINE, future=True)
    user = made.execute(select(User).options(selectinload(User.orders))).scalars().first()
    made.close()
    return user


def result():
    connection = ENGINE.connect()
    rows = connection.execute(select(User.id, User.name))
    return [connection, rows, rows.fetchone(), rows.fetchmany(2), rows.mappings()]


def listen():
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, record: None)
    return [engine, engine.raw_connection()]


LINES = """
session()
detached()
result()
listen()
ENGINE
ENGINE.pool
ENGINE.dialect
Base.metadata
Base.registry
User.__table__
User.__mapper__
User.name
sqlalchemy.inspect(User)
sqlalchemy.inspect(User(name="x"))
sqlalchemy.inspect(ENGINE)
TABLE
TABLE.c
select(User).where(User.name == "x").order_by(User.id.desc())
select(User, func.count(Order.id)).join(Order).group_by(User)
select(User).options(joinedload(User.orders))
str(select(User).where(User.name.in_(["a", "b"])))
insert(User).values(name="x")
text("select 1").bindparams()
sessionmaker(ENGINE)
select(User).compile(ENGINE)
Session(ENGINE, future=True).execute(select(User)).all()
Session(ENGINE, future=True).query(User).filter_by(name="user 3")
Session(ENGINE, future=True).query(User).filter_by(name="user 3").one()
ENGINE.connect().execute(text("select 1 as a")).one()
ENGINE.connect().begin()
sqlalchemy.types.Enum("a", "b")
"""


def build():
    make(globals(), LINES)
