"""How Terraform is started, and how its answers become errors; by exact command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.registries.terraform.terraform_double import said, started

from goldenpath.registries.terraform import program
from goldenpath.registries.terraform.program import lock_vanished, passed_variables, s3_backend
from goldenpath.shared import runner
from goldenpath.shared.errors import TerraformFailed
from goldenpath.shared.process import Completed


def test_a_targeted_plan_is_kept_and_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    assert terraform.plan(Path("/w/p"), 'module.ecr_repositories["a-b"]').changes == ()
    assert recorder.commands == [
        ["terraform", "plan", "-no-color", "-json", "-input=false", "-lock=false", "-out=/w/p",
         '-target=module.ecr_repositories["a-b"]'],
        ["terraform", "show", "-no-color", "-json", "/w/p"],
    ]  # fmt: skip


def test_a_plan_without_a_target_is_for_the_whole_module(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.plan(Path("/w/p"))
    assert recorder.commands[0][-1] == "-out=/w/p"


def test_init_opens_the_backend_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.init({"key": "k", "bucket": "b"})
    assert recorder.commands == [
        ["terraform", "init", "-no-color", "-json", "-input=false", "-reconfigure", "-backend-config=bucket=b",
         "-backend-config=key=k"],
    ]  # fmt: skip


def test_init_takes_no_provider_that_the_folder_does_not_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terraform, recorder = started(monkeypatch)
    (tmp_path / ".terraform.lock.hcl").touch()
    replace(terraform, folder=tmp_path).init({})
    assert recorder.commands[0][-1] == "-lockfile=readonly"


def test_in_a_workflow_run_the_settings_of_the_machine_are_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.show_text(Path("/w/p"))
    assert "TF_CLI_CONFIG_FILE" not in recorder.options[0]["environment"]
    monkeypatch.setattr(runner, "trusts_machine", lambda: False)
    replace(terraform, working=tmp_path / "work").show_text(Path("/w/p"))
    settings = Path(recorder.options[1]["environment"]["TF_CLI_CONFIG_FILE"])
    assert settings.read_text() == "provider_installation {\n  direct {}\n}\n"


def test_what_an_apply_made_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.untaint("module.x.aws_ecr_repository.this")
    assert recorder.commands == [
        ["terraform", "untaint", "-no-color", "-lock-timeout=7s", "module.x.aws_ecr_repository.this"]
    ]


def test_apply_does_the_saved_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.apply(Path("/w/p"))
    assert recorder.commands == [
        ["terraform", "apply", "-no-color", "-json", "-input=false", "-lock-timeout=7s", "/w/p"]
    ]


def test_terraform_runs_in_its_folder_quietly_and_without_our_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform, recorder = started(monkeypatch)
    terraform.show_text(Path("/w/p"))
    (options,) = recorder.options
    assert options["cwd"] == Path("/envs/dev")
    assert options["environment"] == {
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_DATA_DIR": "/w",
        "AWS_REGION": "eu-west-2",
    }


@pytest.mark.parametrize(
    ("stdout", "stderr", "why"),
    [
        (b'{"type":"version"}\nnot json\n' + said("Bad", "so  it\nis"), b"", "Bad: so it is"),
        (said("Old", severity="warning") + said("Bad") + said("Worse"), b"", "Bad; Worse"),
        (said("Only one"), b"", "Only one"),
        (b"", b"out of memory\n", "out of memory"),
        (b"", b"", "it printed nothing"),
    ],
)
def test_a_failure_quotes_terraforms_own_diagnosis(
    monkeypatch: pytest.MonkeyPatch, stdout: bytes, stderr: bytes, why: str
) -> None:
    terraform, _ = started(monkeypatch, code=1, stdout=stdout, stderr=stderr)
    with pytest.raises(TerraformFailed, match="terraform show failed") as refused:
        terraform.show_text(Path("/w/p"))
    assert refused.value.why == why


GONE = (
    b"Error acquiring the state lock: operation error S3: PutObject, https response error StatusCode: 412\n"
    b"unable to retrieve file from S3 bucket 'state': operation error S3: GetObject, "
    b"https response error StatusCode: 404\n"
)


@pytest.mark.parametrize(
    ("code", "said", "vanished"),
    [
        (1, GONE, True),
        (0, GONE, False),
        (1, GONE.replace(b"404", b"403"), False),
        (1, b"Error acquiring the state lock: StatusCode: 412\nLock Info:\n  ID: 5\n", False),
        (1, GONE.replace(b"Error acquiring the state lock", b"Error refreshing state"), False),
    ],
    ids=["gone", "ended well", "not allowed to read it", "held, and read", "another file"],
)
def test_only_a_lock_that_nobody_holds_any_more_is_one_that_vanished(code: int, said: bytes, *, vanished: bool) -> None:
    for done in (Completed("terraform", code, said, b"", 1.0), Completed("terraform", code, b"", said, 1.0)):
        assert lock_vanished(done) is vanished


def test_terraform_sees_aws_and_its_plugins_and_nothing_else() -> None:
    kept = {"AWS_REGION": "r", "AWS_ENDPOINT_URL": "u", "AWS_ENDPOINT_URL_S3": "s", "TF_REATTACH_PROVIDERS": "{}"}
    dropped = {"TF_VAR_environment": "prod", "TF_CLI_ARGS_plan": "-destroy", "GITHUB_TOKEN": "t", "TF_WORKSPACE": "x"}
    assert passed_variables({**kept, **dropped}) == kept


def test_a_bucket_at_ones_own_endpoint_is_addressed_by_its_path() -> None:
    plain = {"bucket": "b", "key": "k", "region": "r"}
    assert s3_backend("b", "k", "r", {}) == plain
    assert s3_backend("b", "k", "r", {"AWS_ENDPOINT_URL": "u"}) == {**plain, "use_path_style": "true"}


def test_the_limits_grow_with_what_terraform_may_have_to_do() -> None:
    assert program.READ_SECONDS < program.INIT_SECONDS < program.PLAN_SECONDS < program.APPLY_SECONDS
