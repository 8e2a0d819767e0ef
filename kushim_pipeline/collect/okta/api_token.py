"""`okta.api_token`: the API tokens' metadata, never their values. GET /api/v1/api-tokens

Source: Okta, "API Tokens, list all API token metadata": all at once. A reading by an API token stands in its own list.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/api-tokens"
NEEDS = "the scope okta.apiTokens.read (an API token: of an administrator who may see all tokens)"


def read(c: Collection, reading: Reading) -> None:
    """A record for each token."""
    call = Call(OPERATION, f"{API}/api-tokens", {}, NEEDS)
    record_list(c, reading.client, call, by_id, linked(reading.account))
