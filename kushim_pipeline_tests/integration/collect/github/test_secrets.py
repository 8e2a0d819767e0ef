"""The token is in no output: not in evidence, receipts or ledger, whatever the vendor does with it."""

import gzip
import logging
from pathlib import Path

import pytest

from kushim_pipeline.collect.run import Stores, collect_source
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Outcome, Reason, Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.sandbox.github.faults import Fault
from kushim_pipeline.tenants.config import GithubConnection, TenantConfig
from kushim_pipeline_tests.integration.collect.github.company import LOGIN, OWNER, collect
from kushim_pipeline_tests.integration.collect.github.conftest import Start


def run(url: str, root: Path) -> list[Receipt]:
    connection = GithubConnection(source="github", org=LOGIN, token="env:T", base_url=url)  # type: ignore[arg-type]
    tenant = TenantConfig(tenant="acme", name="Acme", connections=(connection,))
    return collect_source(tenant, "github", Stores(FileStore(root), Ledger(root)), {"T": OWNER})


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
        Fault(f"/orgs/{LOGIN}", "body", body=f'{{"login": "acme", "echo": "{OWNER}"}}'.encode()),
        Fault(f"/orgs/{LOGIN}", "status", status=401, message=f"Bad credentials: {OWNER}"),
        Fault(f"/orgs/{LOGIN}", "status", status=301, headers={"Location": f"https://x.example/?token={OWNER}"}),
        Fault(f"/orgs/{LOGIN}/members*", "headers", headers={"Link": f'<https://{OWNER}@x.example/>; rel="next"'}),
    ],
)
def test_the_token_is_nowhere(
    vendor: Start, root: Path, fault: Fault | None, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    receipts = run(vendor(*[fault] if fault else []).url, root)
    kept = everything_in(root)
    assert b"person-000" in kept  # the search would find it
    assert OWNER.encode() not in kept
    shown = caplog.text + "".join(capfd.readouterr()) + "".join(map(repr, receipts))
    assert OWNER not in shown
    assert OWNER[4:] not in shown


def test_an_answer_that_repeats_the_token_is_not_kept(vendor: Start, root: Path) -> None:
    body = f'{{"login": "acme", "echo": "{OWNER}"}}'.encode()
    found = collect(vendor(Fault(f"/orgs/{LOGIN}", "body", body=body)).url, root, only=["github.organization"])
    assert found.outcome("github.organization") is Outcome.PARTIAL
    assert found.reasons("github.organization") == {Reason.QUARANTINED}
    assert found.receipts["github.organization"].pages == ()


def test_a_token_that_http_does_not_allow_is_not_shown(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token="ghp_first\nsecond", only=["github.organization"])
    error = found.receipts["github.organization"].error or ""
    assert found.outcome("github.organization") is Outcome.FAILED
    assert "second" not in error and "token" in error


def test_a_netrc_file_does_not_replace_the_token(
    vendor: Start, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert collect(vendor().url, root, only=["github.owner"]).outcome("github.owner") is Outcome.COMPLETE


def test_a_private_base_url_is_refused_without_the_operators_leave(
    vendor: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUSHIM_ALLOW_PRIVATE_HOSTS")
    server = vendor()
    receipts = run(server.url, root)
    assert {receipt.outcome for receipt in receipts} == {Outcome.FAILED}
    assert all("KUSHIM_ALLOW_PRIVATE_HOSTS=1" in (receipt.error or "") for receipt in receipts)
    assert server.ledger == ()
