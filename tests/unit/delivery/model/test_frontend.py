from __future__ import annotations

import pytest

from goldenpath.delivery.model import frontend
from goldenpath.delivery.model.frontend import OFFICIAL, Frontend

SHA = f"sha256:{'a' * 64}"
EVIL = "ghcr.io/evil/frontend"
BODY = b"FROM scratch\n"


@pytest.mark.parametrize(
    ("dockerfile", "line"),
    [
        (b"# syntax=ghcr.io/evil/frontend\n", 1),
        (b"#syntax=ghcr.io/evil/frontend\n", 1),
        (b"#\t Syntax \t=  ghcr.io/evil/frontend  \r\n", 1),
        ("#\u00a0syntax=ghcr.io/evil/frontend\n".encode(), 1),
        (b"# SYNTAX=ghcr.io/evil/frontend --with words\n", 1),
        (b"# escape=`\n# check=skip=all\n# syntax=ghcr.io/evil/frontend\n", 3),
        (b"# escape=`\n# syntax=ghcr.io/evil/frontend\n# syntax=docker/dockerfile:1\n", 2),
        (b"\xef\xbb\xbf# syntax=ghcr.io/evil/frontend\n", 1),
        (b"#!/usr/bin/env build\n# syntax=ghcr.io/evil/frontend\n", 2),
        (b"\xef\xbb\xbf#!/bin/sh\n# syntax=ghcr.io/evil/frontend\n", 2),
        (b"// syntax=ghcr.io/evil/frontend\n", 1),
        (b"//escape=x\n//syntax = ghcr.io/evil/frontend\n", 2),
        (b'\r\n{"syntax": "ghcr.io/evil/frontend"} ', 1),
        (b'#!/usr/bin/env build\n{"a": 1, "syntax": "ghcr.io/evil/frontend and words"}', 2),
        (b'{"syntax": "docker/dockerfile:1", "syntax": "ghcr.io/evil/frontend"}', 1),
        (b"# syntax=ghcr.io/evil/frontend", 1),
    ],
)  # fmt: skip
def test_a_frontend_is_found_wherever_buildkit_finds_it(dockerfile: bytes, line: int) -> None:
    named = frontend.named_in(dockerfile + BODY if dockerfile.endswith(b"\n") else dockerfile)
    assert named is not None
    assert (named.frontend.repository, named.line) == (EVIL, line)


@pytest.mark.parametrize(
    "dockerfile",
    [
        BODY,
        b"",
        b"\n# syntax=ghcr.io/evil/frontend\n",
        b"# a comment\n# syntax=ghcr.io/evil/frontend\n",
        b"# foo=bar\n# syntax=ghcr.io/evil/frontend\n",
        b"FROM scratch\n# syntax=ghcr.io/evil/frontend\n",
        b"# syntax=\n",
        b" # syntax=ghcr.io/evil/frontend\n",
        b'{"syntax": 1}',
        b'[{"syntax": "ghcr.io/evil/frontend"}]',
        b'{"syntax": "ghcr.io/evil/frontend"',
        b"#! syntax=ghcr.io/evil/frontend\n",
    ],
)
def test_what_buildkit_does_not_read_as_a_frontend_is_none(dockerfile: bytes) -> None:
    assert frontend.named_in(dockerfile) is None


def test_json_that_is_too_deep_to_read_is_a_frontend_that_nobody_allowed() -> None:
    named = frontend.named_in(b'{"a":' * 200_000)
    assert named is None or not named.frontend.is_one_of((OFFICIAL,))


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("docker/dockerfile:1", (OFFICIAL, "1", "")),
        ("docker.io/docker/dockerfile", (OFFICIAL, "", "")),
        ("index.docker.io/docker/dockerfile:1.7", (OFFICIAL, "1.7", "")),
        (f"docker/dockerfile:1@{SHA}", (OFFICIAL, "1", SHA)),
        ("dockerfile", ("docker.io/library/dockerfile", "", "")),
        ("docker.evil.com/docker/dockerfile:1", ("docker.evil.com/docker/dockerfile", "1", "")),
        ("DOCKER.IO/docker/dockerfile:1", ("DOCKER.IO/docker/dockerfile", "1", "")),
        ("docker.io.evil.com/docker/dockerfile:1", ("docker.io.evil.com/docker/dockerfile", "1", "")),
        ("localhost:5000/docker/dockerfile:1", ("localhost:5000/docker/dockerfile", "1", "")),
        ("docker.io:443/docker/dockerfile:1", ("docker.io:443/docker/dockerfile", "1", "")),
        ("docker/dockerfile/x:1", ("docker.io/docker/dockerfile/x", "1", "")),
        ("docker/dockerfile-upstream:1", ("docker.io/docker/dockerfile-upstream", "1", "")),
        ("docker/dockerfile:1 more words", (OFFICIAL, "1", "")),
    ],
)
def test_a_name_means_what_it_means_to_buildkit(written: str, means: tuple[str, str, str]) -> None:
    found = frontend.parse(written)
    assert (found.repository, found.tag, found.digest) == means


@pytest.mark.parametrize(
    ("written", "inside"),
    [
        ("docker/dockerfile:1", True),
        ("docker/dockerfile:1.7", True),
        ("docker/dockerfile:1.7.0", True),
        ("docker/dockerfile", True),
        ("docker.io/docker/dockerfile:latest", True),
        ("docker/dockerfile:1-labs", False),
        ("docker/dockerfile:1.7-labs", False),
        ("docker/dockerfile:master", False),
        ("docker/dockerfile:10", False),
        (f"docker/dockerfile:1@{SHA}", False),
        ("docker/dockerfile-upstream:1", False),
        ("ghcr.io/docker/dockerfile:1", False),
        ("docker/dockerfile:1\targument", False),
    ],
)
def test_dockers_stable_frontend_is_the_one_inside_buildkit(written: str, inside: bool) -> None:
    assert frontend.parse(written).is_built_in is inside


@pytest.mark.parametrize(
    ("written", "listed", "allowed"),
    [
        ("docker/dockerfile:1-labs", OFFICIAL, True),
        (f"docker/dockerfile@{SHA}", "docker/dockerfile", True),
        ("docker/dockerfile-upstream", OFFICIAL, False),
        ("ghcr.io/acme/f:1", "ghcr.io/acme/f", True),
        ("ghcr.io/acme/f:1", "ghcr.io/acme/f:1", True),
        ("ghcr.io/acme/f:2", "ghcr.io/acme/f:1", False),
        ("ghcr.io/acme/f", "ghcr.io/acme/f:1", False),
        (f"ghcr.io/acme/f:1@{SHA}", "ghcr.io/acme/f:1", False),
        (f"ghcr.io/acme/f:9@{SHA}", f"ghcr.io/acme/f:1@{SHA}", True),
        ("ghcr.io/acme/f:1", f"ghcr.io/acme/f:1@{SHA}", False),
        ("ghcr.io/acme/f2", "ghcr.io/acme/f", False),
        ("acme/f", "ghcr.io/acme/f", False),
        ("ghcr.io/acme/f\u200b", "ghcr.io/acme/f", False),
    ],
)
def test_a_list_names_repositories_tags_or_digests(written: str, listed: str, allowed: bool) -> None:
    assert frontend.parse(written).is_one_of((listed,)) is allowed


def test_a_name_that_is_none_is_allowed_nowhere() -> None:
    assert frontend.parse("") == Frontend("", "")
    assert not frontend.parse("").is_one_of((OFFICIAL,))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"# syntax=docker/dockerfile:1\nFROM a\n", b"#\nFROM a\n"),
        (b"# syntax=docker/dockerfile:1\r\n# escape=`\r\nFROM a\r\n", b"# escape=`\r\n#\nFROM a\r\n"),
        (
            b"# escape=`\n# syntax=docker/dockerfile:1\n# check=skip=all\n\nFROM a",
            b"# escape=`\n# check=skip=all\n#\n\nFROM a",
        ),
        (b"\xef\xbb\xbf# syntax=docker/dockerfile:1\nFROM a\n", b"\xef\xbb\xbf#\nFROM a\n"),
        (b"#!/bin/sh\n# syntax=docker/dockerfile:1\nFROM a\n", b"#!/bin/sh\n#\nFROM a\n"),
        (b"# syntax=docker/dockerfile:1", b"#"),
    ],
)
def test_the_line_of_a_frontend_is_left_out_and_all_other_lines_keep_their_place(before: bytes, after: bytes) -> None:
    named = frontend.named_in(before)
    assert named is not None
    assert frontend.without(before, named) == after
    assert frontend.named_in(after) is None
