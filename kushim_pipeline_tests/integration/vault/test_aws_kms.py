"""AWS KMS as the key provider, against moto over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from kushim_pipeline.settings import Settings
from kushim_pipeline.vault import KeyMissing, KeyUnavailable, SealBroken, WeakKey, open_vault
from kushim_pipeline.vault.envelope import bind
from kushim_pipeline.vault.keys import Wrapped
from kushim_pipeline.vault.provider_aws import AwsKmsKeys
from kushim_pipeline.vault.vault import Vault
from kushim_pipeline_tests.integration.collect.aws.moto_process import moto_server
from kushim_pipeline_tests.integration.vault.test_vault import value

AAD = bind("kushim data key", "acme", "secrets", "0" * 32)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_server() as running:
        yield running


@pytest.fixture
def kms(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of KMS, and the environment that lets the provider find the same one."""
    for name, text in {
        "AWS_ENDPOINT_URL_KMS": url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
        "AWS_SECRET_ACCESS_KEY": "example-secret",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, text)
    return boto3.client("kms")


def key(kms: Any, **more: str) -> str:
    """The ARN of a new key."""
    return str(kms.create_key(**more)["KeyMetadata"]["Arn"])


def opened(tmp_path: Path, **environ: str) -> Vault:
    return open_vault(Settings.read({"KUSHIM_HOME": str(tmp_path)}), environ)


def test_secrets_are_kept_and_the_key_stays_in_kms(kms: Any, tmp_path: Path) -> None:
    arn = key(kms)
    vault = opened(tmp_path, KUSHIM_KEYS=f"awskms:{arn}")
    vault.set("acme", "token", "hunter2")
    assert vault.names()[0].wrapped_by == f"awskms:{arn}"
    assert value(opened(tmp_path, KUSHIM_KEYS=f"awskms:{arn}"), "acme", "token") == "hunter2"
    assert not (tmp_path / "keys").exists()


def test_an_alias_is_followed_to_its_key(kms: Any, tmp_path: Path) -> None:
    arn = key(kms)
    kms.create_alias(AliasName="alias/kushim-test", TargetKeyId=arn)
    vault = opened(tmp_path, KUSHIM_KEYS="awskms:alias/kushim-test")
    vault.set("acme", "token", "hunter2")
    assert vault.names()[0].wrapped_by == f"awskms:{arn}"


def test_another_key_takes_over(kms: Any, tmp_path: Path) -> None:
    old, new = key(kms), key(kms)
    opened(tmp_path, KUSHIM_KEYS=f"awskms:{old}").set("acme", "token", "hunter2")
    with pytest.raises(KeyMissing, match="KUSHIM_KEYS_PREVIOUS"):
        opened(tmp_path, KUSHIM_KEYS=f"awskms:{new}").get("acme", "token")
    both = opened(tmp_path, KUSHIM_KEYS=f"awskms:{new}", KUSHIM_KEYS_PREVIOUS=f"awskms:{old}")
    assert value(both, "acme", "token") == "hunter2"
    done = both.rotate_key()
    assert (done.made, done.wrapped, done.key_id) == (False, 1, f"awskms:{new}")
    kms.disable_key(KeyId=old.rpartition("/")[2])
    assert value(opened(tmp_path, KUSHIM_KEYS=f"awskms:{new}"), "acme", "token") == "hunter2"


def test_from_key_files_to_kms(kms: Any, tmp_path: Path) -> None:
    opened(tmp_path).set("acme", "token", "hunter2")
    arn = key(kms)
    moved = opened(tmp_path, KUSHIM_KEYS=f"awskms:{arn}", KUSHIM_KEYS_PREVIOUS=f"file:{tmp_path / 'keys'}")
    assert moved.rotate_key().wrapped == 1
    assert value(opened(tmp_path, KUSHIM_KEYS=f"awskms:{arn}"), "acme", "token") == "hunter2"


def test_what_was_moved_or_changed_is_refused(kms: Any) -> None:
    provider = AwsKmsKeys(key(kms))
    wrapped = provider.wrap(b"k" * 32, AAD)
    assert provider.unwrap(wrapped, AAD) == b"k" * 32
    other_tenant = bind("kushim data key", "beta", "secrets", "0" * 32)
    for blob, aad in ((wrapped.blob, other_tenant), (wrapped.blob[:-1] + bytes([wrapped.blob[-1] ^ 1]), AAD)):
        with pytest.raises((SealBroken, KeyUnavailable)):
            provider.unwrap(Wrapped(wrapped.key_id, blob), aad)


def test_a_strangers_key_is_not_believed(kms: Any, tmp_path: Path) -> None:
    ours, theirs = key(kms), key(kms)
    planted = AwsKmsKeys(theirs).wrap(b"k" * 32, AAD)
    provider = opened(tmp_path, KUSHIM_KEYS=f"awskms:{ours}").keys.provider
    with pytest.raises(KeyMissing):
        provider.unwrap(planted, AAD)


def test_a_key_that_is_not_for_this_is_refused_at_the_start(kms: Any, tmp_path: Path) -> None:
    signing = key(kms, KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    with pytest.raises(WeakKey, match="not a symmetric key"):
        opened(tmp_path, KUSHIM_KEYS=f"awskms:{signing}")
    disabled = key(kms)
    kms.disable_key(KeyId=disabled.rpartition("/")[2])
    with pytest.raises(KeyUnavailable, match="is Disabled"):
        opened(tmp_path, KUSHIM_KEYS=f"awskms:{disabled}")
    with pytest.raises(KeyUnavailable, match="NotFoundException"):
        opened(tmp_path, KUSHIM_KEYS="awskms:alias/nothing")


def test_kms_away_is_told(kms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = key(kms)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(KeyUnavailable, match="could not be asked"):
        opened(tmp_path, KUSHIM_KEYS=f"awskms:{arn}")
