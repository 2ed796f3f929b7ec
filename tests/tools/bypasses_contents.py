"""Ways to get a secret past gitleaks-gate in what a file holds, or by how git shows it."""

from __future__ import annotations

import base64
import gzip
import lzma
from collections.abc import Callable
from functools import partial

from tests.tools import apps
from tests.tools.bypass import Place, line, plant, row, tarred, zipped

from goldenpath.delivery.secrets.scan_batches import FIRST_LINE

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


@row("HIGH not-looked-into in deep.zip")
def an_archive_too_deep(place: Place) -> None:
    content: str | bytes = line()
    for _ in range(6):
        content = zipped(**{"1": content})
    plant(place, "deep.zip", content)


def rather(place: int, magic: bytes) -> Callable[[str], bytes]:
    """Return what makes a text whose byte at `place`, as gitleaks reads it, is where a program would say what it is."""
    place -= len(FIRST_LINE)
    return lambda text: (b"x y\n" * place)[:place] + magic + b"\n" + text.encode() + b"z\n" * 9_000


def across(place: int) -> Callable[[str], bytes]:
    """Return what makes a text of one line, where gitleaks would look at one half of the secret and then the other."""
    return lambda text: b"x" * (place - 20) + b" " + text.strip().encode() + b" y" * 40_000


def zipped_text(make: Callable[[str], bytes], text: str) -> bytes:
    return zipped(inner=make(text))


# gitleaks leaves out what looks like a program, and would see half a secret where it goes on to its next look. Each is
# in an archive: what lies open, it sees in the changes too.
for each, make_it in {
    "a tar": rather(257, b"ustar"),
    "a scan of a patient": rather(128, b"DICM"),
    "a disk": rather(32_769, b"CD001"),
    "a font": rather(8, b"\x01\0\0" + bytes(23) + b"LP"),
    "across two looks": across(125_000),
    "across two looks, the first short": across(100_000),
}.items():
    packed(f"{each}.zip", partial(zipped_text, make_it), f"{each}.zip!inner")


@row("a.7z was scanned by gitleaks, which does not report the members that it cannot open", None)
def an_archive_that_gitleaks_passes_over_in_silence(place: Place) -> None:
    plant(place, "a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40))


@row("github-pat in program.deb!at byte 24")
def a_package_of_debian(place: Place) -> None:
    plant(place, "program.deb", b"!<arch>\ndebian-binary   " + lzma.compress(line().encode() * 99))


@row("program.deb is an archive of a kind that is not opened", None)
def a_package_of_debian_of_a_kind_that_python_cannot_read(place: Place) -> None:
    plant(place, "program.deb", b"!<arch>\ndebian-binary   " + b"\x28\xb5\x2f\xfd" + bytes(40))


def token(name: str, secret: Callable[[], str]) -> None:
    """Enter a row for a secret that looks harmless to gitleaks' own rules."""

    def make(place: Place) -> None:
        plant(place, "config.py", f'TOKEN = "{secret()}"\n')

    make.__name__ = name
    row()(make)


token("a secret that ends in null", lambda: apps.secret()[:-4] + "nUll")
token("a secret with false in it", lambda: apps.secret()[:-9] + "FaLse1234")


@row("github-pat in names of files")
def the_name_of_a_file(place: Place) -> None:
    plant(place, f"docs/{apps.secret()}.txt", "nothing\n")


@row("github-pat in a")
def a_file_whose_name_has_a_newline(place: Place) -> None:
    plant(place, "a\nb.txt", line())


@row()
def carriage_returns_alone(place: Place) -> None:
    plant(place, "config.py", f"A = 1\r{line().strip()}\rB = 2\r")


@row("github-pat in package-lock.json")
def base64_in_a_lock_file(place: Place) -> None:
    plant(place, "package-lock.json", b'{"x": "' + base64.b64encode(line().encode()) + b'"}\n')


packed("install.run", lambda text: b"#!/bin/sh\nexit\n" + gzip.compress(tarred("x", text)), "install.run!at byte 15!x")
packed("before-much.zip", lambda text: zipped(inner=text) + bytes(range(256)) * 400, "before-much.zip!at byte 0")
packed("texts.exe", lambda text: b"MZ" + bytes(9_000) + text.encode("utf-16-be") + bytes(9), "texts.exe")
packed("chinese.txt", lambda text: ("\u4e2d\u6587" * 3_000 + "\n" + text).encode("utf-16-le"), "chinese.txt")
