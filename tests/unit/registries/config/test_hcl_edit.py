from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.registries.config import ecr_tf, hcl_edit
from goldenpath.registries.config.hcl import HclUnexpected, read_map

BEFORE = """# The registries.

locals {
  # One entry a registry.

  ecr_repositories = {
    # Sections may have a heading.

    # belongs to beta
    "beta" = {
      id    = "REGISTRY_BETA" # inside
      owner = "b"
    } # behind
    // belongs to delta
    "delta" = {
      id = "REGISTRY_DELTA"
    }
    # the end
  }
}

module "ecr_repositories" {
  for_each = local.ecr_repositories
}
"""
ENTRY = '    "{0}" = {{\n      id    = "x"\n      owner = "y"\n    }}\n'


def added(text: str, key: str, /, **fields: str) -> str:
    return hcl_edit.with_entry(text, ecr_tf.BLOCK, ecr_tf.MAP, key, fields or {"id": "x", "owner": "y"})


def wrapped(inside: str) -> str:
    return f"locals {{\n  ecr_repositories = {inside}\n}}\n"


@pytest.mark.parametrize(
    ("key", "stands_before"),
    [
        ("alpha", "    # belongs to beta\n"),
        ("charlie", "    // belongs to delta\n"),
        ("zulu", "    # the end\n"),
    ],
)
def test_an_entry_goes_where_its_name_sorts_and_no_comment_changes_its_owner(key: str, stands_before: str) -> None:
    assert added(BEFORE, key) == BEFORE.replace(stands_before, ENTRY.format(key) + stands_before)


def test_the_first_entry_opens_an_empty_map() -> None:
    assert added(wrapped("{}"), "a") == wrapped("{\n" + ENTRY.format("a") + "  }")


def test_the_first_entry_leaves_the_map_its_comment() -> None:
    one = added(wrapped("{\n    # All of them.\n  }"), "b")
    assert one == wrapped("{\n    # All of them.\n\n" + ENTRY.format("b") + "  }")
    assert added(one, "a") == wrapped("{\n    # All of them.\n\n" + ENTRY.format("a") + ENTRY.format("b") + "  }")


def test_the_same_entry_again_changes_nothing() -> None:
    once = added(BEFORE, "charlie")
    assert added(once, "charlie") == once


def test_an_entry_with_other_fields_is_refused() -> None:
    with pytest.raises(HclUnexpected, match="line 10: 'beta' is there with other fields"):
        added(BEFORE, "beta")


def test_text_that_looks_like_a_template_stays_text() -> None:
    text = added(wrapped("{}"), "a", owner='say "${hi}" \\ %{x}')
    assert r'owner = "say \"$${hi}\" \\ %%{x}"' in text
    assert read_map(text, ecr_tf.BLOCK, ecr_tf.MAP).entries[0].value == {"owner": 'say "${hi}" \\ %{x}'}


def test_a_line_break_is_never_written() -> None:
    with pytest.raises(HclUnexpected, match="holds characters that are not written into a configuration"):
        added(wrapped("{}"), "a", owner='x"\n}\nresource "evil" {')


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ('{\n    "b" = {\n    }\n    "a" = {\n    }\n  }', "line 5: 'a' stands behind 'b': sort the keys"),
        ('{ "b" = { id = "x" } }', "line 2: give 'b' lines of its own, one a field"),
        ('{\n    "b" = { id = "x" }\n  }', "line 3: give 'b' lines of its own, one a field"),
        ('{\n    "b" = {\n      id = "x"\n    } }', "line 3: give 'b' lines of its own, one a field"),
        ('{\n    "b" = {\n    }, "c" = {\n    }\n  }', "line 3: give 'b' lines of its own, one a field"),
        ('{\n    "b" = {\n      id = var.id\n    }\n  }', "line 4: a literal value was expected, not an expression"),
        ("{\n    # nothing yet */ }", "a bracket is not closed"),
        ("{ /* nothing yet */ }", "line 2: give the closing brace a line of its own"),
    ],
)
def test_a_map_edited_by_hand_in_another_form_is_refused_with_its_line(inside: str, why: str) -> None:
    with pytest.raises(HclUnexpected) as refused:
        added(wrapped(inside), "aa" if "sort" in why else "d")
    assert why in str(refused.value)


def test_commas_between_entries_are_kept() -> None:
    inside = '{\n    "b" = {\n      id = "x"\n    }, # last\n  }'
    assert added(wrapped(inside), "c") == wrapped(inside.replace("# last\n", "# last\n" + ENTRY.format("c")))


def test_a_removed_entry_takes_its_comments_along_and_nothing_else() -> None:
    without = hcl_edit.without_entry(BEFORE, ecr_tf.BLOCK, ecr_tf.MAP, "delta")
    assert without == BEFORE[: BEFORE.index("    // belongs")] + BEFORE[BEFORE.index("    # the end") :]
    assert hcl_edit.without_entry(without, ecr_tf.BLOCK, ecr_tf.MAP, "delta") == without


def test_fields_are_added_in_a_paragraph_of_their_own_and_every_other_byte_stays() -> None:
    text = hcl_edit.with_fields(BEFORE, ecr_tf.BLOCK, ecr_tf.MAP, "beta", {"since": "now", "until_when": "then"})
    stays = '      owner = "b"\n'
    assert text == BEFORE.replace(stays, stays + '\n      since      = "now"\n      until_when = "then"\n')
    assert hcl_edit.with_fields(text, ecr_tf.BLOCK, ecr_tf.MAP, "beta", {"since": "now"}) == text


@pytest.mark.parametrize(
    ("key", "why"),
    [("nobody", "there is no entry 'nobody'"), ("beta", "line 10: 'beta' has other values for owner, since")],
)
def test_a_field_that_cannot_be_added_is_refused(key: str, why: str) -> None:
    with pytest.raises(HclUnexpected, match=why):
        hcl_edit.with_fields(BEFORE, ecr_tf.BLOCK, ecr_tf.MAP, key, {"owner": "x", "since": "now"})


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte-order mark"])
@pytest.mark.parametrize("before", [BEFORE, wrapped("{}"), wrapped("{\n    # All of them.\n\n  }")])
def test_a_file_of_windows_is_edited_in_its_own_line_ends(before: str, mark: str) -> None:
    def windows(text: str) -> str:
        return mark + text.replace("\n", "\r\n")

    one = added(before, "charlie")
    more = hcl_edit.with_fields(one, ecr_tf.BLOCK, ecr_tf.MAP, "charlie", {"since": "now"})
    assert added(windows(before), "charlie") == windows(one)
    assert hcl_edit.with_fields(windows(one), ecr_tf.BLOCK, ecr_tf.MAP, "charlie", {"since": "now"}) == windows(more)
    without = hcl_edit.without_entry(one, ecr_tf.BLOCK, ecr_tf.MAP, "charlie")
    assert hcl_edit.without_entry(windows(one), ecr_tf.BLOCK, ecr_tf.MAP, "charlie") == windows(without)


def test_lists_and_truth_values_are_written_as_terraform_formats_them() -> None:
    text = hcl_edit.with_entry(
        wrapped("{}"), ecr_tf.BLOCK, ecr_tf.MAP, "a", {"id": "x", "adopted": True, "pull_accounts": ["1", "2"]}
    )
    assert '      id            = "x"\n      adopted       = true\n      pull_accounts = ["1", "2"]\n' in text


NAMES = st.from_regex(r"[a-z0-9]{1,8}([._/-][a-z0-9]{1,6}){0,2}", fullmatch=True)
FIELDS = st.dictionaries(
    st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20),
    min_size=1,
    max_size=4,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(NAMES, FIELDS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_requests_in_any_order_leave_one_file_that_keeps_all_that_was_there(
    wanted: dict[str, dict[str, str]], chance: random.Random
) -> None:
    wanted = {key: fields for key, fields in wanted.items() if key not in ("beta", "delta")}
    orders = [sorted(wanted), chance.sample(sorted(wanted), len(wanted))]
    results = []
    for order in orders:
        text = BEFORE
        for key in order:
            text = added(text, key, **wanted[key])
        results.append(text)
    assert results[0] == results[1]
    told = {entry.key: entry.value for entry in read_map(results[0], ecr_tf.BLOCK, ecr_tf.MAP).entries}
    assert told.items() >= wanted.items()
    assert list(told) == sorted(told)
    for key in wanted:
        results[0] = hcl_edit.without_entry(results[0], ecr_tf.BLOCK, ecr_tf.MAP, key)
    assert results[0] == BEFORE


def test_adding_to_a_thousand_entries_takes_less_than_a_second() -> None:
    entries = "".join(ENTRY.format(f"app-{number:04}") for number in range(1000))
    text = wrapped("{\n" + entries + "  }")
    began = time.process_time()
    after = added(text, "app-0500-new")
    assert time.process_time() - began < 1.0
    assert after.count(" = {\n") == text.count(" = {\n") + 1
