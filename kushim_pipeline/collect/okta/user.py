"""`okta.user`: everybody, those who left included. GET /api/v1/users

Source: Okta, "Users, list all users": without a filter it lists everybody but who is DEPROVISIONED, so they are asked
for by a filter of their own. Okta gives no count to hold the lists against. In its place: somebody whom the last
reading saw and neither list names is asked for alone, and only a 404 with Okta's code for "not found" counts as
deleted.
"""

from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call, Keep, Unread
from kushim_pipeline.collect.http.listing import Item, Listing, Paging, read_list
from kushim_pipeline.collect.http.reading import Reading, report
from kushim_pipeline.collect.http.recording import each, report_faults
from kushim_pipeline.collect.okta.dialect import API, NOT_FOUND, OKTA, error_code
from kushim_pipeline.collect.okta.listed import last_updated
from kushim_pipeline.collect.okta.paging import by_id, linked
from kushim_pipeline.evidence.receipt import Reason

OPERATION = f"GET {API}/users"
ONE = f"GET {API}/users/{{userId}}"
NEEDS = "the scope okta.users.read (an API token: of a read-only administrator)"
LEFT = "DEPROVISIONED"
MOST_ASKED_ALONE = 100
"""More than these that vanished at once are for the drop guard to judge."""


def people(reading: Reading, keep: Keep) -> Listing:
    """Everybody but those who left, read once for all streams."""

    def read_it(keep: Keep) -> Listing:
        return read_list(reading.client, keep, Call(OPERATION, f"{API}/users", {}, NEEDS), by_id, _paging(reading))

    return reading.once("people", read_it).get(keep)


def read(c: Collection, reading: Reading) -> None:
    """A record for each person of either list."""
    living = people(reading, c.keep)
    # Read second: who is deactivated in between is then in both lists, and not in none.
    parameters = {"filter": f'status eq "{LEFT}"'}
    call = Call(OPERATION, f"{API}/users", parameters, NEEDS)
    left = read_list(reading.client, c.keep, call, by_id, _paging(reading))
    found = {item.id: item for listing in (living, left) for item in listing.items}
    for listing in (living, left):
        report_faults(c, listing)
    for item in found.values():
        _record(c, item)
    if living.is_whole and not living.items:
        c.problem(Reason.INCOMPLETE, OPERATION, "the list is empty, yet somebody owns the token")
    elif living.is_whole and left.is_whole and not reading.sample:
        _look_for_vanished(c, reading, set(found))


def _paging(reading: Reading) -> Paging:
    return linked(reading.account, 200)


def _record(c: Collection, item: Item) -> None:
    c.record(item.id, item.body, evidence=item.evidence, mark=last_updated(item.body))


def _look_for_vanished(c: Collection, reading: Reading, seen: set[str]) -> None:
    before = c.before
    vanished = sorted((before.marks.keys() | before.unread) - seen) if before else []
    if len(vanished) > MOST_ASKED_ALONE:
        return

    def one(item: Item) -> None:
        call = Call(ONE, f"{API}/users/{quote(item.id, safe='')}", needs=NEEDS)
        answer = reading.client.ask(call, c.keep)
        if answer.status == 404 and error_code(answer) == NOT_FOUND:
            return
        body = object_of(answer, call, OKTA)
        if by_id(body) != item.id:
            raise Unread(Reason.INCOMPLETE, ONE, "Okta answered with another user than was asked for")
        _record(c, Item(item.id, body, answer.evidence))
        message = f"{item.id} is there and in no list: somebody was reactivated meanwhile, or the lists are not whole"
        report(c, Unread(Reason.INCOMPLETE, OPERATION, message))

    each(c, reading, ONE, [Item(name, {}, "") for name in vanished], one)
