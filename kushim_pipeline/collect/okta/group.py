"""`okta.group`: every group. GET /api/v1/groups

Source: Okta, "Groups, list all groups": Okta advises against its own largest page of 10,000.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/groups"
NEEDS = "the scope okta.groups.read (an API token: of a read-only administrator)"


def read(c: Collection, reading: Reading) -> None:
    """A record for each group. The list is never empty: Everyone is a group that nobody can delete."""
    call = Call(OPERATION, f"{API}/groups", {}, NEEDS)
    record_list(c, reading.client, call, by_id, linked(reading.account, 1000))
