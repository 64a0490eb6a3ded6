"""Segments of several descriptors that agree are joined."""

from avtss_mm.fingerprint.matching.fusion import fuse, fuse_sides, modality_of
from avtss_mm.fingerprint.matching.segments import Segment


def segment(score: float, start: float = 0.0, video: int = 1) -> Segment:
    return Segment(video, 0, 10, start, start + 10, 1.0, score)


def test_four_descriptors_of_one_segment_are_one_match():
    found = [(segment(0.5), letter) for letter in 'cahv']
    ((joined, letters),) = fuse(found)
    assert letters == 'vhac' and modality_of(letters) == 'av'
    assert joined.score == 1 - 0.5**4
    picture, sound = fuse_sides(found)
    assert [(one.score, letters) for one, letters in picture + sound] == [
        (0.75, 'vh'),
        (0.75, 'ac'),
    ]


def test_a_descriptor_that_finds_another_place_or_video_stays_alone():
    found = [(segment(0.5), 'v'), (segment(0.4, 6.0), 'h'), (segment(0.3, video=2), 'a')]
    assert sorted(letters for _, letters in fuse(found)) == ['a', 'h', 'v']


def test_fingerprints_alone_count_for_their_modality():
    ((joined, letters),) = fuse([(segment(0.5), 'h'), (segment(0.2), 'c')])
    assert letters == 'hc' and modality_of(letters) == 'av'
    assert joined.score == 0.6
