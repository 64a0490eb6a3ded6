"""Distorts sounds as copies are: slower, backward, noise, bands, echo, codecs, patches."""

from __future__ import annotations

import numpy as np
import scipy
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .collage import list_files, stretch_of
from .framing import happens

QUIET = 1e-3
"""Loudness (RMS) assumed for any sound."""


@TRANSFORMS.register_module()
class RandomSoundDistortion(BaseTransform):
    """Distort each audio clip by some of several distortions, in a fixed order.

    Each distortion has its own probability and draws its strength. The gain is changed by
    :class:`AudioAmplify`.

    Required keys: ``audio_waveforms``. Modified keys: ``audio_waveforms``.

    Args:
        prob (float): Probability that a clip is distorted at all. Defaults to 0.8.
        sample_rate (int): Sampling rate in Hz. Defaults to 16000.
        reverse_prob (float): Probability that the clip plays backward. Defaults to 0.1.
        slow_prob (float): Probability that its middle plays slower and lower, as from a tape; the
            other clip of a pair is then the faster one. Defaults to 0.2.
        max_slow (float): Largest factor of the duration. Defaults to 1.6.
        echo_prob (float): Probability of one to three echoes. Defaults to 0.25.
        band_prob (float): Probability of a limited band, as of a telephone. Defaults to 0.25.
        clip_prob (float): Probability of clipped peaks. Defaults to 0.15.
        noise_prob (float): Probability of white to brown noise. Defaults to 0.4.
        snr (tuple[float, float]): Range of the signal-to-noise ratio in dB. Defaults to (-3, 30).
        patch_prob (float): Probability that a stretch is muted or replaced. Defaults to 0.2.
        codec_prob (float): Probability of the losses of a codec: weak parts of the spectrum
            vanish, or samples become 8-bit mu-law. Defaults to 0.3.
        sounds (str, optional): Folder of WAV files that replace stretches. Defaults to None: noise.
    """

    modality = 'audio'

    def __init__(
        self,
        prob: float = 0.8,
        sample_rate: int = 16000,
        reverse_prob: float = 0.1,
        slow_prob: float = 0.2,
        max_slow: float = 1.6,
        echo_prob: float = 0.25,
        band_prob: float = 0.25,
        clip_prob: float = 0.15,
        noise_prob: float = 0.4,
        snr: tuple[float, float] = (-3.0, 30.0),
        patch_prob: float = 0.2,
        codec_prob: float = 0.3,
        sounds: str | None = None,
    ) -> None:
        self.prob = prob
        self.sample_rate = sample_rate
        self.max_slow = max_slow
        self.snr = snr
        self.sounds = list_files(sounds, '.wav') if sounds else []
        self.steps = (
            (reverse_prob, lambda sound: sound[::-1]),
            (slow_prob, self._slow),
            (echo_prob, self._echo),
            (band_prob, self._band),
            (clip_prob, self._clip),
            (noise_prob, self._noise),
            (patch_prob, self._patch),
            (codec_prob, self._codec),
        )

    def transform(self, results: dict) -> dict:
        """Distort the waveforms."""
        results['audio_waveforms'] = [
            self._distort(sound) if happens(self.prob) else sound
            for sound in results['audio_waveforms']
        ]
        return results

    def _distort(self, sound: np.ndarray) -> np.ndarray:
        for prob, step in self.steps:
            if happens(prob):
                sound = step(sound).astype(np.float32)
        return sound

    def _slow(self, sound: np.ndarray) -> np.ndarray:
        factor = np.exp(np.random.uniform(0, np.log(self.max_slow)))
        middle, half = (len(sound) - 1) / 2, (len(sound) - 1) / 2 / factor
        moments = np.linspace(middle - half, middle + half, len(sound))
        return np.interp(moments, np.arange(len(sound)), sound)

    def _echo(self, sound: np.ndarray) -> np.ndarray:
        echoed = sound.copy()
        for _ in range(np.random.randint(1, 4)):
            delay = round(np.random.uniform(0.03, 0.5) * self.sample_rate)
            echoed[delay:] += np.random.uniform(0.2, 0.8) * sound[: len(sound) - delay]
        return echoed

    def _band(self, sound: np.ndarray) -> np.ndarray:
        low, high = np.random.uniform(50, 600), np.random.uniform(1500, 6000)
        spectrum = np.fft.rfft(sound)
        frequencies = np.fft.rfftfreq(len(sound), 1 / self.sample_rate)
        passed = 1 / (1 + (low / np.maximum(frequencies, 1)) ** 8 + (frequencies / high) ** 8)
        return np.fft.irfft(spectrum * passed, len(sound))

    def _clip(self, sound: np.ndarray) -> np.ndarray:
        limit = np.exp(np.random.uniform(np.log(0.15), np.log(2.5))) * _loudness(sound)
        return sound.clip(-limit, limit)

    def _noise(self, sound: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft(np.random.normal(size=len(sound)))
        slope = np.random.choice((0, 0, 0.5, 1))  # white, pink, brown
        spectrum *= np.maximum(np.arange(len(spectrum)), 1) ** -slope
        noise = np.fft.irfft(spectrum, len(sound))
        level = _loudness(sound) / 10 ** (np.random.uniform(*self.snr) / 20)
        return sound + level / _loudness(noise) * noise

    def _patch(self, sound: np.ndarray) -> np.ndarray:
        length = round(np.random.uniform(0.1, 0.5) * len(sound))
        first = np.random.randint(len(sound) - length + 1)
        patch = np.zeros(length, np.float32)
        if self.sounds and happens(0.6):
            patch = stretch_of(self.sounds, length, self.sample_rate)
        return np.concatenate([sound[:first], patch, sound[first + length :]])

    def _codec(self, sound: np.ndarray) -> np.ndarray:
        if happens(0.3):
            peak = max(np.abs(sound).max(), QUIET)
            companded = np.sign(sound) * np.log1p(255 * np.abs(sound) / peak) / np.log(256)
            companded = np.round(companded * 127) / 127
            return np.sign(companded) * (256 ** np.abs(companded) - 1) / 255 * peak
        spectrum = scipy.signal.stft(sound, nperseg=512)[2]
        level = np.abs(spectrum)
        floor = level.max(axis=0) * 10 ** (-np.random.uniform(15, 40) / 20)
        spectrum[level < floor] = 0
        spectrum[round(np.random.uniform(0.4, 1) * len(spectrum)) :] = 0
        return scipy.signal.istft(spectrum, nperseg=512)[1][: len(sound)]


def _loudness(sound: np.ndarray) -> float:
    return max(float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))), QUIET)
