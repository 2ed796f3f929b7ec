"""`goldenpath doctor`: every check in order, with as much of the world as can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldenpath.delivery.adoption import (
    actions_checks,
    bases_checks,
    environment_checks,
    needs_checks,
    platform_checks,
    protection_checks,
    registry_checks,
    remote_checks,
    source_checks,
    trigger_checks,
    workflow_checks,
)
from goldenpath.delivery.adoption.check_result import left_out
from goldenpath.delivery.adoption.repository_facts import GitHub
from goldenpath.delivery.release import binding
from goldenpath.shared.errors import BadInput, GoldenPathError
from goldenpath.shared.expressions import with_own_repository
from goldenpath.shared.names import DEFAULT_REGION, EcrRepository, Region
from goldenpath.shared.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from goldenpath.delivery.adoption.check_result import Remark
    from goldenpath.delivery.adoption.checkout import Checkout
    from goldenpath.delivery.adoption.remote_checks import Forge
    from goldenpath.delivery.adoption.reusable_workflow import Called, Caller, Workflow
    from goldenpath.delivery.adoption.settings import Settings
    from goldenpath.delivery.registry.ecr_client import Ecr, RepositoryInfo

_NOT_LOOKED = "the settings of the repository were not looked at"


@dataclass(frozen=True)
class Asked:
    """What is examined: the checkout of an app or of the platform, and the role and region of one environment."""

    checkout: Checkout
    role_arn: str = ""
    aws_region: str = DEFAULT_REGION


@dataclass(frozen=True)
class World:
    """Whom the checks may ask; `None` where nobody answers or nobody was to be asked."""

    forge: Forge | None = None
    describe: Callable[[EcrRepository], RepositoryInfo] | None = None
    tag: Callable[[RepositoryInfo], str | None] | None = None
    settings: Settings | None = None

    @classmethod
    def read(cls, asked: Asked, env: Mapping[str, str]) -> World:
        """Return who can be asked with the logins in `env`. Raises `BadInput` for a region that is none."""
        try:
            region = Region(asked.aws_region)
        except ValueError as error:
            raise BadInput(f"`aws_region`: {error}", fix=f"name the registry's region, like {DEFAULT_REGION}") from None
        token = env.get("GITHUB_TOKEN") or env.get("GH_TOKEN") or ""
        slug = asked.checkout.slug
        forge = GitHub(Runner.read(env).api_url, token, slug) if token and slug else None
        return cls(forge, lambda name: _ecr(region, name).describe(name),
                   lambda info: _ecr(region, info.name).tag(info, binding.TAG), forge)  # fmt: skip


def examine(asked: Asked, platform: Called, world: World) -> tuple[Remark, ...]:
    """Return a remark for everything that was looked at, the workflow first."""
    workflows, remarks = workflow_checks.find(asked.checkout.folder)
    if registry_checks.is_platform(asked.checkout.folder):
        return tuple(_platform(asked.checkout, workflows, world))
    callers = [caller for each in workflows for caller in each.callers]
    return (*remarks, *(each for caller in callers for each in _caller(asked, caller, platform, world)),
            *_triggers(asked.checkout, callers, world),
            *_settings(asked.checkout, workflows, world), *_repository(asked.checkout, world),
            remote_checks.role(asked.role_arn, asked.checkout.slug))  # fmt: skip


def _platform(checkout: Checkout, workflows: Sequence[Workflow], world: World) -> Iterator[Remark]:
    """Yield what the platform's own repository lacks: no app's checks, those of who may apply registries instead."""
    settings, branch = world.settings, _default_branch(checkout, world)
    yield from registry_checks.default_branch(branch)
    yield registry_checks.applied(checkout, branch)
    if settings is None:
        yield left_out("github", _NOT_LOOKED, "give a GITHUB_TOKEN of an admin")
        return
    guards = tuple(registry_checks.reviews(branch, settings))
    yield from guards
    yield registry_checks.opening(guards, settings)
    yield from registry_checks.environments(settings)
    yield registry_checks.tag(branch, world.forge, settings)
    yield protection_checks.release_tags(world.forge)
    yield from _actions(workflows, settings)


def _caller(asked: Asked, caller: Caller, platform: Called, world: World) -> Iterator[Remark]:
    yield from workflow_checks.check(caller, platform, asked.checkout.slug)
    yield from platform_checks.secrets(caller, asked.checkout.slug)
    yield from platform_checks.target(caller, world.settings)
    yield from environment_checks.approval(caller, world.settings)
    yield from remote_checks.secrets(caller, platform, world.forge, asked.checkout.slug)
    yield from bases_checks.check(caller, world.forge)
    for given in caller.deliveries:
        yield from needs_checks.checkout(asked.checkout, given)
        yield from _delivery(asked, caller, given, world)


def _delivery(asked: Asked, caller: Caller, given: Mapping[str, str], world: World) -> Iterator[Remark]:
    """Yield what there is to say of one image, by the inputs that are `given` for it."""
    place, folder = given.get("dockerfile_path", "Dockerfile"), given.get("build_context", ".")
    if "${{" not in place + folder:
        yield from source_checks.dockerfile(asked.checkout, place.removeprefix("./"))
        yield from source_checks.context(asked.checkout, folder, place.removeprefix("./"))
        yield from needs_checks.secrets(asked.checkout, caller, place.removeprefix("./"), world.forge)
    name = with_own_repository(given.get("ecr_repository", ""), asked.checkout.slug)
    known = EcrRepository(name) if EcrRepository.pattern.fullmatch(name) else None
    yield from remote_checks.registry(known, world.describe, world.tag)


def _settings(checkout: Checkout, workflows: Sequence[Workflow], world: World) -> Iterator[Remark]:
    """Yield what the settings of the repository and of the platform say about the app's workflows."""
    for each in workflows:
        for comment in each.comments:
            yield from platform_checks.comments(comment)
    settings, callers = world.settings, [caller for each in workflows for caller in each.callers]
    if settings is None:
        yield left_out("github", _NOT_LOOKED, "give a GITHUB_TOKEN")
        return
    branch = _default_branch(checkout, world)
    for caller in callers:
        yield platform_checks.access(caller, checkout.slug, settings)
        yield from actions_checks.policy(caller, settings)
        yield from actions_checks.merge_queue(caller, branch, settings)
        yield from actions_checks.runners(caller, settings)
    yield from _actions(workflows, settings)


def _actions(workflows: Sequence[Workflow], settings: Settings) -> Iterator[Remark]:
    yield from actions_checks.workflows([each.file for each in workflows], settings)
    yield from actions_checks.schedule([each.file for each in workflows if "schedule" in each.events], settings)
    yield actions_checks.artifacts(settings)


def _default_branch(checkout: Checkout, world: World) -> str:
    return (world.forge and world.forge.default_branch) or checkout.default_branch


def _triggers(checkout: Checkout, callers: Sequence[Caller], world: World) -> Iterator[Remark]:
    branches = _branches(checkout, world)
    yield from trigger_checks.triggers(callers, branches, _default_branch(checkout, world))
    yield from trigger_checks.twice(callers, branches)


def _branches(checkout: Checkout, world: World) -> frozenset[str] | None:
    known = world.forge.branches if world.forge else None
    return checkout.branches if known is None else known


def _repository(checkout: Checkout, world: World) -> Iterator[Remark]:
    default_branch = _default_branch(checkout, world)
    yield trigger_checks.branch(default_branch, _branches(checkout, world))
    yield from protection_checks.branches(world.forge, default_branch)
    yield protection_checks.release_tags(world.forge)
    yield protection_checks.owners(checkout.folder)
    yield source_checks.history(checkout)
    yield from source_checks.submodules(checkout)
    yield source_checks.rules(checkout)
    yield remote_checks.code_security(world.forge)


def _ecr(region: Region, name: EcrRepository) -> Ecr:
    from goldenpath.delivery.registry import ecr_client  # noqa: PLC0415  the SDK takes a moment to load

    def no_identity() -> str:
        raise GoldenPathError("no role is assumed here", fix="log in to AWS")

    session = ecr_client.Session(region, name, "goldenpath-doctor", no_identity, lambda _: None)
    return ecr_client.connect(session, None)
