"""A double, for tests only: the settings of an emulated registry: signing, replication, exclusions and blob mounting.

Sources: Amazon ECR API reference, and botocore's model for the shapes and limits. Nothing is replicated here: there is
one registry.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from goldenpath.local.responses import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Body = dict[str, Any]
_PROFILE = re.compile(r"arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/[a-zA-Z0-9_]{2,}")
_ROLE = re.compile(r"arn:aws(-[a-z]+)*:(?P<service>iam|sts)::(?P<account>[0-9]{12}):(?P<kind>role|user)/(?P<name>.+)")
_MOST_RULES, _MOST_FILTERS, _MOST_DESTINATIONS, _MOST_EXCLUSIONS = 10, 100, 25, 100


class RegistrySettings:
    """The settings of one registry, as ECR's calls set and return them."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._signing: Body | None = None
        self._replication: Body = {"rules": []}
        self._exclusions: dict[str, float] = {}
        self._account_settings = {"BLOB_MOUNTING": "DISABLED"}
        self.operations: dict[str, Callable[[Body], Body]] = {
            "PutSigningConfiguration": self._put_signing,
            "GetSigningConfiguration": self._get_signing,
            "DeleteSigningConfiguration": self._delete_signing,
            "PutReplicationConfiguration": self._put_replication,
            "DescribeRegistry": self._describe,
            "RegisterPullTimeUpdateExclusion": self._register_exclusion,
            "DeregisterPullTimeUpdateExclusion": self._deregister_exclusion,
            "ListPullTimeUpdateExclusions": self._list_exclusions,
            "PutAccountSetting": self._put_account_setting,
            "GetAccountSetting": self._get_account_setting,
        }

    @property
    def mounts_blobs(self) -> bool:
        """Whether a blob may be taken over from another repository."""
        return self._account_settings["BLOB_MOUNTING"] == "ENABLED"

    def signing_profiles(self, repository: str) -> tuple[str, ...]:
        """Return the signing profiles of the rules that match `repository`; a rule without filters matches all."""
        rules = self._signing["rules"] if self._signing else ()
        return tuple(
            dict.fromkeys(
                rule["signingProfileArn"]
                for rule in rules
                if not rule.get("repositoryFilters")
                or any(_matches(repository, chosen["filter"]) for chosen in rule["repositoryFilters"])
            )
        )

    def is_excluded(self, principal: str) -> bool:
        """Tell whether pulls of `principal` (an ARN) are not recorded. A role stands for every session of it."""
        session = re.fullmatch(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/.*", principal)
        role = f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else principal
        return role in self._exclusions

    def _put_signing(self, body: Body) -> Body:
        rules = body["signingConfiguration"]["rules"]
        _require_few(rules, _MOST_RULES, "rules")
        for rule in rules:
            _require_few(rule.get("repositoryFilters") or (), _MOST_FILTERS, "filters of a rule")
            if not _PROFILE.fullmatch(rule["signingProfileArn"]):
                raise AwsError(400, "ValidationException", f"{rule['signingProfileArn']} is not a signing profile")
        self._signing = {"rules": rules}
        return {"signingConfiguration": self._signing}

    def _get_signing(self, _: Body) -> Body:
        if self._signing is None:
            message = f"The signing configuration does not exist in the registry with id '{self._account}'"
            raise AwsError(400, "SigningConfigurationNotFoundException", message)
        return {"registryId": self._account, "signingConfiguration": self._signing}

    def _delete_signing(self, body: Body) -> Body:
        deleted = self._get_signing(body)
        self._signing = None
        return deleted

    def _put_replication(self, body: Body) -> Body:
        rules = body["replicationConfiguration"]["rules"]
        _require_few(rules, _MOST_RULES, "rules")
        for rule in rules:
            _require_few(rule["destinations"], _MOST_DESTINATIONS, "destinations")
            _require_few(rule.get("repositoryFilters") or (), _MOST_FILTERS, "filters of a rule")
        self._replication = {"rules": rules}
        return {"replicationConfiguration": self._replication}

    def _describe(self, _: Body) -> Body:
        return {"registryId": self._account, "replicationConfiguration": self._replication}

    def _register_exclusion(self, body: Body) -> Body:
        arn = body["principalArn"]
        if not _ROLE.fullmatch(arn):
            raise AwsError(400, "ValidationException", f"{arn} is not the ARN of a role or a user")
        if arn in self._exclusions:
            raise AwsError(400, "ExclusionAlreadyExistsException", f"The exclusion of {arn} exists already")
        if len(self._exclusions) >= _MOST_EXCLUSIONS:
            raise AwsError(400, "LimitExceededException", f"A registry has at most {_MOST_EXCLUSIONS} exclusions")
        self._exclusions[arn] = time.time()
        return {"principalArn": arn, "createdAt": self._exclusions[arn]}

    def _deregister_exclusion(self, body: Body) -> Body:
        if self._exclusions.pop(body["principalArn"], None) is None:
            raise AwsError(400, "ExclusionNotFoundException", f"There is no exclusion of {body['principalArn']}")
        return {"principalArn": body["principalArn"]}

    def _list_exclusions(self, _: Body) -> Body:
        return {"pullTimeUpdateExclusions": sorted(self._exclusions)}

    def _put_account_setting(self, body: Body) -> Body:
        self._account_settings[body["name"]] = body["value"]
        return {"name": body["name"], "value": body["value"]}

    def _get_account_setting(self, body: Body) -> Body:
        return {"name": body["name"], "value": self._account_settings.get(body["name"], "")}


def _require_few(entries: Sequence[Any], most: int, what: str) -> None:
    if len(entries) > most:
        raise AwsError(400, "ValidationException", f"There are {len(entries)} {what}, and {most} are the most")


def _matches(name: str, pattern: str) -> bool:
    """Match a filter of the type `WILDCARD_MATCH`: `*` is its only wildcard."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None
