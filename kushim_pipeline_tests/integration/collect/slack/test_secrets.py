"""A token is in no output: not in evidence, receipts or messages, whatever the vendor does with it."""

import gzip
import json
import logging
from pathlib import Path

import pytest

from kushim_pipeline.collect.run import masking
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.slack.acme import ADMIN, BOT, ORG, collect
from kushim_pipeline_tests.integration.collect.slack.conftest import Start


def everything_in(root: Path) -> bytes:
    parts = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            parts.append(gzip.decompress(data) if path.suffix == ".gz" else data)
    return b"\n".join(parts)


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("/api/team.info*", "body", body=json.dumps({"ok": True, "team": {"id": "T1", "echo": ADMIN}}).encode()),
        Fault("/api/team.info*", "status", status=200, message=f"bad_token: {ADMIN}"),
        Fault("/api/team.info*", "status", status=401, message=f"Bad credentials: {ADMIN}"),
        Fault("/audit/v1/logs*", "status", status=403, message=f"{ORG} may not"),
        Fault("/api/team.info*", "status", status=302, headers={"Location": f"https://x.example/?token={ADMIN}"}),
    ],
    ids=["healthy", "body", "error", "status", "audit", "redirect"],
)
def test_the_tokens_are_nowhere(
    vendor: Start, root: Path, fault: Fault | None, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    found = collect(vendor(*[fault] if fault else []).url, root)
    kept = everything_in(root)
    assert b"member-00001" in kept  # the search would find it
    shown = caplog.text + "".join(capfd.readouterr()) + "".join(map(repr, found.receipts.values()))
    for token in (ADMIN, ORG):
        assert token.encode() not in kept and token not in shown and token[5:] not in shown


def test_an_answer_that_repeats_the_token_is_not_kept(vendor: Start, root: Path) -> None:
    body = json.dumps({"ok": True, "team": {"id": "T1", "echo": ADMIN}}).encode()
    found = collect(vendor(Fault("/api/team.info*", "body", body=body)).url, root, only=["slack.team"])
    assert found.outcome("slack.team") is Outcome.PARTIAL
    assert found.reasons("slack.team") == {Reason.QUARANTINED}


def test_each_api_sees_its_own_token_and_no_other(vendor: Start, root: Path) -> None:
    server = vendor()
    found = collect(server.url, root, token=BOT, audit_token=ORG, only=["slack.audit_event", "slack.team"])
    assert {found.outcome(stream) for stream in found.receipts} == {Outcome.COMPLETE}
    assert BOT not in repr(server.ledger) and ORG not in repr(server.ledger)


def test_what_looks_like_a_token_is_masked_in_messages() -> None:
    masked = masking([])
    for token in (ADMIN, BOT):
        assert token not in masked(f"refused for {token}")
