"""Planted secrets are nowhere: not in what a command says, a log, an exception, a database, the evidence.

A vendor repeats them in every answer, in every spelling. Two tenants: acme's secrets are an environment variable and
the vault's; beta's, with quotes and a newline, no client can even send, so that the clients' own exceptions hold them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline_tests.canary import found, stacks
from kushim_pipeline_tests.e2e import forked
from kushim_pipeline_tests.e2e.commands import kushim, surroundings
from kushim_pipeline_tests.e2e.echo import Echo, echo

IN_ENVIRONMENT = "canary-env-/q8+Zt=&x0193"
IN_VAULT = "canary/vault+KEY=5b1d77e0c2a94f"
SPLIT = 'canary "quoted" \\ back\nsecond-line-c4d1'
ROTATED = "canary-after-rotation-9e02f6"
CANARIES = [IN_ENVIRONMENT, IN_VAULT, SPLIT, ROTATED]

ACME = """
tenant: acme
name: Acme
connections:
  - {{source: github, org: acme, token: env:ACME_TOKEN, base_url: "{url}/github"}}
  - {{source: aws, account_id: "123456789012", regions: [us-east-1], access_key_id: env:ACME_KEY,
     secret_access_key: secret:aws-key, endpoint_url: "{url}"}}
"""
BETA = """
tenant: beta
name: Beta
connections:
  - {{source: github, org: beta, token: secret:token, base_url: "{url}/github"}}
  - {{source: aws, account_id: "210987654321", regions: [us-east-1], access_key_id: env:ACME_KEY,
     secret_access_key: secret:token, session_token: secret:token, endpoint_url: "{url}"}}
"""


@dataclass
class Place:
    """A folder where Kushim ran against the vendor that repeats, and everything that was said."""

    folder: Path
    environment: dict[str, str]
    vendor: Echo
    said: list[str] = field(default_factory=list)

    def run(self, *arguments: str, code: int | None = 0) -> None:
        """Run a command; its output is searched later."""
        ended = forked.kushim(self.folder, self.environment, *arguments, prepare=[forked.judging("aws", "github")])
        assert code is None or ended.code == code, ended.said
        self.said.append(ended.said)

    def type(self, *arguments: str, value: str | None = None, code: int | None = 0, **more: str) -> None:
        """Run a command as a person starts it: a fresh interpreter, something on its stdin."""
        done = kushim(self.folder, *arguments, environment={**self.environment, **more}, code=code, value=value)
        self.said.append(done.stdout + done.stderr)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("canary")
    with echo(IN_ENVIRONMENT, IN_VAULT) as vendor:
        environment = surroundings(
            ACME_TOKEN=IN_ENVIRONMENT, ACME_KEY="AKIAEXAMPLEEXAMPLE00", KUSHIM_ALLOW_PRIVATE_HOSTS="1",
            KUSHIM_HOME=str(folder / "home"), KUSHIM_TENANTS=str(folder / "tenants"), HOSTS_CANARY=SPLIT,
        )  # fmt: skip
        (folder / "tenants").mkdir()
        (folder / "tenants" / "acme.yaml").write_text(ACME.format(url=vendor.url))
        (folder / "tenants" / "beta.yaml").write_text(BETA.format(url=vendor.url))
        place = Place(folder, environment, vendor)
        place.run("run", code=1)  # before the secrets are there
        place.type("secrets", "set", "aws-key", "--tenant", "acme", value=f"{IN_VAULT}\n")
        place.run("secrets", "set", "token", "--tenant", "beta", "--from-env", "HOSTS_CANARY")
        place.run("run", code=None)
        place.type("secrets", "set", "aws-key", "--tenant", "acme", value=ROTATED)
        vendor.aws = ROTATED
        place.type("run", code=None, KUSHIM_DEBUG="1")
        place.run("secrets", "rotate")
        place.run("secrets", "rotate", "--tenant", "beta")
        place.run("secrets", "check")
        place.run("secrets", "list", "--format", "json")
        place.run("receipts", "--format", "csv")
        place.run("query", "SELECT * FROM raw.receipt_error", "--format", "json")
        place.run("secrets", "delete", "token", "--tenant", "beta")
        place.run("secrets", "check", code=1)
        place.run("verify", code=None)
        yield place


def test_the_vendor_was_told_and_repeated(place: Place) -> None:
    """Otherwise nothing below would mean anything."""
    assert any(IN_ENVIRONMENT in header for header in place.vendor.seen)
    assert any("Credential=AKIAEXAMPLEEXAMPLE00" in header for header in place.vendor.seen)
    assert place.vendor.answers > 10
    errors = forked.table(place.folder, place.environment, "query", "SELECT * FROM raw.receipt_error")
    messages = [row["message"] for row in errors]
    assert any("***" in message for message in messages)
    assert any(row["tenant_id"] == "beta" for row in errors)
    assert "tenant acme has no secret aws-key; set it with `kushim secrets set aws-key --tenant acme`" in place.said[0]


def test_nothing_that_was_said_holds_one(place: Place) -> None:
    assert found(CANARIES, ((f"output {number}", text.encode()) for number, text in enumerate(place.said))) == []


def test_nothing_that_is_kept_holds_one(place: Place) -> None:
    settings = Settings.read(place.environment)
    kept = list(stacks(settings.home, open_stores(settings).evidence))
    assert any(where.endswith(", opened") for where, _ in kept)
    assert any(where.endswith(".duckdb, as text") for where, _ in kept)
    assert any("dagster" in where and where.endswith(", as text") for where, _ in kept)
    assert found(CANARIES, kept) == []
    # Outside KUSHIM_HOME nothing was written.
    assert {path.name for path in place.folder.iterdir()} == {"home", "tenants"}


def test_the_search_would_find_one(place: Place, tmp_path: Path) -> None:
    settings = Settings.read(place.environment)
    store = open_stores(settings).evidence
    digest = store.put("acme", f"an answer with {IN_VAULT}".encode())
    sealed = next(settings.home.rglob(f"{digest[2:]}.gz.sealed"))
    try:
        assert f"raw of secret 0 in {sealed}, opened" in found([IN_VAULT], stacks(settings.home, store))
    finally:
        sealed.unlink()


def test_the_trail_has_every_change_and_no_value(place: Place) -> None:
    [chain] = (Settings.read(place.environment).home / "trail" / "ledger").iterdir()
    text = chain.read_text()
    acts = ("secret.set", "keys.rotated", "secret.deleted")
    assert {act: text.count(f'"kind":"{act}"') for act in acts} == {
        "secret.set": 3, "keys.rotated": 2, "secret.deleted": 1
    }  # fmt: skip
