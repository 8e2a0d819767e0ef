"""The token is in no output, in no spelling, whatever the vendor does with it."""

import base64
import gzip
import logging
from pathlib import Path

import pytest

from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.jira.acme import ADMIN, SECRETS, Clock, collect
from kushim_pipeline_tests.integration.collect.jira.conftest import Start

TOKEN = SECRETS[ADMIN]
BASIC = base64.b64encode(f"{ADMIN}:{TOKEN}".encode()).decode()
SITE = "/rest/api/3/serverInfo"


def everything_in(root: Path) -> bytes:
    parts = [path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()]
    return b"\n".join(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data for data in parts)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/none", "html"),
        Fault(SITE, "status", status=401, message=f"Bad credentials: {TOKEN}"),
        Fault(SITE, "status", status=301, headers={"Location": f"https://x.example/?token={TOKEN}"}),
    ],
    ids=["none", "401", "301"],
)
def test_the_token_is_nowhere(
    vendor: Start, root: Path, fault: Fault, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    found = collect(vendor(fault).url, root, only=["jira.site", "jira.group", "jira.issue"], clock=Clock())
    kept = everything_in(root)
    assert b"jira-users" in kept  # the search would find it
    shown = caplog.text + "".join(capfd.readouterr()) + "".join(map(repr, found.receipts.values()))
    for secret in (TOKEN, BASIC):
        assert secret.encode() not in kept
        assert secret not in shown


def test_an_answer_that_repeats_the_token_is_not_kept(vendor: Start, root: Path) -> None:
    body = f'{{"deploymentType": "Cloud", "echo": "{TOKEN}"}}'.encode()
    found = collect(vendor(Fault(SITE, "body", body=body)).url, root, only=["jira.site"])
    assert found.reasons("jira.site") == {Reason.QUARANTINED}
    assert found.receipts["jira.site"].pages == ()


def test_a_token_that_http_does_not_allow_is_not_shown(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token="ATATT-first\nsecond", only=["jira.site"])
    assert found.outcome("jira.site") is not Outcome.COMPLETE
    assert "second" not in found.said("jira.site")


def test_a_private_base_url_is_refused_without_the_operators_leave(
    vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUSHIM_ALLOW_PRIVATE_HOSTS")
    server = vendor()
    with pytest.raises(ValueError, match="KUSHIM_ALLOW_PRIVATE_HOSTS=1"):
        collect(server.url, root)
    assert server.ledger == ()
