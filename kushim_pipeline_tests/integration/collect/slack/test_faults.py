"""Whatever goes wrong on the way, the streams that it touches are not complete, and the others are untouched."""

import json
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.patience import Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.slack.acme import DEAD, Found, collect
from kushim_pipeline_tests.integration.collect.slack.conftest import Start, others_unaffected

IMPATIENT = Patience(tries=2, limited_tries=2)
SHORT = Limits(timeout=0.3, whole=5.0)
# The method of each stream, and the list in its answer.
LISTS = {
    "slack.user": ("/api/users.list", "members"),
    "slack.billable_user": ("/api/team.billableInfo", "billable_info"),
    "slack.channel": ("/api/conversations.list", "channels"),
    "slack.external_team": ("/api/team.externalTeams.list", "organizations"),
    "slack.integration_log": ("/api/team.integrationLogs", "logs"),
    "slack.access_log": ("/api/team.accessLogs", "logins"),
    "slack.audit_event": ("/audit/v1/logs", "entries"),
}
# Channels are found by name in the list of channels.
TOUCHED = {"slack.channel": ("slack.channel", "slack.channel_member")}


def touched(stream: str) -> tuple[str, ...]:
    return TOUCHED.get(stream, (stream,))


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ("invalid_auth", Reason.DENIED, "put in a new one"),
        ("token_revoked", Reason.DENIED, "put in a new one"),
        ("missing_scope", Reason.DENIED, "the token lacks admin (it has identify)"),
        ("not_allowed_token_type", Reason.DENIED, "another kind of token"),
        ("ekm_access_denied", Reason.DENIED, "may not read this"),
        ("paid_teams_only", Reason.DENIED, "not on this plan: "),
        ("team_not_eligible", Reason.DENIED, "not on this plan: "),
        ("fatal_error", Reason.NOT_COLLECTED, "its own fault"),
        ("invalid_cursor", Reason.INCOMPLETE, "to its end"),
        ("something_new", Reason.NOT_COLLECTED, "something_new"),
    ],
)
def test_an_error_of_one_method(
    vendor: Start, root: Path, healthy: Found, code: str, reason: Reason, words: str
) -> None:
    server = vendor(Fault("/api/team.accessLogs*", "status", status=200, message=code))
    found = collect(server.url, root)
    assert found.reasons("slack.access_log") == {reason}
    assert found.outcome("slack.access_log") is not Outcome.COMPLETE and found.records("slack.access_log") == {}
    assert words in found.said("slack.access_log")
    assert found.receipts["slack.access_log"].pages[0].status == 200  # the refusal is evidence too
    others_unaffected(found, healthy, ["slack.access_log"])


@pytest.mark.parametrize("stream", LISTS)
def test_a_missing_scope_is_its_own_streams_matter(vendor: Start, root: Path, healthy: Found, stream: str) -> None:
    found = collect(vendor(Fault(f"{LISTS[stream][0]}*", "status", status=200, message="missing_scope")).url, root)
    assert found.outcome(stream) is Outcome.DENIED, stream
    others_unaffected(found, healthy, touched(stream))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.DENIED),
        (403, Reason.DENIED),
        (404, Reason.DENIED),
        (302, Reason.NOT_COLLECTED),
        (400, Reason.NOT_COLLECTED),
        (500, Reason.NOT_COLLECTED),
        (503, Reason.NOT_COLLECTED),
    ],
)
def test_a_status_of_one_method(vendor: Start, root: Path, healthy: Found, status: int, reason: Reason) -> None:
    server = vendor(Fault("/api/users.list*", "status", status=status, message="oops"))
    found = collect(server.url, root)
    assert found.reasons("slack.user") == {reason, Reason.INCOMPLETE}  # whom Slack charges for is missing, too
    assert found.records("slack.user") == {}
    others_unaffected(found, healthy, ["slack.user"])
    asked = [entry for entry in server.ledger if entry.path == "/api/users.list"]
    assert len(asked) == (3 if status >= 500 else 1)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "invalid_authentication", "put in a new one"),
        (403, "missing_scope", "the token lacks admin"),
        (403, "feature_not_enabled", "not on this plan: "),
        (403, "team_not_authorized", "not on this plan: "),
        (400, "invalid_request", "not how Slack answers"),
    ],
)
def test_the_audit_logs_api_refuses_with_a_status(
    vendor: Start, root: Path, healthy: Found, status: int, code: str, words: str
) -> None:
    found = collect(vendor(Fault("/audit/v1/logs*", "status", status=status, message=code)).url, root)
    assert words in found.said("slack.audit_event")
    assert found.outcome("slack.audit_event") is (Outcome.FAILED if status == 400 else Outcome.DENIED)
    others_unaffected(found, healthy, ["slack.audit_event"])


@pytest.mark.parametrize("stream", LISTS)
@pytest.mark.parametrize("kind", ["html", "truncate", "empty", "without"])
def test_a_first_page_that_is_none(vendor: Start, root: Path, healthy: Found, stream: str, kind: str) -> None:
    method = LISTS[stream][0]
    fault = Fault(f"{method}*", "body", body=b'{"ok":true}') if kind == "without" else Fault(f"{method}*", kind)  # type: ignore[arg-type]
    only = () if kind == "html" else (stream,)
    found = collect(vendor(fault).url, root, patience=IMPATIENT, only=only)
    assert found.reasons(stream) == {Reason.INCOMPLETE}, found.said(stream)
    assert found.outcome(stream) is not Outcome.COMPLETE and found.records(stream) == {}
    if not only:
        others_unaffected(found, healthy, touched(stream))


@pytest.mark.parametrize("kind", ["break_off", "silent", "slow"])
def test_an_answer_that_does_not_come(vendor: Start, root: Path, healthy: Found, kind: str) -> None:
    fault = Fault("/api/team.externalTeams.list*", kind)  # type: ignore[arg-type]
    found = collect(vendor(fault).url, root, patience=IMPATIENT, limits=SHORT)
    assert found.outcome("slack.external_team") is not Outcome.COMPLETE
    others_unaffected(found, healthy, ["slack.external_team"])


# Not here: what nobody can tell, which is a list without a count that ends early without a word.
LATER = [
    *(
        (stream, kind)
        for stream in ("slack.user", "slack.access_log")
        for kind in ("loop", "repeat", "html", "truncate")
    ),
    *(("slack.integration_log", kind) for kind in ("repeat", "html")),
    *(("slack.audit_event", kind) for kind in ("loop", "repeat", "truncate")),
    ("slack.user", "cut_pages"),
]


@pytest.mark.parametrize(("stream", "kind"), LATER)
def test_a_later_page_that_is_none_keeps_what_came_before(vendor: Start, root: Path, stream: str, kind: str) -> None:
    always = kind in ("loop", "repeat", "cut_pages")
    later = Fault(f"{LISTS[stream][0]}*", kind, nth_call=None if always else 2)  # type: ignore[arg-type]
    server = vendor(later)
    found = collect(server.url, root, patience=IMPATIENT, only=[stream])
    assert found.outcome(stream) is Outcome.PARTIAL, found.said(stream)
    assert found.reasons(stream) == {Reason.INCOMPLETE}
    assert found.records(stream)
    assert len([entry for entry in server.ledger if entry.path == LISTS[stream][0]]) <= 4


def test_a_token_that_nobody_knows_reads_nothing(vendor: Start, root: Path) -> None:
    for token in (DEAD, "xoxp-unknown-to-everybody"):
        found = collect(vendor().url, root, token=token, audit_token=None)
        assert {found.outcome(stream) for stream in found.receipts} <= {Outcome.DENIED, Outcome.PARTIAL}
        assert not [stream for stream in found.receipts if found.records(stream)]


def _page(key: str, *elements: str) -> bytes:
    return b'{"ok":true,"%s":[%s],"response_metadata":{"next_cursor":""}}' % (key.encode(), ",".join(elements).encode())


POISON = ['"deleted":true,"deleted":false', '"name":"\\u0000"', '"updated":NaN']


@pytest.mark.parametrize("poison", POISON)
def test_a_poisonous_record_is_quarantined_and_its_page_is_not(vendor: Start, root: Path, poison: str) -> None:
    body = _page("members", '{"id":"U1"}', f'{{"id":"U2",{poison}}}', '{"id":"U3"}')
    faults = [
        Fault("/api/users.list*", "body", body=body),
        Fault("/api/team.billableInfo*", "status", status=200, message="missing_scope"),
    ]
    found = collect(vendor(*faults).url, root, only=["slack.user"])
    assert set(found.records("slack.user")) == {"U1", "U3"}
    assert found.unread("slack.user") == {"U2": Reason.QUARANTINED}


@pytest.mark.parametrize("poison", ['{"billing_active":true,"billing_active":false}', '{"x":NaN}', "[]", "null"])
def test_a_poisonous_entry_of_the_list_of_billing(vendor: Start, root: Path, poison: str) -> None:
    body = f'{{"ok":true,"billable_info":{{"U1":{{"billing_active":true}},"U2":{poison}}}}}'.encode()
    found = collect(vendor(Fault("/api/team.billableInfo*", "body", body=body)).url, root, only=["slack.billable_user"])
    assert set(found.records("slack.billable_user")) == {"U1"}
    assert found.unread("slack.billable_user") == {"U2": Reason.QUARANTINED}


@pytest.mark.parametrize("element", ["null", '"U1"', '{"name":"x"}', '{"id":7}', '{"id":""}'])
def test_a_record_without_an_id_makes_the_list_incomplete(vendor: Start, root: Path, element: str) -> None:
    body = _page("channels", '{"id":"C1"}', element)
    found = collect(vendor(Fault("/api/conversations.list*", "body", body=body)).url, root, only=["slack.channel"])
    assert set(found.records("slack.channel")) == {"C1"}
    assert found.unread("slack.channel") == {None: Reason.QUARANTINED}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"ok":false}',
        b'{"ok":"true","members":[]}',
        b'{"members":[]}',
        b'{"ok":true,"members":{}}',
    ],
)
def test_a_body_that_is_no_list(vendor: Start, root: Path, body: bytes) -> None:
    found = collect(vendor(Fault("/api/users.list*", "body", body=body)).url, root, only=["slack.user"])
    assert found.reasons("slack.user") == {Reason.INCOMPLETE}
    assert found.records("slack.user") == {}


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("conversations.members", b'{"ok":true,"members":[]}'),
        ("conversations.members", b'{"ok":true,"members":["U00000000"]}'),
        ("conversations.members", b'{"ok":true,"members":["U1","U1"]}'),
        ("conversations.members", b'{"ok":true,"members":[7]}'),
        ("conversations.members", b'{"ok":true}'),
        ("conversations.history", b'{"ok":true}'),
        ("conversations.history", b'{"ok":true,"messages":[],"has_more":true}'),
        ("conversations.history", b'{"ok":true,"messages":["x"]}'),
        ("conversations.info", b"<html>"),
    ],
)
def test_an_announcement_channel_that_could_not_be_read(vendor: Start, root: Path, method: str, body: bytes) -> None:
    fault = Fault(f"/api/{method}*channel=C00000002*", "body", body=body)
    found = collect(vendor(fault).url, root, only=["slack.channel_member"])
    assert set(found.unread("slack.channel_member")) == {"C00000002"}
    assert set(found.records("slack.channel_member")) == {"C00000001", "C00000003"}


def test_an_entry_without_a_date_makes_a_log_incomplete(vendor: Start, root: Path) -> None:
    logs = [{"app_id": "A1", "date": "1767699000", "change_type": "added"}, {"app_id": "A1", "date": "soon"}]
    body = json.dumps({"ok": True, "logs": logs, "paging": {"count": 2, "total": 2, "page": 1, "pages": 1}}).encode()
    fault = Fault("/api/team.integrationLogs*", "body", body=body)
    found = collect(vendor(fault).url, root, only=["slack.integration_log"])
    assert len(found.records("slack.integration_log")) == 1
    assert found.unread("slack.integration_log") == {None: Reason.QUARANTINED}


def test_a_log_that_counts_more_than_it_gives(vendor: Start, root: Path) -> None:
    found = collect(
        vendor(Fault("/api/team.integrationLogs*page=2*", "empty")).url, root, only=["slack.integration_log"]
    )
    assert found.outcome("slack.integration_log") is Outcome.PARTIAL
    assert len(found.records("slack.integration_log")) == 1_000
    assert "counts 1030 entries" in found.said("slack.integration_log")


@pytest.mark.parametrize("stream", ["user", "channel_member", "integration_log"])
def test_a_fault_of_ours_is_unknown_in_its_place(
    vendor: Start, root: Path, healthy: Found, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    place = {"user": "billable_users", "channel_member": "_members", "integration_log": "read_log"}[stream]
    monkeypatch.setattr(f"kushim_pipeline.collect.slack.{stream}.{place}", broken)
    found = collect(vendor().url, root)
    assert found.reasons(f"slack.{stream}") == {Reason.NOT_COLLECTED}
    others_unaffected(found, healthy, [f"slack.{stream}"])
