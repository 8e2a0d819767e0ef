"""Who has which application: `okta.app_user` and `okta.app_group`. GET /api/v1/apps/{appId}/users and …/groups

One call an application (and one more for each further 500 people or 200 groups). So a reading asks only for
applications that changed, that the system log names in an event about assignments, and that could not be read before;
once a day it asks for all. Source: Okta, "Application Users" and "Application Groups"; "Event types".
"""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.listing import Item, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import each
from kushim_pipeline.collect.okta.app import NEEDS, applications
from kushim_pipeline.collect.okta.changes import choose
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.listed import last_updated, whole
from kushim_pipeline.collect.okta.paging import by_id, linked

EVENTS = ("application.user_membership.", "group.application_assignment.", "application.lifecycle.")
SWEEP = timedelta(hours=20)
"""A day, for runs that are not a day apart to the minute."""


def _reader(kind: str, size: int) -> Callable[[Collection, Reading], None]:
    """How one of the two is read. In: `users` or `groups`, and the most that Okta gives in a page."""
    operation = f"GET {API}/apps/{{appId}}/{kind}"

    def read(c: Collection, reading: Reading) -> None:
        listing = applications(reading, c.keep)

        def one(app: Item) -> None:
            call = Call(operation, f"{API}/apps/{quote(app.id, safe='')}/{kind}", {}, NEEDS)
            found = whole(read_list(reading.client, c.keep, call, by_id, linked(reading.account, size)))
            # In the order of ids: Okta does not promise one, and another order is no change.
            body = {kind: [item.body for item in sorted(found.items, key=lambda item: item.id)]}
            c.record(app.id, body, evidence=found.evidence, mark=last_updated(app.body))

        each(c, reading, operation, choose(c, reading, listing, list(listing.items), EVENTS, SWEEP), one)

    return read


read_users = _reader("users", 500)
read_groups = _reader("groups", 200)
