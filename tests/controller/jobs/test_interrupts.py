"""The first signal interrupts, where it may; those after it do nothing."""

from __future__ import annotations

import os
import signal

import pytest

from controller.jobs import interrupts
from controller.jobs.interrupts import interruptible, termination, uninterrupted
from hardware.processes import ENDING

pytestmark = pytest.mark.alone


def send(*numbers: signal.Signals) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("first", ENDING)
def test_whichever_comes_first_interrupts_and_no_other(first: signal.Signals) -> None:
    before = [signal.getsignal(number) for number in ENDING]
    with termination():
        with pytest.raises(KeyboardInterrupt):
            send(first)
        send(*ENDING, *ENDING)
    assert [signal.getsignal(number) for number in ENDING] == before


def test_who_does_not_end_can_be_interrupted_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with termination():
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
        monkeypatch.setattr(interrupts, "PATIENCE", 0.0)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_what_is_uninterrupted_knows_of_a_signal_and_goes_on() -> None:
    with termination():
        with uninterrupted() as asked:
            assert not asked()
            send(signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
            assert asked()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_a_signal_waits_for_the_part_that_may_be_interrupted() -> None:
    reached = []
    with termination(), uninterrupted():
        send(signal.SIGQUIT)
        with pytest.raises(KeyboardInterrupt), interruptible():
            reached.append("inside")
        send(signal.SIGQUIT)
        with interruptible():
            reached.append("later")  # it is being ended already
    assert reached == ["later"]


def test_a_signal_that_was_ignored_before_still_is() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as by nohup
    try:
        with termination():
            send(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
