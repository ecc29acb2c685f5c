"""The room as users reach it."""

import contado


def test_the_room_loads_on_use():
    assert contado.appraisal.npv({2027: -100.0, 2028: 103.0}, rate=0.03) == 0
    assert contado.appraisal.mcda.wsm([[1, 2], [2, 3]], ["max", "max"]).rank == [2, 1]
