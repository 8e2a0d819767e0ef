"""`okta.authenticator`: what people may sign in with. GET /api/v1/authenticators

Source: Okta, "Authenticators, list all authenticators": all at once, and only in organisations on Identity Engine;
others get E0000015. The password is an authenticator, so the list is never empty.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/authenticators"
NEEDS = "the scope okta.authenticators.read (an API token: of a read-only administrator)"


def read(c: Collection, reading: Reading) -> None:
    """A record for each authenticator."""
    call = Call(OPERATION, f"{API}/authenticators", {}, NEEDS)
    record_list(c, reading.client, call, by_id, linked(reading.account))
