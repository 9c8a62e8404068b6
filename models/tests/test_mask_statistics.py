"""What masks keep and where, of hand-made ones."""

import numpy as np
import pytest

from dynconv_models.mask_statistics import mask_statistics

SIZE = 40
JOINTS = np.array([[[6.0, 6.0], [6.0, 6.0]], [[34.0, 34.0], [6.0, 6.0]]])
LABELLED = np.array([[True, True], [True, False]])


def masks(*kept: object) -> np.ndarray:
    result = np.zeros((2, 10, 10, 1))
    for picture, where in enumerate(kept):
        result[picture][where] = 1
    return result


def test_a_mask_that_follows_the_person() -> None:
    found = mask_statistics(masks(np.s_[0:3, 0:3], np.s_[7:10, 7:10]), JOINTS, LABELLED, SIZE)
    assert found.near == 1 and found.far < 0.06
    assert found.within == pytest.approx(1)
    assert found.pattern is not None and found.pattern < 0.5


def test_masks_that_do_not_look() -> None:
    pattern = mask_statistics(masks(np.s_[:5], np.s_[:5]), JOINTS, LABELLED, SIZE)
    assert pattern.within == pattern.pattern == pytest.approx(1)
    switch = mask_statistics(masks(np.s_[:], np.s_[0:0]), JOINTS, LABELLED, SIZE)
    assert switch.within == pytest.approx(0) and switch.pattern == pytest.approx(0)
    closed = mask_statistics(masks(np.s_[0:0], np.s_[0:0]), JOINTS, LABELLED, SIZE)
    assert closed.within is closed.pattern is None and closed.near == 0
