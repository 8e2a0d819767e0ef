"""The demo as a new user starts it, twice, and every command that it tells them to try."""

import json
import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kushim_pipeline.catalogue.load import load as load_catalogue
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.vendors_world import made_secrets
from kushim_pipeline.sandbox.world import key_variable
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.tenants.load import load_tenants
from kushim_pipeline_tests.e2e.commands import descendants, ends, kushim, started, surroundings, wait_for
from kushim_pipeline_tests.e2e.expected import Verdicts, expected, log_hours
from kushim_pipeline_tests.e2e.forked import rows, table

MANIFEST = load()
_SINCE = (
    "SELECT tenant_id, check_id, connection_id, resource_id, status, reason, since FROM mart_v1.check_result "
    "ORDER BY 1, 2, 3, 4"
)
_BY_THE_HOUR = "OKTA-LOG-001"
"""It judges the last hours, so another one may begin between two runs."""
_FOR_APPS = {"github.pat_grant"}
"""Streams that GitHub shows to an app only; some of the demo's tokens are a person's."""
_LOG_READ = (
    "SELECT tenant_id, account_id, max(cursor->>'until') FROM raw.receipt "
    "WHERE stream = 'okta.event' AND lists_all GROUP BY 1, 2"
)


def _canaries() -> dict[str, str]:
    """A secret of each kind for each tenant, easy to find again. In the shapes that vendors give them."""
    found = {}
    for number, tenant_id in enumerate(MANIFEST.tenants):
        found[key_variable(tenant_id)] = f"AKIACANARY{number}CANARY{number:04}"
        found[key_variable(tenant_id) + "_SECRET"] = f"canary/secret+{tenant_id}/0123456789abcdef"
    prefixes = {"GITHUB_TOKEN": "ghp_", "OKTA_TOKEN": "00", "JIRA_TOKEN": "ATATT3", "TOKEN_AUDIT": "xoxp-a"}
    for variable in made_secrets(MANIFEST.tenants):
        prefix = next((text for end, text in prefixes.items() if variable.endswith(end)), "xoxp-")
        found[variable] = f"{prefix}canary{variable.lower().replace('_', '')}0123456789abcdef"
    return found


CANARIES = _canaries()


@dataclass(frozen=True)
class Demo:
    """A folder in which the demo ran twice, and what it said."""

    folder: Path
    said: tuple[str, str]
    since: tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]
    """The verdicts with the time from which each holds, after the first and after the second run."""

    @property
    def home(self) -> Path:
        return self.folder / ".kushim"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    said, since = [], []
    for _ in range(2):
        done = kushim(folder, "demo", environment=surroundings(**CANARIES))
        said.append(done.stdout + done.stderr)
        since.append(rows(folder, surroundings(), _SINCE))
    return Demo(folder, (said[0], said[1]), (since[0], since[1]))


@pytest.mark.parametrize("tenant_id", MANIFEST.tenants)
def test_every_verdict_is_the_manifests(demo: Demo, tenant_id: str) -> None:
    tenants = load_tenants(demo.home / "sandbox" / "tenants", environ={"KUSHIM_ALLOW_PRIVATE_HOSTS": "1"},
                           check_secrets=False)  # fmt: skip
    assert not tenants.problems
    tenant = next(tenant for tenant in tenants.tenants if tenant.tenant == tenant_id)
    names = json.loads((demo.home / "sandbox" / "names.json").read_text())[tenant_id]
    for owner, account, until in rows(demo.folder, surroundings(), _LOG_READ):
        if owner == tenant_id and until:
            at = datetime.fromisoformat(until).astimezone(UTC)
            names |= log_hours(account, at, MANIFEST.tenants[tenant_id].policy["okta_log_window_days"])
    streams = {stream for check in load_catalogue().checks.values() for stream in check.streams}
    wanted = expected(MANIFEST, MANIFEST.tenants[tenant_id], names, expected_units(tenant), streams)

    results = table(demo.folder, surroundings(), "results", "--tenant", tenant_id)

    found: Verdicts = {
        (row["check_id"], row["resource_id"]): (row["status"], row["reason"] if row["status"] == "UNKNOWN" else "")
        for row in results
    }
    assert len(found) == len(results)
    called = {resource_id: name for name, resource_id in names.items()}
    differing = {
        (check, called.get(resource_id, resource_id)): {
            "expected": wanted.get((check, resource_id)),
            "found": found.get((check, resource_id)),
        }
        for check, resource_id in sorted(wanted.keys() | found.keys())
        if wanted.get((check, resource_id)) != found.get((check, resource_id))
    }
    assert differing == {}


def test_nothing_of_one_tenant_is_found_under_another(demo: Demo) -> None:
    own = {
        tenant_id: [account.account_id for account in tenant.aws.values()]
        + [f"{tenant_id}-"]
        + [f"github:{org}" for org in tenant.github]
        for tenant_id, tenant in MANIFEST.tenants.items()
    }
    texts = {
        "raw.record": "account_id || ' ' || resource_id || ' ' || body",
        "raw.receipt": "connection_id || ' ' || coalesce(error, '')",
        "raw.receipt_error": "connection_id || ' ' || coalesce(resource_id, '') || ' ' || message",
        "verdict.check_result": "connection_id || ' ' || resource_id || ' ' || coalesce(reason, '')",
    }
    searches = [
        f"SELECT DISTINCT '{name}' AS place, '{tenant_id}' AS owner, '{word}' AS word, tenant_id AS other "
        f"FROM {name} WHERE ({text}) LIKE '%{word}%'"
        for name, text in texts.items()
        for tenant_id, words in own.items()
        for word in words
    ]
    found = rows(demo.folder, surroundings(), " UNION ALL ".join(searches))
    assert {owner for _, owner, _, _ in found} == set(own), "the search finds what is there"
    assert [row for row in found if row[3] != row[1]] == []


def test_a_second_run_changes_no_verdict_and_adds_no_row(demo: Demo) -> None:
    def lasting(verdicts: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return [row for row in verdicts if row[1] != _BY_THE_HOUR]

    assert lasting(demo.since[1]) == lasting(demo.since[0])
    query = "SELECT count(*), count(valid_to) FROM mart_v1.check_result_history WHERE check_id <> "
    (counted,) = rows(demo.folder, surroundings(), f"{query}'{_BY_THE_HOUR}'")
    assert counted == (len(lasting(demo.since[0])), 0)


def test_the_summary_says_what_a_person_wants_to_know(demo: Demo) -> None:
    for said, since in zip(demo.said, demo.since, strict=True):
        counts = Counter((row[0], row[4]) for row in since)
        for tenant_id in MANIFEST.tenants:
            line = next(line for line in said.splitlines() if line.startswith(f"{tenant_id} "))
            statuses = ("PASS", "FAIL", "UNKNOWN", "EXCEPTED", "NOT_APPLICABLE")
            assert line.split()[1:6] == [str(counts[tenant_id, status]) for status in statuses]
        assert "AWS-IAM-001" in said, "the worst failures"
        for reason in ("denied", "incomplete", "not_collected", "quarantined", "stale", "depends_on_unknown"):
            assert f" {reason} " in said, "what is unknown"
        assert ".kushim/evidence" in said, "where the data lies"
        assert "hooli aws: reading" in said, "progress"
        assert "\x1b" not in said


def test_the_commands_it_names_work(demo: Demo) -> None:
    tried = [
        line.split("kushim ", 1)[1]
        for line in demo.said[1].split("What to try next", 1)[1].splitlines()
        if "kushim " in line
    ]
    assert len(tried) >= 6
    for command in tried:
        words = command.split(' "')
        arguments = words[0].split() + [word.rstrip('"') for word in words[1:]]
        assert kushim(demo.folder, *arguments).stdout.strip()


def test_receipts_and_controls_agree_with_the_manifest(demo: Demo) -> None:
    receipts = table(demo.folder, surroundings(), "receipts")
    elsewhere = [row for row in receipts if row["tenant_id"] != "hooli"]
    assert {row["outcome"] for row in elsewhere if row["stream"] not in _FOR_APPS} == {"complete"}
    assert {row["outcome"] for row in elsewhere if row["stream"] in _FOR_APPS} == {"complete", "denied"}
    assert {row["outcome"] for row in receipts if row["tenant_id"] == "hooli"} == {
        "complete", "partial", "denied", "failed",
    }  # fmt: skip
    counted = [row for row in receipts if row["declared_total"] is not None and row["outcome"] == "complete"]
    assert counted
    assert all(row["records"] == row["declared_total"] for row in counted)

    controls = table(demo.folder, surroundings(), "controls", "--framework", "soc2")
    assert {row["tenant_id"] for row in controls} == set(MANIFEST.tenants)
    for row in controls:
        worst = [status for status in ("fail", "unknown", "excepted", "pass", "not_applicable") if row[status]]
        assert row["status"] == worst[0].upper()


def test_no_secret_is_kept_or_said(demo: Demo) -> None:
    needles = [value.encode() for value in CANARIES.values()]
    found = []
    stores = open_stores(Settings.read({"KUSHIM_HOME": str(demo.home)}))
    for path in (path for path in demo.folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        texts = [data]
        if path.parts[-4] == "objects":
            tenant, first, name = path.parts[-3:]
            texts.append(stores.evidence.get(tenant, first + name.partition(".")[0]))
        found += [(str(path), needle) for text in texts for needle in needles if needle in text]
        # An answer that gives out access is no evidence.
        found += [(str(path), b"SecretAccessKey") for text in texts[1:] if b"<SecretAccessKey>" in text]
    found += [("said", needle) for said in demo.said for needle in needles if needle.decode() in said]
    assert found == []


def test_verify_names_one_flipped_byte(demo: Demo, tmp_path: Path) -> None:
    assert "0 broken" in kushim(demo.folder, "verify").stdout
    home = tmp_path / "home"
    shutil.copytree(demo.home, home, ignore=shutil.ignore_patterns("dagster", "warehouse"))
    ((digest,),) = rows(
        demo.folder,
        surroundings(),
        "SELECT last_page_sha256 FROM raw.receipt WHERE tenant_id = 'initech' AND stream = 'aws.iam_password_policy' "
        "ORDER BY finished_at LIMIT 1",
    )
    (place,) = home.glob(f"evidence/objects/initech/{digest[:2]}/{digest[2:]}.gz*")
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)

    done = kushim(demo.folder, "verify", environment=surroundings(KUSHIM_HOME=str(home)), code=1)

    broken = [line for line in done.stdout.splitlines() if line.startswith("BROKEN")]
    assert broken
    assert all(digest in line and "initech" in line and "aws.iam_password_policy" in line for line in broken)


def test_the_demo_keeps_away_from_somebodys_own_evidence(tmp_path: Path) -> None:
    ledger = tmp_path / ".kushim" / "evidence" / "ledger"
    ledger.mkdir(parents=True)
    (ledger / "acme.jsonl").write_text("")
    done = kushim(tmp_path, "demo", code=1)
    assert "acme" in done.stderr
    assert "KUSHIM_HOME=" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_was_started_ends_with_the_demo(tmp_path: Path, number: int) -> None:
    process = started(tmp_path, "demo", environment=surroundings())
    try:
        wait_for(process, "building")
        children = descendants(process.pid)
        assert children
        process.send_signal(number)
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
    for child in children:
        assert ends(child)
