"""A tenant's states, by command and by editor: what is written down, and what follows."""

import os
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kushim_pipeline import stores
from kushim_pipeline.cli import cli
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.life import lives
from kushim_pipeline.evidence.trail import Trail
from kushim_pipeline.evidence.verify import Broken, Shredded, verify
from kushim_pipeline.operate.life import notice, recorded
from kushim_pipeline.operate.shred import due
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores, shared_vault
from kushim_pipeline.tenants.load import load_tenants

FILE = "tenant: {tenant}\nname: A\nconnections: []  # none\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in {"KUSHIM_HOME": tmp_path / "home", "KUSHIM_TENANTS": tmp_path / "tenants"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("KUSHIM_ACTOR", "ada")
    for name in ("KUSHIM_WAREHOUSE_URL", "KUSHIM_KEYS", "KUSHIM_KEYS_PREVIOUS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tenants").mkdir()
    for tenant in ("acme", "beta"):
        (tmp_path / "tenants" / f"{tenant}.yaml").write_text(FILE.format(tenant=tenant))
    return Settings.read()


def file_of(settings: Settings, tenant: str = "acme") -> Path:
    return settings.tenants / f"{tenant}.yaml"


def kushim(*arguments: str, code: int = 0, typed: str = "") -> Result:
    done = CliRunner().invoke(cli, list(arguments), input=typed)
    assert done.exit_code == code, f"{done.output} {done.exception!r}"
    return done


def look(settings: Settings) -> list[str]:
    """What the next run or sensor does."""
    return notice(settings, load_tenants(settings.tenants, check_secrets=False))


def states(settings: Settings, tenant: str = "acme") -> list[tuple[str, str]]:
    """(state, by) of the ledger, oldest first; the trail must tell the same."""
    found = [(str(e.payload["state"]), str(e.payload["by"])) for e in lives(Ledger(settings.evidence), tenant)][::-1]
    trail = [(e.payload["state"], e.payload["by"]) for e in Trail(settings.home).entries(tenant)]
    assert trail == found
    assert {e.payload["actor"] for e in Trail(settings.home).entries()} <= {"ada"}
    return found


def test_a_life_by_commands(settings: Settings) -> None:
    look(settings)
    before = file_of(settings).read_text()
    kushim("tenants", "pause", "acme")
    assert file_of(settings).read_text() == before.replace("acme\n", "acme\nstate: paused\n")
    assert "already" in kushim("tenants", "pause", "acme").output
    kushim("tenants", "resume", "acme")
    kushim("tenants", "offboard", "acme", "--retain-until", "2031-05-01")
    kushim("tenants", "pause", "acme", code=1)
    assert states(settings) == [
        ("active", "file"), ("paused", "command"), ("active", "command"), ("offboarded", "command"),
    ]  # fmt: skip
    assert look(settings) == []
    assert len(states(settings)) == 4
    shown = kushim("tenants", "history", "acme", "--format", "csv").output.splitlines()
    assert [line.split(",")[1:4] for line in shown[2:4]] == [["paused", "active", ""], ["active", "paused", ""]]
    assert "2031-05-01" in shown[4]
    assert "tenant.pause" in kushim("trail", "--tenant", "acme", "--format", "csv").output
    assert kushim("trail", "--tenant", "nobody", "--format", "json").output == "[]\n"


def test_what_an_editor_changed_is_noticed_once(settings: Settings) -> None:
    look(settings)
    file_of(settings).write_text(FILE.format(tenant="acme") + "state: paused\n")
    for _ in range(3):
        look(settings)
    assert states(settings) == [("active", "file"), ("paused", "file")]
    assert states(settings, "beta") == [("active", "file")]


def test_a_file_that_disappears_and_comes_back(settings: Settings) -> None:
    look(settings)
    text = file_of(settings).read_text()
    file_of(settings).unlink()
    (settings.tenants / "who.yaml").write_text("name: nobody knows\n")
    look(settings)
    assert len(states(settings)) == 1, "the file that does not say whose it is might be the tenant's"
    (settings.tenants / "who.yaml").unlink()
    look(settings)
    assert "acme,,removed" in kushim("tenants", "list", "--format", "csv").output
    file_of(settings).write_text(text)
    look(settings)
    assert [state for state, _ in states(settings)] == ["active", "removed", "active"]


def test_a_crash_before_the_trail_is_made_good(settings: Settings) -> None:
    look(settings)
    Ledger(settings.evidence).append(
        "acme", "life", {"state": "paused", "retain_until": None, "before": "active", "by": "command", "actor": "ada"}
    )
    file_of(settings).write_text(FILE.format(tenant="acme") + "state: paused\n")
    look(settings)
    assert len(list(lives(Ledger(settings.evidence), "acme"))) == 2
    assert recorded(settings)["acme"].state == "paused"


@pytest.mark.parametrize("by", ["command", "file"])
def test_offboarding_destroys_the_secrets_and_keeps_the_evidence(settings: Settings, by: str) -> None:
    look(settings)
    vault = shared_vault(settings)
    vault.set("acme", "token", "s3cret-of-acme")
    vault.set("beta", "token", "s3cret-of-beta")
    digest = open_stores(settings).evidence.put("acme", b"evidence")
    if by == "command":
        kushim("tenants", "offboard", "acme")
    else:
        file_of(settings).write_text(FILE.format(tenant="acme") + "state: offboarded\n")
        look(settings)
    assert [secret.tenant_id for secret in vault.names()] == ["beta"]
    assert open_stores(settings).evidence.get("acme", digest) == b"evidence"
    assert states(settings)[-1] == ("offboarded", by)


def test_a_file_with_a_mistake_is_not_edited(settings: Settings) -> None:
    text = FILE.format(tenant="acme") + "conections: []\n"
    file_of(settings).write_text(text)
    assert "conections" in kushim("tenants", "pause", "acme", code=1).output
    file_of(settings).write_text(text.replace("conections: []\n", "---\ntenant: two\n"))
    assert "---" in kushim("tenants", "pause", "acme", code=1).output
    kushim("tenants", "pause", "nobody", code=2)
    assert "state" not in file_of(settings).read_text()


def test_a_tenant_is_added(settings: Settings) -> None:
    assert "kushim run --tenant zeta" in kushim("tenants", "add", "zeta", "--name", "Zeta: the 6th").output
    assert states(settings, "zeta") == [("active", "command")]
    (zeta,) = [t for t in load_tenants(settings.tenants).tenants if t.tenant == "zeta"]
    assert zeta.name == "Zeta: the 6th"
    kushim("tenants", "add", "zeta", "--name", "Z", code=1)
    kushim("tenants", "add", "../zeta", "--name", "Z", code=1)


def test_shredding_waits_for_its_time(settings: Settings) -> None:
    look(settings)
    for arguments, why in (
        ([], "offboard it first"),
        (["offboard", "acme"], "for ever"),
        (["offboard", "acme", "--retain-until", "2999-01-01"], "until 2999-01-01"),
    ):
        if arguments:
            kushim("tenants", *arguments)
        assert why in kushim("tenants", "shred", "acme", "--yes", code=1).output
    assert "no tenant is due" in kushim("tenants", "shred", "--due", "--yes").output
    kushim("tenants", "shred", code=2)
    loaded = load_tenants(settings.tenants)
    assert due(settings, loaded, date(2999, 1, 1)) == []
    assert due(settings, loaded, date(2999, 1, 2)) == ["acme"]
    # The file may go before its time comes: the ledger remembers.
    file_of(settings).unlink()
    look(settings)
    assert due(settings, load_tenants(settings.tenants), date(2999, 1, 2)) == ["acme"]
    file_of(settings).write_text("tenant: acme\nnome: x\n")
    assert due(settings, load_tenants(settings.tenants), date(2999, 1, 2)) == []


def test_shredding_asks_for_the_name(settings: Settings) -> None:
    store = open_stores(settings).evidence
    digest, other = store.put("acme", b"canary"), store.put("beta", b"canary")
    kushim("tenants", "offboard", "acme", "--retain-until", "2020-01-01")
    assert "nothing was destroyed" in kushim("tenants", "shred", "acme", code=1, typed="beta\n").output
    assert store.get("acme", digest) == b"canary"
    kushim("tenants", "shred", "acme", typed="acme\n")
    kushim("evidence", digest, "--tenant", "acme", code=1)
    assert store.get("beta", other) == b"canary"
    assert [state for state, _ in states(settings)] == ["offboarded", "shredded"]
    (shredded,) = verify(store, Ledger(settings.evidence), ["acme"])
    assert isinstance(shredded, Shredded)
    kushim("tenants", "shred", "acme", "--yes", code=1)
    for command in ("pause", "resume", "offboard"):
        assert "shredded" in kushim("tenants", command, "acme", code=1).output


def test_a_shredded_tenant_begins_anew_only_when_that_is_allowed(settings: Settings) -> None:
    open_stores(settings).evidence.put("acme", b"old")
    kushim("tenants", "offboard", "acme", "--retain-until", "2020-01-01")
    kushim("tenants", "shred", "--due", "--yes")
    assert look(settings) == []
    file_of(settings).write_text(FILE.format(tenant="acme"))
    assert "was shredded" in look(settings)[0]
    assert states(settings)[-1] == ("shredded", "command")
    shared_vault(settings).keys.allow_again("acme")
    assert look(settings) == []
    assert states(settings)[-1] == ("active", "file")
    open_stores(settings).evidence.put("acme", b"new")
    assert not [one for one in verify(open_stores(settings).evidence, Ledger(settings.evidence), ["acme"])
                if isinstance(one, Broken)]  # fmt: skip


def test_verify_follows_the_trail(settings: Settings) -> None:
    look(settings)
    assert "0 broken" in kushim("verify").output
    path = Trail(settings.home).path
    path.write_text(path.read_text().replace('"by":"file"', '"by":"fill"', 1))
    os.utime(path)
    assert "BROKEN trail" in kushim("verify", code=1).output


def test_a_change_that_cannot_be_followed_is_told_and_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(settings)
    for tenant, state in (("acme", "offboarded"), ("beta", "paused")):
        file_of(settings, tenant).write_text(FILE.format(tenant=tenant) + f"state: {state}\n")
    with monkeypatch.context() as patched:
        patched.setattr(stores, "shared_vault", lambda _: (_ for _ in ()).throw(RuntimeError("the vault is away")))
        (line,) = look(settings)
    assert "acme is offboarded by its file" in line
    assert "the vault is away" in line
    assert states(settings)[-1] == ("active", "file")
    assert states(settings, "beta")[-1] == ("paused", "file")
    assert look(settings) == []
    assert states(settings)[-1] == ("offboarded", "file")


def test_a_broken_trail_stops_no_collection(settings: Settings) -> None:
    look(settings)
    with Trail(settings.home).path.open("a") as file:
        file.write("not an entry\n")
    file_of(settings).write_text(FILE.format(tenant="acme") + "state: paused\n")
    (line,) = look(settings)
    assert "audit trail is broken" in line


def test_a_paused_tenant_does_not_run(settings: Settings) -> None:
    kushim("tenants", "pause", "acme")
    said = kushim("run", "--tenant", "acme", code=1).output
    assert "acme is paused" in said
    assert "kushim tenants resume acme" in said
    kushim("run", "--tenant", "nobody", code=2)


def test_evidence_is_printed_after_its_hash_was_checked(settings: Settings, tmp_path: Path) -> None:
    look(settings)
    digest = open_stores(settings).evidence.put("acme", b"\x00\xffbytes\n")
    assert kushim("evidence", digest, "--tenant", "acme").stdout_bytes == b"\x00\xffbytes\n"
    kushim("evidence", digest, "--tenant", "acme", "--output", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"\x00\xffbytes\n"
    assert "no evidence object" in kushim("evidence", digest, "--tenant", "beta", code=1).output
    kushim("evidence", digest, "--tenant", "nobody", code=2)
    (path,) = settings.evidence.glob("objects/acme/*/*.sealed")
    path.write_bytes(path.read_bytes()[:-1])
    stores._vault.cache_clear()
    assert digest in kushim("evidence", digest, "--tenant", "acme", code=1).output
