"""The table's apps by what is special about their repository or their build."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from goldenpath.shared import git
from tests.e2e import events, platform_copy
from tests.e2e.app_repositories import BASES, OWNER, Place, Row, Way
from tests.e2e.delivery_runs import ACCOUNT
from tests.tools.apps import App
from tests.tools.small_images import push

SITE = f"FROM {BASES}/nginx:1.29\n"
PRIVATE_REPOSITORY = "platform/base"
PRIVATE = f"{ACCOUNT}.dkr.ecr.eu-west-2.amazonaws.com/{PRIVATE_REPOSITORY}:1"
_SECRETS = f"""FROM {BASES}/node:22 AS build
RUN --mount=type=secret,id=npm,required=true --mount=type=ssh,required=true \\
    read -r token < /run/secrets/npm; test -n "$token" && test -S "$SSH_AUTH_SOCK" && echo yes > /installed
FROM {PRIVATE}
COPY public /srv
COPY --from=build /installed /app/installed
"""
_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"
_MODEL = b"weights\n" * 1000
_NAMES = 'COPY ["données/", "/srv/données/"]\nCOPY 日本語.txt /srv/\nLABEL title="café ☕"\n'
_PRODUCTION = f"""ARG NGINX=1.28
FROM {BASES}/nginx:$NGINX AS assets
COPY . /usr/share/nginx/html/
FROM assets AS debug
RUN exit 1
"""


def checkout_of(app: App, place: Place, ref: str) -> App:
    """Return a checkout of a commit and no branch, as GitLab and others make it, and as GitHub does for a tag."""
    clone = App(place.folder / "checkout", app.slug)
    clone.folder.mkdir()
    clone.git("init", "--quiet")
    clone.git("remote", "add", "origin", f"https://github.com/{app.slug}.git")
    clone.git("config", f"url.file://{app.folder}.insteadOf", f"https://github.com/{app.slug}.git")
    clone.git("fetch", "--quiet", "--no-tags", "origin", ref)
    clone.git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    return clone


def secrets_ssh_and_a_private_base(app: App, place: Place) -> Way:
    # The builder keeps steps of earlier runs, whatever the secret was.
    app.write("Dockerfile", f"# {secrets.token_hex(8)}\n{(app.folder / 'Dockerfile').read_text()}").save("Install")
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    place.emulator.create_repository(PRIVATE_REPOSITORY)
    push(place.emulator, PRIVATE_REPOSITORY, place.base, "1")
    given = {"BUILD_SECRETS": f"npm={secrets.token_hex(16)}", "BUILD_SSH_KEY": key}
    return Way(
        app.folder,
        before=(("pull-bases", f"--private-bases={PRIVATE}"),),
        variables={"TF_AWS_IAM_ROLE_BASES": place.emulator.create_role("pull-bases"), **given},
    )


def a_submodule_and_large_files(app: App, place: Place) -> Way:
    """The files come last: git would store what is checked out as it is."""
    theme = App(place.folder / "theme", f"{OWNER}/theme")
    theme.folder.mkdir()
    theme.git("init", "--quiet", "--initial-branch=main")
    commit = theme.write("style.css", "h1 { color: teal }\n").save("A theme")
    theme.git("clone", "--quiet", "--bare", str(theme.folder), str(place.server / f"{theme.slug}.git"))
    app.write(".gitmodules", f'[submodule "theme"]\n\tpath = theme\n\turl = https://github.com/{theme.slug}.git\n')
    app.git("clone", "--quiet", str(place.server / f"{theme.slug}.git"), "theme")
    app.git("add", ".gitmodules")
    app.git("update-index", "--add", "--cacheinfo", f"160000,{commit},theme")
    app.git("commit", "--quiet", "--message=A theme")
    oid = hashlib.sha256(_MODEL).hexdigest()
    app.write("model.bin", _POINTER.format(oid=oid, size=len(_MODEL))).save("A model")
    # As git-lfs leaves it: what is checked out, and the copy that it pushes.
    app.write(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", _MODEL).write("model.bin", _MODEL)
    return Way(app.folder)


def ends_of_lines(app: App, place: Place) -> Way:
    """A script was committed on Windows before `.gitattributes` was; no checkout of it is clean for git."""
    script = "ma boutique/run.sh"
    identity = git.ask(app.folder, "hash-object", "-w", "--stdin", stdin=b"#!/bin/sh\r\n").stdout.decode().strip()
    app.git("update-index", "--add", "--cacheinfo", f"100755,{identity},{script}")
    app.git("commit", "--quiet", "--message=A script")
    app.git("checkout", "--quiet", "--", script)
    return Way(checkout_of(app, place, "refs/heads/main").folder, ("--ref=refs/heads/main",))


def a_release(tag: str) -> Row:
    """Return the row of an app whose commit has the release tag `tag`."""

    def arrange(app: App, place: Place) -> Way:
        app.git("tag", "--annotate", f"--message={tag}", tag)
        return Way(checkout_of(app, place, f"refs/tags/{tag}").folder, (f"--ref=refs/tags/{tag}",))

    return Row(
        {"Dockerfile": SITE + "COPY public /srv\n", "public/index.html": "Hello\n"},
        environment="prod", arrange=arrange, event=lambda app: events.push_tag(app, tag), tags=("1.2.3",),
    )  # fmt: skip


def a_component(tag: str) -> Row:
    """Return the row of a monorepo of two images that both report, one of which the tag `tag` releases."""
    files = {f"{name}/{path}": text for name in ("my-web", "my-worker") for path, text in a_release(tag).files.items()}
    return replace(
        a_release(tag), files=files, inputs={"build_context": "my-web", "dockerfile_path": "my-web/Dockerfile"},
        caller=(platform_copy.TEMPLATES / "delivery-monorepo-notify.yml").read_text(), unreleased=("my-worker",),
        job="notify",
    )  # fmt: skip


# A run under the runner is dear, so what cannot hide one another stands in one app.
ROWS = {
    "private-base-build-secrets-sha-256": Row(
        {"Dockerfile": _SECRETS, "public/index.html": "Hello\n"},
        holds=("base-files",), environment="prod", git=("--object-format=sha256",), checkout={"private_bases": PRIVATE},
        arrange=secrets_ssh_and_a_private_base, has=("srv/index.html", "app/installed"), job="bases",
    ),
    "submodule-large-files": Row(
        {
            "Dockerfile": SITE + "COPY theme/style.css model.bin /srv/\n",
            ".gitattributes": "*.bin filter=lfs -text\n",
        },
        environment="prod", checkout={"submodules": "true", "lfs": "true"}, arrange=a_submodule_and_large_files,
        has=("srv/style.css", "srv/model.bin"),
    ),
    "my-web": a_component("my-web-v1.2.3"),
    "detached": a_release("v1.2.3"),
    "containerfile-master": Row(
        {
            "deploy/Containerfile": _PRODUCTION, "deploy/Containerfile.dockerignore": "**\n!public\npublic/drafts\n",
            "public/index.html": "Hello\n", "public/drafts/next.html": "Not yet\n", "notes.txt": "Ours\n",
        },
        inputs={
            "dockerfile_path": "deploy/Containerfile", "target": "assets", "build_args": "NGINX=1.29",
            "version": "4.5.6", "image_tag": "edge",
        },
        environment="test", branch="master", tags=("4.5.6", "edge"), has=("usr/share/nginx/html/public/index.html",),
        lacks=("usr/share/nginx/html/public/drafts/next.html", "usr/share/nginx/html/notes.txt"),
    ),
    "ends-of-lines-names": Row(
        {
            ".gitattributes": "*.sh text eol=lf\n*.bat text eol=crlf\n",
            "ma boutique/Dockerfile": SITE + _NAMES + "COPY run.* /srv/\n",
            "ma boutique/.dockerignore": "*\n!run.*\n!données\n!日本語.txt\n", "ma boutique/run.bat": "dir\r\n",
            "ma boutique/données/très important.html": "Hello\n", "ma boutique/日本語.txt": "こんにちは\n",
            "Ünïcode/ß.md": "ß\n",
        },
        inputs={"build_context": "ma boutique", "dockerfile_path": "ma boutique/Dockerfile"},
        environment="prod", arrange=ends_of_lines,
        has=("srv/run.sh", "srv/run.bat", "srv/données/très important.html", "srv/日本語.txt"),
    ),
}  # fmt: skip
