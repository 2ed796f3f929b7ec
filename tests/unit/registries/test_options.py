from __future__ import annotations

import click

from goldenpath.registries.options import option, with_request_options
from goldenpath.registries.request import RegistryRequest


def test_an_option_can_be_given_by_a_variable_of_its_name() -> None:
    command = click.command()(option("--state-bucket", "The bucket.")(lambda **_: None))
    (only,) = command.params
    assert (only.name, only.envvar) == ("state_bucket", "GOLDENPATH_STATE_BUCKET")


def test_a_request_has_an_option_for_each_of_its_fields() -> None:
    command = click.command()(with_request_options(lambda **_: None))
    assert {each.name for each in command.params} == set(RegistryRequest.__dataclass_fields__)
