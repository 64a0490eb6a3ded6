import numpy as np
import pytest

from avtss_mm.errors import MediaError
from avtss_mm.fingerprint.distortion.distort import TimeMap, distort, stable_seed
from avtss_mm.fingerprint.distortion.sound import write_sound
from avtss_mm.fingerprint.distortion.suite import SUITE_V1, Recipe, find_distortions
from avtss_mm.media import open_media, probe

FPS, INSTANTS = 25, (0.52, 1.36, 2.2, 3.12, 4.4, 5.32)
TIMED = ['trim', 'offset', 'speed', 'reverse', 'frame_drop', 'insert', 'tempo', 'fps', 'story']
SOUNDS = ['mp3', 'opus', 'audio_noise', 'telephone', 'clipping', 'echo', 'gain', 'pitch']


@pytest.fixture(scope='module')
def flashes(tmp_path_factory, flash_click):
    """A file with flashes and clicks at INSTANTS."""
    path = tmp_path_factory.mktemp('flashes') / 'flash.mp4'
    assert np.allclose(flash_click(path, INSTANTS), INSTANTS)
    return path


def events(path):
    """Mid-times of the frames, which of them are white, and onsets of the clicks, in seconds."""
    with open_media(path) as reader:
        info = reader.info
        times = (np.arange(round(info.duration * info.fps)) + 0.5) / info.fps
        window = (0, info.duration)
        clips = reader.read([times], [window], sample_rate=48000)
    frames, sound = clips.frames[0], np.abs(clips.audio[0])
    light = np.array([np.median(frame) for frame in frames])
    loud = np.flatnonzero(sound > 0.4 * sound.max()) / 48000
    return times, light > 150, loud[np.diff(loud, prepend=-1) > 0.2]


@pytest.mark.parametrize('severity', [1, 2, 3])
@pytest.mark.parametrize('name', TIMED)
def test_flashes_and_clicks_lie_where_the_time_map_says(flashes, tmp_path, name, severity):
    target = tmp_path / 'copy.mp4'
    time_map = distort(flashes, target, name, severity)
    times, white, clicks = events(target)
    begin, end = time_map.query_start, time_map.query_end
    from_reference = (times > begin) & (times < end)
    away = time_map.reference(times)[:, None] - INSTANTS
    expected = ((away > -1e-3) & (away < 1 / FPS - 1e-3)).any(1) & from_reference
    if name == 'frame_drop':  # white frames may be missing, or stay
        assert (white & expected).any()
    else:
        assert (
            expected.any() and white[from_reference].tolist() == expected[from_reference].tolist()
        )
    clicks = clicks[(clicks > begin - 0.02) & (clicks < end)]
    low, high = sorted(time_map.reference(np.array([begin, end])))
    heard = [t for t in INSTANTS if low + 0.05 < t < high - 0.1]
    away = np.abs(time_map.reference(clicks)[:, None] - INSTANTS)
    assert (away.min(1) < 1 / FPS).all() and len(clicks) >= len(heard)


@pytest.mark.parametrize('severity', [1, 3])
@pytest.mark.parametrize('name', SOUNDS)
def test_distorted_sound_stays_in_its_place(flashes, tmp_path, name, severity):
    target = tmp_path / 'copy.mp4'
    assert distort(flashes, target, name, severity) == TimeMap(1.0, 0.0, 0.0, 6.0)
    clicks = events(target)[2]
    away = np.abs(clicks[:, None] - INSTANTS)
    assert (away.min(0) < (0.03 if name == 'pitch' else 0.01)).all()  # the stretch is coarse
    if name != 'echo':
        assert len(clicks) == len(INSTANTS)


@pytest.mark.parametrize('line', SUITE_V1, ids=lambda line: line.name)
def test_changes_what_it_says_and_nothing_else(make_video, tmp_path, line):
    source = make_video(tmp_path / 'a.mp4', duration=1.2, size=(72, 96), audio='noise')
    target = tmp_path / 'copy.mp4'
    time_map = distort(source, target, line.name, 2)
    assert 0 <= time_map.query_start < time_map.query_end
    end = time_map.query_end + time_map.query_start
    assert probe(target)['duration'] == pytest.approx(end, abs=0.1)
    frames, sounds = [], []
    for path in (source, target):
        with open_media(path) as reader:
            clips = reader.read([(np.arange(5) + 0.5) / 5], [(0.2, 1.0)], 48000)
            assert reader.info.has_audio
        frames.append(np.stack(clips.frames[0]).astype(float))
        sounds.append(clips.audio[0])
    same_size = frames[0].shape == frames[1].shape
    changed = not same_size or np.abs(frames[0] - frames[1]).mean() > 4
    if 'v' not in line.modality:
        assert not changed
    elif line.name not in (
        'crf',
        'transcode',
        'fps',
        'frame_drop',
        'trim',
        'offset',
        'tempo',
        'speed',
    ):
        assert changed
    likeness = np.corrcoef(*sounds)[0, 1]
    if 'a' not in line.modality:
        assert likeness > 0.9


@pytest.mark.parametrize(
    ('name', 'severity'),
    [('noise', 2), ('emoji', 2), ('insert', 1), ('frame_drop', 2), ('opus', 2), ('replace', 2),
     ('transcode', 1), ('transcode', 2), ('transcode', 3), ('inset', 1), ('crf', 3)],
)  # fmt: skip
def test_same_input_gives_the_same_bytes(make_video, tmp_path, name, severity):
    source = make_video(tmp_path / 'a.mp4', duration=1)
    copies = [tmp_path / f'{i}.mp4' for i in range(2)]
    maps = [distort(source, copy, name, severity) for copy in copies]
    assert maps[0] == maps[1]
    assert copies[0].read_bytes() == copies[1].read_bytes()
    if name in ('noise', 'emoji', 'insert', 'frame_drop', 'replace', 'inset'):
        distort(source, copies[1], name, severity, seed=5)
        assert copies[0].read_bytes() != copies[1].read_bytes()


def test_other_video_is_that_of_the_donor(make_video, tmp_path):
    source = make_video(tmp_path / 'a.mp4', duration=2, audio='silence')
    donor = make_video(tmp_path / 'b.mp4', duration=1, size=(48, 64), seed=3, audio='tone')
    target = tmp_path / 'copy.mp4'
    time_map = distort(source, target, 'insert', 1, donor=donor)
    with open_media(target) as copy, open_media(donor) as other:
        before = copy.read([[0.3]], [(0.2, 0.8)])
        expected = other.read([[0.3]], [(0.2, 0.8)])
        silent = copy.read(audio_windows=[(time_map.query_start + 0.2, time_map.query_end - 0.2)])
    small = before.frames[0][0][::2, ::2].astype(float)
    assert np.abs(small - expected.frames[0][0]).mean() < 12
    assert np.corrcoef(before.audio[0], expected.audio[0])[0, 1] > 0.9
    assert np.abs(silent.audio[0]).max() < 0.01


def test_another_video_lasts_whole_frames(make_video, tmp_path):
    source = make_video(tmp_path / 'a.mp4', duration=0.8, fps=12.5)
    time_map = distort(source, tmp_path / 'copy.mp4', 'insert', 2)
    assert time_map.query_start * 12.5 == 62  # not 62.5: the copy shows 62 frames of it
    assert probe(tmp_path / 'copy.mp4')['duration'] == pytest.approx(2 * 62 / 12.5 + 0.8)


def test_sound_alone_and_picture_alone(make_video, tmp_path):
    target = tmp_path / 'copy.mp4'
    video = make_video(tmp_path / 'a.mp4', duration=1, audio=None)
    assert distort(video, target, 'speed', 2).query_end == pytest.approx(0.8)
    assert not probe(target)['has_audio']
    with pytest.raises(MediaError, match='no sound to apply mp3 to'):
        distort(video, target, 'mp3', 1)
    wav = tmp_path / 'tone.wav'
    tone = 0.4 * np.sin(np.arange(96000) * 2 * np.pi * 440 / 48000)
    write_sound(wav, tone, 'pcm_s16le', 48000, 0)
    time_map = distort(wav, target, 'tempo', 2)
    facts = probe(target, require_video=False)
    assert facts['duration'] == pytest.approx(2 / 1.1, abs=0.05) and facts['width'] == 0
    assert time_map.speed == 1.1
    with pytest.raises(MediaError, match='no picture to apply crop to'):
        distort(wav, target, 'crop', 1)


def test_mistakes_are_named_and_leave_nothing(make_video, tmp_path):
    source = make_video(tmp_path / 'a.mp4', duration=0.4)
    with pytest.raises(ValueError, match="no distortion 'krop': choose from crf, "):
        distort(source, tmp_path / 'x.mp4', 'krop', 1)
    with pytest.raises(ValueError, match='severity is 1, 2 or 3, not 4'):
        distort(source, tmp_path / 'x.mp4', 'crop', 4)
    broken = tmp_path / 'broken.mp4'
    broken.write_bytes(source.read_bytes()[:300])
    with pytest.raises(MediaError, match='broken.mp4: '):
        distort(broken, tmp_path / 'x.mp4', 'crop', 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.mp4', 'broken.mp4']


def test_table_has_every_family_and_unique_names():
    names = [line.name for line in SUITE_V1]
    assert len(set(names)) == len(names)
    families = ['codec', 'geometry', 'colour', 'noise', 'overlay', 'time', 'audio', 'mixed']
    assert list(dict.fromkeys(line.family for line in SUITE_V1)) == families
    apart = {line.name for line in SUITE_V1 if not line.headline}
    assert apart == {'speed', 'reverse', 'tempo', 'mute', 'replace'}
    for line in SUITE_V1:
        assert len(set(line.recipes)) == 3 and Recipe() not in line.recipes
        assert line.modality in ('v', 'a', 'av')
    assert [line.name for line in find_distortions(['blur', 'crop'])] == ['crop', 'blur']


def test_seed_never_changes_and_differs():
    assert stable_seed('a.mp4', 'crop', 1) == 1252523663
    seeds = {stable_seed(v, n, s) for v in 'ab' for n in ('crop', 'trim') for s in (1, 2, 3)}
    assert len(seeds) == 12 and all(0 <= seed < 2**31 for seed in seeds)


def test_parts_of_a_mixed_distortion_add_up():
    crop, text, crf = (find_distortions([name])[0].recipes[1] for name in ('crop', 'text', 'crf'))
    both = Recipe(crf=38, video='crop=iw*0.75:ih*0.75', overlays=(('text', 2),))
    assert find_distortions(['repost'])[0].recipes[1] == crop + text + crf == both
    assert (crop + Recipe(video='hflip')).video == 'crop=iw*0.75:ih*0.75, hflip'
