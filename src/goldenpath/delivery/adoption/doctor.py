"""`goldenpath doctor`: every check in order, with the clients that are available."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption import (
    actions_checks,
    environment_checks,
    needs_checks,
    notify_checks,
    platform_checks,
    protection_checks,
    registry_checks,
    remote_checks,
    reusable_workflow,
    source_checks,
    trigger_checks,
    workflow_checks,
)
from goldenpath.delivery.adoption.repository_facts import GitHubRepository
from goldenpath.delivery.release import binding
from goldenpath.shared.check_result import left_out
from goldenpath.shared.errors import BadInput, GoldenPathError
from goldenpath.shared.expressions import with_own_repository
from goldenpath.shared.names import DEFAULT_REGION, EcrRepository, Region
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from goldenpath.delivery.adoption.checkout import GitCheckout
    from goldenpath.delivery.adoption.remote_checks import RepositoryFacts
    from goldenpath.delivery.adoption.reusable_workflow import Caller, ReusableWorkflow, Workflow
    from goldenpath.delivery.adoption.settings import RepositorySettings
    from goldenpath.delivery.registry.ecr_client import Ecr, RepositoryInfo
    from goldenpath.shared.check_result import Remark

_NOT_READ = "the settings of the repository were not read"


@dataclass(frozen=True)
class DoctorOptions:
    """The options of the command: the checkout of an app or of the platform, and an environment's role and region."""

    checkout: GitCheckout
    role_arn: str = ""
    aws_region: str = DEFAULT_REGION


@dataclass(frozen=True)
class Clients:
    """The clients of the checks: GitHub and ECR. `None` where there is no login, or with `--offline`."""

    facts: RepositoryFacts | None = None
    describe: Callable[[EcrRepository], RepositoryInfo] | None = None
    tag: Callable[[RepositoryInfo], str | None] | None = None
    settings: RepositorySettings | None = None

    @classmethod
    def connect(cls, options: DoctorOptions, env: Mapping[str, str]) -> Clients:
        """Return the clients for the logins in `env`. Raises `BadInput` for an invalid region."""
        try:
            region = Region(options.aws_region)
        except ValueError as error:
            fix = f"Name the region of the registry, like {DEFAULT_REGION}."
            raise BadInput(f"`aws_region`: {error}", fix=fix) from None
        token = env.get("GITHUB_TOKEN") or env.get("GH_TOKEN") or ""
        slug = options.checkout.slug
        github = GitHubRepository(Runner.read(env).api_url, token, slug) if token and slug else None
        return cls(github, lambda name: _ecr(region, name).describe(name),
                   lambda info: _ecr(region, info.name).tag(info, binding.TAG), github)  # fmt: skip


def examine(options: DoctorOptions, platform: ReusableWorkflow, clients: Clients) -> tuple[Remark, ...]:
    """Return the remarks of all checks, those about the workflow first. Several jobs may have the same remark: once."""
    checkout = options.checkout
    workflows, remarks = workflow_checks.find(checkout.folder)
    if registry_checks.is_platform(checkout.folder):
        return tuple(_platform(checkout, workflows, clients))
    callers = [caller for workflow in workflows for caller in workflow.callers]
    every = (*remarks, *(remark for caller in callers for remark in _caller(options, caller, platform, clients)),
             *_notifications(workflows, clients), *_triggers(checkout, callers, clients),
             *_settings(checkout, workflows, clients), *_repository(checkout, clients),
             remote_checks.role(options.role_arn, checkout.slug))  # fmt: skip
    return tuple(dict.fromkeys(every))


def _platform(checkout: GitCheckout, workflows: Sequence[Workflow], clients: Clients) -> Iterator[Remark]:
    """Yield the remarks about the platform's own repository: who may apply registries. No check for apps runs there."""
    settings, branch = clients.settings, _default_branch(checkout, clients)
    yield from registry_checks.default_branch(branch)
    yield registry_checks.apply_workflow(checkout, branch)
    if settings is None:
        yield left_out("github", _NOT_READ, "set a GITHUB_TOKEN of an admin")
        return
    guards = tuple(registry_checks.reviews(branch, settings))
    yield from guards
    yield registry_checks.pull_requests(guards, settings)
    yield from registry_checks.environments(settings)
    yield registry_checks.tag(branch, clients.facts, settings)
    yield protection_checks.release_tags(clients.facts)
    yield from _actions(workflows, settings)


def _caller(options: DoctorOptions, caller: Caller, platform: ReusableWorkflow, clients: Clients) -> Iterator[Remark]:
    yield from workflow_checks.check(caller, platform, options.checkout.slug)
    yield from platform_checks.secrets(caller, options.checkout.slug)
    yield from platform_checks.target(caller, clients.settings)
    yield from environment_checks.approval(caller, clients.settings)
    yield from remote_checks.secrets(caller, platform, clients.facts, options.checkout.slug)
    yield from needs_checks.private_bases(caller, clients.facts)
    for inputs in caller.deliveries:
        yield from needs_checks.checkout(options.checkout, inputs)
        yield from _delivery(options.checkout, caller, inputs, clients)


def _delivery(checkout: GitCheckout, caller: Caller, inputs: Mapping[str, str], clients: Clients) -> Iterator[Remark]:
    """Yield the remarks about one image, which the `inputs` of its delivery name."""
    path, folder = inputs.get("dockerfile_path", "Dockerfile").removeprefix("./"), inputs.get("build_context", ".")
    if "${{" not in path + folder:
        yield from source_checks.dockerfile(checkout, path)
        yield from source_checks.context(checkout, folder, path)
        yield from needs_checks.secrets(checkout, caller, path, clients.facts)
    name = with_own_repository(inputs.get("ecr_repository", ""), checkout.slug)
    repository = EcrRepository(name) if EcrRepository.pattern.fullmatch(name) else None
    yield from remote_checks.registry(repository, clients.describe, clients.tag)


def _notifications(workflows: Sequence[Workflow], clients: Clients) -> Iterator[Remark]:
    called = reusable_workflow.read(reusable_workflow.NOTIFY_WORKFLOW)
    for workflow in workflows:
        yield from notify_checks.notifications(workflow, called, clients.facts)


def _settings(checkout: GitCheckout, workflows: Sequence[Workflow], clients: Clients) -> Iterator[Remark]:
    """Yield whether the settings of the repository and of the platform allow the app's workflows to run."""
    for workflow in workflows:
        for comment in workflow.comments:
            yield from platform_checks.comments(comment)
    settings, callers = clients.settings, [caller for workflow in workflows for caller in workflow.callers]
    if settings is None:
        yield left_out("github", _NOT_READ, "set a GITHUB_TOKEN")
        return
    branch = _default_branch(checkout, clients)
    for caller in callers:
        yield platform_checks.access(caller, checkout.slug, settings)
        yield from actions_checks.policy(caller, settings)
        yield from actions_checks.merge_queue(caller, branch, settings)
        yield from actions_checks.runners(caller, settings)
    yield from _actions(workflows, settings)


def _actions(workflows: Sequence[Workflow], settings: RepositorySettings) -> Iterator[Remark]:
    scheduled = [workflow.file for workflow in workflows if "schedule" in workflow.events]
    yield from actions_checks.workflows([workflow.file for workflow in workflows], settings)
    yield from actions_checks.schedule(scheduled, settings)
    yield actions_checks.artifacts(settings)


def _default_branch(checkout: GitCheckout, clients: Clients) -> str:
    return (clients.facts and clients.facts.default_branch) or checkout.default_branch


def _triggers(checkout: GitCheckout, callers: Sequence[Caller], clients: Clients) -> Iterator[Remark]:
    branches = _branches(checkout, clients)
    yield from trigger_checks.triggers(callers, branches, _default_branch(checkout, clients))
    yield from trigger_checks.duplicate_releases(callers, branches)


def _branches(checkout: GitCheckout, clients: Clients) -> frozenset[str] | None:
    branches = clients.facts.branches if clients.facts else None
    return checkout.branches if branches is None else branches


def _repository(checkout: GitCheckout, clients: Clients) -> Iterator[Remark]:
    default_branch = _default_branch(checkout, clients)
    yield trigger_checks.branch(default_branch, _branches(checkout, clients))
    yield from protection_checks.branches(clients.facts, default_branch)
    yield protection_checks.release_tags(clients.facts)
    yield protection_checks.owners(checkout.folder)
    yield source_checks.history(checkout)
    yield from source_checks.submodules(checkout)
    yield source_checks.rules(checkout)
    yield remote_checks.code_security(clients.facts)


def _ecr(region: Region, name: EcrRepository) -> Ecr:
    from goldenpath.delivery.registry import ecr_client  # noqa: PLC0415  the SDK is slow to import

    def no_identity() -> str:
        raise GoldenPathError("`goldenpath doctor` assumes no role", fix="Log in to AWS")

    session = ecr_client.Session(region, name, "goldenpath-doctor", no_identity, lambda _: None)
    return ecr_client.connect(session, None)
