"""Recorded answers of the real API go through the collector without losing a page or an element."""

import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.github import branch, member, organization, repository
from kushim_pipeline.collect.github.client import GITHUB, open_client
from kushim_pipeline.collect.http.answers import object_of
from kushim_pipeline.collect.http.call import Call
from kushim_pipeline.collect.http.client import Client
from kushim_pipeline.collect.http.listing import Item, Listing, read_list
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.http.reading import Reading
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline_tests.integration.collect.github.replay import Recorded, Replay, answers, recordings, serving

ANSWERS = answers()
pytestmark = pytest.mark.skipif(
    not ANSWERS, reason="the recordings beside the checkout (../shared/recordings) are absent"
)
PAGES = [each for each in ANSWERS if each.status == 200 and each.body.lstrip()[:1] in (b"[", b"{")]


@pytest.fixture
def replay() -> Iterator[Replay]:
    with serving(PAGES) as running:
        yield running


def begin(root: Path, stream: str, account: str = "acme") -> Collection:
    unit = Unit("t", f"github:{account}", "github", account, stream)
    return Collection(unit, FileStore(root), code_version="test", mask=masking([]))


def client(url: str) -> Client:
    return open_client(url, SecretStr("ghp_notRecorded"), Pace(share=1.0, clockwork=Clockwork(wait=lambda _: None)))


def worlds(url_ends: str) -> list[int]:
    return [number for number, each in enumerate(PAGES) if each.url.partition("?")[0].endswith(url_ends)]


def read_page(replay: Replay, number: int, c: Collection) -> None:
    """One recorded page, and what its links lead to, through client, door and collection."""
    recorded = PAGES[number]
    call = Call("GET", recorded.url)
    with client(f"{replay.url}/r{number}") as github:
        if recorded.body.lstrip()[:1] == b"{":
            answer = github.ask(call, c.keep)
            c.record("it", object_of(answer, call, GITHUB), evidence=answer.evidence)
            return
        listing = read_list(github, c.keep, call, None)
    for index, item in enumerate(listing.items):
        c.record(str(index), item.body, evidence=item.evidence)
    for trouble in listing.problems:
        c.problem(trouble.reason, trouble.operation, trouble.message)
    assert {trouble.reason for trouble in listing.problems} <= {Reason.DENIED, Reason.QUARANTINED}, recorded.url
    assert not listing.quarantined


def test_no_recorded_page_is_lost(replay: Replay, tmp_path: Path) -> None:
    assert len(PAGES) > 600
    store = FileStore(tmp_path)
    followed = nulls = 0
    for number, recorded in enumerate(PAGES):
        c = Collection(Unit("t", "github:a", "github", "a", "s"), store, code_version="test", mask=masking([]))
        read_page(replay, number, c)
        c.empty_is_proven("recorded")
        receipt = c.finish()
        served = replay.served[number]
        assert served[0] is recorded
        kept = [store.get("t", page.sha256) for page in receipt.pages if page.status == 200]
        assert kept == [each.body for each in served], recorded.url
        bodies = [json.loads(each.body) for each in served]
        elements = [each for body in bodies for each in (body if isinstance(body, list) else [body])]
        assert receipt.records == sum(isinstance(each, dict) for each in elements), recorded.url
        # GitHub did once send null among a list's elements: said in the receipt, never dropped in silence.
        assert sum(error.reason is Reason.QUARANTINED for error in receipt.errors) == elements.count(None)
        followed += len(served) - 1
        nulls += elements.count(None)
    assert followed > 20  # next pages that were recorded too
    assert nulls > 0


def test_recorded_single_records_stand_a_page_of_them(tmp_path: Path) -> None:
    groups: defaultdict[str, list[object]] = defaultdict(list)
    for line in recordings("github_records.jsonl.gz"):
        groups[line["url"]].append(line["body"])
    if not groups:
        pytest.skip("github_records.jsonl.gz is absent")
    pages = [
        Recorded(url, 200, {"Content-Type": "application/json"}, json.dumps(bodies).encode(), url)
        for url, bodies in groups.items()
    ]
    store = FileStore(tmp_path)
    with serving(pages) as running:
        for number, page in enumerate(pages):
            c = Collection(Unit("t", "github:a", "github", "a", "s"), store, code_version="test", mask=masking([]))
            with client(f"{running.url}/r{number}") as github:
                listing = read_list(github, c.keep, Call("GET", page.url.partition("?")[0]), None)
            assert listing.is_whole
            assert [item.body for item in listing.items] == groups[page.url]
            assert store.get("t", c.finish().pages[0].sha256) == page.body


def through_stream(replay: Replay, number: int, root: Path, org: str, read: member.Read) -> Receipt:
    c = begin(root, "s", org)
    with client(f"{replay.url}/r{number}") as github, ThreadPoolExecutor(2) as pool:
        read(c, Reading(github, org, pool))
    return c.finish()


def test_recorded_organisations(replay: Replay, tmp_path: Path) -> None:
    numbers = [n for n, each in enumerate(PAGES) if each.url.startswith("/orgs/") and each.url.count("/") == 2]
    assert len(numbers) >= 5
    for number in numbers:
        login = PAGES[number].url.rpartition("/")[2]
        receipt = through_stream(replay, number, tmp_path, login, organization.read)
        assert (receipt.outcome, receipt.records) == (Outcome.COMPLETE, 1), (login, receipt.errors)


@pytest.mark.parametrize(
    ("ends", "read"),
    [
        ("/BeaverSoftware/members", member.read_members),
        ("/BeaverSoftware/outside_collaborators", member.read_outside_collaborators),
    ],
)
def test_recorded_people(replay: Replay, tmp_path: Path, ends: str, read: member.Read) -> None:
    (number,) = worlds(ends)
    receipt = through_stream(replay, number, tmp_path, "BeaverSoftware", read)
    assert receipt.outcome is Outcome.COMPLETE
    assert receipt.records == len(json.loads(PAGES[number].body)) > 0


def test_recorded_repositories_are_all_there_and_not_proven_whole(replay: Replay, tmp_path: Path) -> None:
    for number in worlds("/orgs/BeaverSoftware/repos"):
        receipt = through_stream(replay, number, tmp_path, "BeaverSoftware", repository.read)
        assert receipt.records == len(json.loads(PAGES[number].body)) > 0
        assert receipt.outcome is Outcome.PARTIAL  # the organisation's own count was not recorded with it


def test_recorded_protections(replay: Replay, tmp_path: Path) -> None:
    numbers = worlds("/protection")
    assert numbers
    for number in numbers:
        _, _, owner, name, _, default_branch, _ = PAGES[number].url.split("/")
        item = Item(f"{owner}/{name}", {"default_branch": default_branch}, "0" * 64)
        c = begin(tmp_path, "github.branch_protection", owner)
        with client(f"{replay.url}/r{number}") as github, ThreadPoolExecutor(2) as pool:
            shared = Reading(github, owner, pool)
            shared.once("repositories", lambda _, item=item: Listing((item,), (), (), "GET", "")).get(c.keep)
            branch.read_protection(c, shared)
        receipt = c.finish()
        assert (receipt.outcome, receipt.records) == (Outcome.COMPLETE, 1), receipt.errors
        assert FileStore(tmp_path).get("t", receipt.pages[-1].sha256) == PAGES[number].body


def test_the_recorded_proof_of_no_protection(tmp_path: Path) -> None:
    (recorded,) = [each for each in ANSWERS if each.status == 404 and each.url.endswith("/protection")]
    with serving([recorded]) as running, client(f"{running.url}/r0") as github, ThreadPoolExecutor(2) as pool:
        _, _, owner, name, _, default_branch, _ = recorded.url.split("/")
        item = Item(f"{owner}/{name}", {"default_branch": default_branch}, "0" * 64)
        c = begin(tmp_path, "github.branch_protection", owner)
        shared = Reading(github, owner, pool)
        shared.once("repositories", lambda _: Listing((item,), (), (), "GET", "")).get(c.keep)
        branch.read_protection(c, shared)
    receipt = c.finish()
    assert receipt.outcome is Outcome.COMPLETE
    lines = FileStore(tmp_path).get("t", receipt.records_sha256 or "").splitlines()
    assert json.loads(lines[0])["body"] == {"absent": True, "code": "Branch not protected"}


def test_recorded_refusals_are_never_a_list(tmp_path: Path) -> None:
    refused = [each for each in ANSWERS if each.status != 200 and each.status != 304]
    assert len(refused) > 20
    with serving(refused) as running:
        for number, each in enumerate(refused):
            c = begin(tmp_path, "s")
            with client(f"{running.url}/r{number}") as github:
                listing = read_list(github, c.keep, Call("GET", each.url), None)
            assert listing.problems and not listing.items, each.url
            if each.status in (401, 404):
                assert listing.problems[0].reason is Reason.DENIED
