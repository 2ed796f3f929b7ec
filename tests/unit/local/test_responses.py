from __future__ import annotations

import json

from goldenpath.local import responses
from goldenpath.local.responses import AwsError


def test_an_error_in_xml_holds_no_markup_of_whoever_asked() -> None:
    response = responses.aws_xml_error(AwsError(403, "AccessDenied", "role <x> & y"), "https://sts.example/")
    assert response.status_code == 403
    assert "<Message>role &lt;x&gt; &amp; y</Message>" in response.get_data(as_text=True)


def test_an_error_in_json_names_its_code_in_body_and_header() -> None:
    response = responses.aws_json_error(AwsError(400, "RepositoryNotFoundException", "no app"))
    body = {"__type": "RepositoryNotFoundException", "message": "no app"}
    assert (response.status_code, json.loads(response.get_data())) == (400, body)
    assert response.headers["x-amzn-ErrorType"] == "RepositoryNotFoundException"


def test_every_response_has_a_request_id_of_its_own() -> None:
    assert responses.request_id() != responses.request_id()
