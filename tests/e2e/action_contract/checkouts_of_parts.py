"""The rows of checkout for submodules and git-lfs."""

from __future__ import annotations

import base64

from tests.e2e.action_contract.checkouts import cannot_check_out, checks_out
from tests.e2e.action_contract.repository import LARGE, OWNER, TOKEN
from tests.e2e.action_contract.steps import CHECKOUT, Runs, Use

# The branches of repository.py with a submodule, with a private one, with one without an address, with a large file.
PARTS, WITH_PRIVATE, WITH_OWNERS, WITH_STRAY, WITH_LARGE = (
    {"GITHUB_REF": f"refs/heads/{name}", "GITHUB_SHA": f"<{name}>"} for name in ("s1", "s2", "s3", "s4", "s5")
)
OF_OWNER = f'{{"repository": {{"owner": {{"id": {OWNER}}}}}}}'
# Where git-lfs is set up for the whole machine, as it is on GitHub's runners.
_LFS = ("smudge", "git-lfs smudge -- %f"), ("required", "true")
LFS_EVERYWHERE = {"GIT_CONFIG_COUNT": str(len(_LFS))} | {
    f"GIT_CONFIG_{part}_{number}": text
    for number, (key, value) in enumerate(_LFS)
    for part, text in (("KEY", f"filter.lfs.{key}"), ("VALUE", value))
}
_BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
# How many files hold the token, of the workspace, of the runner, and of those that hand something to later steps.
HOLD_TOKEN = (
    f"grep -rlaF -e {TOKEN} -e {_BASIC} . "
    '"$RUNNER_TEMP" "$HOME/.gitconfig" "$GITHUB_ENV" "$GITHUB_STATE" "$GITHUB_OUTPUT" 2>/dev/null | wc -l'
)
GIT_SENDS_TOKEN = (
    f"(git config --list --includes; git submodule foreach git config --list --includes) | grep -c {_BASIC}"
)
LIBRARY, PART = "ls library", "ls library/part"
POINTER = "^version https://git-lfs.github.com/spec/v1\n"
CHECKOUTS_OF_PARTS = (
    # Submodules.
    checks_out("a submodule is an empty folder", Runs(LIBRARY, "^$"), run=PARTS),
    checks_out("also for another word than true or recursive", Runs(LIBRARY, "^$"), run=PARTS, submodules="yes"),
    checks_out(
        "a submodule where it is asked for, by an address for SSH, and not what it has of its own",
        Runs("git -C library rev-parse HEAD", "<l2>"),
        Runs("cat library/file", "^l2$"),
        Runs("git -C library rev-list --count HEAD", "^1$"),
        Runs(PART, "^$"),
        run=PARTS,
        submodules="true",
    ),
    checks_out(
        "and what it has of its own, asked for in any letters",
        Runs("git -C library/part rev-parse HEAD", "<n1>"),
        run=PARTS,
        submodules=" Recursive ",
    ),
    checks_out(
        "all of its history",
        Runs("git -C library rev-list --count HEAD", "^2$"),
        run=PARTS,
        submodules="TRUE",
        fetch_depth="0",
    ),
    checks_out(
        "a second time changes in it are undone, and new files in it stay",
        Runs("echo changed > library/file; touch library/made; git -C library status --short", "M file\n.. made"),
        Use(CHECKOUT, {"submodules": "true"}),
        Runs("git -C library status --short", "^.. made$"),
        run=PARTS,
        submodules="true",
    ),
    cannot_check_out(
        "a private submodule, for a token that may not read it",
        "failed with exit code 1",
        run=WITH_PRIVATE,
        submodules="true",
    ),
    checks_out(
        "by the address that an organization has",
        Runs("cat private/file", "^p1$"),
        run=WITH_OWNERS,
        event=OF_OWNER,
        submodules="true",
        token=TOKEN,
    ),
    checks_out(
        "a private submodule for one that may, which git in it has afterwards; it asks by HTTPS for addresses for SSH",
        Runs(HOLD_TOKEN, "^1$"),
        Runs(GIT_SENDS_TOKEN, "^2$"),
        Runs('git -C private config --get-all url."$SERVER"/.insteadOf', "^git@127.0.0.1:$"),
        Runs("git -C private ls-remote origin main", "<p1>"),
        run=WITH_PRIVATE,
        submodules="true",
        token=TOKEN,
    ),
    checks_out(
        "or nothing has it",
        Runs("cat private/file", "^p1$"),
        Runs(HOLD_TOKEN, "^0$"),
        Runs(GIT_SENDS_TOKEN, "^0$"),
        Runs("git -C private config --local --get-regexp '^(url|http|includeif)' | wc -l", "^0$"),
        Runs("git -C private ls-remote origin main", "fatal"),
        run=WITH_PRIVATE | {"GIT_TERMINAL_PROMPT": "0"},
        submodules="true",
        token=TOKEN,
        persist_credentials="false",
    ),
    checks_out(
        "a second time without submodules they are as they were, but nothing has the token of the first",
        Runs(HOLD_TOKEN, "^1$"),
        Use(CHECKOUT, {"persist-credentials": "false"}),
        Runs("cat private/file", "^p1$"),
        Runs(HOLD_TOKEN, "^0$"),
        run=WITH_PRIVATE,
        submodules="true",
        token=TOKEN,
    ),
    checks_out("a submodule without an address is an empty folder", Runs("ls stray", "^$"), run=WITH_STRAY),
    cannot_check_out(
        "unless the token is to be taken away", "failed with exit code 128", run=WITH_STRAY, persist_credentials="false"
    ),
    cannot_check_out("or submodules are asked for", "failed with exit code 128", run=WITH_STRAY, submodules="true"),
    # git-lfs.
    checks_out("a large file is a pointer", Runs("cat large.bin", POINTER), run=WITH_LARGE),
    checks_out(
        "also where git-lfs is set up for the machine",
        Runs("cat large.bin", POINTER),
        run=WITH_LARGE | LFS_EVERYWHERE,
        needs="git-lfs",
    ),
    checks_out(
        "the large file itself where it is asked for",
        Runs("cat large.bin", f"^{LARGE.strip()}$"),
        Runs("git status --short", "^$"),
        Runs("git config --local filter.lfs.smudge", "^git-lfs smudge"),
        run=WITH_LARGE,
        needs="git-lfs",
        lfs="true",
        token=TOKEN,
    ),
    checks_out(
        "with all of history, in any letters, and nothing has the token",
        Runs("cat large.bin", f"^{LARGE.strip()}$"),
        Runs(HOLD_TOKEN, "^0$"),
        run=WITH_LARGE,
        needs="git-lfs",
        lfs="TRUE",
        token=TOKEN,
        fetch_depth="0",
        persist_credentials="false",
    ),
    checks_out("another word asks for none", Runs("cat large.bin", POINTER), run=WITH_LARGE, lfs="yes"),
    cannot_check_out(
        "large files without git-lfs",
        "Unable to locate executable file: git-lfs",
        run=WITH_LARGE,
        only=("git",),
        lfs="true",
    ),
)
