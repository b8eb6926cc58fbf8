from __future__ import annotations

from controller.view.audience import Audience


def test_the_first_page_drives_and_the_next_one_after_it() -> None:
    audience = Audience()
    for page in (3, 5, 4):
        audience.come(page)
    assert audience.driver == 3
    audience.leave(3)
    assert audience.driver == 5
    audience.leave(4)
    audience.leave(5)
    assert len(audience) == 0
    audience.come(9)
    assert audience.driver == 9


def test_only_the_driver_hands_over() -> None:
    audience = Audience()
    audience.come(0)
    audience.hand_over(0)
    assert audience.driver == 0
    audience.come(1)
    audience.hand_over(1)
    assert audience.driver == 0
    audience.hand_over(0)
    assert audience.driver == 1
    audience.hand_over(1)
    assert audience.driver == 0
