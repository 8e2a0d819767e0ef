"""The handler that stands before botocore's parsers."""

from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel

from kushim_pipeline.collect.aws.errors import Garbled, StorageFailed
from kushim_pipeline.collect.aws.wire import keep_answer, reading

SESSION = botocore.session.Session()


class Sink:
    """Where answers are kept."""

    def __init__(self, error: OSError | None = None) -> None:
        self.kept: list[tuple[bytes, str, dict[str, Any], int]] = []
        self.headers: dict[str, str] = {}
        self.error = error

    def keep(
        self, body: bytes, *, operation: str, parameters: dict[str, Any], status: int, headers: dict[str, str]
    ) -> str:
        if self.error:
            raise self.error
        self.headers = dict(headers)
        self.kept.append((body, operation, dict(parameters), status))
        return f"digest-{len(self.kept)}"


def model(service: str, operation: str) -> OperationModel:
    return SESSION.get_service_model(service).operation_model(operation)


def answer(body: bytes, status: int = 200) -> dict[str, Any]:
    return {"body": body, "status_code": status, "headers": {}}


def test_every_sink_keeps_the_bytes_with_what_was_asked() -> None:
    sinks: list[Any] = [Sink(), Sink()]
    with reading(sinks, {"region": "us-east-1"}) as page:
        keep_answer(model("kms", "ListKeys"), answer(b'{"Keys":[]}'))
    for sink in sinks:
        assert sink.kept == [(b'{"Keys":[]}', "ListKeys", {"region": "us-east-1"}, 200)]
    assert (page.evidence, page.status) == ("digest-1", 200)


def test_the_headers_that_name_an_error_are_kept_and_no_others() -> None:
    sink: Any = Sink()
    told = {"x-amzn-ErrorType": "AccessDeniedException", "x-amzn-RequestId": "1"}
    with reading([sink], {}):
        keep_answer(model("kms", "ListKeys"), {"body": b"{}", "status_code": 403, "headers": told})
    assert sink.headers == {"x-amzn-ErrorType": "AccessDeniedException"}


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("ec2", "DescribeVpcs", b"<html></html>"),
        ("ec2", "DescribeVpcs", b"<DescribeVolumesResponse/>"),
        ("ec2", "DescribeVpcs", b""),
        ("iam", "GetAccountSummary", b'{"SummaryMap": {}}'),
        ("s3", "ListBuckets", b"<AccessControlPolicy/>"),
        ("s3", "GetBucketPolicy", b"<html></html>"),
        ("s3control", "GetPublicAccessBlock", b"<html/>"),
        ("kms", "ListKeys", b"<html></html>"),
        ("kms", "ListKeys", b'{"Keys": NaN}'),
        ("kms", "ListKeys", b'{"Keys": [], "Keys": []}'),
        ("kms", "ListKeys", b'[{"Keys": []}]'),
        ("kms", "ListKeys", b"[" * 100_000),
        ("guardduty", "ListDetectors", b""),
    ],
)
def test_another_kind_of_answer_is_kept_and_refused(service: str, operation: str, body: bytes) -> None:
    sink: Any = Sink()
    with reading([sink], {}), pytest.raises(Garbled):
        keep_answer(model(service, operation), answer(body))
    assert sink.kept[0][0] == body


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("ec2", "DescribeVpcs", b'<?xml version="1.0"?>\n<DescribeVpcsResponse xmlns="http://x"/>'),
        ("rds", "DescribeDBInstances", b"  <DescribeDBInstancesResponse/>"),
        ("s3", "ListBuckets", b"<ListAllMyBucketsResult/>"),
        ("s3", "GetBucketPolicy", b'\n{"Version": "2012-10-17"}'),
        ("s3", "GetBucketAcl", b"<Error><Code>InternalError</Code></Error>"),
        ("kms", "ListKeys", b"{}"),
    ],
)
def test_what_aws_sends_passes(service: str, operation: str, body: bytes) -> None:
    with reading([], {}):
        keep_answer(model(service, operation), answer(body))


def test_an_error_body_is_kept_and_not_judged() -> None:
    sink: Any = Sink()
    with reading([sink], {}):
        keep_answer(model("ec2", "DescribeVpcs"), answer(b"<html>no</html>", 403))
    assert sink.kept[0][3] == 403


def test_a_500_in_words_reaches_botocore_as_one_that_it_retries() -> None:
    response = answer(b"upstream went away", 502)
    with reading([], {}):
        keep_answer(model("ec2", "DescribeVpcs"), response)
    assert response["body"] == b""


def test_a_call_for_access_is_not_evidence() -> None:
    keep_answer(model("sts", "AssumeRole"), answer(b"secrets"))


def test_a_full_disk_is_not_a_failure_of_aws() -> None:
    sink: Any = Sink(OSError(28, "No space left on device", "/evidence"))
    with reading([sink], {}), pytest.raises(StorageFailed):
        keep_answer(model("kms", "ListKeys"), answer(b"{}"))
