"""Which files of a layer the layers below it hold already."""

from __future__ import annotations

import io
import tarfile

import pytest

from goldenpath.delivery.layers import layer_repeats
from goldenpath.delivery.layers.layer_repeats import Entry, LowerLayers
from goldenpath.shared.names import Digest


def layer(
    *names: str, is_copy: bool = True, mode: int = 0o644, content: bytes = b"1", time: int = 0
) -> tuple[Entry, ...]:
    """Return the entries of a layer: of folders for names that end in a slash, `name -> target` for links."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name in names:
            path, arrow, target = name.partition(" -> ")
            member = tarfile.TarInfo(path.rstrip("/"))
            member.mode, member.mtime = mode, time
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            elif arrow:
                member.type, member.linkname = (
                    (tarfile.LNKTYPE if "=" in target else tarfile.SYMTYPE),
                    target.strip("="),
                )
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    raw = written.getvalue()
    return layer_repeats.listing(io.BytesIO(raw), Digest.of(raw), is_copy=is_copy)


def repeated(*layers: tuple[Entry, ...]) -> list[str]:
    lower = LowerLayers()
    for each in layers[:-1]:
        lower.add(each)
    return sorted(path.decode() for path in lower.repeated(layers[-1]))


APP = layer("app/", "app/a", "app/b -> a")


@pytest.mark.parametrize(
    ("between", "top", "expected"),
    [
        ((), layer("app/", "app/a", "app/b -> a", time=7), ["app", "app/a", "app/b"]),
        ((), layer("app/", "app/a", "app/c"), ["app/a"]),
        ((), layer("app/", "app/.wh.b"), []),
        ((), layer("app/", "app/a", content=b"2"), []),
        ((), layer("app/", "app/a", mode=0o755), []),
        ((), layer("app/", "app/a", "app/c -> =app/a="), []),
        ((), layer("app/", "app/b -> c"), []),
        ((layer("app/", "app/a", is_copy=False),), layer("app/", "app/a"), []),
        ((layer("app/", "app/x", is_copy=False),), layer("app/", "app/a"), ["app", "app/a"]),
        ((layer("app/", "app/.wh.a", is_copy=False),), layer("app/", "app/a"), []),
        ((layer(".wh.app", is_copy=False),), layer("app/", "app/a"), []),
        ((layer("app/", "app/.wh..wh..opq", is_copy=False),), layer("app/", "app/a"), []),
        ((layer("app -> elsewhere", is_copy=False),), layer("app/", "app/a"), []),
        ((layer("app/", "app/a", content=b"2"),), layer("app/", "app/a"), []),
        ((layer(".wh..wh..opq", is_copy=False),), layer("app/", "app/a"), []),
    ],
)  # fmt: skip
def test_a_file_is_repeated_where_nothing_changed_it_in_between(
    between: tuple[tuple[Entry, ...], ...], top: tuple[Entry, ...], expected: list[str]
) -> None:
    assert repeated(APP, *between, top) == expected


def test_another_archive_than_the_one_that_was_built_is_none() -> None:
    with pytest.raises(ValueError, match=r"^The archive is not the one that was built$"):
        layer_repeats.listing(io.BytesIO(bytes(1024)), Digest.of(b""), is_copy=True)
