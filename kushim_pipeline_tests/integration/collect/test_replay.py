"""Reading again from what was kept: the demo company's answers, with the vendors gone."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from kushim_pipeline.cli import cli
from kushim_pipeline.collect.before import Head, heads, moved
from kushim_pipeline.collect.replay import Replayed, read_again, replay
from kushim_pipeline.collect.run import collect_source, ledger_entry
from kushim_pipeline.collect.standing import Refused, Standing
from kushim_pipeline.evidence.receipt import Outcome, ReadError, Reason, Receipt
from kushim_pipeline.evidence.verify import Broken, Verified, read_receipt, verify, write_receipt
from kushim_pipeline.land.ledger import land
from kushim_pipeline.sandbox import vendors_world
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.people import people_file
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import FileStores, open_stores
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.hosts import ALLOW_PRIVATE_HOSTS
from kushim_pipeline.tenants.load import load_tenants
from kushim_pipeline.tenants.secret import Resolver, from_environment
from kushim_pipeline.warehouse import open_writer

SOURCES = ("github", "okta", "jira", "slack", "file")
COMPANY = "northwind"
NOBODY = from_environment({})
"""Who knows no secret."""
# What a reading makes of pages. The rest of a receipt says when and by whom.
MADE = (
    "records", "records_sha256", "records_more", "contents_sha256", "declared_total", "declared_by",
    "empty_proven_by", "outcome", "base", "gone", "population", "cursor", "marks_sha256", "shrunk_to", "pages",
)  # fmt: skip
POISONS = {
    "nul": b'{"poison":"a\\u0000b",',
    "duplicate key": b'{"poison":1,"poison":2,',
    "too deep": b'{"poison":' + b"[" * 600 + b"]" * 600 + b",",
}


@dataclass(frozen=True)
class Kept:
    """A data folder with three readings of everything, the last one of poisoned answers for COMPANY. The vendors are
    stopped. `entries`: how many entries each ledger had then; `environment`: what the commands are given."""

    stores: FileStores
    tenants: Mapping[str, TenantConfig]
    entries: Mapping[str, int]
    environment: Mapping[str, str]

    def receipts(self) -> Iterator[tuple[TenantConfig, str, Receipt, Head]]:
        """Every receipt of the readings, with its digest and what the ledger said of its unit before it."""
        for tenant in self.tenants.values():
            known: dict[tuple[str, str, str], Head | None] = {}
            for entry in self.stores.ledger.entries(tenant.tenant):
                if entry.kind == "receipt" and entry.sequence <= self.entries[tenant.tenant]:
                    digest = str(entry.payload["receipt"])
                    receipt = read_receipt(self.stores.evidence, tenant.tenant, digest)
                    yield tenant, digest, receipt, known.get(unit_of(receipt)) or Head()
                    known[unit_of(receipt)] = moved(known.get(unit_of(receipt)), entry.payload)

    def last(self, stream: str) -> tuple[str, Receipt]:
        """COMPANY's last receipt of a stream, with its digest."""
        (found,) = [last for unit, last in Standing(self.stores.ledger, COMPANY).units.items() if unit[1] == stream]
        return found.digest, read_receipt(self.stores.evidence, COMPANY, found.digest)

    def write(self, receipt: Receipt) -> str:
        """Put a receipt into the evidence and the ledger."""
        digest = write_receipt(self.stores.evidence, receipt)
        self.stores.ledger.append(COMPANY, "receipt", ledger_entry(receipt, digest))
        return digest

    def replay(self, digest: str, receipt: Receipt, resolver: Resolver = NOBODY) -> Replayed:
        """Read a receipt of COMPANY again."""
        standing = Standing(self.stores.ledger, COMPANY)
        return replay(self.tenants[COMPANY], unit_of(receipt), digest, self.stores, resolver, standing)

    def of_an_older_reader(self, stream: str) -> tuple[str, Receipt, str]:
        """The last receipt as a reader would have written it that could not take in one of its records."""
        _, receipt = self.last(stream)
        lines = self.stores.evidence.get(COMPANY, receipt.records_sha256 or "").splitlines()
        victim = json.loads(lines[0])["id"]
        error = ReadError(resource_id=victim, reason=Reason.QUARANTINED, operation="GET it", message="odd")
        rest = self.stores.evidence.put(COMPANY, b"\n".join(lines[1:])) if lines[1:] else None
        told = {
            "records": len(lines) - 1,
            "records_sha256": rest,
            "contents_sha256": "0" * 64,
            "errors": (*receipt.errors, error),
            "outcome": Outcome.PARTIAL,
            "collection_id": receipt.collection_id[::-1],
            "code_version": "0.0.1",
        }
        older = receipt.model_copy(update=told)
        return self.write(older), older, victim


def unit_of(receipt: Receipt) -> tuple[str, str, str]:
    return receipt.connection_id, receipt.stream, receipt.scope


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    home = tmp_path_factory.mktemp("home")
    manifest = load().tenants
    secrets = vendors_world.made_secrets(manifest)
    environment = {"KUSHIM_HOME": str(home), "KUSHIM_TENANTS": str(home / "tenants"), ALLOW_PRIVATE_HOSTS: "1"}
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in {**environment, **secrets}.items():
            patched.setenv(name, value)
        stores = open_stores(Settings.read(environment))
        with vendors_world.running(manifest, secrets) as vendors:
            (home / "tenants").mkdir()
            for tenant_id, tenant in manifest.items():
                connections = vendors_world.connections(tenant_id, tenant, vendors)
                if tenant.has_people_file:
                    connections.append(dropped(home, tenant_id, people_file(tenant_id, tenant.people)))
                contents = {"tenant": tenant_id, "name": tenant.name, "frameworks": ["soc2"]}
                text = yaml.safe_dump({**contents, "connections": connections})
                (home / "tenants" / f"{tenant_id}.yaml").write_text(text)
            loaded = load_tenants(home / "tenants")
            assert not loaded.problems
            tenants = {tenant.tenant: tenant for tenant in loaded.tenants}
            read = partial(collect_source, stores=stores, secrets=secrets)
            for tenant in (*loaded.tenants, *loaded.tenants):
                for source in SOURCES:
                    read(tenant, source)
            found = Kept(stores, tenants, {}, environment)
            poison(found, vendors, home)
            for source in SOURCES:
                read(tenants[COMPANY], source)
        entries = {tenant: Standing(stores.ledger, tenant).sequence for tenant in tenants}
        for name in secrets:  # a replay does without them
            patched.delenv(name)
        yield replace(found, entries=entries)


def dropped(home: Path, tenant_id: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """A connection to a drop folder with these files."""
    folder = home / "tenants/drop" / tenant_id
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    declared = {"stream": "person", "path": "people-*.csv", "columns": {"status": "text"}}
    return {"source": "file", "name": "hr", "folder": f"drop/{tenant_id}", "files": [declared]}


# The stream, the call that lists it, what stands before its first element, and the poison.
POISONED = {
    "github.outside_collaborator": ("*/outside_collaborators?*", b"[", "nul"),
    "okta.group": ("/api/v1/groups?*", b"[", "duplicate key"),
    "jira.group": ("*/group/bulk?*", b'"values":[', "too deep"),
    "slack.user": ("*users.list*", b'"members":[', "nul"),
}


def poison(kept: Kept, vendors: vendors_world.Vendors, home: Path) -> None:
    """Put poison into the first element of each list, and break a row of the file."""
    standins = {
        "github": vendors.github, "slack": vendors.slack, "okta": vendors.okta[COMPANY], "jira": vendors.jira[COMPANY],
    }  # fmt: skip
    for stream, (pattern, before, kind) in POISONED.items():
        _, receipt = kept.last(stream)
        page = next(page for page in receipt.pages if page.sha256 in evidence_of(kept, receipt))
        body = kept.stores.evidence.get(COMPANY, page.sha256)
        begin = re.escape(before).replace(rb":\[", rb":\s*\[") + rb"\s*\{"
        poisoned, times = re.subn(begin, lambda found: found[0][:-1] + POISONS[kind], body, count=1)  # noqa: B023
        assert times == 1, stream
        standins[stream.partition(".")[0]].set_faults([Fault(pattern, "body", body=poisoned)])
    (file,) = (home / "tenants/drop" / COMPANY).glob("people-*.csv")
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, lines[1]]) + "\n")  # a key that two rows have
    for beside in (home / "tenants/drop" / COMPANY).glob("*.sha256"):
        beside.unlink()


def evidence_of(kept: Kept, receipt: Receipt) -> set[str]:
    lines = kept.stores.evidence.get(COMPANY, receipt.records_sha256 or "").splitlines()
    return {json.loads(line)["evidence"] for line in lines}


def test_every_receipt_of_the_company_is_made_again_from_its_pages_alone(kept: Kept) -> None:
    seen: dict[str, set[bool]] = {source: set() for source in SOURCES}
    for tenant, digest, receipt, head in kept.receipts():
        again, missed = read_again(tenant, receipt, digest, head, kept.stores, NOBODY)
        where = f"{tenant.tenant} {receipt.stream}"
        assert {name: getattr(again, name) for name in MADE} == {name: getattr(receipt, name) for name in MADE}, where
        assert sorted(map(repr, again.errors)) == sorted(map(repr, receipt.errors)), where
        assert (missed, again.replay_of) == ([], digest), where
        assert again.proven_at is not None and again.proven_at <= receipt.finished_at, where
        seen[receipt.source].add(receipt.base is not None)
    # Whole readings and such that build on another one.
    assert {source for source, kinds in seen.items() if kinds == {False, True}} == {"github", "okta", "jira", "slack"}


@pytest.mark.parametrize("stream", [*POISONED, "file.person"])
def test_a_poisonous_record_stays_in_quarantine_alone_and_nothing_is_written(kept: Kept, stream: str) -> None:
    digest, receipt = kept.last(stream)
    wrong = {error.resource_id for error in receipt.errors if error.reason is Reason.QUARANTINED}
    assert wrong and None not in wrong and receipt.population
    before = Standing(kept.stores.ledger, COMPANY).sequence
    found = kept.replay(digest, receipt)
    assert (found.digest, found.taken_in) == (None, ())
    assert {error.resource_id for error in found.left} == wrong
    assert found.receipt.contents_sha256 == receipt.contents_sha256
    assert Standing(kept.stores.ledger, COMPANY).sequence == before


@pytest.mark.parametrize("stream", ["github.branch_protection", "okta.app", "jira.issue", "slack.access_log"])
def test_what_an_older_reader_set_aside_is_taken_in_and_is_no_fresher(kept: Kept, stream: str) -> None:
    _, today = kept.last(stream)
    digest, older, victim = kept.of_an_older_reader(stream)
    found = kept.replay(digest, older)
    assert (found.taken_in, found.left, found.replay_of) == ((victim,), (), digest)
    written = read_receipt(kept.stores.evidence, COMPANY, found.digest or "")
    assert {name: getattr(written, name) for name in MADE} == {name: getattr(today, name) for name in MADE}
    assert written.outcome is today.outcome
    assert (written.replay_of, written.pages) == (digest, older.pages)
    assert written.proven_at == (today.proven_at or today.started_at) < written.started_at
    if written.lists_all:
        head = heads(kept.stores.ledger, COMPANY)[unit_of(written)]
        assert (head.whole, head.population) == (found.digest, today.population)
    # A replay may be replayed: nothing is new, and it is the vendor's answers that are named.
    again = kept.replay(found.digest or "", written)
    assert (again.digest, again.replay_of, again.receipt.proven_at) == (None, digest, written.proven_at)


def no_page(receipt: Receipt) -> dict[str, Any]:
    return {"pages": receipt.pages[:-1]}


def other_base(receipt: Receipt) -> dict[str, Any]:
    return {"base": "f" * 64}


def lost_bytes(receipt: Receipt) -> dict[str, Any]:
    return {"pages": tuple(page.model_copy(update={"sha256": "e" * 64}) for page in receipt.pages)}


def secret(receipt: Receipt) -> dict[str, Any]:
    message = "a record repeats a secret of this connection"
    return {"errors": (ReadError(resource_id=None, reason=Reason.QUARANTINED, operation="record", message=message),)}


def other_stream(receipt: Receipt) -> dict[str, Any]:
    return {"stream": "okta.gone"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (no_page, "holds no answer to"),
        (other_base, "does not build on"),
        (lost_bytes, "cannot be read"),
        (secret, "repeats the connection's own secret"),
        (other_stream, "is not read any more"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_is_not_known_from_the_pages_is_not_made_up(
    kept: Kept, change: Callable[[Receipt], dict[str, Any]], why: str
) -> None:
    _, receipt = kept.last("okta.network_zone")
    changed = receipt.model_copy(update={"collection_id": change.__name__, **change(receipt)})
    digest = kept.write(changed)
    before = Standing(kept.stores.ledger, COMPANY).sequence
    with pytest.raises(Refused, match=why):
        kept.replay(digest, changed)
    assert Standing(kept.stores.ledger, COMPANY).sequence == before
    kept.write(receipt)


def test_a_secret_that_an_escape_hid_from_the_older_reader_is_not_taken_in(kept: Kept) -> None:
    _, receipt = kept.last("okta.api_token")
    token = "00the-secret-of-okta"
    hidden = b'"name":"' + token.replace("s", "\\u0073", 1).encode() + b'"'
    (page,) = receipt.pages
    shown = kept.stores.evidence.get(COMPANY, page.sha256)
    body = re.sub(rb'"name":\s*"[^"]*"', lambda _: hidden, shown, count=1)
    assert hidden in body
    changed = page.model_copy(update={"sha256": kept.stores.evidence.put(COMPANY, body)})
    told = {"pages": (changed,), "records_sha256": None, "contents_sha256": "0" * 64, "collection_id": "hidden"}
    hiding = receipt.model_copy(update=told)
    digest = kept.write(hiding)
    resolver = from_environment({vendors_world.variable(COMPANY, "okta"): token})
    found = kept.replay(digest, hiding, resolver)
    assert [(error.resource_id, error.message) for error in found.left] == [
        (None, "a record repeats a secret of this connection")
    ]
    assert token.encode() not in write_all(kept, found.receipt)


def write_all(kept: Kept, receipt: Receipt) -> bytes:
    """All that a receipt has beside its pages."""
    objects = [kept.stores.evidence.get(COMPANY, digest) for kind, digest in receipt.objects if kind != "page"]
    return b"".join([receipt.model_dump_json().encode(), *objects])


def test_only_the_last_reading_is_replayed_and_none_while_another_is_under_way(kept: Kept) -> None:
    first, older, _ = kept.of_an_older_reader("okta.policy")
    _, receipt = kept.last("okta.policy")
    second = kept.write(receipt.model_copy(update={"collection_id": "later"}))
    with pytest.raises(Refused, match=f"a newer reading of it stands, {second}"):
        kept.replay(first, older)
    plan = {"connection_id": older.connection_id, "source": "okta", "units": [["okta.policy", "global"]]}
    kept.stores.ledger.append(COMPANY, "plan", {**plan, "planned_at": older.finished_at.isoformat()})
    with pytest.raises(Refused, match="has begun since"):
        kept.replay(second, receipt)


def test_a_replay_is_no_second_reading_that_confirms_a_shrunken_population(kept: Kept) -> None:
    _, receipt = kept.last("slack.channel")
    kept.write(receipt.model_copy(update={"population": 100, "collection_id": "many"}))
    few = receipt.model_copy(update={"contents_sha256": "0" * 64, "collection_id": "few"})
    found = kept.replay(kept.write(few), few)
    assert (found.receipt.shrunk_to, found.receipt.lists_all) == (receipt.population, False)
    again = kept.replay(found.digest or "", found.receipt)
    assert (again.digest, again.receipt.shrunk_to) == (None, receipt.population)


def test_verify_holds_a_replay_against_the_receipt_that_it_names(kept: Kept) -> None:
    digest, older, _ = kept.of_an_older_reader("slack.team")
    good = kept.replay(digest, older).receipt
    late = good.proven_at or good.finished_at
    for update in (
        {"pages": tuple(page.model_copy(update={"status": 404}) for page in good.pages)},
        {"proven_at": late + timedelta(days=30)},
        {"replay_of": "d" * 64},
    ):
        kept.write(good.model_copy(update=update))
    found = [
        one
        for one in verify(kept.stores.evidence, kept.stores.ledger, [COMPANY])
        if not isinstance(one, Verified) or one.replay_of
    ]
    said = [one.what for one in found if isinstance(one, Broken) and "slack.team" in one.where]
    assert [any(word in what for what in said) for word in ("not those of", "fresher than", "knows nothing")] == [
        True
    ] * 3
    assert any(isinstance(one, Verified) and one.stream == "slack.team" and one.replay_of == digest for one in found)


def test_the_command_takes_in_lands_and_names_what_stays(kept: Kept) -> None:
    settings = Settings.read(kept.environment)
    digest, older, victim = kept.of_an_older_reader("github.member")

    def quarantine(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["quarantine", *arguments], env=dict(kept.environment))

    def landed() -> tuple[Any, ...]:
        with open_writer(settings.warehouse_url) as warehouse:
            land(warehouse, kept.stores.evidence, kept.stores.ledger)
            (row,) = warehouse.query(
                "SELECT r.receipt_sha256, r.replay_of, coalesce(r.proven_at, r.started_at), count(k.resource_id), "
                "count(CASE WHEN k.resource_id = ? THEN 1 END) FROM raw.receipt AS r LEFT JOIN raw.record AS k "
                "ON k.tenant_id = r.tenant_id AND k.connection_id = r.connection_id AND k.stream = r.stream "
                "AND k.valid_to IS NULL WHERE r.tenant_id = ? AND r.stream = 'github.member' "
                "AND r.superseded_at IS NULL GROUP BY 1, 2, 3",
                (victim, COMPANY),
            ).rows
        return row

    before = landed()
    assert before[:2] == (digest, None)
    refused = quarantine("replay", "--tenant", COMPANY, digest[:4])
    assert refused.exit_code == 2 and "at least 8" in refused.output
    shown = quarantine("replay", "--tenant", COMPANY, "--no-judge", "--format", "json", digest[:12])
    assert shown.exit_code == 0, shown.output
    (row,) = json.loads(shown.stdout)
    assert (row["resource_id"], row["replay"], row["replay_of"]) == (victim, "taken in", digest)
    assert landed() == (row["receipt_sha256"], digest, before[2], before[3], 1)
    trail = json.loads(CliRunner().invoke(cli, ["trail", "--format", "json"], env=dict(kept.environment)).stdout)
    assert trail[-1]["action"] == "quarantine.replay" and trail[-1]["details"]["replay_of"] == digest
    left = quarantine("replay", "--stream", "github.outside_collaborator", "--no-judge", "--format", "json")
    assert (left.exit_code, {row["replay"] for row in json.loads(left.stdout)}) == (0, {"still quarantined"})
    assert "a NUL character" in left.stdout
    assert quarantine("replay", "f" * 64).exit_code == 2
    assert quarantine("--tenant", COMPANY, "replay").exit_code == 2  # it would replay all tenants'
