"""Key files: made once, read by nobody else, refused when others could have read or changed them."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kushim_pipeline.vault.errors import KeyMissing, SealBroken, VaultError, WeakKey
from kushim_pipeline.vault.keys import Wrapped
from kushim_pipeline.vault.local_wrap import fingerprint
from kushim_pipeline.vault.provider_file import FileKeys


def put(folder: Path, number: int, raw: bytes, name: str | None = None) -> Path:
    """A key file as Kushim would write it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{number:04}-{name or fingerprint(raw)}.key"
    path.write_bytes(base64.b64encode(raw) + b"\n")
    path.chmod(0o600)
    return path


def test_the_first_use_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "data" / "keys")
    keys.check()
    assert not (tmp_path / "data").exists()  # looking makes nothing
    wrapped = keys.wrap(b"k" * 32, b"aad")
    assert keys.unwrap(wrapped, b"aad") == b"k" * 32
    [file] = (tmp_path / "data" / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert wrapped.key_id == f"file:{file.stem}"
    assert len(base64.b64decode(file.read_bytes())) == 32
    assert FileKeys(tmp_path / "data" / "keys").unwrap(wrapped, b"aad") == b"k" * 32


def test_a_permissive_umask_changes_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileKeys(tmp_path / "keys").wrap(b"k" * 32, b"")
    finally:
        os.umask(before)
    [file] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_newest_wraps_and_all_unwrap(tmp_path: Path) -> None:
    keys, other_process = FileKeys(tmp_path / "keys"), FileKeys(tmp_path / "keys")
    old = keys.wrap(b"1" * 32, b"")
    other_process.check()
    assert keys.renew() == keys.key_id != old.key_id
    new = keys.wrap(b"2" * 32, b"")
    assert new.key_id == keys.key_id
    assert keys.unwrap(old, b"") == b"1" * 32
    # Who looked before the rotation follows it at once.
    assert other_process.unwrap(new, b"") == b"2" * 32
    assert other_process.wrap(b"3" * 32, b"").key_id == new.key_id
    assert keys.older() == [old.key_id]


def test_a_retired_key_is_gone_and_the_current_one_stays(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    old = keys.wrap(b"1" * 32, b"")
    keys.renew()
    keys.retire(old.key_id)
    assert keys.older() == []
    with pytest.raises(KeyMissing, match="put it back from its backup"):
        keys.unwrap(old, b"")
    with pytest.raises(VaultError, match="cannot be retired"):
        keys.retire(keys.key_id)


def test_a_wrapped_key_is_bound_to_what_it_is_for(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    wrapped = keys.wrap(b"1" * 32, b"acme")
    for blob, aad in ((wrapped.blob, b"beta"), (wrapped.blob[:-1] + b"x", b"acme"), (b"", b"acme")):
        with pytest.raises(SealBroken):
            keys.unwrap(Wrapped(wrapped.key_id, blob), aad)


def test_an_empty_folder_where_keys_should_be_is_no_reason_to_begin_anew(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys", may_begin=lambda: False)
    with pytest.raises(KeyMissing, match="put the key files back from their backup"):
        keys.wrap(b"1" * 32, b"")
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    put(tmp_path / "keys", 1, os.urandom(32)).chmod(mode)
    with pytest.raises(WeakKey, match="can be read by others"):
        FileKeys(tmp_path / "keys").check()


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "keys", 1, os.urandom(32))
    (tmp_path / "keys").chmod(0o755)
    with pytest.raises(WeakKey, match="chmod 700"):
        FileKeys(tmp_path / "keys").check()


def test_somebody_elses_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "keys", 1, os.urandom(32))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(WeakKey, match="belongs to another user"):
        FileKeys(tmp_path / "keys").check()


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    raw = os.urandom(32)
    outside = put(tmp_path / "elsewhere", 1, raw)
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "keys" / outside.name).symlink_to(outside)
    with pytest.raises(WeakKey, match="leads out of its folder"):
        FileKeys(tmp_path / "keys").check()


def test_a_link_inside_the_folder_is_as_good_as_its_file(tmp_path: Path) -> None:
    raw = os.urandom(32)
    real = put(tmp_path / "keys", 1, raw)
    real.rename(tmp_path / "keys" / "mounted")
    real.symlink_to("mounted")
    assert FileKeys(tmp_path / "keys").key_id == f"file:{real.stem}"


def test_a_pipe_or_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "keys" / f"0001-{'0' * 16}.key", 0o600)
    with pytest.raises(WeakKey, match="not a regular file"):
        FileKeys(tmp_path / "keys").check()
    with pytest.raises(VaultError, match="not a folder"):
        FileKeys(Path(__file__)).check()


@pytest.mark.parametrize(
    ("raw", "message"),
    [(bytes(32), "all its bytes are equal"), (os.urandom(16), "128 bits, and 256 are needed")],
    ids=["equal bytes", "too short"],
)
def test_a_weak_key_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    put(tmp_path / "keys", 1, raw)
    with pytest.raises(WeakKey, match=message):
        FileKeys(tmp_path / "keys").check()


def test_a_file_that_was_exchanged_or_damaged_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "keys", 1, os.urandom(32), name="0" * 16)
    with pytest.raises(WeakKey, match="another key than its name says"):
        FileKeys(tmp_path / "keys").check()
    path.write_text("this is a sentence\n")
    with pytest.raises(WeakKey, match="does not hold 32 bytes in base64") as caught:
        FileKeys(tmp_path / "keys").check()
    assert "sentence" not in str(caught.value)


def test_two_processes_at_once_agree_on_the_first_key(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from kushim_pipeline.vault.provider_file import FileKeys;"
        "sys.stdin.readline(); print(FileKeys(pathlib.Path(sys.argv[1])).key_id)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "keys")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0] for process in started}
    assert len(answers) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 1
