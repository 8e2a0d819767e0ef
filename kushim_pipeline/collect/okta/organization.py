"""`okta.organization`: the organisation's settings. GET /api/v1/org"""

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Answer, Call, Keep, Unread
from kushim_pipeline.collect.http.reading import Reading, report
from kushim_pipeline.collect.okta.dialect import API, OKTA
from kushim_pipeline.collect.okta.paging import by_id
from kushim_pipeline.evidence.receipt import Reason

OPERATION = f"GET {API}/org"
NEEDS = "the scope okta.orgs.read (an API token: of a read-only administrator)"
CALL = Call(OPERATION, f"{API}/org", needs=NEEDS)


def organization_answer(reading: Reading, keep: Keep) -> Answer:
    """Okta's answer, whatever its status, asked for once for all streams. Raises Unread where there is none."""
    return reading.once("organization", lambda keep: reading.client.ask(CALL, keep)).get(keep)


def read(c: Collection, reading: Reading) -> None:
    """One record, its id the host."""
    try:
        answer = organization_answer(reading, c.keep)
        body = object_of(answer, CALL, OKTA)
    except Unread as trouble:
        report(c, trouble)
        return
    if by_id(body) is None:
        c.problem(Reason.INCOMPLETE, OPERATION, "the answer is not an organisation: it has no id")
        return
    c.record(reading.account, body, evidence=answer.evidence)
