"""Timestamps of sound that jitter or drift: only missing sound leaves a hole."""

from fractions import Fraction

import av
import numpy as np
import pytest

from avtss_mm.media import open_media

RATE = 44100
SIZE = 1024
NUM = 430  # frames: ten seconds
JITTER = {46: -10, 47: -20.4, 98: -10.7, 99: -20.7, 100: -10.6, 102: -20.9, 103: -20.9}
JITTER |= {280: -10.4, 281: -20.5, 282: -10.3, 283: -20.5, 284: -10, 428: 20.8}  # as clips have it


def write(path, seconds):
    """Writes noise (n,) at 44.1 kHz, without silence; frame i has the timestamp ``seconds[i]``."""
    noise = np.random.default_rng(0).integers(-9000, 9000, (len(seconds), SIZE)).astype('<i2')
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=RATE, layout='mono')
        for samples, second in zip(noise, seconds):
            frame = av.AudioFrame.from_ndarray(samples[None], 's16', 'mono')
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = round(second * RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return noise.ravel() / 32768


def read(path, start, end):
    with open_media(path) as reader:
        return reader.read(audio_windows=[(start, end)], sample_rate=RATE).audio[0]


def silent_stretches(waveform):
    """Start and length in seconds of all runs of zeros of at least a millisecond."""
    edges = np.flatnonzero(np.diff(np.pad(waveform == 0, 1).astype(int)))
    found = [(a / RATE, (b - a) / RATE) for a, b in edges.reshape(-1, 2)]
    return [(begin, length) for begin, length in found if length > 1e-3]


@pytest.mark.parametrize('window', [(0, 9.98), (0.3, 1.3), (1.1, 3), (2.28, 4), (6.4, 7.4)])
def test_jitter_around_a_steady_clock_leaves_no_hole(tmp_path, window):
    seconds = np.arange(NUM) * SIZE / RATE
    seconds[list(JITTER)] += np.array(list(JITTER.values())) / 1000
    noise = write(tmp_path / 'a.mkv', seconds)
    heard = read(tmp_path / 'a.mkv', *window)
    assert not silent_stretches(heard)
    first = round(window[0] * RATE)
    near = [noise[max(first + lag, 0) :][: len(heard) - 100] for lag in range(-22, 23)]
    fits = [np.corrcoef(heard[: len(part)], part)[0, 1] for part in near if len(part) > RATE // 2]
    assert max(fits) > 0.99  # within half a millisecond, to which mkv rounds


@pytest.mark.parametrize('missing', [1, 2, 20])
def test_dropped_packets_stay_a_hole(tmp_path, missing):
    seconds = np.delete(np.arange(NUM), slice(200, 200 + missing)) * SIZE / RATE
    write(tmp_path / 'a.mkv', seconds)
    ((begin, length),) = silent_stretches(read(tmp_path / 'a.mkv', 1, 9.5))
    assert begin == pytest.approx(200 * SIZE / RATE - 1, abs=2e-3)
    assert length == pytest.approx(missing * SIZE / RATE, abs=2e-3)


def test_a_clock_that_runs_slow_leaves_no_hole_and_stays_in_step(tmp_path):
    seconds = np.arange(NUM) * SIZE / RATE * 1.01  # a tenth of a second in ten
    noise = write(tmp_path / 'a.mkv', seconds)
    heard = read(tmp_path / 'a.mkv', 0, 10)
    assert not silent_stretches(heard[441:])
    for begin in (0.5, 5, 9.5):
        part, first = heard[round(begin * RATE) :][:441], round(begin / 1.01 * RATE)
        lags = range(-200, 201)
        fits = [abs(np.corrcoef(part, noise[first + lag :][:441])[0, 1]) for lag in lags]
        assert abs(lags[int(np.argmax(fits))]) < 0.003 * RATE
