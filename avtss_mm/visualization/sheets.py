"""Draws one sample of a data set as the model receives it."""

from __future__ import annotations

import os.path as osp
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

from .figures import save_figure  # noqa: E402

try:
    from librosa import display  # labels the mel scale in Hz; not every user has it
except ImportError:
    display = None

WIDTH, DPI = 15.0, 100  # inches, pixels an inch
MAX_FRAMES = 16
ORDERS = {
    0: 'window 1 before 2',
    1: 'windows overlapping',
    2: 'window 1 after 2',
    -1: 'no order label',
}


def draw_sample(results: dict, path: str | Path, max_windows: int = 4) -> None:
    """Draw the windows on the timeline of the video, and the frames and sound of each.

    Frames and spectrogram share one axis, the playback time, so that an event is seen right above
    where it is heard. The ticks are seconds of the source; they decrease in a backward clip.

    Args:
        results (dict): Sample before packing: what the samplers write, ``filename``,
            ``duration``, and if present ``imgs`` (uint8 (M, C, T, H, W)), ``audios`` (dB,
            (M, 1, L, F)) and ``has_audio``.
        path (str | Path): Path of the PNG to write.
        max_windows (int): Maximum number of windows to draw. Defaults to 4.
    """
    num_windows = min(results['num_clips'], max_windows)
    strips = [_strip(results['imgs'][k]) if 'imgs' in results else None for k in range(num_windows)]
    heights = [0.5]
    for strip in strips:
        heights.append(0.01 if strip is None else WIDTH * 0.9 * strip.shape[0] / strip.shape[1])
        heights.append(1.6 if 'audios' in results else 0.01)
    figure, axes = plt.subplots(
        len(heights),
        figsize=(WIDTH, sum(heights) + 0.55 * len(heights) + 0.3),
        height_ratios=heights,
        constrained_layout=True,
    )
    figure.suptitle(_title(results), fontsize=12, parse_math=False)  # a $ in a name is a $
    _draw_timeline(axes[0], results, num_windows)
    for k, strip in enumerate(strips):
        picture, sound = axes[1 + 2 * k], axes[2 + 2 * k]
        picture.set_title(_describe_window(results, k), loc='left', fontsize=11, color=f'C{k}')
        _draw_frames(picture, strip, results['frame_times'][k])
        _draw_sound(sound, results, k)
    save_figure(figure, path, dpi=DPI)


def describe_sample(results: dict) -> str:
    """Describe a sample in one line: the file, its order label and its windows."""
    windows = '; '.join(_describe_window(results, k) for k in range(results['num_clips']))
    return f'{_title(results)}: {windows}'


def _title(results: dict) -> str:
    folder, name = osp.split(results['filename'])
    name = osp.join(osp.basename(folder), name).encode('utf-8', 'backslashreplace').decode()
    parts = [name, f'{results["duration"]:.2f} s']
    label = results.get('label', -1)
    if np.ndim(label) == 0 and label >= 0:
        parts.append(f'label {label}')
    return ', '.join([*parts, ORDERS[results['clip_order']]])


def _describe_window(results: dict, k: int) -> str:
    """``window 1: 3.20-5.20 s, 2x backward``; names the sound apart where it differs."""
    start, end = results['audio_windows'][k]
    rates = {name: results[f'{name}_rate'][k] for name in ('video', 'audio')}
    end = start + (end - start) * max(rates.values()) / rates['audio']
    plays = {name: f'{rate:g}x {_way(results, name, k)}' for name, rate in rates.items()}
    played = plays['video']
    if plays['audio'] != played and results['has_audio'][k]:
        played = f'frames {played}, sound {plays["audio"]}'
    unused = '' if results['video_speed'][k] >= 0 else ' (no speed label)'
    return f'window {k + 1}: {start:.2f}-{end:.2f} s, {played}{unused}'


def _way(results: dict, name: str, k: int) -> str:
    return 'backward' if results[f'{name}_direction'][k] == 1 else 'forward'


def _strip(clip: np.ndarray) -> np.ndarray:
    """Place up to MAX_FRAMES frames of a clip (C, T, H, W) side by side: (H, n * W, C)."""
    chosen = np.linspace(0, clip.shape[1] - 1, min(clip.shape[1], MAX_FRAMES)).round().astype(int)
    frames = clip[:, chosen].transpose(1, 2, 3, 0)  # (n, H, W, C)
    gap = ((0, 0), (1, 1), (0, 0))
    return np.concatenate([np.pad(frame, gap, constant_values=255) for frame in frames], axis=1)


def _draw_timeline(axis, results: dict, num_windows: int) -> None:
    """Draw the video as a grey bar and its windows as arrows in the direction of playback."""
    axis.barh(0, results['duration'], height=2, color='0.92')
    for k in range(num_windows):
        times, (start, end) = np.sort(results['frame_times'][k]), results['audio_windows'][k]
        level = 0.5 - k if num_windows == 2 else 0
        axis.barh(level, end - start, left=start, height=0.8, color=f'C{k}', alpha=0.35)
        tail, head = (times[0], times[-1])[:: -1 if _way(results, 'video', k) == 'backward' else 1]
        arrow = dict(arrowstyle='-|>', color=f'C{k}', linewidth=2, shrinkA=0, shrinkB=0)
        axis.annotate('', xy=(head, level), xytext=(tail, level), arrowprops=arrow)
    axis.set_xlim(0, max(results['duration'], max(end for _, end in results['audio_windows'])))
    axis.set_ylim(-1, 1)
    axis.set_yticks([])
    axis.tick_params(labelsize=8)
    axis.set_xlabel('seconds of the source; arrow: frames, bar: sound', fontsize=9, labelpad=1)
    axis.spines[['top', 'left', 'right']].set_visible(False)


def _draw_frames(axis, strip: np.ndarray | None, times: np.ndarray) -> None:
    if strip is None:
        axis.axis('off')
        return
    axis.imshow(strip, aspect='auto', extent=(0, len(times), 0, 1))
    shown = np.linspace(0, len(times) - 1, min(len(times), MAX_FRAMES)).round().astype(int)
    places = (np.arange(len(shown)) + 0.5) * len(times) / len(shown)
    axis.set_xticks(places, [f'{time:.2f}' for time in times[shown]], fontsize=8)
    axis.set_yticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _draw_sound(axis, results: dict, k: int) -> None:
    if 'audios' not in results:
        axis.axis('off')
        return
    audio = results['audios'][k, 0].T  # (F, L)
    low, high = max(audio.min(), -80), max(audio.max(), -60)  # dB; silence stays dark
    options = dict(cmap='magma', vmin=low, vmax=high)
    if display is not None and 'mel_limit' in results:
        columns = np.arange(audio.shape[1])
        limits = dict(fmin=0, fmax=results['mel_limit'])
        display.specshow(audio, x_coords=columns, y_axis='mel', **limits, **options, ax=axis)
        axis.set_ylabel('Hz', fontsize=8)
    else:
        axis.imshow(audio, aspect='auto', origin='lower', **options)
        axis.set_ylabel('mel bin', fontsize=8)
    start, end = results['audio_windows'][k]
    if _way(results, 'audio', k) == 'backward':
        start, end = end, start
    places = np.linspace(0, 1, 9)
    labels = [f'{start + place * (end - start):.2f}' for place in places]
    axis.set_xticks(places * audio.shape[1] - 0.5, labels, fontsize=8)
    axis.tick_params(axis='y', labelsize=8)
    if not results['has_audio'][k]:
        axis.text(0.5, 0.5, 'no sound', transform=axis.transAxes, ha='center', color='white')
