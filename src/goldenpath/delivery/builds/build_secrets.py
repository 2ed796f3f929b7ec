"""Collect the secrets of a build from the caller's sources, mask them, and search the built image for them.

How they reach the build, and which copies the search can find: docs/adr/0027-build-secrets.md.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from goldenpath.delivery.model.build_secrets import DEFAULT_SSH, BuildSecret, SshSource
from goldenpath.delivery.model.secret_forms import SHORTEST, forms, lines_to_mask, parts, redacted
from goldenpath.delivery.secrets.secret_search import SecretSearch
from goldenpath.shared import runner
from goldenpath.shared.errors import BadInput, SecretInImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.delivery.builds.buildx import BuildOrder
    from goldenpath.delivery.model.build_secrets import SecretSource
    from goldenpath.delivery.model.layout import Layout
    from goldenpath.delivery.stage import Run

# Bytes that BuildKit takes (session/secrets, MaxSecretSize), and that Linux takes as one variable (MAX_ARG_STRLEN).
_LARGEST, _LARGEST_VARIABLE = 500 << 10, 127 << 10
# GitHub masks every line of a secret, and drops each output of a job that holds a masked text.
_SHORTEST_LINE = 4
_PLACES_AT_MOST = 5
_AGENT = "SSH_AUTH_SOCK"
_KEY_NAME = "the SSH key"


@dataclass(frozen=True)
class GivenSecrets:
    """The `secrets` and `ssh` that the caller gave for the build; the image must hold none of those in `searched`.

    `empty` are the names of secrets without a value.
    """

    secrets: tuple[BuildSecret, ...] = ()
    ssh: tuple[SshSource, ...] = ()
    searched: tuple[BuildSecret, ...] = ()
    empty: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@contextmanager
def collected(run: Run) -> Iterator[GivenSecrets]:
    """Give the build's secrets while the block lasts, masked in the log of a workflow run.

    A key from a variable is in a private file until then: BuildKit reads keys only from files. A runner empties its own
    folder for such files even after a job that was killed. Raises `BadInput` for a secret that cannot be read or used.
    """
    request = run.request
    every = _require_once((*request.build_secrets, *map(_read, request.secret)))
    ssh = tuple(map(_ssh, request.ssh))
    with tempfile.TemporaryDirectory(prefix="goldenpath-ssh-", dir=run.runner.temp) as folder:
        if request.build_ssh_key:
            ssh = _with_key(ssh, request.build_ssh_key, Path(folder, "key"))
        keys = tuple(BuildSecret(_KEY_NAME, content) for source in ssh for content in _keys(source))
        # A pull request of a fork has no secrets, and GitHub gives it empty ones. A RUN step would take an empty file
        # for a secret and fail without a visible reason.
        secrets = tuple(secret for secret in every if secret.value.strip())
        searched = (*secrets, *keys)
        for secret in searched:
            _require_usable(secret, in_actions=run.runner.in_actions)
            # Before BuildKit gets it: a RUN step may print the secret, and GitHub masks only the values it knows then.
            for line in lines_to_mask(secret.value):
                run.runner.mask(line)
        empty = tuple(secret.id for secret in every if not secret.value.strip())
        yield GivenSecrets(secrets, ssh, searched, empty, tuple(_warnings(searched, empty)))


def with_secrets(order: BuildOrder, given: GivenSecrets) -> BuildOrder:
    """Return `order` with the secrets. Raises `BadInput` when another part of it, which is recorded, holds one."""
    recorded = {f"The build argument {name}": value for name, value in order.build_args}
    recorded |= {f"The label {name}": value for name, value in order.labels.items()}
    # A secret in base64 or in a URL is as good as the secret itself.
    sought = forms(given.searched)
    for place, text in recorded.items():
        if form := next((form for form in sought if form.content in text.encode("utf-8", "surrogateescape")), None):
            raise BadInput(
                f"{place} holds the build secret {form.secret} ({form.name})",
                why="Build arguments and labels are recorded in the image, where everybody can read them",
                fix=f"Leave it out there, and mount the secret: RUN --mount=type=secret,id={form.secret}",
            )
    return replace(order, secrets=given.secrets, ssh=given.ssh)


def require_absent(given: GivenSecrets, layout: Layout) -> tuple[str, ...]:
    """Search the image in `layout` for the secrets; return one sentence for each file that could not be searched.

    Raises `SecretInImage`, and deletes the image, when it holds one.
    """
    search = SecretSearch(forms(given.searched))
    if not search.forms:
        return ()
    search.search(layout)
    if not search.places:
        return _unread(search.unread)
    # Before the error is raised: a later step with `if: always()` could hand the image on
    # (docs/adr/0027-build-secrets.md).
    shutil.rmtree(layout.path, ignore_errors=True)
    names = ", ".join(dict.fromkeys(place.form.secret for place in search.places))
    # A file may have the secret in its name.
    places = [redacted(f"{place.form.secret}: {place} ({place.form.name})", given.searched) for place in search.places]
    more = f" and {len(places) - _PLACES_AT_MOST} more places" if len(places) > _PLACES_AT_MOST else ""
    raise SecretInImage(
        f"The image holds a secret that its build was given: {names}",
        why="; ".join(places[:_PLACES_AT_MOST]) + more,
        fix="Read the secret in the RUN step that needs it (--mount=type=secret), and leave no copy in any file, not "
        "even in one that a later step deletes; pass a value that is not secret with `build_args`",
    )


def _unread(sentences: list[str]) -> tuple[str, ...]:
    shown = [f"Search for build secrets: {sentence}" for sentence in sentences[:_PLACES_AT_MOST]]
    if more := len(sentences) - len(shown):
        files = "1 more file was" if more == 1 else f"{more} more files were"
        shown.append(f"Search for build secrets: {files} not searched to the end")
    return tuple(shown)


def _read(source: SecretSource) -> BuildSecret:
    """Return the secret of `source`. Raises `BadInput`."""
    variables = runner.variables()
    variable = source.variable or ("" if source.file or source.id not in variables else source.id)
    if variable:
        if variable not in variables:
            raise _unusable(source.id, f"The variable {variable} is not set")
        return BuildSecret(source.id, variables[variable].encode("utf-8", "surrogateescape"))
    path = _path(source.id, source.file or source.id)
    # A pipe, like the shell's `<(…)`, can be read once.
    return BuildSecret(source.id, _content(source.id, path), path if path.is_file() else None)


def _ssh(source: SshSource) -> SshSource:
    """Return `source` with the paths for buildx. Raises `BadInput`."""
    paths = source.paths or tuple(filter(None, [runner.variables().get(_AGENT, "")]))
    if not paths:
        raise _unusable(f"ssh {source.id}", f"No SSH agent runs here: the variable {_AGENT} is not set")
    places = tuple(_path(f"ssh {source.id}", path) for path in paths)
    for path in places:
        try:
            path.stat()
        except OSError as error:
            raise _unusable(f"ssh {source.id}", f"{path}: {error.strerror or error}") from error
    return SshSource(source.id, tuple(map(str, places)))


def _with_key(ssh: tuple[SshSource, ...], key: str, file: Path) -> tuple[SshSource, ...]:
    if any(source.id == DEFAULT_SSH for source in ssh):
        raise _unusable(DEFAULT_SSH, "`build_ssh_key` and `ssh` both give it")
    # Made private before it has content: between writing and `chmod` another process could open it.
    file.touch(mode=0o600)
    file.write_text(key)
    return (*ssh, SshSource(DEFAULT_SSH, (str(file),)))


def _keys(source: SshSource) -> Iterator[bytes]:
    """Yield the content of the key files of `source`; an agent keeps its keys to itself."""
    for path in map(Path, source.paths):
        if not path.is_socket():
            yield _content(f"ssh {source.id}", path)


def _path(name: str, text: str) -> Path:
    try:
        return Path.cwd() / Path(text).expanduser()
    except RuntimeError as error:
        raise _unusable(name, f"{text}: {error}") from error


def _content(name: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than the limit shows that there is more. A pipe without end is never read whole.
            return file.read(_LARGEST + 1)
    except OSError as error:
        raise _unusable(name, f"{path}: {error.strerror or error}") from error


def _require_once(secrets: tuple[BuildSecret, ...]) -> tuple[BuildSecret, ...]:
    names = [secret.id for secret in secrets]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise _unusable(twice, "`build_secrets` and `secret` both give it")
    return secrets


def _require_usable(secret: BuildSecret, *, in_actions: bool) -> None:
    limit = _LARGEST if secret.file or secret.id == _KEY_NAME else _LARGEST_VARIABLE
    if len(secret.value) > limit:
        raise _unusable(secret.id, f"It is larger than {limit >> 10} KiB")
    if b"\0" in secret.value and secret.file is None:
        raise _unusable(secret.id, "It holds a zero byte; give it as a file, or in base64")
    lines = [line.strip() for line in secret.value.splitlines() if line.strip()]
    # GitHub masks the values of its secrets; it does not know the content of a file.
    if in_actions and secret.file is None and len(lines) > 1 and min(map(len, lines)) < _SHORTEST_LINE:
        raise BadInput(
            f"The build secret {secret.id} has a line of fewer than {_SHORTEST_LINE} characters",
            why="GitHub masks each line of a secret wherever it appears, and drops each output that holds one",
            fix="Write the value in one line (JSON can be minified), or in base64 and decode it in the RUN step",
        )


def _warnings(searched: tuple[BuildSecret, ...], empty: tuple[str, ...]) -> Iterator[str]:
    for name in empty:
        yield f"The build secret {name} is empty here, so the build does not get it"
    for secret in searched:
        if len(secret.value.strip()) < SHORTEST:
            yield (
                f"The build secret {secret.id} has fewer than {SHORTEST} characters: it is neither hidden in the log "
                "nor searched for in the image"
            )
        elif not parts(secret.value):
            yield f"The build secret {secret.id} holds only public certificates: it is not searched for in the image"


def _unusable(name: str, why: str) -> BadInput:
    return BadInput(
        f"The build secret {name} cannot be used",
        why=why,
        fix="Correct its source, or leave it out; docs/workflow.md says how secrets are given",
    )
