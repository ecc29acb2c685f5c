"""The makers of live tiles: once for all who ask, together, and the errors of one turn are its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contado.kernel.tiles import Tile
from contado.web.ogc.tile_maker import Maker


class Layer:
    """Stands for a `TileLayer`: counts turns, may wait or fail."""

    etag = "e"

    def __init__(self, broken=()):
        self.turns, self.broken, self.go = [], broken, threading.Event()

    def tiles(self, z, x, y):
        self.go.wait(10)
        self.turns.append(sorted(zip(x.tolist(), y.tolist(), strict=True)))
        if any(place in self.broken for place in self.turns[-1]):
            raise ValueError(z)
        return [Tile(b"%d" % (a * 100 + b), 1, 0, 0) for a, b in zip(x, y, strict=True)]


def test_a_tile_is_made_once_however_many_ask():
    maker, layer = Maker(1, 100), Layer()
    first = maker.tile(layer, 3, 0, 0)  # its turn has begun when the others ask
    while maker._waiting["e", 3]:  # until the turn has taken it
        pass
    others = [maker.tile(layer, 3, k % 4, 1) for k in range(40)]
    layer.go.set()
    assert {f.result(10).data for f in [first, *others]} == {f.result(10).data for f in [first, *others[:4]]}
    assert layer.turns == [[(0, 0)], [(0, 1), (1, 1), (2, 1), (3, 1)]]
    assert maker.kept_tile(layer, 3, 2, 1) == others[2].result()


def test_many_tiles_take_several_turns():
    maker, layer = Maker(1, 100), Layer()
    futures = [maker.tile(layer, 5, k, 0) for k in range(30)]
    layer.go.set()
    assert len({f.result(10).data for f in futures}) == 30
    assert max(map(len, layer.turns)) <= 16
    assert sum(map(len, layer.turns)) == 30


def test_an_error_reaches_who_waits_and_the_next_may_ask_again():
    maker, layer = Maker(1, 100), Layer(broken=[(1, 1)])
    layer.go.set()
    with pytest.raises(ValueError, match="4"):
        maker.tile(layer, 4, 1, 1).result(10)
    layer.broken = ()
    assert maker.tile(layer, 4, 1, 1).result(10).data
    assert maker.tile(layer, 4, 2, 1).result(10).data


def test_a_layer_is_opened_once():
    maker, opened, go = Maker(2, 1), [], threading.Event()

    def make():
        go.wait(10)
        opened.append(1)
        return Layer()

    with ThreadPoolExecutor(8) as askers:
        asked = [askers.submit(lambda: maker.layer("k", make).result(10)) for _ in range(8)]
        go.set()
        assert len({id(a.result()) for a in asked}) == 1
    assert opened == [1]
    with pytest.raises(OSError, match="no"):
        maker.layer("other", lambda: (_ for _ in ()).throw(OSError("no"))).result(10)
    assert maker.kept_layer("other") is None
