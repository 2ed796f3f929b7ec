from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace as changed

from goldenpath.delivery.builds import build_cache, cache_folder
from goldenpath.delivery.builds.build_secrets import GivenSecrets
from goldenpath.delivery.model.build_cache import CacheAccess, digest_in
from goldenpath.delivery.model.build_secrets import BuildSecret
from goldenpath.delivery.model.event import Event
from goldenpath.delivery.model.finding import Gate
from goldenpath.delivery.model.layout import Layout
from goldenpath.delivery.rules import freshness, matrix
from goldenpath.delivery.rules.decision import decide
from goldenpath.delivery.stages import ecr_push
from goldenpath.shared import codec
from goldenpath.shared.errors import BadInput, CacheRefused, DiskTrouble, PolicyInvalid
from goldenpath.shared.names import Commit, Digest
from goldenpath.shared.runner import Runner
from tests.unit import cache_builder, layout_builder, policy_table, run_builder
from tests.unit.builders import COMMIT, DIGEST, report
from tests.unit.cache_builder import PREFIX, saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.delivery.builds.build_cache import CacheUse
    from goldenpath.delivery.builds.builder import Builder

PUSH = Event("push", Commit(COMMIT), "refs/heads/main", "o/app", default_branch="main")
PULL_REQUEST = changed(PUSH, name="pull_request", ref="refs/pull/7/merge")
NOTHING = GivenSecrets()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def plan(
    cache: Path,
    key: str,
    *,
    given: GivenSecrets = NOTHING,
    private_bases: bool = False,
    chosen: Builder | None = None,
    **more: Any,  # noqa: ANN401  any field of a run
) -> tuple[CacheUse, list[str]]:
    """Return what a build does with the cache, and what it says about it."""
    said: list[str] = []
    run = run_builder.run(cache.parent, build_cache=cache, build_cache_key=key, say=said.append, **more)
    builder = chosen or cache_builder.pinned()
    return build_cache.planned(run, builder, given, private_bases=private_bases), said


def test_a_warm_build_reads_the_cache_by_digest_and_writes_none(cache: Path) -> None:
    key = saved(cache)
    made, said = plan(cache, key)
    manifest = Layout(cache / "layout").root().digest
    assert made.options == (f"--cache-from=type=local,src={cache}/layout,digest={manifest}",)
    assert (made.used, made.writes, made.written()) == (digest_in(key), False, "")
    assert said == ["using the build cache of commit a1b2c3d, 0.0 hours old"]


def test_a_cold_build_of_a_branch_writes_a_cache_that_the_next_run_reads(cache: Path) -> None:
    made, said = plan(cache, "")
    assert said == ["cold build: there is no build cache yet"]
    form = "mode=max,oci-mediatypes=true,image-manifest=true,compression=uncompressed,ignore-error=true"
    assert made.options == (f"--cache-to=type=local,dest={cache}/layout,{form}",)
    layout_builder.layout(cache / "layout")  # as BuildKit does
    after, _ = plan(cache, PREFIX + made.written())
    assert after.used is not None


def test_a_build_whose_cache_could_not_be_written_succeeds(cache: Path) -> None:
    made, said = plan(cache, "")
    assert made.written() == ""
    assert said[-1].startswith("the next build is cold too, because this one wrote no cache: ")


def test_a_record_that_the_disk_does_not_take_fails_no_build(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, said = plan(cache, "")
    layout_builder.layout(cache / "layout")

    def full(*_: object) -> None:
        raise DiskTrouble("the disk is full", fix="free some space")

    monkeypatch.setattr(codec, "write", full)
    assert made.written() == ""
    assert "the disk is full" in said[-1]


def test_a_run_without_a_folder_has_no_cache(tmp_path: Path) -> None:
    run = run_builder.run(tmp_path)
    made = build_cache.planned(run, cache_builder.pinned(), NOTHING, private_bases=False)
    assert (made.options, made.used, made.written()) == ((), None, "")


def test_the_cache_is_never_part_of_what_is_built(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="inside the build context"):
        plan(tmp_path / "app" / "cache", "", build_context=tmp_path / "app")


# What somebody who may write to the store can do. Each is a cold build that writes a cache of its own.
def swapped_blob(cache: Path) -> str:
    key = saved(cache)
    blob = layer(cache)
    blob.write_bytes(bytes(reversed(blob.read_bytes())))
    return key


def cut_short(cache: Path) -> str:
    key = saved(cache)
    blob = layer(cache)
    blob.write_bytes(blob.read_bytes()[:-1])
    return key


def missing_blob(cache: Path) -> str:
    key = saved(cache)
    layer(cache).unlink()
    return key


def extra_blob(cache: Path) -> str:
    key = saved(cache)
    layout_builder.store(cache / "layout", "text/plain", b"more")
    return key


def extra_file(cache: Path) -> str:
    key = saved(cache)
    (cache / "notes").write_text("")
    return key


def link_to_the_same_bytes(cache: Path) -> str:
    key = saved(cache)
    blob = layer(cache)
    elsewhere = cache.parent / "elsewhere"
    blob.rename(elsewhere)
    blob.symlink_to(elsewhere)
    return key


def linked_folder(cache: Path) -> str:
    key = saved(cache)
    (cache / "layout").rename(cache.parent / "elsewhere")
    (cache / "layout").symlink_to(cache.parent / "elsewhere")
    return key


def linked_cache(cache: Path) -> str:
    key = saved(cache.parent / "elsewhere")
    cache.symlink_to(cache.parent / "elsewhere")
    return key


def link_into_the_build_context(cache: Path) -> str:
    key = saved(cache.parent / "app" / "elsewhere")
    cache.symlink_to(cache.parent / "app" / "elsewhere")
    return key


def file_in_its_place(cache: Path) -> str:
    cache.write_text("")
    return PREFIX + DIGEST.removeprefix("sha256:")


def pipe(cache: Path) -> str:
    key = saved(cache)
    blob = layer(cache)
    blob.unlink()
    os.mkfifo(blob)
    return key


def swapped_manifest(cache: Path) -> str:
    key = saved(cache)
    manifest = Layout(cache / "layout").blob(Layout(cache / "layout").root().digest)
    manifest.write_bytes(manifest.read_bytes().replace(b'"layers"', b'"Layers"'))
    return key


def another_cache_under_the_key(cache: Path) -> str:
    key = saved(cache.parent / "first")
    saved(cache, content=b"poison")
    return key


def another_manifest_in_the_index(cache: Path) -> str:
    key = saved(cache)
    poison = layout_builder.layout(cache.parent / "poison", content=b"poison")
    for blob in (poison.path / "blobs/sha256").iterdir():
        (cache / "layout/blobs/sha256" / blob.name).write_bytes(blob.read_bytes())
    (cache / "layout/index.json").write_bytes((poison.path / "index.json").read_bytes())
    return key


def index_of_two(cache: Path) -> str:
    layout = layout_builder.layout(cache / "layout", layout_builder.AMD64, layout_builder.ARM64)
    return saved(cache.parent / "other", folder=cache, manifest=layout.root().digest)


def record_of_another_form(cache: Path) -> str:
    saved(cache)
    content = b'{"manifest": "sha256:1"}'
    (cache / "cache.json").write_bytes(content)
    return PREFIX + Digest.of(content).hex


def record_nested_too_deeply(cache: Path) -> str:
    saved(cache)
    content = b"[" * 100_000
    (cache / "cache.json").write_bytes(content)
    return PREFIX + Digest.of(content).hex


def huge_record(cache: Path) -> str:
    key = saved(cache)
    os.truncate(cache / "cache.json", 5 << 20)
    return key


def huge_cache(cache: Path) -> str:
    key = saved(cache)
    os.truncate(layer(cache), cache_folder.LARGEST + 1)  # a file with a hole: it takes no room
    return key


def no_digest_in_the_key(cache: Path) -> str:
    saved(cache)
    return "goldenpath-build-1-dev-my-app-"


def layer(cache: Path) -> Path:
    layout = Layout(cache / "layout")
    return layout.blob(layout.images()[0].manifest.layers[0].digest)


OF_BRANCH = {"ref": "refs/heads/attack"}
BOUND: dict[str, tuple[dict[str, Any], str]] = {
    "another branch's": (OF_BRANCH, "is of 'refs/heads/attack', and this run reads refs/heads/main"),
    "a fork's": ({"repository": "mallory/app"}, "is of the repository 'mallory/app', and this build of 'o/app'"),
    "a pull request's": ({"ref": "refs/pull/7/merge"}, "is of 'refs/pull/7/merge'"),
    "a tag's": ({"ref": "refs/tags/v1.0.0"}, "is of 'refs/tags/v1.0.0'"),
    "another environment's": ({"environment": "local"}, "is of the environment 'local', and this build of 'dev'"),
    "another image's": ({"ecr_repository": "other"}, "is of the ecr_repository 'other', and this build of 'my-app'"),
    "another builder's": ({"builder": "0.1.0"}, "is of the builder '0.1.0'"),
    "an older one": ({"created": datetime.now(UTC) - timedelta(hours=25)}, "is older than 24 hours"),
    "one of the future": ({"created": datetime.now(UTC) + timedelta(hours=1)}, "was made in the future"),
}
DAMAGED: list[tuple[Callable[[Path], str], str]] = [
    (swapped_blob, "is not what its digest says"),
    (swapped_manifest, "is not what its digest says"),
    (cut_short, "is not what its digest says"),
    (missing_blob, "cannot be read"),
    (extra_blob, "holds a file that its manifest does not list"),
    (extra_file, "holds a file that its manifest does not list: 'notes'"),
    (link_to_the_same_bytes, "which is no part of a cache"),
    (linked_folder, "holds 'layout', which is no part of a cache"),
    (linked_cache, "the build cache is not a folder"),
    (link_into_the_build_context, "the build cache is not a folder"),
    (file_in_its_place, "the build cache is not a folder"),
    (pipe, "which is no part of a cache"),
    (another_cache_under_the_key, "is not the one that its key names"),
    (another_manifest_in_the_index, "the build cache is damaged: The candidate folder holds"),
    (index_of_two, "it is no single manifest"),
    (record_of_another_form, "the build cache is damaged: "),
    (record_nested_too_deeply, "the build cache is damaged: "),
    (huge_record, "cache.json is too large"),
    (huge_cache, "5.4 GB are the most"),
    (no_digest_in_the_key, "the key of the build cache has no digest"),
]


def require_cold(cache: Path, key: str, why: str, **more: Any) -> None:  # noqa: ANN401  any field of a run
    made, said = plan(cache, key, **more)
    assert made.used is None
    assert not any("--cache-from" in each for each in made.options)
    assert len(said) == 1
    assert said[0].startswith("cold build: ")
    assert why in said[0]
    assert made.writes
    assert not cache.is_symlink()
    assert list(cache.iterdir()) == [], "what the archive left must not be saved again"


@pytest.mark.parametrize(("attack", "why"), DAMAGED, ids=lambda each: getattr(each, "__name__", ""))
def test_a_damaged_cache_is_a_cold_build(cache: Path, attack: Callable[[Path], str], why: str) -> None:
    require_cold(cache, attack(cache), why)


@pytest.mark.parametrize(("fields", "why"), BOUND.values(), ids=BOUND)
def test_a_cache_that_is_bound_to_something_else_is_a_cold_build(cache: Path, fields: dict[str, Any], why: str) -> None:
    require_cold(cache, saved(cache, **fields), why)


# Who reads, and who writes.
@pytest.mark.parametrize(
    ("environment", "event", "may"),
    [
        ("dev", PUSH, CacheAccess.WRITE),
        ("dev", changed(PUSH, name="workflow_dispatch"), CacheAccess.WRITE),
        ("dev", changed(PUSH, ref="refs/heads/topic"), CacheAccess.WRITE),
        ("dev", changed(PUSH, name="schedule"), CacheAccess.WRITE),
        ("dev", changed(PUSH, name="issue_comment"), CacheAccess.READ),
        ("dev", changed(PUSH, name="workflow_run"), CacheAccess.READ),
        ("dev", changed(PUSH, ref="refs/tags/v1.0.0"), CacheAccess.READ),
        ("dev", PULL_REQUEST, CacheAccess.READ),
        ("dev", changed(PULL_REQUEST, fork=True), CacheAccess.READ),
        ("dev", changed(PUSH, name="pull_request_target"), CacheAccess.READ),
        ("dev", changed(PUSH, name="merge_group", ref="refs/heads/gh-readonly-queue/main/pr-1"), CacheAccess.READ),
        ("dev", changed(PUSH, ref="refs/heads/gh-readonly-queue/main/pr-1"), CacheAccess.READ),
        *((name, PUSH, CacheAccess.NONE) for name in ("local", "test", "staging", "prod")),
    ],
)
def test_only_branches_write_and_no_run_of_a_blocking_environment_reads(
    environment: str, event: Event, may: CacheAccess
) -> None:
    assert build_cache.access(matrix.load().environment(environment), event) is may


def test_a_pull_request_reads_the_cache_of_its_base_and_writes_none(cache: Path) -> None:
    runner = Runner(base_ref="development")
    key = saved(cache, ref="refs/heads/development")
    assert plan(cache, key, event=PULL_REQUEST, runner=runner)[0].used is not None
    assert plan(cache, saved(cache.parent / "again"), event=PULL_REQUEST, runner=runner)[0].options == ()


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", "refs/heads/attack"])
def test_a_pull_request_reads_nothing_that_a_pull_request_wrote(cache: Path, ref: str) -> None:
    made, said = plan(cache, saved(cache, ref=ref), event=PULL_REQUEST)
    assert made.options == ()
    assert said[0].endswith("and this run reads refs/heads/main")


def test_a_run_of_no_branch_at_all_reads_none(cache: Path) -> None:
    event = changed(PULL_REQUEST, default_branch="")
    assert "and this run reads none" in plan(cache, saved(cache), event=event)[1][0]


@pytest.mark.parametrize("environment", ["test", "staging", "prod"])
def test_where_a_gate_blocks_every_step_runs_whatever_is_in_the_folder(cache: Path, environment: str) -> None:
    made, said = plan(cache, saved(cache, environment=environment), environment=environment)
    assert made.options == ()
    assert said == [f"building without a cache: the rules of {environment} allow none (`build_cache_hours`)"]


SECRET = BuildSecret("token", b"a secret that is long enough")
OTHER = replace(cache_builder.pinned(), version="0.1.0")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"given": GivenSecrets((SECRET,), searched=(SECRET,))}, "this build has secrets"),
        ({"private_bases": True}, "this build has private base images"),
        ({"chosen": OTHER}, "BuildKit 0.1.0 is not the platform's own version"),
    ],
)
def test_what_must_not_be_kept_is_neither_written_nor_read(cache: Path, more: dict[str, Any], why: str) -> None:
    for key in (saved(cache), ""):
        made, said = plan(cache, key, **more)
        assert (made.options, made.written()) == ((), "")
        assert why in said[0]


# The release.
def test_a_blocking_environment_takes_no_image_that_was_built_with_a_cache(tmp_path: Path) -> None:
    cold = run_builder.candidate(layout_builder.layout(tmp_path / "candidate"))
    warm = changed(cold, cache=Digest(DIGEST))
    prod, dev = (matrix.load().environment(name) for name in ("prod", "dev"))
    build_cache.require_allowed(cold, prod)
    build_cache.require_allowed(warm, dev)
    with pytest.raises(CacheRefused) as caught:
        build_cache.require_allowed(warm, prod)
    assert str(caught.value.what) == "The image was built with a build cache, and prod does not allow that"


def test_the_release_asks_after_the_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "require_fresh", lambda *_: ())
    run = run_builder.run(tmp_path, "prod")
    cold = changed(run_builder.candidate(layout_builder.layout(tmp_path / "candidate")), checkout="c", bases=())
    for gate, subject in ((Gate.GITLEAKS, cold.commit), (Gate.TRIVY, cold.digest)):
        found = changed(report(gate=gate), subject=subject, seen={"checkout": "c"})
        decided = decide(found, run.policy, run.environment, today=datetime.now(UTC).date())
        codec.write(run.work.verdict(gate), decided.verdict)
    assert ecr_push.require_verdicts(run, cold) == ()
    with pytest.raises(CacheRefused):
        ecr_push.require_verdicts(run, changed(cold, cache=Digest(DIGEST)))


# The policy.
TEXT = policy_table.TEXT


@pytest.mark.parametrize("environment", ["test", "staging", "prod"])
def test_no_policy_allows_a_cache_where_a_gate_blocks(environment: str) -> None:
    before, name, after = TEXT.partition(f"\n  {environment}:\n")
    with pytest.raises(PolicyInvalid, match=r"build_cache_hours.*where a gate blocks"):
        matrix.parse(f"{before}{name}    build_cache_hours: 1\n{after}")


def test_without_the_rule_there_is_no_cache() -> None:
    assert matrix.load().environment("dev").build_cache_age == timedelta(hours=24)
    older = matrix.parse(TEXT.replace("    build_cache_hours: 24\n", ""))
    assert {each.build_cache_age for each in older.environments} == {None}
