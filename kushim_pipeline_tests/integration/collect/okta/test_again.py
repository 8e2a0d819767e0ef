"""The second reading asks for what changed, and is never surer than the log that it relies on."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.okta.model import Assignment, Event, User
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.server import Asked, Standin
from kushim_pipeline_tests.integration.collect.okta.conftest import Start
from kushim_pipeline_tests.integration.collect.okta.org import (
    ACME,
    COMPANY,
    KEY,
    LEAVERS,
    NOW,
    PEOPLE,
    Found,
    at,
    collect,
    person,
)

JUST = at(seconds=20)
"""When what changed between two readings changed. It may be known to the log later than it happened."""


class Years:
    """An organisation that changes, and what each reading of it asked."""

    def __init__(self, vendor: Start, root: Path) -> None:
        self._okta = Okta(COMPANY)
        self._vendor, self._root = vendor, root
        self.server: Standin = vendor(okta=self._okta)
        self.first = collect(self.server.url, root)

    def again(self, *faults: Fault, before: Found | None = None, **changed: Any) -> tuple[Found, list[Asked]]:
        self._okta.become(replace(COMPANY, org=replace(ACME, **changed)))
        self.server.set_faults(faults)
        asked = len(self.server.ledger)
        found = collect(self.server.url, self._root, before=before or self.first)
        return found, list(self.server.ledger[asked:])


@pytest.fixture
def years(vendor: Start, root: Path) -> Years:
    return Years(vendor, root)


def fans(asked: list[Asked]) -> Counter[str]:
    return Counter(each.path.rpartition("/")[2] for each in asked if each.path.count("/") > 4)


def users(**changed: User) -> tuple[User, ...]:
    """Everybody, some of them changed: by the number of the person (`p3=…`)."""
    new = {user.id: user for user in changed.values()}
    kept = [new.pop(user.id, user) for user in ACME.users]
    return (*kept, *new.values())


def test_nothing_changed_and_hardly_anything_is_asked(years: Years) -> None:
    found, asked = years.again()
    assert fans(asked) == {"rules": 4, "users": 1, "roles": 1}
    assert {name: receipt.outcome for name, receipt in found.receipts.items()} == dict.fromkeys(
        years.first.receipts, Outcome.COMPLETE
    )
    for stream in ("okta.user_factor", "okta.app_user", "okta.app_group", "okta.event"):
        receipt = found.receipts[stream]
        assert receipt.base and not receipt.gone
        assert (receipt.contents_sha256, receipt.records) == (years.first.receipts[stream].contents_sha256, 0)
        assert receipt.population == years.first.receipts[stream].population


def test_who_changed_who_is_named_and_who_is_new_is_asked_for(years: Years) -> None:
    changed = users(
        p3=replace(person(3), updated=JUST, factors=(KEY,)),
        p4=replace(person(4), factors=(KEY,)),  # says nothing itself: the log does
        p14=person(PEOPLE),
    )
    named = Event("e-new", JUST, "user.mfa.factor.deactivate", "00u-hr", (("User", person(4).id, "Person4"),))
    found, asked = years.again(users=changed, events=(*ACME.events, named))
    read = found.records("okta.user_factor")
    # person 5 is named by an event of yesterday, which the first reading had seen
    assert read.keys() == {person(n).id for n in (3, 4, PEOPLE)}
    assert len(read[person(4).id]["factors"]) == 1
    assert fans(asked)["factors"] == 3
    assert found.receipts["okta.user_factor"].population == PEOPLE + 1


def test_who_left_has_no_factors_any_more(years: Years) -> None:
    found, _ = years.again(users=users(p3=replace(person(3), status="DEPROVISIONED", updated=JUST)))
    assert found.receipts["okta.user_factor"].gone == (person(3).id,)
    assert found.records("okta.user")[person(3).id]["status"] == "DEPROVISIONED"


def test_who_could_not_be_read_is_asked_for_again(years: Years) -> None:
    trouble = Fault(f"/api/v1/users/{person(3).id}/factors", "status", status=403)
    changed = users(p3=replace(person(3), updated=JUST))
    second, _ = years.again(trouble, users=changed)
    assert second.unread("okta.user_factor") == {person(3).id: Reason.DENIED}
    third, asked = years.again(before=second, users=changed)
    assert third.records("okta.user_factor").keys() == {person(3).id}
    assert fans(asked)["factors"] == 1


def test_an_application_whose_people_changed_is_asked_for(years: Years) -> None:
    app = ACME.apps[2]
    grown = replace(app, users=(*app.users, Assignment(person(12).id, "x")))
    event = Event("e-app", JUST, "application.user_membership.add", "00u-hr", (("AppInstance", app.id, app.label),))
    found, asked = years.again(apps=(*ACME.apps[:2], grown, *ACME.apps[3:]), events=(*ACME.events, event))
    assert found.records("okta.app_user").keys() == found.records("okta.app_group").keys() == {app.id}
    assert len(found.records("okta.app_user")[app.id]["users"]) == 5
    assert fans(asked)["groups"] == 1


def test_without_the_log_nothing_is_known_to_be_unchanged(years: Years) -> None:
    found, asked = years.again(Fault("/api/v1/logs*", "status", status=403))
    assert fans(asked)["factors"] == PEOPLE
    for stream in ("okta.user_factor", "okta.app_user"):
        assert found.outcome(stream) is Outcome.COMPLETE
        assert found.receipts[stream].base is None
    assert found.reasons("okta.event") == {Reason.DENIED}


@pytest.mark.parametrize("kind", ["html", "truncate"])
def test_half_a_log_is_none(years: Years, kind: str) -> None:
    found, asked = years.again(Fault("/api/v1/logs*mfa.factor*", kind))  # type: ignore[arg-type]
    assert fans(asked)["factors"] == PEOPLE


def test_a_sweep_reconciles_what_the_log_did_not_say(years: Years, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = users(p4=replace(person(4), factors=()))
    second, _ = years.again(users=silent)
    assert second.records("okta.user_factor") == {}
    monkeypatch.setattr("kushim_pipeline.collect.okta.factor.SWEEP", timedelta(0))
    third, asked = years.again(before=second, users=silent)
    assert third.receipts["okta.user_factor"].base is None
    assert third.records("okta.user_factor")[person(4).id] == {"factors": []}
    assert fans(asked)["factors"] == PEOPLE


def test_the_log_goes_on_where_it_ended(years: Years) -> None:
    old = Event("e-nearly-too-old", at(days=89, hours=23), "user.lifecycle.create", "00u-hr")
    new = Event("e-new", JUST, "policy.rule.update", "00u-hr")
    found, asked = years.again(events=(ACME.events[0], old, *ACME.events[1:], new))
    receipt = found.receipts["okta.event"]
    assert found.records("okta.event").keys() == {"e-new"}
    (bounds,) = {query for each in asked if "policy.rule" in (query := each.query)}
    assert "since=" in bounds and "until=" in bounds and "sortOrder=ASCENDING" in bounds
    assert receipt.base and receipt.population == 4
    assert (receipt.cursor or {})["since"] >= (years.first.receipts["okta.event"].cursor or {})["since"]


def test_what_comes_again_in_the_overlap_is_no_second_record(years: Years) -> None:
    late = Event("e-late", at(minutes=30), "policy.rule.update", "00u-hr")
    second, _ = years.again(events=(*ACME.events, late))
    assert second.records("okta.event").keys() == {"e-late"}
    third, _ = years.again(before=second, events=(*ACME.events, late))
    assert third.records("okta.event") == {}
    assert third.receipts["okta.event"].population == 4


def test_a_log_that_was_not_whole_is_read_again_from_there(vendor: Start, root: Path) -> None:
    okta = Okta(COMPANY)
    server = vendor(Fault("/api/v1/logs*", "truncate"), okta=okta)
    first = collect(server.url, root, only=["okta.event"])
    assert first.outcome("okta.event") is not Outcome.COMPLETE
    assert first.receipts["okta.event"].cursor is None
    server.set_faults(())
    second = collect(server.url, root, only=["okta.event"], before=first)
    assert second.receipts["okta.event"].base is None
    assert len(second.records("okta.event")) == 3


def test_an_event_that_grew_too_old_leaves_the_population(years: Years, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kushim_pipeline.collect.okta.event.WINDOW", timedelta(days=60))
    found, _ = years.again()
    assert found.receipts["okta.event"].gone == ("e-created",)
    assert (found.outcome("okta.event"), found.receipts["okta.event"].population) == (Outcome.COMPLETE, 2)


def test_who_vanished_is_asked_for_alone(years: Years) -> None:
    """Deleted for good, and proven so; or in no list though there, which makes the lists incomplete."""
    fewer = tuple(user for user in ACME.users if user.id not in {person(8).id, LEAVERS[0].id})
    found, asked = years.again(users=fewer)
    assert found.outcome("okta.user") is Outcome.COMPLETE
    assert [each.status for each in asked if each.path.endswith((person(8).id, LEAVERS[0].id))] == [404, 404]
    hidden = Fault("/api/v1/users?limit=200", "body", body=b"[]")
    found, _ = years.again(hidden)
    assert found.reasons("okta.user") == {Reason.INCOMPLETE}
    cut = Fault("/api/v1/users?filter*", "cut_pages", pages=1)
    found, asked = years.again(cut)
    assert found.reasons("okta.user") == {Reason.INCOMPLETE}
    assert "in no list" in found.error("okta.user")
    assert len(found.records("okta.user")) == PEOPLE + 210


@pytest.mark.parametrize("status", [403, 404, 500])
def test_who_vanished_and_cannot_be_asked_for_stays(years: Years, status: int) -> None:
    gone = Fault(f"/api/v1/users/{person(8).id}", "status", status=status, message="E0000008 The requested path …")
    found, _ = years.again(gone, users=tuple(user for user in ACME.users if user.id != person(8).id))
    assert found.unread("okta.user").keys() == {person(8).id}
    assert found.receipts["okta.user"].population == PEOPLE + 210


def test_a_population_that_collapses_is_not_believed_at_once(years: Years) -> None:
    second, _ = years.again(Fault("/api/v1/users?filter*", "empty"))
    assert second.reasons("okta.user") == {Reason.INCOMPLETE}
    third, _ = years.again(before=second, users=tuple(user for user in ACME.users if user.status != "DEPROVISIONED"))
    assert third.outcome("okta.user") is Outcome.COMPLETE


def test_a_clock_that_is_wrong_loses_no_event(vendor: Start, root: Path) -> None:
    """The log is asked by Okta's clock: ours, a day ahead, would move the cursor past what is still to come."""
    ahead = Pace(share=1.0, clockwork=Clockwork(lambda _: None, lambda: NOW.timestamp() + 86_400))
    first = collect(vendor().url, root, only=["okta.event"], pace=ahead)
    until = (first.receipts["okta.event"].cursor or {})["until"]
    assert until < (NOW + timedelta(hours=1)).isoformat()
