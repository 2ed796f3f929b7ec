"""What holds for every test: no variable of the runner that runs the tests reaches one of them."""

from __future__ import annotations

import os

from tests import runner_variables

# pytest imports this file before any test and before its workers start: a fixture would come after both.
runner_variables.remove(os.environ)
