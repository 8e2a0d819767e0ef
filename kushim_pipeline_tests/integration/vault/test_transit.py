"""Vault's transit engine as the key provider, through hvac and HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import KeyMissing, KeyUnavailable, SealBroken, WeakKey, open_vault
from kushim_pipeline.vault.keys import Wrapped
from kushim_pipeline.vault.provider_transit import TransitKeys
from kushim_pipeline.vault.vault import Vault
from kushim_pipeline_tests.integration.vault.test_vault import value
from kushim_pipeline_tests.integration.vault.transit_standin import TOKEN, Transit, transit


@pytest.fixture
def engine() -> Iterator[Transit]:
    with transit() as running:
        running.make("kushim")
        yield running


def environ(engine: Transit, **more: str) -> dict[str, str]:
    return {"KUSHIM_KEYS": "vault:kushim", "VAULT_ADDR": engine.url, "VAULT_TOKEN": TOKEN, **more}


def keys(engine: Transit, **more: str) -> TransitKeys:
    return TransitKeys("kushim", environ(engine, **more))


def opened(tmp_path: Path, environment: dict[str, str]) -> Vault:
    return open_vault(Settings.read({"KUSHIM_HOME": str(tmp_path)}), environment)


def test_secrets_are_kept_and_the_key_stays_in_vault(engine: Transit, tmp_path: Path) -> None:
    vault = opened(tmp_path, environ(engine))
    vault.set("acme", "token", "hunter2")
    assert value(opened(tmp_path, environ(engine)), "acme", "token") == "hunter2"
    assert vault.names()[0].wrapped_by == "vault:kushim:v1"
    assert not (tmp_path / "keys").exists()


def test_a_data_key_costs_one_request_in_a_process(engine: Transit, tmp_path: Path) -> None:
    vault = opened(tmp_path, environ(engine))
    for number in range(5):
        vault.set("acme", f"token-{number}", "x")
    again = opened(tmp_path, environ(engine))
    engine.requests.clear()
    for number in range(5):
        again.get("acme", f"token-{number}")
    assert engine.requests == ["POST /v1/transit/decrypt/kushim"]


def test_rotation_makes_a_version_and_wraps_anew(engine: Transit, tmp_path: Path) -> None:
    vault = opened(tmp_path, environ(engine))
    vault.set("acme", "token", "hunter2")
    done = vault.rotate_key()
    assert (done.key_id, done.made, done.wrapped) == ("vault:kushim:v2", True, 1)
    engine.keys["kushim"]["min"] = 2  # the old version is retired in Vault
    assert value(opened(tmp_path, environ(engine)), "acme", "token") == "hunter2"


def test_what_was_moved_or_changed_is_refused(engine: Transit) -> None:
    wrapped = keys(engine).wrap(b"k" * 32, b"acme")
    assert keys(engine).unwrap(wrapped, b"acme") == b"k" * 32
    changed = wrapped.blob[:-8] + (b"AAAAAAA=" if not wrapped.blob.endswith(b"AAAAAAA=") else b"BBBBBBB=")
    for blob, aad in ((wrapped.blob, b"beta"), (changed, b"acme")):
        with pytest.raises(SealBroken):
            keys(engine).unwrap(Wrapped(wrapped.key_id, blob), aad)


def test_another_transit_key_is_not_believed(engine: Transit, tmp_path: Path) -> None:
    engine.make("theirs")
    with pytest.raises(KeyMissing):
        opened(tmp_path, environ(engine)).keys.provider.unwrap(Wrapped("vault:theirs:v1", b"vault:v1:AAAA"), b"")


@pytest.mark.parametrize("kind", ["rsa-4096", "ed25519", "aes128-gcm96"])
def test_a_key_of_another_type_is_refused_at_the_start(engine: Transit, tmp_path: Path, kind: str) -> None:
    engine.make("kushim", kind)
    with pytest.raises(WeakKey, match=f"has the type {kind}"):
        opened(tmp_path, environ(engine))


def test_an_exportable_key_is_refused_at_the_start(engine: Transit, tmp_path: Path) -> None:
    engine.make("kushim", exportable=True)
    with pytest.raises(WeakKey, match="exportable"):
        opened(tmp_path, environ(engine))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"VAULT_TOKEN": "hvs.canary-wrong-token"}, "Forbidden"),
        ({"VAULT_TOKEN": ""}, "VAULT_ADDR and VAULT_TOKEN have to be set"),
        ({"VAULT_ADDR": "http://u:canary@127.0.0.1:1"}, "could not be asked"),
        ({"KUSHIM_VAULT_MOUNT": "elsewhere"}, "InvalidPath"),
    ],
)
def test_what_cannot_be_asked_is_told(engine: Transit, tmp_path: Path, changed: dict[str, str], message: str) -> None:
    with pytest.raises(KeyUnavailable, match=message) as caught:
        opened(tmp_path, environ(engine, **changed))
    assert "canary" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("instead", [(500, b"{}"), (503, b'{"errors": ["sealed"]}'), (200, b"<html>"), (200, b"{}")])
def test_an_answer_that_is_none_is_told(engine: Transit, tmp_path: Path, instead: tuple[int, bytes]) -> None:
    engine.instead = instead
    with pytest.raises(KeyUnavailable):
        opened(tmp_path, environ(engine))
