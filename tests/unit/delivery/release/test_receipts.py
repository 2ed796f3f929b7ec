"""What a receipt may ask a repair to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from goldenpath.delivery.model.receipt import Receipt
from goldenpath.delivery.release import repair as repairing
from goldenpath.delivery.rules import matrix
from goldenpath.shared import codec
from goldenpath.shared.errors import ReceiptMismatch
from goldenpath.shared.names import Digest, Tag
from goldenpath.shared.oci import MANIFEST
from tests.unit.delivery.release.test_repair import Release, repair
from tests.unit.layout_builder import image_bytes

LATEST, VERSION = Tag("latest"), Tag("1.4.2")


OLDER = image_bytes(b"older", revision="f" * 40)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    return Release(tmp_path, monkeypatch)


def test_a_version_is_moved_only_where_somebody_confirms_it(release: Release) -> None:
    killed = release.killed_at("put_manifest latest")
    with pytest.raises(ReceiptMismatch) as caught:
        repairing.repair(killed, release.connection, matrix.load())
    assert caught.value.what == "The registry does not prove that 1.4.2 belongs to this release"
    assert caught.value.fix.endswith("run again with --confirm 1.4.2")


def test_an_image_that_shows_no_trace_of_the_environment_is_put_back_only_where_somebody_confirms_it(
    release: Release,
) -> None:
    earlier = release.registry.hold(image_bytes(b"earlier build"), MANIFEST, Tag("a1b2c3d"), Tag("dev-a1b2c3d"))
    killed = release.killed_at("put_manifest 1.4.2")
    with pytest.raises(ReceiptMismatch, match=f"The registry does not prove that {earlier} belongs to this release"):
        repairing.repair(killed, release.connection, matrix.load())
    repairing.repair(killed, release.connection, matrix.load(), [earlier])
    assert release.registry.tags == {
        LATEST: Digest.of(OLDER), Tag("a1b2c3d"): earlier, Tag("dev-a1b2c3d"): earlier,
    }  # fmt: skip


#       what was changed in the receipt                             what is said of it
FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "another commit's tag": ({"tag": "fffffff"}, "fffffff is not a tag of such a release"),
    "another environment's tag": ({"tag": "prod-a1b2c3d"}, "prod-a1b2c3d is not a tag of such a release"),
    "another commit's image": ({"before": Digest.of(OLDER)}, f"{Digest.of(OLDER)} is not an image of that commit"),
    "another commit's image, to be removed": (
        {"staged": Digest.of(OLDER)}, f"{Digest.of(OLDER)} is not an image of that commit",
    ),
    "an environment that nobody knows": ({"environment": "nowhere"}, "There is no environment 'nowhere'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_receipt_that_asks_for_what_is_not_its_own_is_refused_whatever_is_confirmed(
    release: Release, name: str
) -> None:
    changes, said = FORGED[name]
    killed = release.killed_at("put_manifest 1.4.2")
    moves = [{"tag": each.tag, "before": each.before, "after": None} for each in killed.tags]
    moves[0] |= {key: value for key, value in changes.items() if key in {"tag", "before"}}
    staged = [*killed.staged, *([changes["staged"]] if "staged" in changes else [])]
    fields = {**msgspec.to_builtins(killed, enc_hook=str), "tags": moves, "staged": staged}
    if "environment" in changes:
        fields["environment"] = changes["environment"]
    forged, state = codec.decode(codec.encode(fields), Receipt), release.state
    with pytest.raises(ReceiptMismatch) as caught:
        repair(forged, release.connection)
    assert said in str(caught.value)
    assert release.state == state
