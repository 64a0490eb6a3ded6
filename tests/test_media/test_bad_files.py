"""Missing, broken or odd files end in one line that names the file, never in a crash."""

import os

import av
import numpy as np
import pytest
from helpers.stamped_video import read_stamp, write_stamped

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, probe


@pytest.fixture(scope='module')
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp('bad') / 'good.mp4'
    write_stamped(path, num_frames=150)
    return path


def test_files_that_cannot_be_opened(good, tmp_path, backend):
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'text.mp4').write_text('this is not a video\n' * 50)
    (tmp_path / 'folder.mp4').mkdir()
    (tmp_path / 'noise.mp4').write_bytes(np.random.default_rng(0).bytes(50000))
    (tmp_path / 'half.mp4').write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    os.mkfifo(tmp_path / 'pipe.mp4')
    reasons = {
        'missing.mp4': 'no such file',
        'empty.mp4': 'empty file',
        'text.mp4': 'Invalid data',
        'folder.mp4': 'a folder, not a file',
        'pipe.mp4': 'not a regular file',
        'noise.mp4': '',
        'half.mp4': '',
    }
    for name, reason in reasons.items():
        with pytest.raises(MediaError) as error:
            open_media(tmp_path / name, backend)
        text = str(error.value)
        assert text.startswith(f'{tmp_path / name}: {reason}'), text
        assert '\n' not in text and not text.endswith(': ')


@pytest.mark.parametrize('suffix', ['.mkv', '.avi', '.ts'])
def test_what_is_left_of_a_truncated_file_is_read(tmp_path, suffix):
    whole, part = tmp_path / f'whole{suffix}', tmp_path / f'part{suffix}'
    write_stamped(whole, num_frames=150)
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with open_media(part) as reader:
        result = reader.read([np.array([0.4, 1.0, 5.9])], [(0.5, 1.5), (5, 6)])
    stamps = [read_stamp(frame) for frame in result.frames[0]]
    assert stamps[:2] == [10, 25]
    assert 40 < stamps[2] < 110  # the last that is there
    assert np.abs(result.audio[0]).max() > 0.3
    assert not result.audio[1].any()
    assert 1.6 < probe(part)['duration'] < 4.5  # whatever the header says


def test_damaged_packets_cost_only_themselves(good, tmp_path):
    data = bytearray(good.read_bytes())
    with av.open(str(good)) as container:
        packets = [(p.pos, p.size) for p in container.demux() if p.size]
    for pos, size in packets[100:140]:  # of both streams
        data[pos : pos + size] = b'\xff' * size
    (tmp_path / 'damaged.mp4').write_bytes(data)
    with open_media(tmp_path / 'damaged.mp4') as reader:
        result = reader.read([np.array([0.4, 2.5, 5.6])], [(0, 6)])
    stamps = [read_stamp(frame) for frame in result.frames[0]]
    assert (stamps[0], stamps[2]) == (10, 140)
    assert np.abs(result.audio[0][-16000:]).max() > 0.3


@pytest.mark.parametrize('name', ['one.mp4', 'one.avi', 'one.webm'])
def test_one_frame(tmp_path, backend, name):
    write_stamped(tmp_path / name, num_frames=1, audio=False)
    with open_media(tmp_path / name, backend) as reader:
        result = reader.read([np.array([0.0, 0.5, 7.0])])
    assert [read_stamp(frame) for frame in result.frames[0]] == [0, 0, 0]
    np.testing.assert_array_equal(result.frame_pts[0], 0)
    assert probe(tmp_path / name)['num_frames'] == 1


def test_times_beyond_a_short_file(tmp_path, backend):
    write_stamped(tmp_path / 'short.mp4', num_frames=5)
    with open_media(tmp_path / 'short.mp4', backend) as reader:
        result = reader.read([np.array([-5.0, 0.1, 100.0])], [(-1, 0), (50, 52)])
    assert [read_stamp(frame) for frame in result.frames[0]] == [0, 2, 4]
    assert [len(waveform) for waveform in result.audio] == [16000, 32000]
    assert not result.audio[1].any()


def test_times_that_no_seek_can_hold(good):
    with open_media(good, 'pyav') as reader:
        reader._zero = 1e30  # as of a header that is damaged
        with pytest.raises(MediaError, match='good.mp4: its picture cannot be read'):
            reader.read([[1.0]])
        assert not reader.read(audio_windows=[(0, 1)]).audio[0].any()


def test_odd_names(tmp_path, backend):
    path = tmp_path / 'späce and # 100%d ü.mp4'
    write_stamped(path, num_frames=10)
    with open_media(str(path), backend) as reader:
        assert read_stamp(reader.read([np.array([0.2])]).frames[0][0]) == 5


@pytest.mark.parametrize(
    'name',
    ['12:30 talk.mp4', 'concat:a.mp4', 'file:a.mp4', 'data:x,.mp4', 'http:a.mp4', 'pipe:0.mp4']
    + ['crypto:a.mp4', 'a:b/c #1 50%d é.mp4', 'two\nlines.mp4', b'\xff:x.mp4', '-i.mp4'],
)
def test_relative_names_that_look_like_something_else(tmp_path, monkeypatch, backend, name):
    name = os.fsdecode(name)
    monkeypatch.chdir(tmp_path)
    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
    write_stamped(name, num_frames=10)
    assert os.path.isfile(tmp_path / name)
    with open_media(name, backend) as reader:
        assert read_stamp(reader.read([np.array([0.2])]).frames[0][0]) == 5
        # by the library itself, unless it takes Unicode only
        assert getattr(reader, '_decoder', True) is not None or '\udcff' in name
    with open(name, 'w') as file:
        file.write('nothing')
    with pytest.raises(MediaError) as caught:
        open_media(name, backend)
    assert caught.value.path == name
    shown = name.replace('\n', r'\n').replace('\udcff', r'\udcff')
    assert str(caught.value).startswith(f'{shown}: Invalid data')


def test_a_message_is_one_line_whatever_the_name():
    error = MediaError('a\r\n\x1b[2J\u2028\udcff é.mp4', 'two\nlines \x07')
    assert str(error) == r'a\r\n\x1b[2J\u2028\udcff é.mp4: two lines \x07'
    assert error.path == 'a\r\n\x1b[2J\u2028\udcff é.mp4'


def test_the_error_survives_a_process_border(tmp_path):
    import pickle

    error = pickle.loads(pickle.dumps(MediaError(tmp_path / 'a\n', 'two\nlines')))
    assert (str(error), error.reason) == (f'{tmp_path / "a"}\\n: two lines', 'two lines')
    assert error.path == f'{tmp_path}/a\n'


def test_a_file_that_goes_while_it_is_opened(tmp_path, make_video, monkeypatch, backend):
    """An open file remains readable after its name is removed."""
    path = make_video(tmp_path / 'a.mp4', duration=1)
    stock = av.open

    def open_and_delete(*args, **kwargs):
        container = stock(*args, **kwargs)
        path.unlink(missing_ok=True)
        return container

    monkeypatch.setattr(av, 'open', open_and_delete)
    try:
        with open_media(path, backend) as reader:
            assert reader.info.duration == pytest.approx(1, abs=0.05)
    except MediaError as error:  # decord and torchcodec open it once more
        assert backend != 'pyav' and 'a.mp4' in str(error)
    with pytest.raises(MediaError, match='no such file'):
        open_media(path, backend)
