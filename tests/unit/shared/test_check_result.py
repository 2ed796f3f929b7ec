from __future__ import annotations

from goldenpath.shared.check_result import Level, error, good, left_out, warning


def test_the_worst_remark_is_the_greatest() -> None:
    remarks = [good("pin", "a"), error("pin", "b", "c"), left_out("pin", "d", "e"), warning("pin", "f", "g")]
    levels = sorted(each.level for each in remarks)
    assert levels == [Level.GOOD, Level.LEFT_OUT, Level.WARNING, Level.ERROR]


def test_only_a_good_remark_has_nothing_to_do() -> None:
    assert error("role", "there is none", "create it").fix == "create it"
    assert not good("role", "it is there").fix
