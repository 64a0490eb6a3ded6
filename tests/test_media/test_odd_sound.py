"""Audio files with odd headers or channels."""

import struct

import av
import numpy as np
import pytest

from avtss_mm.errors import MediaError
from avtss_mm.media import build_manifest, open_media, probe

RATE = 8000


def write_wav(path, channels=1, seconds=2.0, claimed=None):
    """Writes a tone to a wav file whose header claims another length, or too many channels."""
    tone = (9000 * np.sin(np.arange(round(seconds * RATE)) / 4)).astype('<i2')
    data = np.repeat(tone[:, None], channels, 1).tobytes()
    size = len(data) if claimed is None else round(claimed * RATE) * 2 * channels
    form = struct.pack('<HHIIHH', 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16)
    body = b'WAVEfmt ' + struct.pack('<I', 16) + form + b'data' + struct.pack('<I', size) + data
    path.write_bytes(b'RIFF' + struct.pack('<I', size + 36) + body)
    return path


def test_zero_is_the_first_sample_that_decodes(tmp_path):
    """FFmpeg's Vorbis starts at its own timestamp, its Ogg header at 0."""
    path = tmp_path / 'a.ogg'
    with av.open(str(path), 'w') as target:
        track = target.add_stream('vorbis', rate=RATE, layout='stereo', options={'strict': '-2'})
        tone = np.sin(np.arange(RATE // 2) / 4).astype('f') * 0.5
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), 'fltp', 'stereo')
        frame.sample_rate, frame.pts = RATE, 0
        cut = av.AudioResampler(track.format, 'stereo', RATE, track.frame_size)
        for part in [*cut.resample(frame), *cut.resample(None), None]:
            target.mux(track.encode(part))
    with av.open(str(path)) as file:
        header = file.streams.audio[0]
        frames = list(file.decode(audio=0))
        assert header.start_time == 0 and frames[0].pts > 0
        lasts = sum(frame.samples for frame in frames) / RATE
        assert float(header.duration * header.time_base) < lasts - 5e-3
    with open_media(path) as reader:
        assert reader.info.duration == pytest.approx(lasts)
        heard = reader.read(audio_windows=[(0, lasts)], sample_rate=RATE).audio[0]
    assert np.square(heard).reshape(-1, 512).mean(1).min() > 0.01
    assert probe(path, require_video=False)['duration'] == pytest.approx(lasts, abs=1e-3)


@pytest.mark.parametrize('claimed', [0, 1.0, 2.0, 3.0, 50.0, 1000.0])
def test_the_length_of_a_sound_is_that_of_what_decodes(tmp_path, claimed):
    path = write_wav(tmp_path / 'a.wav', claimed=claimed)
    lasts = 1.0 if claimed == 1 else 2.0
    with open_media(path) as reader:
        assert reader.info.duration == pytest.approx(lasts, abs=0.01)
        assert reader.read(audio_windows=[(0, lasts)]).audio[0].std() > 0.1


@pytest.mark.parametrize('channels', [3, 7, 24, 255])
def test_odd_numbers_of_channels(tmp_path, channels):
    path = write_wav(tmp_path / 'a.wav', channels)
    try:
        with open_media(path) as reader:
            assert reader.read(audio_windows=[(0, 1)]).audio[0].std() > 0.01
    except MediaError as error:
        assert error.reason.startswith('its sound cannot be mixed or resampled: ')
        with pytest.raises(MediaError, match='a.wav: its sound cannot be mixed'):
            probe(path, require_video=False)
        _, rejects = build_manifest(tmp_path, ['a.wav'], require_video=False)
        assert 'its sound cannot be mixed' in rejects['a.wav']
    else:
        assert channels < 255
