"""`okta.network_zone`: the network zones that policies name. GET /api/v1/zones

Source: Okta, "Network Zones, list all network zones". Every organisation has zones of Okta's own (LegacyIpZone,
BlockedIpZone), so the list is never empty.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/zones"
NEEDS = "the scope okta.networkZones.read (an API token: of a read-only administrator)"


def read(c: Collection, reading: Reading) -> None:
    """A record for each zone."""
    call = Call(OPERATION, f"{API}/zones", {}, NEEDS)
    record_list(c, reading.client, call, by_id, linked(reading.account, 100))
