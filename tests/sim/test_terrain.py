from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.bodies.crawler import CrawlerPhysics
from sim.robots import roach
from sim.terrain import SPREAD, TERRAINS, preset
from tests.sim.anatomies import ANATOMIES
from tests.sim.walking import physics, walk


def test_presets_are_known_by_their_own_names() -> None:
    assert {name: terrain.name for name, terrain in TERRAINS.items()} == {name: name for name in TERRAINS}
    assert {"flat", "carpet", "styrofoam", "turf"} == set(TERRAINS)


def test_the_height_field_has_the_roughness_that_the_terrain_names() -> None:
    model = roach.build(TERRAINS["turf"], rough=True).compile()
    heights = np.array(model.hfield_data)
    assert heights.mean() == pytest.approx(0.5, abs=0.01)
    assert heights.std() * SPREAD == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("terrain", TERRAINS)
def test_the_crawler_walks_on_every_preset(terrain: str) -> None:
    way = walk(physics(terrain=terrain), 2.0, (6.0, 6.0)).since(0.5)
    assert way.distance > 0.1
    assert np.degrees(np.abs([way.roll, way.pitch]).max()) < 20.0


def test_rough_ground_shakes_the_body_more() -> None:
    shaken = []
    for roughness in (0.0, 0.0015):
        walker = CrawlerPhysics(ANATOMIES["roach"], replace(TERRAINS["flat"], roughness=roughness))
        shaken.append(walk(walker, 3.0, (5.0, 5.0)).since(0.3).roll.std())
    assert shaken[1] > 1.5 * shaken[0]


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of flat, carpet, styrofoam, turf, got 'lawn'"):
        preset("lawn")
