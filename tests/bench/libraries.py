# SPDX-License-Identifier: MIT
"""libraries.py [OBJECTS]: a process that has pandas, Django and SQLAlchemy imported and uses them
until it has at least so many objects (a million unless told), prints READY and waits for a line."""
import gc
import os
import sys
import warnings

warnings.simplefilter("ignore")

import django  # noqa: E402
import numpy  # noqa: E402
import pandas  # noqa: E402
from django.conf import settings  # noqa: E402
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, select  # noqa: E402
from sqlalchemy.orm import Session, declarative_base, relationship  # noqa: E402

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", SECRET_KEY="x", USE_TZ=True)
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.template import Context, Template  # noqa: E402

Base = declarative_base()


class Customer(Base):
    __tablename__ = "customers"
    id = Column(Integer, primary_key=True)
    name = Column(String(50))
    orders = relationship("Order", back_populates="customer")


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    customer_id = Column(ForeignKey("customers.id"))
    item = Column(String)
    customer = relationship("Customer", back_populates="orders")


class Use:
    """A round of work with each library, whose results stay."""

    def __init__(self):
        self.session = Session(create_engine("sqlite://", future=True), future=True)
        Base.metadata.create_all(self.session.get_bind())
        call_command("migrate", verbosity=0)
        self.template = Template("{% for user in users %}{{ user.username }} {% endfor %}")
        self.kept = []

    def of_sqlalchemy(self, n):
        customers = [Customer(name="customer %d of %d" % (i, n),
                              orders=[Order(item="item %d" % (k * n)) for k in range(3)])
                     for i in range(300)]
        self.session.add_all(customers)
        self.session.commit()
        rows = self.session.execute(select(Customer).where(Customer.id > n * 300)).scalars().all()
        return [(row.name, [order.item for order in row.orders]) for row in rows], rows

    def of_django(self, n):
        User.objects.bulk_create([User(username="user %d of %d" % (i, n),
                                       email="%d@example.org" % i) for i in range(300)])
        users = list(User.objects.filter(username__endswith=" of %d" % n))
        group = Group.objects.create(name="group %d" % n)
        group.user_set.set(users[:20])
        text = self.template.render(Context({"users": users}))
        return users, group, text, list(User.objects.values("id", "email")[:300])

    def of_pandas(self, n):
        count = 1000
        frame = pandas.DataFrame({
            "number": numpy.arange(count), "real": numpy.arange(count) * 0.5,
            "text": ["text %d" % (i * n) for i in range(count)],
            "time": pandas.date_range("2026-01-01", periods=count, freq="min"),
            "held": [{"n": i, "m": [i]} for i in range(count)]})
        groups = {key: part for key, part in frame.groupby(frame.number % 7)}
        return frame, groups, frame.to_dict("records"), frame.set_index("text")

    def round(self, n):
        self.kept.append((self.of_sqlalchemy(n), self.of_django(n), self.of_pandas(n)))


def objects():
    """About how many there are: containers, and what they hold that is none."""
    seen = set()
    for thing in gc.get_objects():
        seen.add(id(thing))
        seen.update(map(id, gc.get_referents(thing)))
    return len(seen)


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    use = Use()
    rounds = 0
    while objects() < wanted:
        for _ in range(4):
            use.round(rounds)
            rounds += 1
    os.write(1, b"READY\n")
    os.read(0, 1)


main()
