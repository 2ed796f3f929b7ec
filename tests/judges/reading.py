"""Translate the columns of `tests/data/runs.md`: inputs and secrets into values, expected columns into readings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.judges.caller import Delivery
    from tests.judges.run import Call
    from tests.judges.steps import Job

CALLERS = {
    "delivery.yml": "docs/templates/workflows/delivery.yml",
    "delivery-monorepo.yml": "docs/templates/workflows/delivery-monorepo.yml",
    "delivery-monorepo-notify.yml": "docs/templates/workflows/delivery-monorepo-notify.yml",
    "delivery-notify.yml": "docs/templates/workflows/delivery-notify.yml",
    "pull-request.yml": "docs/templates/workflows/pull-request.yml",
    "wordpress": "examples/wordpress/.github/workflows/delivery.yml",
    "README.md": "README.md, fragment 1",
    "rescan.yml": "docs/templates/workflows/rescan.yml",
}
_OF_THE_BUILD = {"BUILD_SECRETS": "lines", "BUILD_SSH_KEY": "a key"}
_OF_BASES = {"TF_AWS_IAM_ROLE_BASES": "the role of bases", "BASES_LOGINS": "logins"}
_ONE_FOR_ALL = {"AWS_ROLE_ARN": "the role of all"}


def inputs(words: str) -> dict[str, Any]:
    """Return the inputs that `words` name, like `approval=true, runners=linux/amd64+linux/arm64`."""
    pairs = (each.strip().split("=", 1) for each in words.split(",") if each.strip())
    return {name: _input(name, value) for name, value in pairs}


def _input(name: str, value: str) -> Any:  # noqa: ANN401  a string or a boolean
    if name == "private_bases":
        return value.replace("+", "\n")
    if name == "runners":
        return json.dumps([{"platform": each, "runner": f"runner of {each}"} for each in value.split("+")])
    if name == "platforms":
        return value.replace("+", ",")
    return value == "true" if value in ("true", "false") and name != "test_command" else value


def secrets(words: str, all_of_them: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of the caller's repository that `words` name."""
    chosen: dict[str, str] = {}
    for each in words.split(", "):
        chosen |= {
            "each": dict(all_of_them), "one for all": _ONE_FOR_ALL, "none": {}, "the build's": _OF_THE_BUILD,
            "those of bases": _OF_BASES,
            "all but prod's": {name: role for name, role in all_of_them.items() if not name.endswith("PROD")},
        }[each]  # fmt: skip
    return chosen


def observed(column: str, run: Delivery) -> str:
    """Return the actual value of the expected column `column` in `run`."""
    if column in _OF_ALL:
        return _OF_ALL[column](run)
    return _OF_CALL[column](run.call)


def _environment(run: Delivery) -> str:
    called = [call for calls in run.calls.values() for call in calls if set(call.results.values()) != {"skipped"}]
    environments = {str(call.inputs["environment"]) for call in called}
    return ", ".join(sorted(environments)) or "not started"


def _groups(run: Delivery) -> str:
    calls = (call for calls in run.calls.values() for call in calls if call.jobs.get("push"))
    return ", ".join(_of(call, "push", lambda job: job.text("concurrency", "group")) for call in calls) or "none"


def _comment(run: Delivery) -> str:
    return "".join(_of(call, "comment", lambda job: ", ".join(job.takes())) for call in run.calls["comment"])


def _notify(run: Delivery) -> str:
    """Return the end of the delivery that `notify` is given, or that it is skipped, where one workflow says so."""
    given = ("delivery_result", "delivery_verdict", "delivery_released", "environment")
    calls = [call for name, called in run.calls.items() if name.startswith("notify") for call in called]
    names = ("ecr_repository", *given) if len(calls) > 1 else given
    ends = [_of(call, "notify", lambda job: ", ".join(job.step("notify", "with", name) for name in names))
            for call in calls]  # fmt: skip
    return "; ".join(dict.fromkeys(ends)) or "skipped"


def _of(call: Call, name: str, read: Callable[[Job], str]) -> str:
    job = call.one(name)
    return "skipped" if job is None else read(job)


def _takes(name: str) -> Callable[[Call], str]:
    return lambda call: _of(call, name, lambda job: ", ".join(job.takes()))


def _role(name: str, step: str) -> Callable[[Call], str]:
    return lambda call: _of(call, name, lambda job: job.step(step, "with", "role_arn"))


def _given(name: str, step: str, *names: str) -> Callable[[Call], str]:
    def read(job: Job) -> str:
        found = (job.step(step, "with", each) for each in names)
        return ", ".join(filter(None, found)) or "nothing"

    return lambda call: _of(call, name, read)


def _skipped(call: Call) -> str:
    skipped = [name for name, result in call.results.items() if result == "skipped"]
    # Most callers have no private base image and compare with no release, and never hear of these jobs.
    optional = {"bases": call.inputs["private_bases"], "compare-release": call.inputs["compare_released"]}
    return ", ".join(name for name in skipped if optional.get(name, True))


def _believed(name: str, step: str = "build", label: str = "pull-bases") -> Callable[[Call], str]:
    """Return whose evidence of base images, or of another `label`, the `step` in the job `name` is given."""

    def read(job: Job) -> str:
        lines = job.step(step, "with", "evidence").splitlines()
        (given,) = (line.removeprefix(f"{label}: ") for line in lines if line.startswith(f"{label}: "))
        believed = str(json.loads(given))
        return believed if believed not in {"", "{}"} else "nothing"

    return lambda call: _of(call, name, read)


def _build(*path: str) -> Callable[[Call], str]:
    return lambda call: _of(call, "build", lambda job: job.step("build", "with", *path))


def _kept(call: Call) -> str:
    days = _of(call, "build", lambda job: job.step("candidate", "with", "retention-days"))
    return "a day" if days == "1" else "longer"


def _output(name: str) -> Callable[[Call], str]:
    return lambda call: call.outputs[name]


_OF_ALL: Mapping[str, Callable[[Delivery], str]] = {
    "environment": _environment,
    "group": _groups,
    "comment": _comment,
    "notify": _notify,
}
_OF_CALL: Mapping[str, Callable[[Call], str]] = {
    "skipped": _skipped,
    "verdict": _output("verdict"),
    "check": lambda call: call.results["verdict"],
    "gitleaks-gate takes": _takes("gitleaks-gate"),
    "build takes": _takes("build"),
    "scan takes": _takes("scan"),
    "push takes": _takes("push"),
    "report takes": _takes("report"),
    "verdict takes": _takes("verdict"),
    "preflight's role": _role("preflight", "preflight"),
    "push's role": _role("push", "release"),
    "compare-release's role": _role("compare-release", "compare"),
    "summary believes of it": _believed("verdict", "summary", "compare-release"),
    "build is given": _given("build", "build", "build_secrets", "build_ssh_key"),
    "platform is given": _given("platform", "build", "build_secrets", "build_ssh_key"),
    "bases is given": _given("bases", "bases", "role_arn", "bases_logins"),
    "platform takes": _takes("platform"),
    "build believes": _believed("build"),
    "platform believes": _believed("platform"),
    "rescan's role": _role("rescan", "rescan"),
    "waits for": lambda call: _of(call, "push", lambda job: job.text("environment") or "nobody"),
    "image kept": _kept,
    "build runs on": lambda call: _of(call, "build", lambda job: job.text("runs-on")),
    "platforms": _build("platforms"),
    "candidates": _takes("build"),
    "context_artifact": _build("context_artifact"),
    "context_artifact_digest": _build("context_artifact_digest"),
    "image_digest": _output("image_digest"),
    "image_name": _output("image_name"),
    "released": _output("released"),
    "sbom_artifact_id": _output("sbom_artifact_id"),
    "reports_artifact_id": _output("reports_artifact_id"),
}
