"""The token is in no output: not in evidence, receipts or logs, whatever the vendor does with it."""

import gzip
import logging
from pathlib import Path

import pytest

from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline_tests.integration.collect.okta.conftest import Start
from kushim_pipeline_tests.integration.collect.okta.org import ACCESS, TOKEN, collect

FEW = ["okta.organization", "okta.user", "okta.group", "okta.event"]


def everything_in(root: Path) -> bytes:
    parts = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            parts.append(gzip.decompress(data) if path.suffix == ".gz" else data)
    return b"\n".join(parts)


@pytest.mark.parametrize("token", [TOKEN, ACCESS])
@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("/api/v1/org", "body", body=b'{"id": "00o1", "echo": "$TOKEN"}'),
        Fault("/api/v1/org", "status", status=401, message="E0000011 Invalid token provided: $TOKEN"),
        Fault("/api/v1/org", "status", status=301, headers={"Location": "https://x.example/?token=$TOKEN"}),
        Fault("/api/v1/groups*", "headers", headers={"Link": '<https://$TOKEN@x.example/>; rel="next"'}),
    ],
)
def test_the_token_is_nowhere(
    vendor: Start,
    root: Path,
    token: str,
    fault: Fault | None,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = [
        Fault(
            each.path_pattern,
            each.kind,
            status=each.status,
            message=each.message.replace("$TOKEN", token),
            body=each.body.replace(b"$TOKEN", token.encode()),
            headers={name: text.replace("$TOKEN", token) for name, text in each.headers.items()},
        )
        for each in ([fault] if fault else [])
    ]
    found = collect(vendor(*faults).url, root, token=token, only=FEW)
    kept = everything_in(root)
    assert b"person-000" in kept  # the search would find it
    assert token.encode() not in kept
    shown = caplog.text + "".join(capfd.readouterr()) + "".join(map(repr, found.receipts.values()))
    assert token not in shown
    assert token[4:] not in shown


def test_an_answer_that_repeats_the_token_is_not_kept(vendor: Start, root: Path) -> None:
    body = f'{{"id": "00o1", "echo": "{TOKEN}"}}'.encode()
    found = collect(vendor(Fault("/api/v1/org", "body", body=body)).url, root, only=["okta.organization"])
    assert found.outcome("okta.organization") is Outcome.PARTIAL
    assert found.reasons("okta.organization") == {Reason.QUARANTINED}
    assert found.receipts["okta.organization"].pages == ()


def test_a_token_that_http_does_not_allow_is_not_shown(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token="00first\nsecond", only=["okta.organization"])
    assert found.outcome("okta.organization") is not Outcome.COMPLETE
    assert "second" not in found.error("okta.organization")


def test_a_private_org_url_is_refused_without_the_operators_leave(
    vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = vendor()
    monkeypatch.delenv("KUSHIM_ALLOW_PRIVATE_HOSTS")
    with pytest.raises(ValueError, match="KUSHIM_ALLOW_PRIVATE_HOSTS=1"):
        collect(server.url, root)
    assert server.ledger == ()
