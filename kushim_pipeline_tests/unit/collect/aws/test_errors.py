"""What a failed call means, and what of it may be repeated."""

import string

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from kushim_pipeline.collect.aws.errors import CLOCK, DENIED, GONE, THROTTLED, Garbled, from_answer, from_client, scrub
from kushim_pipeline.evidence.receipt import Reason

CODES = sorted(DENIED | THROTTLED | CLOCK | GONE)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("code", sorted(DENIED))
def test_every_refusal_is_denied_whatever_its_status(code: str, status: int) -> None:
    failed = from_answer(code, status, "no", "s3:GetBucketPolicy")
    assert failed.reason is Reason.DENIED
    assert "s3:GetBucketPolicy" in failed.message


@pytest.mark.parametrize("code", ["", "Forbidden?", "SomethingNew"])
def test_an_unknown_403_is_denied(code: str) -> None:
    assert from_answer(code, 403, "", "s3:X").reason is Reason.DENIED


@pytest.mark.parametrize("code", sorted(THROTTLED))
@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_throttling_is_not_a_refusal(code: str, status: int) -> None:
    assert from_answer(code, status, "", "x").reason is Reason.NOT_COLLECTED


@pytest.mark.parametrize("code", sorted(CLOCK))
def test_a_wrong_clock_is_not_a_refusal(code: str) -> None:
    failed = from_answer(code, 403, "", "x")
    assert failed.reason is Reason.NOT_COLLECTED
    assert "clock" in failed.message


@pytest.mark.parametrize("code", sorted(GONE))
def test_what_is_gone_is_incomplete(code: str) -> None:
    assert from_answer(code, 404, "", "x").reason is Reason.INCOMPLETE


@given(st.sampled_from(["InternalError", "ServiceUnavailable", "", "ValidationError"]), st.integers(500, 599))
def test_server_errors_are_not_collected(code: str, status: int) -> None:
    assert from_answer(code, status, "", "x").reason is Reason.NOT_COLLECTED


@given(st.sampled_from(CODES) | st.text(max_size=40), st.integers(300, 599), st.text(max_size=400))
def test_every_failure_is_one_short_line_with_a_reason(code: str, status: int, message: str) -> None:
    failed = from_answer(code, status, message, "s3:X")
    assert failed.reason in {Reason.DENIED, Reason.NOT_COLLECTED, Reason.INCOMPLETE}
    assert len(scrub(message)) <= 300
    assert "\n" not in scrub(message)


def test_the_sets_do_not_overlap() -> None:
    assert len(CODES) == len(DENIED) + len(THROTTLED) + len(CLOCK) + len(GONE)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NoCredentialsError(), Reason.DENIED),
        (CredentialRetrievalError(provider="x", error_msg="y"), Reason.DENIED),
        (EndpointConnectionError(endpoint_url="https://x"), Reason.NOT_COLLECTED),
        (ReadTimeoutError(endpoint_url="https://x"), Reason.NOT_COLLECTED),
        (ConnectionClosedError(endpoint_url="https://x"), Reason.NOT_COLLECTED),
        (ParamValidationError(report="x"), Reason.NOT_COLLECTED),
        (ResponseParserError("Unable to parse"), Reason.INCOMPLETE),
        (Garbled("not what AWS sends"), Reason.INCOMPLETE),
        (ValueError("invalid literal for int()"), Reason.INCOMPLETE),
    ],
)
def test_what_the_client_raises(error: Exception, reason: Reason) -> None:
    assert from_client(error).reason is reason


@given(st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16), st.sampled_from(["AKIA", "ASIA"]))
def test_no_key_id_survives(tail: str, head: str) -> None:
    assert head + tail not in scrub(f"The key {head}{tail} is not valid, Credential={head}{tail}/2026")


@given(st.text(string.ascii_letters + string.digits + "&=%/+-._~", min_size=4, max_size=80))
def test_no_query_string_survives(query: str) -> None:
    assert f"?{query}" not in scrub(f'Could not connect to the endpoint URL: "https://sts.amazonaws.com/?{query}"')


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: AWS4-HMAC-SHA256 Credential=x/y, SignedHeaders=host, Signature=deadbeef",
        "authorization=AWS4-HMAC-SHA256 deadbeef",
        "X-Amz-Security-Token: deadbeef",
        "bad request X-Amz-Signature=deadbeef&more",
        "Signature=deadbeef did not match",
        "the signature does not match\nThe Canonical String should have been\ndeadbeef",
    ],
)
def test_no_header_and_no_signature_survives(text: str) -> None:
    assert "deadbeef" not in scrub(text)


def test_the_plain_words_survive() -> None:
    words = "User: arn:aws:iam::123456789012:user/kushim is not authorized to perform: s3:GetBucketPolicy"
    assert scrub(words) == words
