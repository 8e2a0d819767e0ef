"""`okta.app`: every application. GET /api/v1/apps

Source: Okta, "Applications, list all applications": at most 200 a page. Okta's own console is an application, so the
list is never empty.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call, Keep
from kushim_pipeline.collect.http.listing import Listing, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_all
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/apps"
NEEDS = "the scope okta.apps.read (an API token: of a read-only administrator)"


def applications(reading: Reading, keep: Keep) -> Listing:
    """The list, read once for all streams."""

    def read_it(keep: Keep) -> Listing:
        call = Call(OPERATION, f"{API}/apps", {}, NEEDS)
        return read_list(reading.client, keep, call, by_id, linked(reading.account, 200))

    return reading.once("applications", read_it).get(keep)


def read(c: Collection, reading: Reading) -> None:
    """A record for each application."""
    record_all(c, applications(reading, c.keep))
