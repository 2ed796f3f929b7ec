"""A double, for tests only: the settings of a registry that moto's ECR lacks.

Pull-time exclusions, repository creation templates, the signing configuration and account settings. botocore's own
service model checks what comes in; moto writes the responses by the same model. Errors and their wording: Amazon ECR
API reference.

It differs from ECR in this: lists come in one page, and settings change nothing else (no pull is recorded differently,
nothing is signed, a push creates no repository).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.validate import ParamValidator
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.ecr.models import ECRBackend

Body = dict[str, Any]
# AWS, "Amazon ECR service quotas".
MOST_EXCLUSIONS = 100
ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", ("AWS_NATIVE", "CLAIR")),
    "REGISTRY_POLICY_SCOPE": ("V2", ("V1", "V2")),
    "BLOB_MOUNTING": ("DISABLED", ("DISABLED", "ENABLED")),
}
_MODEL = botocore.session.get_session().get_service_model("ecr")
_VALIDATOR = ParamValidator()


class RegistryRefusalError(ServiceException):
    """A refusal with a code of its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RegistrySettings:
    """The settings of one registry, in one account and region."""

    def __init__(self) -> None:
        self.exclusions: dict[str, float] = {}
        self.templates: dict[str, Body] = {}
        self.signing: Body | None = None
        self.account: dict[str, str] = {}


def install() -> None:
    """Add the operations to moto's ECR, in this process."""
    for name in OPERATIONS:
        setattr(ECRResponse, name, _operation(name))


def _operation(name: str) -> Callable[[ECRResponse], ActionResult]:
    shape = _MODEL.operation_model("".join(word.capitalize() for word in name.split("_"))).input_shape

    assert shape is not None

    def respond(response: ECRResponse) -> ActionResult:
        body = {member: value for member in shape.members if (value := response._get_param(member)) is not None}  # noqa: SLF001
        report = _VALIDATOR.validate(body, shape)
        if report.has_errors():
            raise RegistryRefusalError("ValidationException", report.generate_report())
        return ActionResult(OPERATIONS[name](_settings(response.ecr_backend), body, response.current_account))

    respond.__name__ = name
    return respond


def _settings(backend: ECRBackend) -> RegistrySettings:
    # On the backend itself, so that moto forgets them with everything else.
    held: RegistrySettings = backend.__dict__.setdefault("registry_settings", RegistrySettings())
    return held


def _register_exclusion(settings: RegistrySettings, body: Body, _: str) -> Body:
    arn = body["principalArn"]
    if arn in settings.exclusions:
        raise RegistryRefusalError("ExclusionAlreadyExistsException", f"An exclusion for '{arn}' already exists.")
    if len(settings.exclusions) >= MOST_EXCLUSIONS:
        raise RegistryRefusalError("LimitExceededException", "The limit of pull time update exclusions is reached.")
    settings.exclusions[arn] = _now()
    return {"principalArn": arn, "createdAt": settings.exclusions[arn]}


def _list_exclusions(settings: RegistrySettings, _body: Body, _: str) -> Body:
    return {"pullTimeUpdateExclusions": list(settings.exclusions)}


def _deregister_exclusion(settings: RegistrySettings, body: Body, _: str) -> Body:
    if settings.exclusions.pop(body["principalArn"], None) is None:
        raise RegistryRefusalError("ExclusionNotFoundException", "The exclusion was not found.")
    return {"principalArn": body["principalArn"]}


def _create_template(settings: RegistrySettings, body: Body, account: str) -> Body:
    if body["prefix"] in settings.templates:
        message = f"A template with the prefix '{body['prefix']}' already exists."
        raise RegistryRefusalError("TemplateAlreadyExistsException", message)
    _require_role(body)
    settings.templates[body["prefix"]] = {**body, "createdAt": _now(), "updatedAt": _now()}
    return {"registryId": account, "repositoryCreationTemplate": settings.templates[body["prefix"]]}


def _update_template(settings: RegistrySettings, body: Body, account: str) -> Body:
    changed = {**_template(settings, body["prefix"]), **body, "updatedAt": _now()}
    _require_role(changed)
    settings.templates[body["prefix"]] = changed
    return {"registryId": account, "repositoryCreationTemplate": changed}


def _require_role(template: Body) -> None:
    # Amazon ECR user guide, "IAM permissions for creating repository creation templates".
    if template.get("resourceTags") and not template.get("customRoleArn"):
        raise RegistryRefusalError("InvalidParameterException", "A custom role is required for resource tags.")


def _describe_templates(settings: RegistrySettings, body: Body, account: str) -> Body:
    prefixes = body.get("prefixes") or list(settings.templates)
    return {
        "registryId": account,
        "repositoryCreationTemplates": [_template(settings, prefix) for prefix in prefixes],
    }


def _delete_template(settings: RegistrySettings, body: Body, account: str) -> Body:
    template = _template(settings, body["prefix"])
    del settings.templates[body["prefix"]]
    return {"registryId": account, "repositoryCreationTemplate": template}


def _template(settings: RegistrySettings, prefix: str) -> Body:
    if prefix not in settings.templates:
        raise RegistryRefusalError("TemplateNotFoundException", f"There is no template with the prefix '{prefix}'.")
    return settings.templates[prefix]


def _put_signing(settings: RegistrySettings, body: Body, _: str) -> Body:
    settings.signing = body["signingConfiguration"]
    return {"signingConfiguration": settings.signing}


def _get_signing(settings: RegistrySettings, _body: Body, account: str) -> Body:
    if settings.signing is None:
        raise RegistryRefusalError("SigningConfigurationNotFoundException", "There is no signing configuration.")
    return {"registryId": account, "signingConfiguration": settings.signing}


def _delete_signing(settings: RegistrySettings, body: Body, account: str) -> Body:
    removed = _get_signing(settings, body, account)
    settings.signing = None
    return removed


def _get_account_setting(settings: RegistrySettings, body: Body, _: str) -> Body:
    default, _values = _known(body["name"])
    return {"name": body["name"], "value": settings.account.get(body["name"], default)}


def _put_account_setting(settings: RegistrySettings, body: Body, _: str) -> Body:
    _default, values = _known(body["name"])
    if body["value"] not in values:
        message = f"The value of {body['name']} must be one of {', '.join(values)}."
        raise RegistryRefusalError("InvalidParameterException", message)
    settings.account[body["name"]] = body["value"]
    return dict(body)


def _known(name: str) -> tuple[str, tuple[str, ...]]:
    if name not in ACCOUNT_SETTINGS:
        raise RegistryRefusalError("InvalidParameterException", f"There is no account setting {name}.")
    return ACCOUNT_SETTINGS[name]


def _now() -> float:
    return dt.datetime.now(dt.UTC).replace(microsecond=0).timestamp()


OPERATIONS: dict[str, Callable[[RegistrySettings, Body, str], Body]] = {
    "register_pull_time_update_exclusion": _register_exclusion,
    "list_pull_time_update_exclusions": _list_exclusions,
    "deregister_pull_time_update_exclusion": _deregister_exclusion,
    "create_repository_creation_template": _create_template,
    "update_repository_creation_template": _update_template,
    "describe_repository_creation_templates": _describe_templates,
    "delete_repository_creation_template": _delete_template,
    "put_signing_configuration": _put_signing,
    "get_signing_configuration": _get_signing,
    "delete_signing_configuration": _delete_signing,
    "get_account_setting": _get_account_setting,
    "put_account_setting": _put_account_setting,
}
