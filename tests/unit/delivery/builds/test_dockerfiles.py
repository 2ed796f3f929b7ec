"""From which folder a Dockerfile is built, by what it copies; whatever stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.delivery.builds import dockerfiles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY own.txt /", "api"), ("COPY root.txt /", "."), ("COPY root.txt api/own.txt /", "."),
        ("copy --chown=1:1 own.txt /", "api"), ('COPY ["own.txt", "/"]', "api"), ("COPY own.tx? /", "api"),
        ("ADD https://x.example/a /\nCOPY $THING root.txt /", "."), ("COPY \\\n  root.txt \\\n  /", "."),
        ("COPY --from=made own.txt /\nCOPY root.txt /", "."), ("COPY <<EOF /a\nEOF\nCOPY root.txt /", "."),
        # In both, in neither, or nothing that can be read.
        ("COPY . /", "api"), ("COPY gone /", "api"), ("", "api"), ("COPY", "api"), ("COPY [ /", "api"),
        ("COPY **x ** //a /", "api"), ("COPY " + "a" * 5000 + " /", "api"), ("COPY \0 /", "api"),
    ],
)  # fmt: skip
def test_the_folder_that_holds_what_a_dockerfile_copies_is_its_context(
    text: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "own.txt").touch()
    (tmp_path / "root.txt").touch()
    (tmp_path / "api" / "Dockerfile").write_text(f"FROM scratch\n{text}\n")
    assert dockerfiles.context(tmp_path, "api/Dockerfile") == expected


def test_the_images_of_a_dockerfile_are_its_from_lines_without_stages_variables_and_scratch() -> None:
    dockerfile = """
        FROM --platform=$BUILDPLATFORM golang:1.26 AS build
        from build as again
        FROM ${BASE}
        FROM scratch
        FROM python:3@sha256:abc
        FROM python:3@sha256:abc AS twice
    """
    assert dockerfiles.base_names(dockerfile) == ["golang:1.26", "python:3@sha256:abc"]
