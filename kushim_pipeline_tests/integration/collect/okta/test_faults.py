"""Whatever goes wrong on the way, the streams that it touches are not complete, and the others are untouched."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kushim_pipeline.collect.http.patience import Clockwork, Patience
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.okta import shapes
from kushim_pipeline.sandbox.okta.model import Description
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.vendor import Budget, Request
from kushim_pipeline_tests.integration.collect.okta.conftest import Start, others_unaffected
from kushim_pipeline_tests.integration.collect.okta.org import (
    ACME,
    COMPANY,
    EXPIRED,
    FANS_OUT,
    LEAVERS,
    PARTLY,
    PEOPLE,
    Found,
    Waits,
    collect,
    person,
)

GROUPS = "/api/v1/groups?limit=1000"
LEFT = "/api/v1/users?filter=status+eq+%22DEPROVISIONED%22*"
LATER = "/api/v1/users?after=*"
ONE = f"/api/v1/users/{person(3).id}/factors"
HASTY = Pace(
    share=1.0,
    patience=Patience(tries=2),
    limits=Limits(timeout=0.2, whole=5.0),
    clockwork=Clockwork(wait=lambda _: None),
)


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (400, "limit", Reason.NOT_COLLECTED),
        (401, "Invalid token provided", Reason.DENIED),
        (401, "E0000015 You do not have permission to access the feature you are requesting", Reason.DENIED),
        (403, "", Reason.DENIED),
        (404, "/api/v1/groups", Reason.DENIED),
        (405, "", Reason.NOT_COLLECTED),
        (500, "", Reason.NOT_COLLECTED),
        (503, "", Reason.NOT_COLLECTED),
        (301, "", Reason.NOT_COLLECTED),
        (202, "", Reason.INCOMPLETE),
    ],
)
def test_a_status_on_one_endpoint(
    vendor: Start, root: Path, healthy: Found, status: int, message: str, reason: Reason
) -> None:
    server = vendor(Fault(GROUPS, "status", status=status, message=message))
    found = collect(server.url, root)
    assert found.reasons("okta.group") == {reason}
    assert found.outcome("okta.group") is not Outcome.COMPLETE
    assert found.records("okta.group") == {}
    assert ("not on this plan: " in found.error("okta.group")) == message.startswith("E0000015")
    assert found.receipts["okta.group"].pages[0].status == status  # the refusal is evidence too
    asked = [each for each in server.ledger if f"{each.path}?{each.query}" == GROUPS]
    assert len(asked) == (3 if status >= 500 else 1)
    others_unaffected(found, healthy, ["okta.group"])


@pytest.mark.parametrize(
    ("path", "affected"),
    [
        ("/api/v1/org", ["okta.organization"]),
        ("/api/v1/users?limit=200", ["okta.user", "okta.user_factor"]),
        (LEFT, ["okta.user"]),
        ("/api/v1/users/*/factors", ["okta.user_factor"]),
        ("/api/v1/users/*/roles", ["okta.admin_role"]),
        ("/api/v1/iam/assignees/users*", ["okta.admin_role"]),
        ("/api/v1/groups/rules*", ["okta.group_rule"]),
        ("/api/v1/apps?*", ["okta.app", "okta.app_user", "okta.app_group"]),
        ("/api/v1/apps/*/users*", ["okta.app_user"]),
        ("/api/v1/apps/*/groups*", ["okta.app_group"]),
        ("/api/v1/policies?type=PASSWORD", ["okta.policy", "okta.policy_rule"]),
        ("/api/v1/policies/*/rules", ["okta.policy_rule"]),
        ("/api/v1/api-tokens", ["okta.api_token"]),
        ("/api/v1/authenticators", ["okta.authenticator"]),
        ("/api/v1/zones*", ["okta.network_zone"]),
        ("/api/v1/logs*", ["okta.event"]),
    ],
)
def test_a_denial_is_of_what_depends_on_it(
    vendor: Start, root: Path, healthy: Found, path: str, affected: list[str]
) -> None:
    found = collect(vendor(Fault(path, "status", status=403)).url, root)
    for stream in affected:
        assert found.reasons(stream) == {Reason.DENIED}, stream
    others_unaffected(found, healthy, affected)


def test_a_token_without_some_scopes(vendor: Start, root: Path, healthy: Found) -> None:
    found = collect(vendor().url, root, token=PARTLY)
    assert "okta.roles.read" in found.error("okta.admin_role")
    assert "okta.logs.read" in found.error("okta.event")
    others_unaffected(found, healthy, ["okta.admin_role", "okta.event"])


def test_an_expired_token_reads_nothing(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=EXPIRED)
    assert {receipt.outcome for receipt in found.receipts.values()} == {Outcome.DENIED}
    assert all("expired" in found.error(stream) for stream in found.receipts)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("html", Reason.INCOMPLETE),
        ("truncate", Reason.INCOMPLETE),
        ("break_off", Reason.INCOMPLETE),
        ("slow", Reason.INCOMPLETE),
        ("silent", Reason.NOT_COLLECTED),
        ("loop", Reason.INCOMPLETE),
        ("empty", Reason.INCOMPLETE),
    ],
)
def test_a_first_page_that_is_none(vendor: Start, root: Path, healthy: Found, kind: str, reason: Reason) -> None:
    found = collect(vendor(Fault(GROUPS, kind)).url, root, pace=HASTY)  # type: ignore[arg-type]
    assert found.reasons("okta.group") == {reason}
    others_unaffected(found, healthy, ["okta.group"])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("html", Reason.INCOMPLETE),
        ("truncate", Reason.INCOMPLETE),
        ("break_off", Reason.INCOMPLETE),
        ("silent", Reason.NOT_COLLECTED),
        ("loop", Reason.INCOMPLETE),
        ("repeat", Reason.INCOMPLETE),
    ],
)
def test_a_later_page_that_is_none_keeps_what_came_before(vendor: Start, root: Path, kind: str, reason: Reason) -> None:
    server = vendor(Fault(LATER, kind))  # type: ignore[arg-type]
    found = collect(server.url, root, only=["okta.user"], pace=HASTY)
    assert found.outcome("okta.user") is Outcome.PARTIAL
    assert found.reasons("okta.user") == {reason}
    assert len(found.records("okta.user")) >= PEOPLE + 200


def test_a_full_page_whose_links_were_lost_is_not_the_end(vendor: Start, root: Path) -> None:
    """A proxy that drops Link headers would otherwise make two hundred leavers of many."""
    found = collect(vendor(Fault(LEFT, "headers", headers={"Link": ""})).url, root, only=["okta.user"])
    assert found.reasons("okta.user") == {Reason.INCOMPLETE}
    assert len(found.records("okta.user")) == PEOPLE + 200


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/api/v1/groups?after=x",
        "https://acme.okta.com/api/v1/groups?after=x",
        "http://127-admin.0.0.1/api/v1/groups?after=x",
        "https://someone@127-admin.0.0.1/api/v1/groups?after=x",
        "http://[::1/groups",
    ],
)
def test_a_next_page_on_another_host_is_not_asked_for(vendor: Start, root: Path, link: str) -> None:
    server = vendor(Fault(GROUPS, "headers", headers={"Link": f'<{link}>; rel="next"'}))
    found = collect(server.url, root, only=["okta.group"])
    assert found.outcome("okta.group") is Outcome.PARTIAL
    assert "leaves the base URL" in found.error("okta.group")
    assert len(server.ledger) == 1


def test_empty_pages_that_lead_on_for_ever_have_an_end(vendor: Start, root: Path) -> None:
    faults = [
        Fault(
            "/api/v1/groups?*",
            "body",
            nth_call=n,
            body=b"[]",
            headers={"Link": f"<{{url}}/api/v1/groups?after={n}>; rel=next"},
        )
        for n in range(1, 20)
    ]
    server = vendor(*faults)
    found = collect(server.url, root, only=["okta.group"])
    assert found.reasons("okta.group") == {Reason.INCOMPLETE}
    assert len(server.ledger) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(ONE, "status", status=404, message=f"{person(3).id} (User)"), Reason.DENIED),
        (Fault(ONE, "status", status=403), Reason.DENIED),
        (Fault(ONE, "status", status=500), Reason.NOT_COLLECTED),
        (Fault(ONE, "html"), Reason.INCOMPLETE),
        (Fault(ONE, "truncate"), Reason.INCOMPLETE),
        (Fault(ONE, "body", body=b'{"errorCode": "E0000006"}'), Reason.INCOMPLETE),
        (Fault(ONE, "body", body=b'[{"id": "a", "status": "ACTIVE", "status": "INACTIVE"}]'), Reason.QUARANTINED),
        (Fault(ONE, "body", body=b'[{"factorType": "push"}]'), Reason.QUARANTINED),
    ],
)
def test_one_person_who_cannot_be_read_leaves_the_others(
    vendor: Start, root: Path, healthy: Found, fault: Fault, reason: Reason
) -> None:
    """No answer is never no factor."""
    found = collect(vendor(fault).url, root)
    assert found.unread("okta.user_factor") == {person(3).id: reason}
    kept = {name: body for name, body in healthy.records("okta.user_factor").items() if name != person(3).id}
    assert found.records("okta.user_factor") == kept
    others_unaffected(found, healthy, ["okta.user_factor"])


def test_a_bad_record_is_quarantined_alone(vendor: Start, root: Path) -> None:
    first, last = (json.dumps(shapes.user(ACME, person(n))) for n in (1, 2))
    poison = '{"id": "00u-poison", "status": "ACTIVE", "status": "SUSPENDED"}'
    body = f"[{first}, {poison}, {last}]".encode()
    found = collect(
        vendor(Fault("/api/v1/users?limit=200", "body", body=body)).url, root, only=["okta.user", "okta.user_factor"]
    )
    for stream in ("okta.user", "okta.user_factor"):
        assert found.unread(stream) == {"00u-poison": Reason.QUARANTINED}, stream
        assert {person(1).id, person(2).id} <= found.records(stream).keys()


def test_an_envelope_that_loops_and_one_without_its_list(vendor: Start, root: Path) -> None:
    path = "/api/v1/iam/assignees/users*"
    loops = b'{"value": [{"id": "00u00000000000000000"}], "_links": {"next": {"href": "{url}"}}}'
    for fault in (Fault(path, "loop"), Fault(path, "body", body=b"{}"), Fault(path, "body", body=loops)):
        found = collect(vendor(fault).url, root, only=["okta.admin_role"])
        assert found.reasons("okta.admin_role") == {Reason.INCOMPLETE}, fault


def test_policies_that_cannot_be_missing(vendor: Start, root: Path, healthy: Found) -> None:
    path = "/api/v1/policies?type=OKTA_SIGN_ON"
    found = collect(vendor(Fault(path, "empty")).url, root)
    assert found.reasons("okta.policy") == found.reasons("okta.policy_rule") == {Reason.INCOMPLETE}
    others_unaffected(found, healthy, ["okta.policy", "okta.policy_rule"])


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": 7}', b"null"])
def test_a_body_that_is_no_organisation(vendor: Start, root: Path, body: bytes) -> None:
    found = collect(vendor(Fault("/api/v1/org", "body", body=body)).url, root, only=["okta.organization"])
    assert found.reasons("okta.organization") == {Reason.INCOMPLETE}


def test_nobody_listens(vendor: Start, root: Path) -> None:
    server = vendor()
    server.stop()
    found = collect(server.url, root, pace=HASTY)
    assert {receipt.outcome for receipt in found.receipts.values()} == {Outcome.FAILED}


def test_one_stream_that_fails_of_our_own_fault(
    vendor: Start, root: Path, healthy: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("kushim_pipeline.collect.okta.factor.whole", broken)
    found = collect(vendor().url, root)
    assert found.unread("okta.user_factor") == dict.fromkeys(
        [person(n).id for n in range(PEOPLE)], Reason.NOT_COLLECTED
    )
    others_unaffected(found, healthy, ["okta.user_factor"])


SIGNED = "/api/v1/groups?limit=1000"


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "7"}, 7, 8),
        ({"x-rate-limit-limit": "500", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "+20"}, 19, 23),
        ({"x-rate-limit-limit": "0", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "+3"}, 2, 6),
        ({"x-rate-limit-limit": "", "x-rate-limit-remaining": "", "x-rate-limit-reset": ""}, 60, 61),
    ],
)
def test_a_limit_is_waited_out(
    vendor: Start, root: Path, healthy: Found, headers: dict[str, str], least: float, most: float
) -> None:
    """In seconds, by the reset header, as a limit of concurrency (0 of 0), and without any word."""
    waits = Waits()
    pace = Pace(share=1.0, clockwork=waits.clockwork())
    told = {k: str(int(pace.clockwork.now()) + int(v[1:])) if v.startswith("+") else v for k, v in headers.items()}
    server = vendor(Fault(SIGNED, "status", nth_call=1, status=429, headers=told))
    found = collect(server.url, root, only=["okta.group"], pace=pace)
    assert found.contents()["okta.group"] == healthy.contents()["okta.group"]
    assert least <= sum(waits.asked) <= most
    assert [page.status for page in found.receipts["okta.group"].pages] == [429, 200]


@pytest.mark.parametrize(
    "headers", [{}, {"Retry-After": "7200"}, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "9999999999"}]
)
def test_a_limit_that_does_not_end_is_given_up(
    vendor: Start, root: Path, healthy: Found, headers: dict[str, str]
) -> None:
    waits = Waits()
    server = vendor(Fault(SIGNED, "status", status=429, headers=headers))
    found = collect(server.url, root, pace=Pace(share=1.0, clockwork=waits.clockwork()))
    assert found.reasons("okta.group") == {Reason.NOT_COLLECTED}
    assert all(wait <= 80 for wait in waits.asked)
    assert len([each for each in server.ledger if f"{each.path}?{each.query}" == SIGNED]) <= 6
    others_unaffected(found, healthy, ["okta.group"])


def test_a_limit_at_every_tenth_call_loses_nothing(vendor: Start, root: Path, healthy: Found) -> None:
    waits = Waits()
    server = vendor(Fault("*", "status", every=10, status=429, headers={"Retry-After": "1"}))
    found = collect(server.url, root, pace=Pace(share=1.0, clockwork=waits.clockwork()))
    assert found.contents() == healthy.contents()
    assert sum(each.status == 429 for each in server.ledger) >= 5


class Counting(Okta):
    """Notes how much of each budget was ever used in one window, by the vendor's own count."""

    def __init__(self, description: Description, now: Callable[[], float]) -> None:
        super().__init__(description, now)
        self.most: dict[str, int] = {}

    def headers(self, request: Request, budget: Budget | None, used: int, reset_at: float) -> Mapping[str, str]:
        if budget:
            self.most[budget.bucket] = max(used, self.most.get(budget.bucket, 0))
        return super().headers(request, budget, used, reset_at)


def test_half_of_every_budget_is_left_to_others(vendor: Start, root: Path, healthy: Found) -> None:
    waits = Waits()
    clockwork = waits.clockwork()
    limits = {"/api/v1/users": 600, "/api/v1/apps": 12, "/api/v1/logs": 50, "/api/v1": 24}
    okta = Counting(replace(COMPANY, limits=limits), clockwork.now)
    server = vendor(okta=okta, now=clockwork.now)
    found = collect(server.url, root, pace=Pace(clockwork=clockwork))
    assert found.contents() == healthy.contents()
    assert waits.asked and max(waits.asked) <= 75
    assert {each.status for each in server.ledger} == {200}
    # One more at most for each bucket of ours that shares one of the vendor's, or that answers out of turn.
    assert {name: used for name, used in okta.most.items() if used > limits[name] // 2 + 2} == {}
    assert okta.most["/api/v1"] >= 8


def test_fan_outs_are_what_this_file_thinks() -> None:
    assert set(FANS_OUT) == {
        "okta.policy_rule",
        "okta.admin_role",
        "okta.app_group",
        "okta.app_user",
        "okta.user_factor",
    }
    assert len(LEAVERS) > 200  # two pages
