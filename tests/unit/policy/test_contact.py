"""Who can help: read from the rules, and shown without markup."""

from __future__ import annotations

import pytest

from goldenpath.delivery.rules import matrix
from goldenpath.policy import contact, environments
from goldenpath.policy.contact import Contact
from goldenpath.shared.errors import PolicyInvalid
from tests.unit import policy_table

TEXT = policy_table.TEXT
WHOLE = 'contact: {name: Platform team, url: "https://wiki.example.com/a_b?c=1#d", chat: "#ask-platform"}\n'


def test_the_rules_name_who_can_help() -> None:
    helper = Contact("Platform team", "https://wiki.example.com/a_b?c=1#d", "#ask-platform")
    assert matrix.parse(TEXT + WHOLE).contact == helper
    assert matrix.parse(TEXT).contact is None
    assert helper.line == "Platform team, #ask-platform, https://wiki.example.com/a_b?c=1#d"
    assert helper.markdown == "[Platform team](https://wiki.example.com/a_b?c=1#d), `#ask-platform`"


def test_nothing_in_it_is_markup_or_a_mention() -> None:
    assert Contact("<b>@team</b> [x](http://e)").markdown == "`<b>@team</b>` `[x](http://e)`"
    assert Contact("*all*").markdown == "\\*all\\*"


@pytest.mark.parametrize(
    "value",
    [
        "{}", "{name: ''}", '{name: "two\\nlines"}', '{name: "ends\\n"}', '{name: "\\u202eleft"}', "{name: ' x'}",
        "{name: x, url: 'http://x.example/'}", "{name: x, url: 'https://x.example/a)b'}", "{name: x, mail: y}",
        "{name: x, url: 'https://me@x.example/'}", '{name: x, url: "https://x.example/\\n"}', "[]",
        '{name: x, chat: "\\e[31m"}', f"{{name: {'x' * 101}}}",
    ],
)  # fmt: skip
def test_a_contact_that_could_be_more_than_text_is_refused(value: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"\$\.contact"):
        matrix.parse(f"{TEXT}contact: {value}\n")


def test_rules_that_cannot_be_read_do_not_hide_the_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def invalid() -> None:
        raise PolicyInvalid("environments.yaml is not valid", fix="Correct it")

    monkeypatch.setattr(environments, "read", invalid)
    assert contact.of_platform() is None


def test_deliveries_to_guarded_environments_are_reported_unless_the_rules_say_otherwise() -> None:
    def notified(text: str) -> dict[str, bool]:
        return {rules.name: rules.notified for rules in matrix.parse(text).environments}

    prod = "    branches: reviewed\n"
    assert prod in TEXT
    assert [name for name, sent in notified(TEXT).items() if sent] == ["prod"]
    silent = TEXT.replace(prod, f"{prod}    notifications: none\n")
    assert not any(notified(silent).values())
    asked = TEXT.replace("  dev:\n", "  dev:\n    notifications: sent\n").replace(
        "  test:\n", "  test:\n    approval: required\n"
    )
    assert [name for name, sent in notified(asked).items() if sent] == ["dev", "test", "prod"]
