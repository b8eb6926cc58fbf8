from __future__ import annotations

import math

import pytest

from hardware.emulators.go2.faults import FAULTS, Delay, Drop, ModeRefused, MotorFault, acting, parse
from sim.perturbations import PerturbationError


def test_faults_are_written_like_perturbations() -> None:
    assert parse("drop:share=0.3@5-6") == Drop(share=0.3, onset=5.0, end=6.0)
    assert parse("delay:ms=40") == Delay(ms=40.0)
    assert parse("motor_fault:name=front_left_calf@2") == MotorFault("front_left_calf", onset=2.0)
    assert parse("mode_refused:answer=silent").end == math.inf


@pytest.mark.parametrize(
    "text, message",
    [
        ("frezze@3", "did you mean 'freeze'?"),
        ("drop:chare=0.3", "did you mean 'share'?"),
        ("drop:share=2", "expected 0 to 1"),
        ("motor_fault:name=front_left_clf", "did you mean 'front_left_calf'?"),
        ("delay", "a value for ms"),
        ("reboot@5-3", "0 <= start < end"),
        ("mode_refused:answer=no", "denied, silent, garbled, kept"),
    ],
)
def test_a_fault_that_cannot_be_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(PerturbationError, match=".*") as caught:
        parse(text)
    assert message in str(caught.value)


def test_a_fault_is_there_from_its_onset_until_its_end() -> None:
    faults = [parse("drop:share=0.5@1-2"), parse("freeze@1")]
    assert not acting(faults, Drop, 0.99)
    assert acting(faults, Drop, 1.0) == [faults[0]]
    assert not acting(faults, Drop, 2.0)


def test_every_fault_has_a_name_of_its_own() -> None:
    assert all(kind.name == name for name, kind in FAULTS.items())
    assert ModeRefused.name in FAULTS
