"""When a service that does not answer is left alone."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from kushim_pipeline.collect.aws.calls import MAX_SILENCES, MAX_SILENCES_ALTOGETHER, Account, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.session import Client


class Service:
    """A boto3 client whose calls do what the test says, and counts them."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[str] = []

    def __getattr__(self, method: str) -> Any:
        def made(**_: Any) -> dict[str, Any]:
            self.calls.append(method)
            answer = self.answers[method]
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        return made


def account(service: Service) -> Account:
    clients: Any = SimpleNamespace(get=lambda name, region: client, home="us-east-1")
    client = Client(service, paging=lambda operation: None)
    executor: Any = None
    return Account("123456789012", "aws", ("us-east-1",), clients, executor)


def silent(target: Account, operation: str) -> str:
    with pytest.raises(ReadFailed) as caught:
        call(target, "us-east-1", [], "kms", operation)
    return str(caught.value)


def test_one_failed_connection_ends_all_calls_to_a_service() -> None:
    service = Service(list_keys=EndpointConnectionError(endpoint_url="https://x"), list_aliases={})
    target = account(service)
    silent(target, "ListKeys")
    assert "not called any more" in silent(target, "ListAliases")
    assert service.calls == ["list_keys"]


@pytest.mark.parametrize("error", [ReadTimeoutError(endpoint_url="x"), ConnectionClosedError(endpoint_url="x")])
def test_an_operation_that_is_silent_is_given_up_alone(error: Exception) -> None:
    service = Service(list_keys=error, list_aliases={})
    target = account(service)
    for _ in range(MAX_SILENCES + 5):
        silent(target, "ListKeys")
    assert service.calls == ["list_keys"] * MAX_SILENCES
    assert call(target, "us-east-1", [], "kms", "ListAliases").body == {}


def test_an_answer_in_between_starts_the_count_anew() -> None:
    service = Service(list_keys=ReadTimeoutError(endpoint_url="x"), list_aliases={})
    target = account(service)
    for _ in range(MAX_SILENCES * 2):
        silent(target, "ListKeys")
        if len(service.calls) < MAX_SILENCES * 2:
            call(target, "us-east-1", [], "kms", "ListAliases")
    assert service.calls.count("list_keys") > MAX_SILENCES


def test_a_service_that_is_silent_whatever_is_asked_is_given_up() -> None:
    timeout = ReadTimeoutError(endpoint_url="x")
    operations = [f"Operation{number}" for number in range(MAX_SILENCES_ALTOGETHER + 5)]
    service = Service(**{f"operation{number}": timeout for number in range(len(operations))})
    target = account(service)
    for operation in operations:
        silent(target, operation)
    assert len(service.calls) == MAX_SILENCES_ALTOGETHER
