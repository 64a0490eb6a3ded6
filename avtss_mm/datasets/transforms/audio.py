"""Log-mel spectrograms from waveforms, and audio augmentation.

Of torchaudio, which is only maintained, this package uses what is imported here and nothing else:
``functional.spectrogram``, ``functional.resample``, ``MelScale`` and ``AmplitudeToDB``.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torchaudio.functional as F
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from torchaudio.transforms import AmplitudeToDB, MelScale

from .sampling import BACKWARD


@TRANSFORMS.register_module()
class AudioAmplify(BaseTransform):
    """Change the volume of each audio clip.

    Required and modified keys: ``audio_waveforms``.

    Args:
        gain_db (tuple[float, float]): Range in dB from which the gain is drawn uniformly.
            Defaults to (-6, 6).
        prob (float): Probability that a clip is changed. Defaults to 1.
    """

    modality = 'audio'

    def __init__(self, gain_db: tuple[float, float] = (-6.0, 6.0), prob: float = 1.0) -> None:
        self.gain_db = gain_db
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Scale the waveforms."""
        results['audio_waveforms'] = [
            waveform * np.float32(10 ** (np.random.uniform(*self.gain_db) / 20))
            if np.random.rand() < self.prob
            else waveform
            for waveform in results['audio_waveforms']
        ]
        return results


@TRANSFORMS.register_module()
class MelSpectrogram(BaseTransform):
    """Log-mel spectrogram of each audio clip, played at the clip's speed and direction.

    Speed `s`: the hop becomes ``s * hop_duration``, which keeps every s-th column of the
    spectrogram at speed 1, and keeps the pitch. Backward: the waveform is reversed, which flips the
    spectrogram in time. The values are the power in mel bands (Slaney) in dB, equal to librosa's
    ``power_to_db(melspectrogram(...), top_db=None)``; digital silence is -100 dB.

    Required keys: ``audio_waveforms`` (list of M arrays (S_k,)), ``audio_rate``,
    ``audio_direction``.

    Added keys: ``audios`` (float32 (M, 1, L, F), dB), ``mel_limit`` (Hz, end of the mel scale).

    Args:
        sample_rate (int): Sampling rate of the waveforms in Hz. Defaults to 16000.
        num_mels (int): Number ``F`` of mel bins. Defaults to 80.
        win_duration (float): Length of the analysis window in seconds. Defaults to 0.025.
        hop_duration (float): Seconds from one column to the next at speed 1. Defaults to 0.01.
        num_columns (int): Number ``L`` of columns, at every speed; a window should last
            ``speed * num_columns * hop_duration`` seconds. Defaults to 100.
        speed_mode (str): How a clip is sped up: ``'skip'`` as above, or ``'resample'``: the
            waveform is read `s` times faster, so that the pitch rises and reveals the speed.
            Defaults to 'skip'.
    """

    modality = 'audio'

    def __init__(
        self,
        sample_rate: int = 16000,
        num_mels: int = 80,
        win_duration: float = 0.025,
        hop_duration: float = 0.01,
        num_columns: int = 100,
        speed_mode: str = 'skip',
    ) -> None:
        if speed_mode not in ('skip', 'resample'):
            raise ValueError(f"speed_mode must be 'skip' or 'resample', but got {speed_mode!r}")
        self.win_length = round(win_duration * sample_rate)
        self.hop_length = hop_duration * sample_rate
        self.num_columns = num_columns
        self.mel_limit = sample_rate / 2
        self.resample = speed_mode == 'resample'
        self.window = torch.hann_window(self.win_length)
        self.to_mel = MelScale(
            num_mels,
            sample_rate,
            f_max=self.mel_limit,
            n_stft=self.win_length // 2 + 1,
            norm='slaney',
            mel_scale='slaney',
        )
        self.to_db = AmplitudeToDB('power')

    def transform(self, results: dict) -> dict:
        """Add the spectrograms."""
        clips = zip(results['audio_waveforms'], results['audio_rate'], results['audio_direction'])
        spectrograms = [
            self._spectrogram(waveform[::-1] if direction == BACKWARD else waveform, rate)
            for waveform, rate, direction in clips
        ]
        results['audios'] = torch.stack(spectrograms)[:, None].numpy()  # (M, 1, L, F)
        results['mel_limit'] = self.mel_limit
        return results

    def _spectrogram(self, waveform: np.ndarray, rate: float) -> torch.Tensor:
        """Compute the spectrogram (L, F) in dB of a waveform (S,)."""
        sound = torch.from_numpy(np.ascontiguousarray(waveform))
        if self.resample:
            sound, rate = F.resample(sound, *_whole_ratio(rate)), 1.0
        hop = round(self.hop_length * rate)
        if (self.num_columns - 1) * hop > len(sound):
            raise ValueError(
                f'a window of {len(sound)} samples has no {self.num_columns} columns of {hop}: '
                'make clip_duration of the sampler num_columns * hop_duration or longer'
            )
        power = F.spectrogram(
            sound,
            pad=0,
            window=self.window,
            n_fft=self.win_length,
            hop_length=hop,
            win_length=self.win_length,
            power=2.0,
            normalized=False,
        )
        return self.to_db(self.to_mel(power[:, : self.num_columns])).T


def _whole_ratio(rate: float) -> tuple[int, int]:
    """Express ``rate`` as a ratio of whole numbers, exact to a hundredth."""
    numerator = round(rate * 100)
    divisor = math.gcd(numerator, 100)
    return numerator // divisor, 100 // divisor


@TRANSFORMS.register_module()
class SpecFrequencyMask(BaseTransform):
    """Replace bands of mel bins by the clip's mean, the same bands in all columns of a clip.

    There are no masks along time, as these would disturb speed, order and synchrony.

    Required and modified keys: ``audios`` ((M, 1, L, F)).

    Args:
        max_width (int): Largest width of a band in bins; it is drawn uniformly from 0 to this.
            Defaults to 16.
        num_masks (int): Number of bands masked in a clip. Defaults to 1.
        prob (float): Probability that a clip is masked. Defaults to 1.
    """

    modality = 'audio'

    def __init__(self, max_width: int = 16, num_masks: int = 1, prob: float = 1.0) -> None:
        self.max_width = max_width
        self.num_masks = num_masks
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mask the spectrograms."""
        for audio in results['audios']:
            if np.random.rand() >= self.prob:
                continue
            mean = audio.mean()
            for _ in range(self.num_masks):
                width = np.random.randint(self.max_width + 1)
                first = np.random.randint(max(audio.shape[-1] - width, 0) + 1)
                audio[..., first : first + width] = mean
        return results
