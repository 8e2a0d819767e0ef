"""Where a token may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.tenants.hosts import check_base_url, check_resolved

PUBLIC = ["https://api.github.com", "https://ghe.example.com/api/v3", "https://8.8.8.8/x", "https://[2606:4700::1111]/"]
PRIVATE = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "box",
    "printer.local",
    "git.internal",
    "a.localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("url", PUBLIC)
@pytest.mark.parametrize("allow_private", [True, False])
def test_public_https_is_allowed(url: str, allow_private: bool) -> None:
    check_base_url(url, allow_private)


@pytest.mark.parametrize("host", PRIVATE)
def test_private_hosts_need_the_operators_leave(host: str) -> None:
    with pytest.raises(ValueError, match="KUSHIM_ALLOW_PRIVATE_HOSTS=1"):
        check_base_url(f"https://{host}/api", allow_private=False)
    check_base_url(f"https://{host}:8443/api", allow_private=True)
    check_base_url(f"http://{host}:8080/api", allow_private=True)


@pytest.mark.parametrize(
    ("url", "allow_private"),
    [
        ("http://api.github.com", False),
        ("http://8.8.8.8", False),
        ("http://8.8.8.8", True),
        ("http://127.0.0.1", False),
    ],
)
def test_a_secret_is_not_sent_in_clear(url: str, allow_private: bool) -> None:
    with pytest.raises(ValueError, match="https|KUSHIM_ALLOW_PRIVATE_HOSTS"):
        check_base_url(url, allow_private)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.github.com",
        "ftp://api.github.com",
        "file:///etc/passwd",
        "https://",
        "https://host:port",
        "https://[::1",
        "https://a b.com",
        "https://a.com\\@b.com",
        "https://a.com/?x=1",
        "https://a.com/#x",
        "https://-a.com",
        "https://a..com",
        "https://" + "a" * 64 + ".com",
        " https://a.com",
    ],
)
@pytest.mark.parametrize("allow_private", [True, False])
def test_what_is_no_base_url(url: str, allow_private: bool) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # each has its own words
        check_base_url(url, allow_private)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="env:NAME") as refusal:
        check_base_url("https://user:hunter2@api.github.com", allow_private=True)
    assert "hunter2" not in str(refusal.value)


@given(st.text(max_size=60))
def test_any_text_is_allowed_or_refused(text: str) -> None:
    try:
        check_base_url(text, allow_private=False)
    except ValueError:
        return
    assert text.lower().startswith("https://")


def test_a_public_name_that_leads_to_a_private_address() -> None:
    with pytest.raises(ValueError, match="resolves to the private address"):
        check_resolved("https://rebound.example.com", False, lambda _: ["93.184.216.34", "10.0.0.1"])
    check_resolved("https://rebound.example.com", True, lambda _: ["10.0.0.1"])
    check_resolved("https://api.example.com", False, lambda _: ["93.184.216.34"])
    check_resolved("https://behind-a-proxy.example.com", False, lambda _: [])


def test_http_to_a_name_is_only_for_private_addresses() -> None:
    check_resolved("http://ghe.corp.example", True, lambda _: ["10.0.0.1"])
    with pytest.raises(ValueError, match="unencrypted"):
        check_resolved("http://ghe.corp.example", True, lambda _: ["93.184.216.34"])


def test_an_address_is_not_resolved() -> None:
    def never(_: str) -> list[str]:
        raise AssertionError("resolved an address")

    check_resolved("https://8.8.8.8", False, never)
