"""Ways to get a secret past gitleaks-gate in what git has besides files, or by how the clone was made."""

from __future__ import annotations

import base64

from tests.tools import apps
from tests.tools.bypass import Attempt, Place, line, plant, row

from goldenpath.shared import git
from goldenpath.shared.errors import SourceUnusable

_NO_PARENT = b"\x70\0\0\0"

# What git has besides files


@row("github-pat in message of commit")
def a_commit_message(place: Place) -> None:
    place.app.save(f"Use {apps.secret()}")


@row("github-pat in message of commit")
def the_name_of_an_author(place: Place) -> None:
    place.app.git(
        "commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message=A", f"--author={apps.secret()} <a@b>"
    )


@row("github-pat in message of tag")
def the_message_of_a_tag_that_only_a_tag_names(place: Place) -> Attempt:
    place.app.git("tag", "--annotate", "--no-sign", f"--message=Use {apps.secret()}", "inner")
    place.app.git("tag", "--annotate", "--no-sign", "--message=Release", "v1.0.0", "inner")
    place.app.git("tag", "--delete", "inner")
    return Attempt(apps.event(place.folder / "runner", place.app, ref="refs/tags/v1.0.0"))


@row("github-pat in message of commit")
def base64_in_a_commit_message(place: Place) -> None:
    place.app.save("Use " + base64.b64encode(line().encode()).decode())


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


@row("The checkout is shallow", SourceUnusable)
def a_shallow_clone_whose_origin_is_gone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--depth=1", origin=False)


@row()
def a_partial_clone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--filter=blob:none", origin=True)


@row("The checkout is partial", SourceUnusable)
def a_partial_clone_whose_origin_is_gone(place: Place) -> Attempt:
    a_secret_taken_out_again(place)
    return cloned(place, "--filter=blob:none", origin=False)


@row("is missing from the checkout", SourceUnusable)
def a_clone_that_lost_a_file(place: Place) -> None:
    a_secret_taken_out_again(place)
    identity = git.run(place.app.folder, "rev-parse", "HEAD^:config.py")
    (place.app.folder / ".git" / "objects" / identity[:2] / identity[2:]).unlink()


@row("The checkout is at", SourceUnusable)
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


@row("github-pat in secret/other/config.py")
def a_sparse_checkout(place: Place) -> None:
    plant(place, "secret/config.py", "# a folder that is not checked out\n")
    place.app.plant_secret("secret/other/config.py")
    place.app.git("sparse-checkout", "set", "--no-cone", "/*", "!/secret")


@row()
def a_commit_graph_without_parents(place: Place) -> None:
    """It stands beside the objects, and git takes its word for them. Source: gitformat-commit-graph(5)."""
    a_secret_taken_out_again(place)
    place.app.git("commit-graph", "write", "--reachable")
    graph = place.app.folder / ".git" / "objects" / "info" / "commit-graph"
    content = bytearray(graph.read_bytes())
    chunks = {bytes(content[at : at + 4]): content[at + 4 : at + 12] for at in range(8, 8 + 12 * content[6], 12)}
    begin = int.from_bytes(chunks[b"CDAT"])
    for each in range(3):
        parent = begin + 36 * each + 20
        content[parent : parent + 4] = _NO_PARENT
    graph.chmod(0o644)
    graph.write_bytes(content)
