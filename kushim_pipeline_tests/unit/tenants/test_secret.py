"""Secrets are references; values appear in no repr, no error and no masked text."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from kushim_pipeline.tenants.secret import (
    MissingSecret,
    Mistake,
    SecretRef,
    from_environment,
    looks_like_credential,
    mask,
    parse,
    resolve,
    resolve_all,
)


def test_a_reference_resolves_and_its_value_does_not_print() -> None:
    found = resolve("env:TOKEN", {"TOKEN": "hunter2"})
    assert found.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(found) + str(found) + f"{found}"


def test_a_newline_around_a_value_is_dropped() -> None:
    assert resolve(SecretRef("TOKEN"), {"TOKEN": "hunter2\n"}).get_secret_value() == "hunter2"


@pytest.mark.parametrize("environ", [{}, {"TOKEN": ""}, {"TOKEN": " \n"}])
def test_an_unset_or_empty_variable_is_missing(environ: dict[str, str]) -> None:
    with pytest.raises(MissingSecret, match="the environment variable TOKEN is not set"):
        resolve("env:TOKEN", environ)


def test_resolve_all_gives_the_fields_of_a_connection() -> None:
    found = resolve_all(
        {"token": SecretRef("A"), "key": SecretRef("B")}, from_environment({"A": "1", "B": "2"}), "acme"
    )
    assert {name: value.get_secret_value() for name, value in found.items()} == {"token": "1", "key": "2"}


@pytest.mark.parametrize(
    "text", ["env:", "env: TOKEN", "env:1A", "env:A-B", "env:A\n", "ENV:A", "", None, 7, ["env:A"]]
)
def test_what_is_no_reference_is_refused(text: object) -> None:
    with pytest.raises(Mistake):
        parse(text)


@settings(deadline=None)
@given(st.text(min_size=1).filter(lambda text: not text.startswith("env:")))
def test_a_literal_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Mistake) as caught:
        parse(text)
    with pytest.raises(Mistake) as with_marker:
        parse(f"<<{text}>>")
    # The message is the same whatever was written: nothing of the literal is in it.
    assert str(caught.value) == str(with_marker.value)


@pytest.mark.parametrize("name", ["ghp_0123456789abcdefghij", "AKIAIOSFODNN7EXAMPLE", "hunter2"])
def test_a_literal_behind_env_is_not_repeated(name: str) -> None:
    with pytest.raises(MissingSecret) as caught:
        resolve(f"env:{name}", {})
    assert name not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abc",
        "github_pat_11AAA",
        "xoxb-12",
        "ATATT3xFf",
        "eyJhbGciOi.J9",
        "-----BEGIN RSA PRIVATE KEY-----",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "00a1B2c3D4e5F6g7H8i9J0k1L2",
    ],
)
def test_credentials_are_recognised(text: str) -> None:
    assert looks_like_credential(text)


@pytest.mark.parametrize("text", ["acme", "123456789012", "arn:aws:iam::123456789012:role/kushim-read", "us-east-1"])
def test_names_are_no_credentials(text: str) -> None:
    assert not looks_like_credential(text)


@settings(deadline=None)
@given(st.text(min_size=4, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_masked_text_holds_no_secret_in_any_spelling(secret: str, before: str, after: str) -> None:
    for spelling in (secret, json.dumps(secret)[1:-1], quote(secret, safe="", errors="replace")):
        masked = mask(f"{before}{spelling}{after}", [SecretStr(secret)])
        # What is left of it can only come from the text around it.
        assert spelling not in masked or spelling in before + "***" + after


def test_the_longer_secret_goes_first() -> None:
    assert mask("abcdef", ["abc", SecretStr("abcdef")]) == "***"
    assert mask("nothing", [""]) == "nothing"
