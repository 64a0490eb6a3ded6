"""Synthesises the sound of a toy world."""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16000


# Timbres: the sound of one impact at times t (num_samples,) after it, given noise of that length.


def _partials(t, ratios, amplitudes, decays, pitch):
    """Returns a sum of damped sines (num_samples,); ``decays`` in seconds."""
    ratios, amplitudes, decays = (np.array(v)[:, None] for v in (ratios, amplitudes, decays))
    return np.sum(amplitudes * np.exp(-t / decays) * np.sin(2 * np.pi * pitch * ratios * t), axis=0)


def _bell(t, pitch, noise):
    ratios, amplitudes = (1, 2.01, 2.76, 4.07, 5.4, 8.2), (0.6, 0.5, 0.5, 0.35, 0.3, 0.2)
    return _partials(t, ratios, amplitudes, (0.5, 0.4, 0.3, 0.2, 0.15, 0.08), 520 * pitch)


def _wood(t, pitch, noise):
    body = _partials(t, (1, 2.6, 4.3), (1.0, 0.6, 0.3), (0.03, 0.02, 0.012), 880 * pitch)
    return body + 0.5 * noise * np.exp(-t / 0.004)


def _drum(t, pitch, noise):
    phase = 2 * np.pi * pitch * (75 * t - 75 * 0.05 * np.exp(-t / 0.05))  # the pitch drops
    skin = np.convolve(noise, np.ones(6) / 2.4, mode='same')
    return 1.4 * np.sin(phase) * np.exp(-t / 0.14) + 0.7 * skin * np.exp(-t / 0.05)


def _pluck(t, pitch, noise):
    n = np.arange(1, 9)
    return _partials(t, n, 0.9 / n, 0.4 / n**0.8, 220 * pitch)


TIMBRES = {'bell': _bell, 'wood': _wood, 'drum': _drum, 'pluck': _pluck}


def _add(track: np.ndarray, time: float, wave: np.ndarray) -> None:
    """Adds a wave to the track from ``time`` on; cuts it at both ends of the track."""
    start = round(time * SAMPLE_RATE)
    skip = max(-start, 0)
    wave = wave[skip : max(len(track) - start, 0)]
    track[start + skip : start + skip + len(wave)] += wave


def _band(rng: np.random.Generator, num_samples: int, low: float, high: float) -> np.ndarray:
    """Draws noise (num_samples,) between two frequencies (Hz), with soft edges and unit power."""
    freqs = np.fft.rfftfreq(num_samples, 1 / SAMPLE_RATE) + 1e-3
    shape = 1 / (1 + (low / freqs) ** 4) / (1 + (freqs / high) ** 4)
    white = rng.standard_normal((2, len(freqs)))
    wave = np.fft.irfft(shape * (white[0] + 1j * white[1]), num_samples)
    return wave / wave.std()


def _wobble(rng: np.random.Generator, t: np.ndarray, seconds: float) -> np.ndarray:
    """Draws a curve (num_samples,) between 0 and 1 with a knot every ``seconds``."""
    knots = np.arange(0, t[-1] + seconds, seconds)
    return np.interp(t, knots, rng.random(len(knots)))


def synthesise(world) -> np.ndarray:
    """Synthesises the sound of a :class:`~avtss_mm.toy.world.ToyWorld`.

    Each impact sounds at the exact sample of its time; its loudness follows its strength.

    Args:
        world: World to record.

    Returns:
        float32 mono waveform (num_samples,) at 16 kHz.
    """
    rng = np.random.default_rng(world.seeds[1])
    t = np.arange(round(world.duration * SAMPLE_RATE)) / SAMPLE_RATE
    track = _blows(rng, world, len(t)) + _rubbing(rng, world, t) + _water(rng, world, t)
    for _ in range(2):  # wind, traffic, ...: comes and goes, at any frequency
        centre, loudness = 2 ** rng.uniform(7.5, 12), 10 ** rng.uniform(-2.4, -1.7)
        noise = _band(rng, len(t), centre / 1.4, centre * 1.4)
        track += loudness * _wobble(rng, t, 1.0) * noise
    return np.tanh(_room(rng, track) * 10 ** rng.uniform(-0.15, 0.15)).astype(np.float32)


def _blows(rng: np.random.Generator, world, num_samples: int) -> np.ndarray:
    track = np.zeros(num_samples)
    pitch = (0.12 / world.radius) ** 1.5 * 2 ** rng.uniform(-0.6, 0.6)
    ring = np.arange(int(1.3 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = rng.standard_normal(len(ring))
    waves = {}
    for impact in world.impacts:
        if impact.pitch not in waves:
            waves[impact.pitch] = TIMBRES[world.timbre](ring, pitch * impact.pitch, noise)
        _add(track, impact.time, 0.28 * impact.strength * waves[impact.pitch])
    return track


def _rubbing(rng: np.random.Generator, world, t: np.ndarray) -> np.ndarray:
    """Draws the sound of the motion itself: scraping, rushing air, splinters."""
    track = np.zeros(len(t))
    if world.motion in ('slide', 'swing'):
        speed = np.linalg.norm(np.diff(world.poses[..., :2], axis=0), axis=-1).max(axis=1) * 25
        loudness = 0.02 * np.minimum(np.interp(t, world.times[1:], speed), 2.5)
        loudness *= 2 ** rng.uniform(-0.5, 0.5)
        low = (1800 if world.motion == 'slide' else 250) * 2 ** rng.uniform(-0.5, 0.5)
        track += loudness * _band(rng, len(t), low, 2 * low)
    elif world.motion == 'drop':
        grain = rng.standard_normal(160) * np.exp(-np.arange(160) / 25)
        for impact in world.impacts:
            for delay in rng.exponential(0.12, 9):
                _add(track, impact.time + delay + 0.03, 0.06 * np.exp(-delay / 0.2) * grain)
    return track


def _water(rng: np.random.Generator, world, t: np.ndarray) -> np.ndarray:
    """Draws the note of a vessel, which rises as it fills, and the bubbles that burst on top."""
    level = np.interp(t, world.times, world.level)
    phase = 2 * np.pi * np.cumsum(260 * 2 ** (2.6 * level)) / SAMPLE_RATE
    phase *= 2 ** rng.uniform(-0.15, 0.15)
    track = (0.6 + 0.8 * _wobble(rng, t, 0.04)) * (np.sin(phase) + 0.4 * np.sin(2 * phase))
    track *= 0.03 * 2 ** rng.uniform(-1, 0.5)
    blip = np.arange(int(0.07 * SAMPLE_RATE)) / SAMPLE_RATE
    for _, _, radius, burst in world.bubbles:
        tone = 14 / radius
        wave = np.sin(2 * np.pi * tone * (blip + 6 * blip**2)) * np.exp(-blip / 0.02)
        _add(track, burst, 0.05 * wave)
    return track


def _room(rng: np.random.Generator, track: np.ndarray) -> np.ndarray:
    """Adds the echo of a room and the response of a microphone: +-8 dB along the spectrum."""
    length = int(0.35 * SAMPLE_RATE)
    echo = rng.standard_normal(length) * np.exp(-np.arange(length) / (0.06 * SAMPLE_RATE))
    echo *= rng.uniform(0.0, 0.25) / np.linalg.norm(echo)
    echo[0] = 1.0
    octave = np.log2(np.fft.rfftfreq(length, 1 / SAMPLE_RATE) + 20)
    decibels = np.interp(octave, np.arange(4, 14), rng.uniform(-8, 8, 10))
    # Folding the cepstrum makes the filter causal: nothing may sound before its impact.
    cepstrum = np.fft.irfft(decibels * np.log(10) / 20, length)
    cepstrum[1 : length // 2] *= 2
    cepstrum[length // 2 + 1 :] = 0
    colour = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), length)
    size = len(track) + 2 * length
    spectrum = np.fft.rfft(track, size) * np.fft.rfft(echo, size) * np.fft.rfft(colour, size)
    return np.fft.irfft(spectrum, size)[: len(track)]
