"""The same input gives the same bytes, and wrong input a clear message."""

import numpy as np
import pytest
from helpers.stamped_video import write_stamped

from avtss_mm.media import write_video


def test_same_input_same_bytes(tmp_path):
    for name in ('a.mp4', 'b.mp4'):
        write_stamped(tmp_path / name, num_frames=60)
    assert (tmp_path / 'a.mp4').read_bytes() == (tmp_path / 'b.mp4').read_bytes()


@pytest.mark.parametrize(
    'frame', [np.zeros((33, 32, 3), np.uint8), np.zeros((32, 32, 3), 'f'), np.zeros((32, 32), 'u1')]
)
def test_wrong_frames(tmp_path, frame):
    with pytest.raises(ValueError, match='frames must be uint8'):
        write_video(tmp_path / 'a.mp4', [frame], 25)


def test_no_frames(tmp_path):
    with pytest.raises(ValueError, match='no frame'):
        write_video(tmp_path / 'a.mp4', [], 25)
