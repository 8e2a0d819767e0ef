"""References of tenant files: the environment's and the vault's, each tenant its own."""

from pathlib import Path

import pytest

from kushim_pipeline.settings import Settings
from kushim_pipeline.tenants.load import load_tenants
from kushim_pipeline.tenants.secret import MissingSecret, SecretRef, mask, parse
from kushim_pipeline.vault import open_vault
from kushim_pipeline.vault.resolver import resolver
from kushim_pipeline.vault.vault import Vault

FILE = """
tenant: {tenant}
name: A company
connections:
  - {{source: github, org: acme, token: "{token}"}}
"""


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(Settings.read({"KUSHIM_HOME": str(tmp_path / "home")}), {})


def never() -> Vault:
    raise AssertionError("the vault was opened")


def test_each_scheme_asks_its_own_place(vault: Vault) -> None:
    vault.set("acme", "github-token", "from the vault")
    resolve = resolver({"TOKEN": "from the environment"}, lambda: vault)
    assert resolve("acme", parse("env:TOKEN")).get_secret_value() == "from the environment"
    assert resolve("acme", parse("secret:github-token")).get_secret_value() == "from the vault"


def test_the_vault_is_opened_only_when_it_is_wanted() -> None:
    resolver({"TOKEN": "x"}, never)("acme", SecretRef("TOKEN"))


def test_another_tenants_secret_is_not_given(vault: Vault) -> None:
    vault.set("acme", "token", "of acme")
    with pytest.raises(MissingSecret, match="tenant beta has no secret token"):
        resolver({}, lambda: vault)("beta", parse("secret:token"))


def test_a_missing_secret_names_the_tenant_and_the_command(vault: Vault) -> None:
    with pytest.raises(MissingSecret) as caught:
        resolver({}, lambda: vault)("acme", parse("secret:github-token"))
    assert str(caught.value) == "tenant acme has no secret github-token"
    assert caught.value.instead == "set it with `kushim secrets set github-token --tenant acme`"


def test_a_literal_behind_secret_is_not_repeated(vault: Vault) -> None:
    with pytest.raises(MissingSecret) as caught:
        resolver({}, lambda: vault)("acme", parse("secret:ghp_0123456789abcdefghij"))
    assert "ghp_" not in str(caught.value) + caught.value.instead


def test_what_cannot_be_opened_is_told_with_its_cause(vault: Vault) -> None:
    vault.set("acme", "token", "x")
    for file in vault.keys.provider.current.folder.iterdir():  # type: ignore[attr-defined]
        file.unlink()
    other = open_vault(Settings.read({"KUSHIM_HOME": str(vault.table._file.parent)}), {})  # type: ignore[union-attr]
    with pytest.raises(MissingSecret, match="the secret token of tenant acme cannot be read: the key file") as caught:
        resolver({}, lambda: other)("acme", parse("secret:token"))
    assert caught.value.instead == "see `kushim secrets check`"


def test_what_the_vault_gave_out_is_masked_everywhere(vault: Vault) -> None:
    vault.set("acme", "token", "a-value-of-the-vault-51")
    assert "51" in mask("a-value-of-the-vault-51", [])
    resolver({}, lambda: vault)("acme", parse("secret:token"))
    assert mask("it was a-value-of-the-vault-51!", []) == "it was ***!"


def test_a_tenant_file_with_a_secret_of_the_vault(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(FILE.format(tenant="acme", token="secret:github-token"))
    resolve = resolver({}, lambda: vault)
    [problem] = load_tenants(tmp_path / "acme.yaml", environ={}, resolver=resolve).problems
    assert str(problem).endswith(
        "acme.yaml:5: (tenant acme) token of connection 1 (github): tenant acme has no secret github-token; "
        "set it with `kushim secrets set github-token --tenant acme`"
    )
    vault.set("acme", "github-token", "x")
    loaded = load_tenants(tmp_path / "acme.yaml", environ={}, resolver=resolve)
    assert loaded.problems == ()
    assert str(loaded.tenants[0].connections[0].secret_refs()["token"]) == "secret:github-token"
    # Without a vault at hand nobody says that the secret is missing.
    assert load_tenants(tmp_path / "acme.yaml", environ={}).problems == ()


@pytest.mark.parametrize("token", ["secret:", "secret: x", "secret:1a", "secret:a/b", "secret:a b", "Secret:a"])
def test_what_is_no_reference_is_refused(tmp_path: Path, token: str) -> None:
    (tmp_path / "acme.yaml").write_text(FILE.format(tenant="acme", token=token))
    loaded = load_tenants(tmp_path / "acme.yaml", environ={})
    assert loaded.tenants == ()
    assert len(loaded.problems) == 1
