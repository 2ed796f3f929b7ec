"""Decide whether a workflow run may use a build cache, which cache it uses, and whether it writes a new one.

Why a cache is used only where no gate blocks, and only a cold build writes one: docs/adr/0037-build-cache.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from goldenpath.delivery.builds.cache_folder import CacheFolder, CacheRejected
from goldenpath.delivery.model.build_cache import BuildCache, CacheAccess, digest_in
from goldenpath.delivery.model.event import BY_HAND
from goldenpath.shared.errors import BadInput, CacheRefused, DiskTrouble

if TYPE_CHECKING:
    from collections.abc import Collection

    from goldenpath.delivery.builds.build_secrets import GivenSecrets
    from goldenpath.delivery.builds.builder import Builder
    from goldenpath.delivery.model.candidate import Candidate
    from goldenpath.delivery.model.event import Event
    from goldenpath.delivery.rules.matrix import Environment
    from goldenpath.delivery.stage import Run
    from goldenpath.shared.names import Digest

_BRANCH = "refs/heads/"
_WRITERS = {"push", BY_HAND, "schedule"}
# As the builder exports the image, so that no layer is converted. GitHub's cache compresses the whole.
_FORMAT = "mode=max,oci-mediatypes=true,image-manifest=true,compression=uncompressed,ignore-error=true"
_CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True)
class CacheUse:
    """How a build uses the cache in `folder`, as the `options` of buildx.

    `used` is the digest of the record of the cache that it reads; `writes` says that it writes a new one.
    """

    run: Run
    builder: str
    options: tuple[str, ...] = ()
    folder: CacheFolder | None = None
    used: Digest | None = None
    writes: bool = False

    def written(self) -> str:
        """Complete the cache that the build wrote and return the digits of its digest; empty where it wrote none."""
        if self.folder is None or not self.writes:
            return ""
        try:
            return self.folder.write(_record(self.run, self.builder, self.folder.manifest())).hex
        except (CacheRejected, DiskTrouble) as error:
            self.run.say(f"the next build is cold too, because this one wrote no cache: {error}")
            return ""


def access(environment: Environment, event: Event) -> CacheAccess:
    """Return what a run of `event` for `environment` may do with the build cache.

    Pull requests, merge queues and tags write none: other runs could not, or should not, read it. Events that a person
    without write access may cause, like a comment, write none either.
    """
    if environment.build_cache_age is None:
        return CacheAccess.NONE
    is_branch = event.ref.startswith(_BRANCH) and not event.is_pull_request
    return CacheAccess.WRITE if is_branch and event.name in _WRITERS else CacheAccess.READ


def planned(run: Run, chosen: Builder, given: GivenSecrets, *, private_bases: bool) -> CacheUse:
    """Return how this build uses the build cache; `given` are its secrets.

    Raises `BadInput` when the folder of the cache is inside the build context.
    """
    off = CacheUse(run, chosen.version)
    if run.request.build_cache is None:
        return off
    _require_outside(run)
    may, folder = access(run.environment, run.event), CacheFolder(run.request.build_cache)
    if why := _unusable(run, chosen, secret=bool(given.searched), private_bases=private_bases):
        run.say(f"building without a cache: {why}")
        return off
    try:
        digest, cache = _restored(run, chosen, folder)
    except CacheRejected as error:
        run.say(f"cold build: {error}")
        return _cold(off, folder) if may is CacheAccess.WRITE else off
    age = _age(cache)
    run.say(f"using the build cache of commit {cache.commit.short}, {age.total_seconds() / 3600:.1f} hours old")
    return CacheUse(
        run, chosen.version, (f"--cache-from=type=local,src={folder.layout},digest={cache.manifest}",), folder, digest
    )


def require_allowed(candidate: Candidate, environment: Environment) -> None:
    """Raise `CacheRefused` when the candidate was built from a cache and `environment` takes no such image."""
    if candidate.cache is not None and environment.build_cache_age is None:
        raise CacheRefused(
            f"The image was built with a build cache, and {environment.name} does not allow that",
            why=f"It was built by the rules of another environment. For {environment.name} every step of a build runs",
            fix=f"Build it again with `environment: {environment.name}`",
        )


def _unusable(run: Run, chosen: Builder, *, secret: bool, private_bases: bool) -> str:
    """Return the reason against any cache, or an empty text. A cache holds all steps of a build, and their secrets."""
    if run.environment.build_cache_age is None:
        return f"the rules of {run.environment.name} allow none (`build_cache_hours`)"
    if secret:
        return "this build has secrets, and a step may have left one in a layer"
    if private_bases:
        return "this build has private base images, and everybody who may read the repository may read its caches"
    if not chosen.is_pinned:
        return f"BuildKit {chosen.version or 'of an unknown version'} is not the platform's own version"
    return ""


def _restored(run: Run, chosen: Builder, folder: CacheFolder) -> tuple[Digest, BuildCache]:
    """Return digest and record of the restored cache. Raises `CacheRejected` when there is none that can be used."""
    if folder.is_empty:
        raise CacheRejected("there is no build cache yet")
    digest = digest_in(run.request.build_cache_key)
    if digest is None:
        raise CacheRejected("the key of the build cache has no digest")
    cache = folder.read(digest)
    _require_same(cache, _record(run, chosen.version, cache.manifest))
    if cache.ref not in (refs := _trusted_refs(run)):
        raise CacheRejected(f"the build cache is of {cache.ref!a}, and this run reads {' and '.join(refs) or 'none'}")
    _require_young(cache, run.environment)
    return digest, cache


def _require_same(cache: BuildCache, own: BuildCache) -> None:
    """Raise `CacheRejected` unless `cache` has the same purpose as `own`, the record that this build would write."""
    for name in ("repository", "environment", "ecr_repository", "builder"):
        theirs = getattr(cache, name)
        ours = getattr(own, name)
        if theirs != ours:
            raise CacheRejected(f"the build cache is of the {name} {theirs!a}, and this build of {ours!a}")


def _trusted_refs(run: Run) -> Collection[str]:
    """Return the branches whose caches this run may read: its own, a pull request's base, and the default branch."""
    own = "" if run.event.is_pull_request else run.event.ref
    branches = (run.runner.base_ref, run.event.default_branch)
    refs = (own, *(f"{_BRANCH}{branch}" for branch in branches if branch))
    return tuple(dict.fromkeys(ref for ref in refs if ref.startswith(_BRANCH)))


def _require_young(cache: BuildCache, environment: Environment) -> None:
    """Raise `CacheRejected` when the cache is too old: a step that fetches packages ran only when it was made."""
    age = _age(cache)
    most = environment.build_cache_age or timedelta()
    if age > most:
        raise CacheRejected(f"the build cache is older than {most.total_seconds() / 3600:.0f} hours")
    if age < -_CLOCKS_DIFFER:
        raise CacheRejected(f"the build cache says that it was made in the future, at {cache.created.isoformat()}")


def _age(cache: BuildCache) -> timedelta:
    return datetime.now(UTC) - cache.created


def _cold(off: CacheUse, folder: CacheFolder) -> CacheUse:
    """Empty `folder` and let the build write its cache there; where that fails, the build has no cache."""
    try:
        folder.clear()
    except OSError as error:
        off.run.say(f"the build cache cannot be written: {error}")
        return off
    option = f"--cache-to=type=local,dest={folder.layout},{_FORMAT}"
    return CacheUse(off.run, off.builder, (option,), folder, writes=True)


def _record(run: Run, builder: str, manifest: Digest) -> BuildCache:
    event = run.event
    return BuildCache(
        manifest=manifest,
        repository=event.repository,
        ref=event.ref,
        commit=event.commit,
        environment=run.environment.name,
        ecr_repository=run.request.ecr_repository or "",
        builder=builder,
        created=datetime.now(UTC),
    )


def _require_outside(run: Run) -> None:
    """Raise `BadInput` when the cache would be sent to the build."""
    folder, context = run.request.build_cache, run.request.build_context
    # The folder itself may be a link that was restored: then the cache is damaged, and the caller made no mistake.
    if folder is not None and (folder.parent.resolve() / folder.name).is_relative_to(context.resolve()):
        raise BadInput(
            f"The folder of the build cache, {folder}, is inside the build context {context}",
            why="The cache would be sent to the build and become part of the image",
            fix="Choose a folder outside of the build context with `build_cache` (--build-cache)",
        )
