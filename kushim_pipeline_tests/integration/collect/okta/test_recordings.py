"""Recorded answers of the real API go through the collector without losing a page or an element."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Answer, Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import Item, Listing, read_list
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.okta import (
    api_token,
    app,
    assignment,
    authenticator,
    factor,
    group,
    group_rule,
    network_zone,
    organization,
    policy,
)
from kushim_pipeline.collect.okta.dialect import OKTA, open_client
from kushim_pipeline.collect.okta.paging import by_id, linked
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.sandbox.standin.server import Standin
from kushim_pipeline_tests.integration.collect.okta.org import Waits
from kushim_pipeline_tests.integration.collect.okta.replay import Replay, answers, serving

ANSWERS = answers()
pytestmark = pytest.mark.skipif(
    not ANSWERS, reason="the recordings beside the checkout (../shared/recordings) are absent"
)
PAGES = [each for each in ANSWERS if each.status == 200 and each.body.lstrip()[:1] in (b"[", b"{")]
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Replay, Standin]]:
    with serving(PAGES) as running:
        yield running


def client(url: str) -> Client:
    return open_client(url, SecretStr("00notRecorded"), Pace(share=1.0, clockwork=Waits().clockwork()))


def begin(root: Path, stream: str = "s") -> Collection:
    unit = Unit("t", f"okta:{HOST}", "okta", HOST, stream)
    return Collection(unit, FileStore(root), code_version="test", mask=masking([]))


def worlds(pattern: str) -> list[int]:
    return [number for number, each in enumerate(PAGES) if re.fullmatch(pattern, each.url)]


def test_no_recorded_page_is_lost(served: tuple[Replay, Standin], tmp_path: Path) -> None:
    replay, server = served
    assert len(PAGES) > 500
    store = FileStore(tmp_path)
    followed = 0
    for number, recorded in enumerate(PAGES):
        replay.served.pop(number, None)
        c = begin(tmp_path)
        call = Call("GET /recorded", recorded.url)
        with client(f"{server.url}/r{number}") as okta:
            if recorded.body.lstrip()[:1] == b"{":
                answer = okta.ask(call, c.keep)
                c.record("it", object_of(answer, call, OKTA), evidence=answer.evidence)
                troubles = []
            else:
                listing = read_list(okta, c.keep, call, None, linked(HOST))
                for index, item in enumerate(listing.items):
                    c.record(str(index), item.body, evidence=item.evidence)
                assert not listing.quarantined
                troubles = list(listing.problems)
        c.empty_is_proven("recorded")
        receipt = c.finish()
        kept = [store.get("t", page.sha256) for page in receipt.pages if page.status == 200]
        assert kept == [each.body for each in replay.served[number]], recorded.url
        bodies = [json.loads(each.body) for each in replay.served[number]]
        elements = [each for body in bodies for each in (body if isinstance(body, list) else [body])]
        texts = sum(isinstance(each, str) for each in elements)  # one recorded list is of plain texts
        assert receipt.records == len(elements) - texts, recorded.url
        # The next page of some was not recorded: that is said, and never taken for the end.
        assert {each.reason for each in troubles} <= {Reason.DENIED} | ({Reason.QUARANTINED} if texts else set())
        assert bool(troubles) == (receipt.pages[-1].status == 404 or bool(texts)), recorded.url
        followed += len(bodies) - 1
    assert followed > 0  # a next page that was recorded, too


def through(server: Standin, number: int, root: Path, read: Callable[[Collection, Reading], None]) -> Receipt:
    c = begin(root)
    with client(f"{server.url}/r{number}") as okta, ThreadPoolExecutor(2) as pool:
        read(c, Reading(okta, HOST, pool))
    return c.finish()


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        (r"/api/v1/org", organization.read),
        (r"/api/v1/groups", group.read),
        (r"/api/v1/groups/rules", group_rule.read),
        (r"/api/v1/apps", app.read),
        (r"/api/v1/api-tokens", api_token.read),
        (r"/api/v1/authenticators", authenticator.read),
        (r"/api/v1/zones", network_zone.read),
    ],
)
def test_recorded_lists_through_their_streams(
    served: tuple[Replay, Standin], tmp_path: Path, pattern: str, read: Callable[[Collection, Reading], None]
) -> None:
    replay, server = served
    numbers = worlds(pattern)
    assert numbers
    for number in numbers:
        replay.served.pop(number, None)
        body = json.loads(PAGES[number].body)
        receipt = through(server, number, tmp_path, read)
        assert receipt.records == (len(body) if isinstance(body, list) else 1)
        if receipt.records:
            assert receipt.outcome is Outcome.COMPLETE, receipt.errors


@pytest.mark.parametrize(
    ("pattern", "memo", "read", "key"),
    [
        (r"/api/v1/users/\w+/factors", "people", factor.read, "factors"),
        (r"/api/v1/apps/\w+/users", "applications", assignment.read_users, "users"),
        (r"/api/v1/apps/\w+/groups", "applications", assignment.read_groups, "groups"),
        (r"/api/v1/policies/\w+/rules", "policies PASSWORD", policy.read_rules, "rules"),
    ],
)
def test_recorded_fan_outs(
    served: tuple[Replay, Standin],
    tmp_path: Path,
    pattern: str,
    memo: str,
    read: Callable[[Collection, Reading], None],
    key: str,
) -> None:
    replay, server = served
    assert worlds(pattern)
    for number in worlds(pattern):
        replay.served.pop(number, None)
        name = PAGES[number].url.split("/")[4]
        item = Item(name, {"id": name, "status": "ACTIVE"}, "0" * 64)
        c = begin(tmp_path)
        with client(f"{server.url}/r{number}") as okta, ThreadPoolExecutor(1) as pool:
            shared = Reading(okta, HOST, pool)
            for other in ("policies OKTA_SIGN_ON", "policies MFA_ENROLL", "policies ACCESS_POLICY"):
                shared.once(other, lambda _: Listing((), (), (), "GET", "")).get(c.keep)
            shared.once(memo, lambda _, item=item: Listing((item,), (), (), "GET", "")).get(c.keep)
            # The first request of a world gets its recording: no other call may come before it.
            shared.once("organization", lambda _: Answer(200, {}, b"{}")).get(c.keep)
            read(c, shared)
        receipt = c.finish()
        assert receipt.records == 1, receipt.errors
        line = json.loads(FileStore(tmp_path).get("t", receipt.records_sha256 or ""))
        by_name = sorted(json.loads(PAGES[number].body), key=lambda each: each["id"])
        assert (line["id"], sorted(line["body"][key], key=lambda each: each["id"])) == (name, by_name)


def test_recorded_users_and_policies(served: tuple[Replay, Standin], tmp_path: Path) -> None:
    replay, server = served
    for pattern in (r"/api/v1/users(\?.*)?", r"/api/v1/policies\?type=\w+"):
        for number in worlds(pattern):
            replay.served.pop(number, None)
            c = begin(tmp_path)
            with client(f"{server.url}/r{number}") as okta:
                listing = read_list(okta, c.keep, Call("GET /recorded", PAGES[number].url), by_id, linked(HOST))
            first = [each["id"] for each in json.loads(PAGES[number].body)]
            assert [item.id for item in listing.items][: len(first)] == first
            assert not listing.quarantined


def test_recorded_refusals_are_never_a_list(tmp_path: Path) -> None:
    refused = [each for each in ANSWERS if each.status not in (200, 304)]
    assert len(refused) > 100
    with serving(refused) as (_, server):
        for number, each in enumerate(refused):
            c = begin(tmp_path)
            with client(f"{server.url}/r{number}") as okta:
                listing = read_list(okta, c.keep, Call("GET /recorded", each.url), None, linked(HOST))
            assert listing.problems and not listing.items, each.url
            if each.status in (401, 404):
                assert listing.problems[0].reason is Reason.DENIED
            if b"E0000015" in each.body:
                assert listing.problems[0].message.startswith("not on this plan: ")


def test_the_sdk_loses_pages_that_are_kept_here() -> None:
    """Why the SDK's models are not used: see collect/okta/dialect.py."""
    from okta.models.user_factor import UserFactor

    lost = 0
    for number in worlds(r"/api/v1/users/\w+/factors"):
        for body in json.loads(PAGES[number].body):
            try:
                UserFactor.from_dict(body)
            except ValueError:
                lost += 1
    assert lost > 0
