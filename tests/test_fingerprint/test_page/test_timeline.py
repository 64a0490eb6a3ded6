"""Times as a reader sees them."""

from __future__ import annotations

from avtss_mm.fingerprint.page.timeline import Axis, clock


def test_ticks_are_round_and_few():
    assert [tick['label'] for tick in Axis(3590, 3612).ticks()] == [
        '59:50', '59:55', '1:00:00', '1:00:05', '1:00:10',
    ]  # fmt: skip
    assert [tick['place'] for tick in Axis(1, 3).ticks()][:3] == [0, 10, 20]
    assert len(Axis(0, 1e6).ticks()) <= 12


def test_clock():
    assert [clock(t) for t in (0, 59.996, 3723.456, -1.5, -0.001)] == [
        '0:00.00', '1:00.00', '1:02:03.46', '-0:01.50', '0:00.00',
    ]  # fmt: skip
