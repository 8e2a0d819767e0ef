"""Several processes use one vault at once."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import evidence_seals, open_vault
from kushim_pipeline.vault.table import SECRET
from kushim_pipeline_tests.integration.vault.conftest import Open
from kushim_pipeline_tests.integration.vault.test_vault import rows, value

EACH = 25
_PROGRAM = f"""
import sys
import threading
from pathlib import Path
from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import evidence_seals, open_vault
from kushim_pipeline.vault.table import SECRET
home, url, me = sys.argv[1:]
vault = open_vault(Settings(Path(home), Path(home), url), {{}})
print("ready", flush=True)
sys.stdin.readline()
versions = []
for number in range({EACH}):
    versions.append(vault.set("acme", "shared", f"{{me}} {{number}}"))
    vault.set("acme", f"own-{{me}}-{{number}}", f"{{me}} {{number}}")
sealed = evidence_seals(vault).seal("acme", me, me.encode())
print(sealed.hex(), *versions, flush=True)
"""


def test_two_processes_set_secrets_at_once(settings: Settings, opened: Open, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", _PROGRAM, str(settings.home), settings.warehouse_url]
    started = [
        subprocess.Popen([*arguments, me], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for me in "ab"
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n", timeout=120)[0].split() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    # No version was given twice, and the newest of the shared secret is the one that was set last.
    versions = sorted(int(version) for answer in answers for version in answer[1:])
    assert versions == list(range(1, 2 * EACH + 1))
    vault = opened()
    last = next(me for me, answer in zip("ab", answers, strict=True) if int(answer[-1]) == 2 * EACH)
    assert value(vault, "acme", "shared") == f"{last} {EACH - 1}"
    for me in "ab":
        for number in range(EACH):
            assert value(vault, "acme", f"own-{me}-{number}") == f"{me} {number}"
    # They agreed on one data key, and only the newest version has bytes.
    assert len({row.key_id for row in rows(vault, "acme")}) == 1
    assert sum(row.sealed is not None for row in rows(vault, "acme") if row.name == "shared") == 1
    for me, answer in zip("ab", answers, strict=True):
        assert evidence_seals(vault).open("acme", me, bytes.fromhex(answer[0])) == me.encode()
    assert len(list((settings.home / "keys").iterdir())) == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_file_is_its_owners_alone_and_holds_nothing_plain(settings: Settings) -> None:
    vault = open_vault(settings, {})
    canary, newer = "canary-5c1b7d2e90", "newer-canary-77ab"
    vault.set("acme", "token", canary)
    [old] = rows(vault, "acme")
    vault.set("acme", "token", newer)
    files = [path for path in settings.home.glob("vault.sqlite*") if path.is_file()]
    assert files
    for path in files:
        assert path.stat().st_mode & 0o077 == 0, path
        content = path.read_bytes()
        assert canary.encode() not in content
        assert newer.encode() not in content
        # The overwritten ciphertext is gone from the file and from its log, not only from the row.
        assert old.sealed not in content
        assert old.sealed[-24:] not in content, path
    vault.shred("acme")
    assert all(row.key_id.encode() not in path.read_bytes() for row in [old] for path in files if path.exists())
    vault.close()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_file_that_became_readable_for_others_is_closed_again(settings: Settings) -> None:
    vault = open_vault(settings, {})
    vault.set("acme", "token", "x")
    vault.close()
    (settings.home / "vault.sqlite").chmod(0o644)
    assert value(open_vault(settings, {}), "acme", "token") == "x"
    assert (settings.home / "vault.sqlite").stat().st_mode & 0o077 == 0


def test_a_change_of_a_tenant_waits_for_the_one_before(opened: Open) -> None:
    """Who reads the newest version before another's change is committed would give its number a second time."""
    first, second = opened(), opened()
    first.set("acme", "token", "x")
    second.get("acme", "token")
    looked, versions = threading.Event(), []

    def look(_: object, __: object, statement: str, *___: object) -> None:
        if "max(" in statement:
            looked.set()

    sa.event.listen(second.table._engine, "before_cursor_execute", look)
    thread = threading.Thread(target=lambda: versions.append(second.set("acme", "token", "third")))
    with first.table.writing("acme") as connection:
        [row] = connection.execute(sa.select(SECRET)).all()
        connection.execute(sa.insert(SECRET).values(**{**row._mapping, "version": 2, "sealed": None}))
        thread.start()
        assert not looked.wait(0.3)
    thread.join()
    assert looked.is_set()
    assert versions == [3]
