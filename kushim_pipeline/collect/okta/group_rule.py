"""`okta.group_rule`: the rules that put people into groups. GET /api/v1/groups/rules

Source: Okta, "Group Rules, list all group rules": at most 200 a page.
"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.http.recording import record_list
from kushim_pipeline.collect.okta.dialect import API
from kushim_pipeline.collect.okta.group import NEEDS
from kushim_pipeline.collect.okta.paging import by_id, linked

OPERATION = f"GET {API}/groups/rules"


def read(c: Collection, reading: Reading) -> None:
    """A record for each rule."""
    call = Call(OPERATION, f"{API}/groups/rules", {}, NEEDS)
    proof = f"{OPERATION} lists all rules or is denied"
    record_list(c, reading.client, call, by_id, linked(reading.account, 200), proven_by=proof)
