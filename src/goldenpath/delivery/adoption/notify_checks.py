"""Checks of `goldenpath doctor`: the job that calls `_notify.yml` hears of every end of a delivery, and may report it.

Sources: GitHub, "Workflow syntax", `jobs.<job_id>.needs` and `jobs.<job_id>.outputs`; "Evaluate expressions in
workflows and actions", status check functions (a job without one runs only after success); "Reuse workflows" (of a
matrix, the caller gets the outputs of the last run that set them).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption import environment_checks, reusable_workflow
from goldenpath.delivery.rules import matrix
from goldenpath.shared.check_result import error, good, hint, left_out, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.delivery.adoption.reusable_workflow import Caller, NotifyCaller, ReusableWorkflow, Workflow
    from goldenpath.shared.check_result import Remark

_ABOUT = "notify"
_PAGE = "docs/notify.md of the platform"
_URL, _KEY = "DELIVERY_WEBHOOK_URL", "DELIVERY_WEBHOOK_KEY"
# What each input is given of the delivery's job, and what is lost where it is given something else.
_WIRED = {
    "delivery_result": ("result", "no end of the delivery is reported"),
    "delivery_verdict": ("outputs.verdict", "a delivery that a gate blocks is reported as one that failed"),
    "delivery_released": ("outputs.released", "no release closes the issue"),
    "reports_artifact_id": ("outputs.reports_artifact_id", "the report has no findings and no link to them"),
    "evidence": ("outputs.evidence", "the report has no findings: nothing proves that its files are the delivery's"),
}
_DETAILS = {"reports_artifact_id", "evidence"}
_SAME = ("environment", "ecr_repository")
_STATUS = re.compile(r"(!?)\s*\b(always|success|failure|cancelled)\s*\(\s*\)", re.IGNORECASE)
_AFTER_FAILURE = {"always", "!cancelled", "failure", "!success"}
_AFTER_RELEASE = {"always", "!cancelled", "success", "!failure"}
_NEEDED = re.compile(r"\bneeds\.([\w-]+)\.")
# A matrix that is an expression has no runs that could be read.
_OF_MATRIX = re.compile(r"\$\{\{[^}]*\bmatrix\.")
_SECRET = re.compile(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")


def notifications(workflow: Workflow, platform: ReusableWorkflow, facts: RepositoryFacts | None) -> Iterator[Remark]:
    """Yield the remarks about the jobs of `workflow` that call `_notify.yml`, which is `platform`.

    Yields a hint where nobody is notified of a delivery although the platform sends notifications for its environment.
    """
    for caller in workflow.callers:
        if caller.releases and not any(caller.job in _deliveries(job) for job in workflow.notifications):
            yield from _missing(caller)
    for job in workflow.notifications:
        remarks = (*_delivery(job, workflow.callers), *_condition(job), *_permissions(job, platform),
                   *_inputs(job, platform), *_secrets(job, platform))  # fmt: skip
        yield from remarks or (good(_ABOUT, f"the job `{job.job}` of {job.file} reports every end of its delivery"),)
        yield from _existing(job, facts)


def _missing(caller: Caller) -> Iterator[Remark]:
    policy = matrix.load()
    names = environment_checks.names(caller.inputs.get("environment", ""))
    if notified := [name for name in names if policy.environment(name).notified]:
        what = f"no job of {caller.file} reports deliveries of `{caller.job}` to {', '.join(notified)}"
        yield hint(_ABOUT, what, f"add the job `notify` that `goldenpath init --notify` writes ({_PAGE})")


def _deliveries(job: NotifyCaller) -> tuple[str, ...]:
    """Return the jobs that a job reports, by its inputs; by what it needs where its inputs name none."""
    named = tuple(dict.fromkeys(name for text in job.inputs.values() for name in _NEEDED.findall(text)))
    return named or job.needs


def _delivery(job: NotifyCaller, callers: Sequence[Caller]) -> Iterator[Remark]:
    """Yield whether the job waits for one job that delivers, and is given that job's own end."""
    delivering = {caller.job: caller for caller in callers}
    of_delivery = [delivering[name] for name in _deliveries(job) if name in delivering]
    if not of_delivery:
        what = f"the job `{job.job}` of {job.file} reports no job that delivers"
        one = next(iter(delivering), "delivery")
        yield error(_ABOUT, what, f"add `needs: {one}`, and give it the outputs of that job ({_PAGE})")
        return
    caller = of_delivery[0]
    if caller.job not in job.needs:
        what = (
            f"the job `{job.job}` of {job.file} does not wait for `{caller.job}`, so GitHub gives it no end to report"
        )
        yield error(_ABOUT, what, f"add `needs: {caller.job}`")
    if caller.runs or any(_OF_MATRIX.search(text) for text in caller.inputs.values()):
        what = f"`{caller.job}` is a matrix: its images share one set of outputs, so `{job.job}` mixes them up"
        yield error(
            _ABOUT, what, f"write a job for every image, as `goldenpath init --monorepo --notify` does ({_PAGE})"
        )
    yield from _wiring(job, caller)
    if job.ref != caller.ref:
        what = (
            f"the job `{job.job}` of {job.file} calls the platform at `{job.ref}`, and `{caller.job}` at `{caller.ref}`"
        )
        yield warning(_ABOUT, what, f"write `@{caller.ref}` in both")


def _wiring(job: NotifyCaller, caller: Caller) -> Iterator[Remark]:
    for name, (source, loss) in _WIRED.items():
        wanted, given = f"needs.{caller.job}.{source}", job.inputs.get(name, "")
        if not re.search(rf"\$\{{\{{[^}}]*\b{re.escape(wanted)}\b", given):
            what = f"`{name}` of the job `{job.job}` in {job.file} is not `{wanted}`: {loss}"
            report = warning if name in _DETAILS else error
            yield report(_ABOUT, what, f"write `{name}: ${{{{ {wanted} }}}}` under `with:`")
    for name in _SAME:
        if name in job.inputs and "".join(job.inputs[name].split()) != "".join(caller.inputs.get(name, "").split()):
            what = f"`{name}` of the job `{job.job}` in {job.file} is not that of `{caller.job}`"
            yield warning(_ABOUT, what, f"write the same `{name}` in both jobs")


def _condition(job: NotifyCaller) -> Iterator[Remark]:
    """Yield which ends of a delivery leave the job out: without a status check function, all but success."""
    functions = {f"{negated}{name.lower()}" for negated, name in _STATUS.findall(job.condition)} or {"success"}
    fix = "write `if: ${{ !cancelled() }}`, and join more conditions to it by `&&`"
    if not functions & _AFTER_FAILURE:
        what = f"the job `{job.job}` of {job.file} runs only after success, so no failed delivery is reported"
        yield error(_ABOUT, what, fix)
    elif not functions & _AFTER_RELEASE:
        what = f"the job `{job.job}` of {job.file} does not run after a release, so the issue stays open"
        yield error(_ABOUT, what, fix)


def _permissions(job: NotifyCaller, platform: ReusableWorkflow) -> Iterator[Remark]:
    needed = ", ".join(f"{name}: {level}" for name, level in platform.permissions.items())
    if reusable_workflow.missing_permissions(platform.permissions, job.permissions or {}):
        what = f"the job `{job.job}` of {job.file} does not grant {needed}; GitHub refuses to start the run"
        yield error(_ABOUT, what, f"add to the job permissions: {needed}")
    elif unneeded := reusable_workflow.missing_permissions(job.permissions or {}, platform.permissions):
        what = f"the job `{job.job}` of {job.file} grants more than it needs: {', '.join(sorted(unneeded))}"
        yield warning(_ABOUT, what, f"grant only: {needed}")


def _inputs(job: NotifyCaller, platform: ReusableWorkflow) -> Iterator[Remark]:
    if unknown := sorted(set(job.inputs) - platform.inputs):
        what = f"the job `{job.job}` of {job.file} sets inputs that _notify.yml does not have: {', '.join(unknown)}"
        yield error(_ABOUT, what, f"remove them; the inputs are {', '.join(sorted(platform.inputs))}")
    if missing := sorted(platform.required - set(job.inputs) - set(_WIRED)):
        what = f"the job `{job.job}` of {job.file} does not set {', '.join(missing)}; GitHub refuses to start the run"
        yield error(_ABOUT, what, "add them under `with:`")


def _secrets(job: NotifyCaller, platform: ReusableWorkflow) -> Iterator[Remark]:
    passed = set(job.secrets or ())
    if unknown := sorted(passed - set(platform.secrets)):
        what = f"the job `{job.job}` of {job.file} passes secrets that _notify.yml does not have: {', '.join(unknown)}"
        yield error(_ABOUT, what, f"pass only {_URL} and {_KEY}")
    for one, other in ((_URL, _KEY), (_KEY, _URL)):
        if one in passed and other not in passed:
            what = f"the job `{job.job}` of {job.file} passes {one} without {other}, so no message is sent"
            yield error(_ABOUT, what, f"pass {other} too under `secrets:`")


def _existing(job: NotifyCaller, facts: RepositoryFacts | None) -> Iterator[Remark]:
    """Yield whether the secrets of the webhook exist, where the job passes any."""
    names = _passed(job)
    if not names:
        return
    known = facts.secrets if facts else None
    if known is None:
        what = f"it is unknown whether the secrets of the webhook exist: {', '.join(names)}"
        yield left_out(_ABOUT, what, "set a GITHUB_TOKEN that may list secrets")
        return
    missing = [name for name in names if name not in known]
    if not missing:
        yield good(_ABOUT, f"the secrets of the webhook exist: {', '.join(names)}")
    elif job.secrets is None and len(missing) == len(names):
        yield hint(_ABOUT, "no webhook hears of deliveries", f"set the secrets {_URL} and {_KEY} ({_PAGE})")
    else:
        what = f"the job `{job.job}` of {job.file} passes secrets that do not exist: {', '.join(missing)}"
        yield warning(_ABOUT, what, " and ".join(f"run `gh secret set {name}`" for name in missing))


def _passed(job: NotifyCaller) -> tuple[str, ...]:
    """Return the names in this repository of the webhook's secrets that the job passes, as far as they are plain."""
    if job.secrets is None:
        return _URL, _KEY
    given = (_SECRET.fullmatch(job.secrets[name].strip()) for name in (_URL, _KEY) if name in job.secrets)
    return tuple(match[1] for match in given if match)
