"""HTTP responses of the emulators: GitHub's JSON, and AWS's JSON 1.1 and query (XML) protocols."""

from __future__ import annotations

import json
import secrets
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

_AWS_JSON = "application/x-amz-json-1.1"


class AwsError(Exception):
    """An error response of AWS: HTTP `status`, its `code` and its `message`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def json_response(status: int, body: object, *, headers: dict[str, str] | None = None) -> Response:
    """Return a response with `body` as JSON."""
    return Response(json.dumps(body), status, headers, content_type="application/json; charset=utf-8")


def aws_json(body: object) -> Response:
    """Return a successful response of AWS's JSON 1.1 protocol."""
    headers = {"x-amzn-RequestId": request_id()}
    return Response(json.dumps(body), 200, headers, content_type=_AWS_JSON)


def aws_json_error(error: AwsError) -> Response:
    """Return an error response of AWS's JSON 1.1 protocol."""
    body = json.dumps({"__type": error.code, "message": error.message})
    headers = {"x-amzn-RequestId": request_id(), "x-amzn-ErrorType": error.code}
    return Response(body, error.status, headers, content_type=_AWS_JSON)


def aws_xml_error(error: AwsError, namespace: str) -> Response:
    """Return an error response of AWS's query protocol."""
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id()}</RequestId></ErrorResponse>"
    )
    return Response(body, error.status, content_type="text/xml")


def request_id() -> str:
    """Return a request id of the form that AWS puts on every response."""
    part = secrets.token_hex(16)
    return f"{part[:8]}-{part[8:12]}-{part[12:16]}-{part[16:20]}-{part[20:]}"
