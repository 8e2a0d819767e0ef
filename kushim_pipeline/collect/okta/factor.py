"""`okta.user_factor`: the second factors of everybody who has not left. GET /api/v1/users/{userId}/factors

One call a person and no bulk call. So a reading asks only for who changed, whom the system log names in an event about
factors, and who could not be read before; once a week it asks for everybody. Source: Okta, "User Factors, list all
enrolled factors"; "Event types", user.mfa.factor.*.
"""

from datetime import timedelta
from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import Item, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import each
from kushim_pipeline.collect.okta import user
from kushim_pipeline.collect.okta.changes import choose
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.listed import last_updated, whole
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/users/{{userId}}/factors"
NEEDS = user.NEEDS
EVENTS = ("user.mfa.factor.",)
SWEEP = timedelta(days=7)


def read(c: Collection, reading: Reading) -> None:
    """A record for each person: {"factors": [...]}, empty for who has none."""
    listing = user.people(reading, c.keep)
    there = [person for person in listing.items if person.body.get("status") != user.LEFT]

    def one(person: Item) -> None:
        call = Call(OPERATION, f"{API}/users/{quote(person.id, safe='')}/factors", {}, NEEDS)
        found = whole(read_list(reading.client, c.keep, call, by_id, linked(reading.account)))
        body = {"factors": [factor.body for factor in found.items]}
        c.record(person.id, body, evidence=found.evidence, mark=last_updated(person.body))

    each(c, reading, OPERATION, choose(c, reading, listing, there, EVENTS, SWEEP), one)
