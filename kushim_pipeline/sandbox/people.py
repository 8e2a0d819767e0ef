"""The people of a tenant: said once, and found again in each of its sources."""

import csv
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zlib import crc32

from pydantic import Field

from kushim_pipeline.sandbox.estate import Model

LONG_AGO = 900
"""Days: how long somebody has been here unless the manifest says otherwise."""


class Person(Model):
    """Somebody who works or worked here. The login is the key in the manifest.

    `started`, `ended`: the first and the last day, in days before today; without `ended` the person is still here.
    `email`: if it is not LOGIN@DOMAIN.
    """

    name: str
    department: str = "engineering"
    email: str = ""
    started: int = Field(default=LONG_AGO, ge=0)
    ended: int | None = Field(default=None, ge=1)

    @property
    def status(self) -> str:
        """The HR system's word for it."""
        return "active" if self.ended is None else "terminated"

    @property
    def has_left(self) -> bool:
        """Whether the last day is over."""
        return self.ended is not None


People = Mapping[str, Person]


def days_ago(days: float, hour: int = 12) -> datetime:
    """An hour of the day that lies so many days before today, in UTC: the same in every run of a day."""
    return datetime.combine(datetime.now(UTC).date(), time(), UTC) - timedelta(days=days) + timedelta(hours=hour)


def day(days: int) -> date:
    """The day so many days before today, in UTC."""
    return days_ago(days).date()


def written(when: datetime) -> str:
    """A time as Okta writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def number(tenant_id: str, login: str) -> int:
    """A number of seven digits that stays the same for somebody."""
    return crc32(f"{tenant_id}/{login}".encode()) % 9_000_000 + 1_000_000


def people_file(tenant_id: str, people: People) -> Mapping[str, bytes]:
    """The list that HR brings, and the digest that vouches for it: path in the drop folder -> contents."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["person_id", "email", "name", "department", "status", "start_date", "end_date"])
    for login, person in people.items():
        end = "" if person.ended is None else str(day(person.ended))
        address = person.email or f"{login}@{tenant_id}.test"
        own_id = str(number(tenant_id, login))
        rows.writerow([own_id, address, person.name, person.department, person.status, str(day(person.started)), end])
    data = text.getvalue().encode()
    name = f"people-{day(0)}.csv"
    return {name: data, f"{name}.sha256": f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()}
