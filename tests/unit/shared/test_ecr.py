"""The calls to ECR that deliveries and registries share."""

from __future__ import annotations

from typing import Any

from goldenpath.shared import ecr
from goldenpath.shared.names import AccountId


class Client:
    """A double of the SDK's client: it keeps what it is asked to delete, and fails for the first image of a call."""

    def __init__(self, code: str) -> None:
        self.calls: list[dict[str, Any]] = []
        self._code = code

    def batch_delete_image(self, **options: Any) -> Any:  # noqa: ANN401  the SDK's
        self.calls.append(options)
        return {"failures": [{"failureCode": self._code, "imageId": options["imageIds"][0]}]}


def delete(code: str, count: int) -> tuple[list[Any], list[dict[str, Any]]]:
    client: Any = Client(code)
    wanted = [{"imageTag": str(number)} for number in range(count)]
    return ecr.delete(client, "app", wanted, AccountId("123456789012")), client.calls


def test_a_call_names_no_more_images_than_ecr_takes() -> None:
    failures, calls = delete("ImageReferencedByManifestList", 250)
    assert [len(call["imageIds"]) for call in calls] == [100, 100, 50]
    assert [failure["imageId"]["imageTag"] for failure in failures] == ["0", "100", "200"]
    assert {call["registryId"] for call in calls} == {"123456789012"}


def test_an_image_that_is_missing_already_is_no_failure() -> None:
    assert delete("ImageNotFound", 1)[0] == []


def test_without_an_account_the_registry_is_that_of_the_credentials() -> None:
    assert ecr.registry(None) == {}
