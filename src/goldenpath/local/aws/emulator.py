"""The AWS emulator: moto's applications for ECR, IAM, S3 and STS, behind our own permission checks.

Every call must carry an access key that this emulator issued. The signature is not verified: on loopback,
with random keys, the key id and the session token are proof enough.
"""

from __future__ import annotations

import io
import json
import logging
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from goldenpath.local.aws import shapes
from goldenpath.local.aws import sts as sts_service
from goldenpath.local.responses import AwsError, aws_json, aws_json_error, aws_xml_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from goldenpath.local.aws.ecr import EcrApi
    from goldenpath.local.aws.principals import Principal
    from goldenpath.local.aws.sts import Sts

    Service = Literal["ecr", "iam", "s3", "sts"]

LOG = logging.getLogger("goldenpath.local")
_SERVICES: tuple[Service, ...] = ("ecr", "iam", "s3", "sts")
_LARGEST_BODY = 8 << 20
_INVALID = "The security token included in the request is invalid."
_IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


class AwsEmulator:
    """A WSGI application for ECR, IAM, S3 (for Terraform's state) and STS."""

    def __init__(self, sts: Sts, ecr: EcrApi) -> None:
        self._sts = sts
        self._ecr = ecr
        self._lock = threading.RLock()
        self._moto: dict[Service, WSGIApplication] = {name: create_backend_app(name) for name in _SERVICES}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one call, as WSGI defines it."""
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        request.get_data(cache=True, parse_form_data=False)
        service = service_of(request)
        try:
            response = self._respond(service, request)
        except AwsError as error:
            response = _refusal(service, error)
        except Exception:
            LOG.exception("The emulator failed to respond.")
            response = _refusal(service, AwsError(500, "InternalFailure", "The local emulator failed: see its log."))
        return response(environ, start_response)

    def _respond(self, service: Service | None, request: Request) -> Response:
        form = _form(request)
        if service is None and form.get("Action") == "AssumeRoleWithWebIdentity":
            with self._lock:
                return Response(self._sts.assume_role(form), content_type="text/xml")
        if service is None or (request.path != "/" and service != "s3"):
            raise AwsError(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        with self._lock:
            principal = self._principal(service, request)
            if service == "ecr":
                return self._respond_ecr(request, principal)
            return self._ask_moto(service, request)

    def _principal(self, service: Service, request: Request) -> Principal:
        access_key = request.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        principal = self._sts.principal(access_key, request.headers.get("X-Amz-Security-Token", ""))
        if principal is not None:
            return principal
        if service == "ecr":
            raise AwsError(400, "UnrecognizedClientException", _INVALID)
        raise AwsError(403, "InvalidClientTokenId", _INVALID)

    def _respond_ecr(self, request: Request, principal: Principal) -> Response:
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        body = _json_object(request)
        own_body = self._ecr.respond(operation, body, principal)
        if own_body is not None:
            return aws_json(_fitting(operation, own_body))
        response = self._ask_moto("ecr", request)
        if response.status_code == HTTPStatus.OK:
            if operation == "DeleteRepository":
                self._ecr.forget(body["repositoryName"])
            given = self._ecr.localized(json.loads(response.get_data() or b"{}"))
            response.set_data(json.dumps(_fitting(operation, given)))
        return response

    def _ask_moto(self, service: Service, request: Request) -> Response:
        environ = dict(request.environ)
        environ["wsgi.input"] = io.BytesIO(request.get_data())
        body, status, headers = run_wsgi_app(self._moto[service], environ, buffered=True)
        return Response(b"".join(body), status, headers)


def _fitting(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return `body`. Raises `AwsError` where ECR could not give it in response to `operation`."""
    if differs := shapes.mismatches(operation, body):
        LOG.error("The response to %s has another shape than ECR's: %s", operation, differs)
        raise AwsError(500, "ServerException", f"The local emulator's response to {operation} is wrong: {differs}")
    return body


def service_of(request: Request) -> Service | None:
    """Return the service that a request is signed for; `None` when it is unsigned or the service is not emulated."""
    # AWS Signature Version 4: Credential=<key>/<date>/<region>/<service>/aws4_request
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
    wanted = scope[3] if len(scope) == 5 else ""  # noqa: PLR2004  the five parts above
    return next((service for service in _SERVICES if service == wanted), None)


def _refusal(service: Service | None, error: AwsError) -> Response:
    if service == "ecr":
        return aws_json_error(error)
    return aws_xml_error(error, _IAM_NAMESPACE if service == "iam" else sts_service.NAMESPACE)


def _form(request: Request) -> dict[str, str]:
    if request.mimetype != "application/x-www-form-urlencoded":
        return {}
    return dict(parse_qsl(request.get_data(as_text=True), keep_blank_values=True))


def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise AwsError(400, "SerializationException", "The body is not a JSON object.")
    return body
