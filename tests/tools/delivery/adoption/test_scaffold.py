"""`goldenpath init` in repositories laid out as public ones are: which Dockerfile it delivers."""

from __future__ import annotations

from pathlib import Path

from tests.tools.layouts import Layout, init

from goldenpath.delivery.adoption import checkout, doctor, reusable_workflow, source_checks

SEVERAL = {
    "services": ["services/api/Dockerfile", "services/web/Dockerfile", "services/web/tests/Dockerfile"],
    "beside one for production": ["Dockerfile", "Dockerfile.prod"],
    "two for production": ["Dockerfile.prod", "Dockerfile.release"],
    "two processes": ["docker/Dockerfile.web", "docker/Dockerfile.worker"],
}


def test_doctor_looks_at_each_image_of_a_monorepo(tmp_path: Path) -> None:
    app = Layout([*SEVERAL["services"], "services/web/.dockerignore"]).make(tmp_path / "shop")
    init(app, "--monorepo")
    (app.folder / "services/web/Dockerfile").unlink()
    asked = doctor.DoctorOptions(checkout.read(app.folder))
    found = [each for each in doctor.examine(asked, reusable_workflow.read(), doctor.Clients()) if each.fix]
    assert ("dockerfile", "services/web/Dockerfile does not exist") in {(each.about, each.what) for each in found}
    asked_for = [each.what for each in found if each.about == "registry"]
    assert asked_for == [f"it was not checked whether the ECR repository shop-{name} exists" for name in ("api", "web")]
    contexts = [each.what for each in found if each.about == "context"]
    assert [each.partition(" ")[0] for each in contexts] == ["services/api/.dockerignore", "services/web/.dockerignore"]


def test_doctor_finds_a_repository_that_was_committed_within_another(tmp_path: Path) -> None:
    app = Layout(["Dockerfile"]).make(tmp_path / "shop")
    app.git("update-index", "--add", "--cacheinfo", f"160000,{app.commit},vendor/a library")
    found = source_checks.submodules(checkout.read(app.folder))
    assert [each.what.partition(" is committed")[0] for each in found] == ["vendor/a library"]
