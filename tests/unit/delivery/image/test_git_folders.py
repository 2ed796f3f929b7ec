"""What a folder of git in an image is."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldenpath.delivery.scanners import git_folder_findings
from goldenpath.shared.oci import GZIP_LAYER
from tests.unit.builders import COMMIT
from tests.unit.delivery.image.test_image_files import CLONED, search, stored

if TYPE_CHECKING:
    from goldenpath.delivery.model.layout import Descriptor

APP = "https://github.com/o/app"


def layer_of(folder: Path, **files: str) -> Descriptor:
    """Return a layer with these files; `__` in a name stands for a slash."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return stored(folder, gzip.compress(content.getvalue(), mtime=0), GZIP_LAYER)


#        files of the image's layers, from the first on                             a clone of somebody else
FOLDERS: dict[str, tuple[tuple[dict[str, str], ...], bool]] = {
    "a clone of nvm": (({"config": CLONED, "HEAD": "ref: refs/heads/master\n"},), True),
    "one in two layers": (({"config": CLONED}, {"config": CLONED, "HEAD": "a" * 40}), True),
    "one with submodules": (({"config": CLONED, "modules__x__config": CLONED},), True),
    "one without a configuration": (({"HEAD": "a" * 40},), False),
    "one without a remote": (({"config": CLONED.partition("[remote")[0]},), False),
    "one of the app's owner": (({"config": CLONED.replace("nvm-sh/", "O/")},), False),
    "one over ssh": (({"config": CLONED.replace("https://github.com/", "git@github.com:")},), False),
    "one of a private server": (({"config": CLONED.replace("github.com", "git.example.com")},), False),
    "one whose address leads back": (({"config": CLONED.replace("nvm-sh/nvm", "x/../o/app")},), False),
    "one with a token": (({"config": CLONED.replace("github.com", "x:secret@github.com")},), False),
    "one with a token in a hidden version": (
        ({"config": CLONED.replace("github.com", "x:secret@github.com")}, {"config": CLONED}), False,
    ),
    "one with a header": (({"config": f'{CLONED}[http "https://github.com/"]\n\textraheader = X: y\n'},), False),
    "one that includes another file": (({"config": CLONED + "[include]\n\tpath = /token\n"},), False),
    "one with a second remote": (({"config": CLONED + '[remote "b"]\n\turl = /srv/app\n'},), False),
    "a submodule with a token": (
        ({"config": CLONED, "modules__x__config": CLONED.replace("github.com", "x@github.com")},), False,
    ),
    "the app's own, with another address": (({"config": CLONED, "refs__heads__main": COMMIT + "\n"},), False),
    "the app's own, with packed refs": (({"config": CLONED, "packed-refs": f"#\n{COMMIT} refs/tags/v1\n"},), False),
    "bytes": (({"config": "\u2028"},), False),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_a_git_folder_is_judged_by_what_it_is(tmp_path: Path, name: str) -> None:
    layers, is_clone = FOLDERS[name]
    placed = [layer_of(tmp_path, **{f"root__.nvm__.git__{key}": text for key, text in each.items()}) for each in layers]
    (folder,) = git_folder_findings.merged_folders([search(tmp_path, *placed)])
    assert folder.path == "root/.nvm/.git"
    assert git_folder_findings.is_clone(folder, APP, frozenset({COMMIT})) is is_clone
    assert not git_folder_findings.is_clone(folder, "", frozenset())
