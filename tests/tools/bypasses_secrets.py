"""Ways to get a secret past gitleaks-gate."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.tools import apps
from tests.tools.bypass import Attempt, Bypass, Place

from goldenpath import runner
from goldenpath.errors import BadInput, GateBlocked, GoldenPathError, SourceUnusable
from goldenpath.tools import git

ALLOW_ALL = "[extend]\nuseDefault = true\n[[allowlists]]\nregexes = ['''.*''']\npaths = ['''.*''']\n"
ROWS: list[Bypass] = []
_Make = Callable[[Place], Attempt | None]


def row(
    told: str = "github-pat in config.py", refused: type[GoldenPathError] | None = GateBlocked
) -> Callable[[_Make], _Make]:
    """Put the function that follows into the table, under its own name."""

    def enter(make: _Make) -> _Make:
        ROWS.append(Bypass(make.__name__.replace("_", " "), "gitleaks-gate", make, told, refused))
        return make

    return enter


def line(comment: str = "") -> str:
    """Return a line with a secret made anew."""
    return f'TOKEN = "{apps.secret()}"{comment}\n'


def plant(place: Place, path: str, content: str | bytes) -> None:
    """Commit a file."""
    place.app.write(path, content).save("Plant")


def zipped(**members: str | bytes) -> bytes:
    """Return a zip of `members`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(name: str, content: str) -> bytes:
    """Return a tar with one member."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content.encode()))
    return file.getvalue()


# Files that the app has


@row()
def a_gitleaksignore_file(place: Place) -> None:
    place.app.plant_secret()
    lines = (f"{place.app.commit}:config.py:github-pat:1", "config.py:github-pat:1")
    plant(place, ".gitleaksignore", "\n".join(lines) + "\n")


@row()
def a_gitleaks_allow_comment(place: Place) -> None:
    plant(place, "config.py", line("  # gitleaks:allow"))


@row()
def rules_of_its_own_at_the_root(place: Place) -> None:
    place.app.plant_secret()
    place.app.write("gitleaks.toml", ALLOW_ALL)
    plant(place, ".gitleaks.toml", ALLOW_ALL)


@row()
def rules_of_its_own_in_dot_github(place: Place) -> None:
    place.app.plant_secret()
    plant(place, ".github/.gitleaks.toml", ALLOW_ALL)


@row("github-pat in .gitleaks.toml")
def a_secret_in_its_own_rules(place: Place) -> None:
    plant(place, ".gitleaks.toml", ALLOW_ALL + "# " + line())


@row()
def a_baseline_file(place: Place) -> Attempt:
    place.app.plant_secret()
    plant(place, "gitleaks-report.json", "[]")
    return Attempt({"GITLEAKS_BASELINE_PATH": str(place.app.folder / "gitleaks-report.json")})


# What the caller has


@row()
def rules_by_variable(place: Place) -> Attempt:
    place.app.plant_secret()
    (place.folder / "allow.toml").write_text(ALLOW_ALL)
    path = str(place.folder / "allow.toml")
    return Attempt({"GITLEAKS_CONFIG": path, "GITLEAKS_CONFIG_TOML": ALLOW_ALL, "GITLEAKS_ENABLE_RULE": "none"})


@row()
def a_gitleaks_of_the_callers_on_path(place: Place) -> Attempt:
    place.app.plant_secret()
    return Attempt({"PATH": f"{pretender(place, 'gitleaks')}:/usr/local/bin:/usr/bin:/bin"})


def pretender(place: Place, name: str) -> Path:
    """Return a folder with a program that finds nothing, whatever it is asked."""
    program = place.folder / "bin" / name
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor word; do [ "$last" = --report-path ] && echo "[]" >"$word"; last=$word; done\n')
    program.chmod(0o755)
    return program.parent


@row()
def git_configured_to_show_nothing(place: Place) -> Attempt:
    place.app.plant_secret()
    home = place.folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[color]\n\tui = always\n[log]\n\tshowRoot = false\n[diff]\n\texternal = true\n")
    ours = {"HOME": str(home), "GOLDENPATH_CACHE": str(runner.cache_dir())}
    return Attempt({**ours, "GIT_EXTERNAL_DIFF": "true", "GIT_DIFF_OPTS": "-U0"})


@row()
def the_clone_configured_to_show_nothing(place: Place) -> None:
    place.app.plant_secret()
    hides = {"color.ui": "always", "diff.noprefix": "true", "diff.external": "true", "log.showRoot": "false"}
    for name, value in {**hides, "diff.orderFile": "/dev/null", "log.diffMerges": "off"}.items():
        place.app.git("config", name, value)


@row()
def attributes_of_the_clone(place: Place) -> None:
    place.app.plant_secret()
    (place.app.folder / ".git" / "info").mkdir(exist_ok=True)
    (place.app.folder / ".git" / "info" / "attributes").write_text("* -diff\n* binary\n")
    (place.folder / "attributes").write_text("* -diff\n")
    place.app.git("config", "core.attributesFile", str(place.folder / "attributes"))


@row()
def a_replaced_commit(place: Place) -> None:
    clean = place.app.commit
    place.app.plant_secret()
    secret = place.app.commit
    (place.app.folder / "config.py").unlink()
    place.app.save("Take it out")
    place.app.git("replace", secret, clean)


@row()
def a_graft_that_skips_a_commit(place: Place) -> None:
    clean = place.app.commit
    place.app.plant_secret()
    (place.app.folder / "config.py").unlink()
    place.app.save("Take it out")
    info = place.app.folder / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{place.app.commit} {clean}\n")


# How git shows a file


def attributes(name: str, text: str) -> None:
    """Enter a row for a line of .gitattributes."""

    def make(place: Place) -> None:
        place.app.git("config", "diff.none.textconv", "true")
        plant(place, ".gitattributes", f"config.py {text}\n")
        place.app.plant_secret()

    make.__name__ = f"attribute_{name}"
    row()(make)


attributes("no diff", "-diff")
attributes("binary", "binary")
attributes("textconv", "diff=none")
attributes("export-ignore", "export-ignore")
attributes("linguist-generated", "linguist-generated linguist-vendored")


@row()
def attribute_filter(place: Place) -> None:
    """The working tree shows a harmless file; the commit has the secret."""
    place.app.plant_secret()
    place.app.git("config", "filter.clean.smudge", "echo harmless")
    plant(place, ".gitattributes", "config.py filter=clean\n")
    (place.app.folder / "config.py").unlink()
    place.app.git("checkout", "--", "config.py")


@row()
def attribute_working_tree_encoding(place: Place) -> None:
    plant(place, ".gitattributes", "config.py working-tree-encoding=UTF-16LE\n")
    plant(place, "config.py", line().encode("utf-16-le"))


@row()
def zero_bytes(place: Place) -> None:
    plant(place, "config.py", b"\0\0\n" + line().encode() + b"\0\n")


def first_bytes(name: str, magic: bytes) -> None:
    """Enter a row for a file that a scanner takes for a program or a picture, in a place it leaves out."""

    def make(place: Place) -> None:
        plant(place, f"assets/{name}", magic + b"\n" + line().encode())

    make.__name__ = f"said_to_be_{name}"
    row(f"github-pat in assets/{name}")(make)


first_bytes("manual.pdf", b"%PDF-1.7")
first_bytes("logo.png", b"\x89PNG\r\n\x1a\n")
first_bytes("tool.exe", b"MZ\x90\0" + bytes(60))
first_bytes("tool.bin", b"\x7fELF\2\1\1" + bytes(60))


def allowed_path(path: str) -> None:
    """Enter a row for a path that gitleaks leaves out."""

    def make(place: Place) -> None:
        plant(place, path, line())

    make.__name__ = f"in {path}"
    row(f"github-pat in {path}")(make)


for each in (
    "logo.svg",
    "package-lock.json",
    "gitleaks.toml",
    "go.sum",
    "node_modules/a/index.js",
    "vendor/modules.txt",
):
    allowed_path(each)


@row("github-pat in link")
def the_target_of_a_symlink(place: Place) -> None:
    (place.app.folder / "link").symlink_to(apps.secret())
    place.app.save("Link")


@row("github-pat in large.txt")
def a_file_of_two_megabytes(place: Place) -> None:
    plant(place, "large.txt", "nothing to see here\n" * 100_000 + line() + "nothing to see here\n" * 10_000)


@row("github-pat in one-line.js")
def one_line_of_two_megabytes(place: Place) -> None:
    plant(place, "one-line.js", "var a;" * 350_000 + line())


# Encodings


def encoded(name: str, encode: Callable[[str], bytes]) -> None:
    """Enter a row for a text in another encoding."""

    def make(place: Place) -> None:
        plant(place, "config.py", encode("# a file\n" + line()))

    make.__name__ = name
    row()(make)


encoded("utf-16 with a mark", lambda text: text.encode("utf-16"))
encoded("utf-16 little endian without a mark", lambda text: text.encode("utf-16-le"))
encoded("utf-16 big endian without a mark", lambda text: text.encode("utf-16-be"))
encoded("utf-32 with a mark", lambda text: text.encode("utf-32"))


# Archives


def packed(path: str, pack: Callable[[str], bytes], told: str) -> None:
    """Enter a row for an archive at `path`."""

    def make(place: Place) -> None:
        plant(place, path, pack(line()))

    make.__name__ = f"packed in {path}"
    row(f"github-pat in {told}")(make)


packed("a.zip", lambda text: zipped(inner=text), "a.zip!inner")
packed("picture.zip", lambda text: zipped(**{"x.svg": text}), "picture.zip!x.svg")
packed("a.docx", lambda text: zipped(**{"word/document.xml": text}), "a.docx!word/document.xml")
packed("no-ending", lambda text: zipped(inner=text), "no-ending!inner")
packed("behind-a-script", lambda text: b"#!/bin/sh\nexit\n" + zipped(inner=text), "behind-a-script!inner")
packed("a.tar", lambda text: tarred("inner.png", text), "a.tar!inner.png")
packed("a.tar.gz", lambda text: gzip.compress(tarred("inner", text)), "a.tar.gz!inner")
packed("a.tar.xz", lambda text: lzma.compress(tarred("inner", text)), "a.tar.xz!inner")
packed("a.gz", lambda text: gzip.compress(text.encode()), "a.gz")
packed(
    "nested.zip", lambda text: zipped(one=zipped(two=gzip.compress(tarred("three", text)))), "nested.zip!one!two!three"
)
packed("utf-16.zip", lambda text: zipped(inner=text.encode("utf-16")), "utf-16.zip!inner")
packed("cut.gz", lambda text: gzip.compress(text.encode() + bytes(range(256)) * 4000)[:-40], "cut.gz")


@row("a.zip!inner is in an archive that cannot be opened", None)
def an_encrypted_archive(place: Place) -> None:
    content = bytearray(zipped(inner=line()))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    plant(place, "a.zip", bytes(content))


@row("deep.zip!1!1!1!1 holds archives in archives", None)
def an_archive_too_deep(place: Place) -> None:
    content: str | bytes = line()
    for _ in range(6):
        content = zipped(**{"1": content})
    plant(place, "deep.zip", content)


# What git has besides files


@row("github-pat in message of commit")
def a_commit_message(place: Place) -> None:
    place.app.save(f"Use {apps.secret()}")


@row("github-pat in message of tag")
def an_annotated_tags_message(place: Place) -> Attempt:
    place.app.git("tag", "--annotate", "--no-sign", f"--message=Use {apps.secret()}", "v1.0.0")
    return Attempt(apps.event(place.folder / "runner", place.app, ref="refs/tags/v1.0.0"))


@row()
def a_secret_taken_out_again(place: Place) -> None:
    place.app.plant_secret()
    (place.app.folder / "config.py").unlink()
    place.app.save("Take it out")


@row("github-pat in renamed.txt")
def a_renamed_file(place: Place) -> None:
    place.app.plant_secret("notes.svg")
    place.app.git("mv", "notes.svg", "renamed.txt")
    place.app.save("Rename")


@row()
def only_in_the_merge_commit(place: Place) -> None:
    side(place)
    place.app.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    place.app.plant_secret()


@row()
def by_the_second_parent(place: Place) -> None:
    side(place, secret=True)
    place.app.git("merge", "--quiet", "--no-ff", "--message=Merge", "side")


def side(place: Place, *, secret: bool = False) -> None:
    """Make a branch `side`, with a secret that is taken out again if asked, and go on beside it."""
    place.app.git("checkout", "--quiet", "-b", "side")
    place.app.write("side.txt", "side\n").save("Side")
    if secret:
        a_secret_taken_out_again(place)
    place.app.git("checkout", "--quiet", "main")
    place.app.write("main.txt", "main\n").save("Main")


@row("vendor/library is a submodule", None)
def a_submodule(place: Place) -> None:
    other = apps.make(place.folder / "library")
    place.app.git("update-index", "--add", "--cacheinfo", f"160000,{other.commit},vendor/library")
    place.app.git("commit", "--quiet", "--no-gpg-sign", "--message=Submodule")


@row("model.bin is kept in git-lfs", None)
def a_large_file_kept_elsewhere(place: Place) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 12345\n"
    plant(place, "model.bin", pointer)


# What is in the clone


def cloned(place: Place, *how: str, origin: bool) -> Attempt:
    """Return a clone of the app, whose origin is there or not."""
    place.app.git("config", "uploadpack.allowFilter", "true")
    place.app.git("clone", "--quiet", *how, f"file://{place.app.folder}", str(place.folder / "clone"))
    if not origin:
        place.app.folder.rename(place.folder / "gone")
    return Attempt(source=place.folder / "clone")


@row()
def a_shallow_clone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--depth=1", origin=True)


@row("the checkout is shallow", SourceUnusable)
def a_shallow_clone_whose_origin_is_gone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--depth=1", origin=False)


@row()
def a_partial_clone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--filter=blob:none", origin=True)


@row("the checkout is partial", SourceUnusable)
def a_partial_clone_whose_origin_is_gone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--filter=blob:none", origin=False)


@row("is missing from the checkout", SourceUnusable)
def a_clone_that_lost_a_file(place: Place) -> None:
    a_secret_taken_out_again(place)
    identity = git.run(place.app.folder, "rev-parse", "HEAD^:config.py")
    (place.app.folder / ".git" / "objects" / identity[:2] / identity[2:]).unlink()


@row("the checkout is at", SourceUnusable)
def another_commit_checked_out(place: Place) -> Attempt:
    place.app.plant_secret()
    variables = apps.event(place.folder / "runner", place.app)
    place.app.git("checkout", "--quiet", "HEAD^")
    return Attempt(variables)


@row()
def an_alternate_that_has_the_objects(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--shared", origin=True)


@row()
def a_worktree(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    place.app.git("checkout", "--quiet", "--detach")
    place.app.git("worktree", "add", "--quiet", str(place.folder / "tree"), "main")
    return Attempt(source=place.folder / "tree")


# What policy says


@row("refs/heads/feature may not be released to prod", BadInput)
def a_branch_that_policy_does_not_allow(place: Place) -> None:
    place.app.git("checkout", "--quiet", "-b", "feature")
