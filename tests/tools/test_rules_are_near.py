"""What the scan for secrets takes for granted of gitleaks' rules, compared with the rules in the pinned program."""

from __future__ import annotations

import random
import re
import tomllib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from goldenpath.delivery.secrets import gitleaks, line_windows, printable_runs
from goldenpath.delivery.secrets.git_changes import Hunk
from goldenpath.delivery.secrets.scan_corpus import FileOrigin, ScanCorpus
from goldenpath.shared.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.tools

codes, parser = import_module("re._constants"), import_module("re._parser")

FAR = {
    "curl-auth-header", "curl-auth-user", "freemius-secret-key", "jwt-base64", "kubernetes-secret-yaml",
    "nuget-config-password", "private-key",
}  # fmt: skip
PATH_ONLY = {"pkcs12-file"}
# Its own file name decides; its words need not be in the match.
REMINDED = {"airtable-personnal-access-token", "facebook-access-token", "sourcegraph-access-token"}
ENDS = (r"""(?:[\x60'"\s;]|\\[nr]|$)""", r"""(?:[\x60'"\s;]|\\[nr]|$|\b)""", r"(?:[^\w-]|\Z)",
        r"(?:[^a-zA-Z0-9+/]|\Z)", r"""(?:$|[\\'"\x60\s<),])""")  # fmt: skip
BEGINS = (r"""(?:^|[\\'"\x60\s>=:(,)])""",)


@cache
def raw() -> bytes:
    return Toolchain.load().provide("gitleaks").rules


@cache
def rules() -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in tomllib.loads(raw().decode())["rules"]}


def near() -> dict[str, dict[str, Any]]:
    return {name: rule for name, rule in rules().items() if name not in FAR | PATH_ONLY}


def in_python(regex: str) -> str:
    """Return the expression of Go as Python reads it; which letters are large matters to nothing here."""
    for go, python in ((r"\z", r"\Z"), ("[[:alnum:]]", "[a-zA-Z0-9]"), ("(?i)", ""), ("(?s:.)", r"[\s\S]")):
        regex = regex.replace(go, python)
    return re.sub(r"\(\?-?i:", "(?:", regex)


def inside(regex: str) -> str:
    """Return the expression without what stands at the ends of a match, one letter each."""
    regex = in_python(regex)
    for edge in (*BEGINS, *ENDS):
        regex = regex.replace(edge, "")
    return regex


def letters(tree: Any) -> Iterator[set[int]]:  # noqa: ANN401  the tree of an expression has no type
    """Yield which letters, of the first 256, each part of an expression takes."""
    for code, value in tree:
        if code is codes.LITERAL:
            yield {value}
        elif code is codes.NOT_LITERAL:
            yield set(range(256)) - {value}
        elif code is codes.ANY:
            yield set(range(256)) - {10}
        elif code is codes.IN:
            one = re.compile("".join(("[", _source(value), "]")), re.ASCII)
            yield {letter for letter in range(256) if one.fullmatch(chr(letter))}
        elif code is codes.SUBPATTERN:
            yield from letters(value[3])
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from letters(branch)
        elif code in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            yield from letters(value[2])
        else:
            assert code is codes.AT, code


def _source(members: Any) -> str:  # noqa: ANN401  as above
    """Return a class of letters as it is written."""
    names = {codes.CATEGORY_WORD: r"\w", codes.CATEGORY_DIGIT: r"\d", codes.CATEGORY_SPACE: r"\s",
             codes.CATEGORY_NOT_SPACE: r"\S", codes.CATEGORY_NOT_WORD: r"\W"}  # fmt: skip
    said = ""
    for code, value in members:
        if code is codes.LITERAL:
            said += re.escape(chr(value))
        elif code is codes.RANGE:
            said += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        elif code is codes.NEGATE:
            said += "^"
        else:
            said += names[value]
    return said


def takes(regex: str) -> set[int]:
    # What `\\s` is in Python, and not in Go.
    return {letter for taken in letters(parser.parse(regex)) for letter in taken} - {11}


PRINTABLE = {9, 10, 12, 13, *range(32, 127)}
# What stands behind the word of a rule, and before its secret.
SIGN = r"(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)"
BEHIND, LEFT, RIGHT = r"(?:[ \t\w.-]{0,20})", line_windows.FORM, r"""[\x60'"\s=]{0,5}"""
FORMS = (f"{BEHIND}{LEFT}{SIGN}{RIGHT}", f"{BEHIND}{LEFT}){SIGN}{RIGHT}")


def test_every_rule_is_near_but_those_that_are_named() -> None:
    assert set(rules()) >= FAR | PATH_ONLY | REMINDED
    assert {name for name, rule in rules().items() if "regex" not in rule} == PATH_ONLY


def test_no_match_of_a_near_rule_goes_over_a_byte_that_is_not_printable() -> None:
    far = {name for name, rule in near().items() if not takes(inside(rule["regex"])) <= PRINTABLE}
    # `.` stands for a dot there.
    assert far == {"mailchimp-api-key", "sidekiq-sensitive-url", "slack-config-access-token", "slack-webhook-url"}
    for name in far:
        plain = re.sub(r"(?<!\\)\.", r"\\.", inside(rules()[name]["regex"]))
        assert takes(plain) <= PRINTABLE


def test_no_match_of_a_near_rule_is_shorter_than_a_run() -> None:
    shortest = {name: parser.parse(inside(rule["regex"])).getwidth()[0] for name, rule in near().items()}
    assert min(shortest.values()) >= printable_runs.SHORTEST


def test_a_near_rule_stays_in_its_line_or_goes_on_as_the_form_says() -> None:
    going_on = 0
    for name, rule in near().items():
        rest = rule["regex"]
        for form in FORMS:
            if form in rest:
                going_on += 1
                rest = rest.replace(form, BEHIND + (")" if f"{LEFT})" in form else ""))
        assert 10 not in takes(inside(rest)), name
    assert going_on == len([rule for rule in near().values() if LEFT in rule["regex"]])


def test_the_words_of_the_rules_that_go_on_are_short_enough_to_be_seen_before_the_end_of_a_line() -> None:
    words = line_windows.multi_line_words(raw())
    going_on = [rule for rule in near().values() if LEFT in rule["regex"]]
    assert len(going_on) == 101  # of the 222 rules of the pinned gitleaks
    assert set(b"".join(words)) <= set(line_windows.IN_FORM)
    for rule in going_on:
        for keyword in rule["keywords"]:
            assert any(word in keyword.lower().encode() for word in words), rule["id"]
            # Behind the word of the rule `FORM` has at most 20 letters of a name, 3 + 5 others, and 3 of a sign.
            assert len(keyword) + 20 + 3 + 3 + 5 <= line_windows.TAIL


def test_no_near_rule_reads_over_what_parts_two_contents() -> None:
    """It is a line of twelve `#`; one rule asks for an address that may end with one."""
    over = {name for name, rule in near().items() if ord("#") in takes(inside(rule["regex"]))}
    assert over <= {"mailchimp-api-key", "sidekiq-sensitive-url", "slack-config-access-token", "slack-webhook-url"}


def test_a_rule_needs_one_of_its_words_in_its_match_but_those_that_are_named() -> None:
    for name, rule in near().items():
        said = rule["regex"].lower()
        has_word = any(
            re.sub(r"[^a-z0-9]", "", word.lower())[:3] in re.sub(r"[^a-z0-9|]", "", said) for word in rule["keywords"]
        )
        assert has_word or name in REMINDED, name
    for name in REMINDED:
        assert any(word.encode() in line_windows.WORDS_ELSEWHERE for word in rules()[name]["keywords"])


def test_a_far_rule_has_a_word_in_each_match_and_an_ending() -> None:
    words = {word for word, _ in line_windows.FAR_WORDS}
    for name in FAR:
        assert {keyword.lower().encode() for keyword in rules()[name]["keywords"]} <= words
    for name in FAR - {"curl-auth-header", "curl-auth-user", "jwt-base64", "private-key"}:
        assert rules()[name]["path"]


def sample(tree: Any, chance: random.Random) -> str:  # noqa: ANN401  as above
    """Return a text that an expression matches."""
    said = ""
    for code, value in tree:
        if code in {codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN}:
            (taken,) = letters([(code, value)])
            said += chance.choice([chr(letter) for letter in sorted(taken) if letter in range(33, 127)] or [" "])
        elif code is codes.SUBPATTERN:
            said += sample(value[3], chance)
        elif code is codes.BRANCH:
            said += sample(chance.choice(value[1]), chance)
        elif code in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            least, most, part = value
            said += "".join(sample(part, chance) for _ in range(chance.randint(least, min(most, least + 3))))
    return said


def secrets() -> dict[str, bytes]:
    """Return for each near rule a few texts that it matches, always the same, with a word that it needs elsewhere."""
    found = {}
    for name, rule in near().items():
        chance, tree = random.Random(name), parser.parse(in_python(rule["regex"]))  # noqa: S311  no secrets of anybody
        lines = [f"{sample(tree, chance)} {rule['keywords'][-1]}".encode() for _ in range(3)]
        found[name] = b"\n".join(lines)
    return found


def scanned(folder: Path, make: Callable[[ScanCorpus, str, bytes], None]) -> set[tuple[str, str]]:
    """Return of each rule which rules found something in its texts, which `make` puts into files."""
    program, files = Toolchain.load().provide("gitleaks"), ScanCorpus(folder, line_windows.multi_line_pattern(raw()))
    for name, content in secrets().items():
        ending = next(
            (suffix for suffix in (".php", ".tf", ".yaml") if re.search(rules()[name].get("path", "$^"), suffix)), ""
        )
        make(files, f"{name}{ending}", content)
    files.close()
    found, _ = gitleaks.scan_files(program, files)
    return {(finding.File, finding.RuleID) for finding in found}


def in_bytes(content: bytes) -> bytes:
    chance = random.Random(1)  # noqa: S311  as above
    around = (b"\0" + chance.randbytes(400) + b"\xff", b"\xff" + chance.randbytes(400))
    return b"\0".join(around[0] + line + b"\n" + around[1] for line in content.split(b"\n"))


def test_what_a_rule_finds_in_bytes_and_in_changes_is_found_whatever_way_they_are_read(tmp_path: Path) -> None:
    as_bytes = scanned(
        tmp_path / "runs", lambda files, path, content: files.add(FileOrigin(path, path), [in_bytes(content)])
    )

    def raw_bytes(files: ScanCorpus, path: str, content: bytes) -> None:
        files.origins[path] = FileOrigin(path, path)
        files.packed.add(path, path, [in_bytes(content)])

    as_they_are = scanned(tmp_path / "raw", raw_bytes)
    assert len({rule for _, rule in as_they_are}) == 214  # of 222: gitleaks finds no text made for the others
    assert as_they_are <= as_bytes

    def change(files: ScanCorpus, path: str, content: bytes) -> None:
        body = b" a line;\n" + b"\n".join(b"+" + line for line in content.split(b"\n")) + b"\n a line;"
        elsewhere = line_windows.words_elsewhere(body)
        files.add_lines(FileOrigin(path, path), line_windows.windows_around(Hunk(1, body), files.words), elsewhere)

    def whole(files: ScanCorpus, path: str, content: bytes) -> None:
        files.origins[path] = FileOrigin(path, path)
        files.packed.add(path, path, [content + b"\n"])

    as_texts = scanned(tmp_path / "whole", whole)
    assert as_texts <= scanned(tmp_path / "changes", change)
