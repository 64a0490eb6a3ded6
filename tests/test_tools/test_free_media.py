"""From packages of free media to a small file of encoders, with the commands of the docs."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess

import cv2
import numpy as np
import pytest
from helpers.commands import ROOT, tool
from scipy.io import wavfile

from avtss_mm.apis import Embedder
from avtss_mm.media import probe

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """A folder with ``data/free_media``, made of two packages."""
    if shutil.which('dpkg-deb') is None:
        pytest.skip('packages are unpacked with dpkg-deb')
    work = tmp_path_factory.mktemp('work')
    debs, rng = work / 'debs', np.random.default_rng(0)
    debs.mkdir()
    for package in ('first', 'second'):
        root = work / package
        share = root / 'usr/share' / package
        for folder in (share, root / 'usr/share/doc' / package, root / 'DEBIAN'):
            folder.mkdir(parents=True)
        (root / 'usr/share/doc' / package / 'copyright').write_text('License: CC0\n')
        (root / 'DEBIAN/control').write_text(
            f'Package: {package}\nVersion: 1:2\nArchitecture: all\n'
            'Maintainer: nobody <nobody@localhost>\nDescription: pictures\n'
        )
        for number in range(12):
            small = rng.integers(0, 256, (5, 7, 3), np.uint8)
            picture = cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(share / f'{number}.jpg'), picture)
        cv2.imwrite(str(share / 'mirrored.png'), picture[:, ::-1])
        cv2.imwrite(str(share / 'smaller.png'), picture[::2, ::2])
        cv2.imwrite(str(share / 'plain.png'), np.full((200, 200, 3), 77, np.uint8))
        (share / 'broken.png').write_bytes(b'no picture')
        (share / '..evil.png').symlink_to('/etc/passwd')
        sprite = np.zeros((60, 90, 4), np.uint8)
        sprite[10:50, 20:70] = rng.integers(0, 256, (40, 50, 4), np.uint8) | 0x80
        cv2.imwrite(str(share / 'sprite.png'), sprite)
        wavfile.write(share / 'long.wav', 8000, rng.normal(0, 4000, 13 * 8000).astype(np.int16))
        wavfile.write(share / 'click.wav', 8000, rng.normal(0, 4000, 800).astype(np.int16))
        deb = debs / f'{package}_1%3a2_all.deb'
        subprocess.run(['dpkg-deb', '--build', root, deb], check=True, capture_output=True)
    rows = ['package,version,split', 'first,1:2,train', 'second,1:2,dev']
    (work / 'packages.csv').write_text('\n'.join(rows) + '\n')
    prepare(work)
    return work


def prepare(work):
    media, options = work / 'data/free_media', ['--debs', work / 'debs']
    return tool('data/prepare_free_media.py', media, '--packages', work / 'packages.csv', *options)


def test_packages_become_pictures_sprites_and_sounds(work):
    media = work / 'data/free_media'
    for split, package in (('train', 'first'), ('dev', 'second')):
        rows = json.loads((media / f'{split}.json').read_text())['data_list']
        assert len(rows) == 12  # without mirror image, smaller copy, plain and broken file
        assert all(cv2.imread(str(media / row['filename'])).shape[0] == 192 for row in rows)
        (sprite,) = (media / 'sprites' / split).iterdir()
        assert cv2.imread(str(sprite), cv2.IMREAD_UNCHANGED).shape[2] == 4
        lengths = [len(wavfile.read(path)[1]) for path in sorted(media.glob(f'sounds/{split}/*'))]
        assert lengths == [160000, pytest.approx(48000, abs=50)]  # 13 s, cut after 10 s
        assert (media / 'licences' / f'{package}.txt').read_text() == 'License: CC0\n'
    with open(media / 'packages.csv', newline='') as file:
        (first, _) = csv.DictReader(file)
    assert first == dict(
        package='first', version='1:2', split='train', pictures='12', sprites='1', sounds='2'
    )


def test_a_second_run_only_reads_what_is_new(work):
    media = work / 'data/free_media'
    before = {path: path.stat().st_mtime_ns for path in media.rglob('*.jpg')}
    for deb in (work / 'debs').iterdir():
        deb.rename(deb.with_suffix('.away'))
    prepare(work)
    assert {path: path.stat().st_mtime_ns for path in media.rglob('*.jpg')} == before
    for deb in (work / 'debs').iterdir():
        deb.rename(deb.with_suffix('.deb'))


def test_films_are_videos_with_sound_and_equal_again(work, tmp_path):
    for name in ('first', 'again'):
        options = ('-o', tmp_path / name, '--num-videos', 2, '--duration', 3)
        tool('data/film_pictures.py', work / 'data/free_media', *options)
    for video in ('0000.mp4', '0001.mp4'):
        facts = probe(tmp_path / 'first/videos' / video)
        assert facts['duration'] == pytest.approx(3, abs=0.1) and facts['has_audio']
        first, again = (
            (tmp_path / name / 'videos' / video).read_bytes() for name in ('first', 'again')
        )
        assert first == again
    rows = json.loads((tmp_path / 'first/test.json').read_text())['data_list']
    assert [row['filename'] for row in rows] == ['videos/0000.mp4', 'videos/0001.mp4']


def test_training_and_publishing(work, tmp_path, monkeypatch, make_video):
    monkeypatch.chdir(work)
    options = [
        'train_dataloader.batch_size=6',
        'train_cfg.max_epochs=2',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'default_hooks.logger.interval=1',
    ]
    config = ROOT / 'configs/fingerprint/copies_free_media.py'
    tool('train.py', config, '--work-dir', tmp_path, '--cfg-options', *options)
    lines = [json.loads(line) for log in tmp_path.rglob('scalars.json') for line in log.open()]
    terms = {'loss_v2v', 'loss_a2a', 'loss_spread_v', 'loss_spread_a'}
    assert len(lines) == 4 and all(terms <= line.keys() for line in lines)
    published = tmp_path / 'small.safetensors'
    tool('publish_encoders.py', tmp_path / 'epoch_2.pth', published)
    assert published.stat().st_size < 10e6
    video = make_video(tmp_path / 'a.mp4', duration=3)
    mine, its = (
        Embedder(str(path), device='cpu').embed(video)
        for path in (published, tmp_path / 'epoch_2.pth')
    )
    for name in ('video', 'audio'):
        np.testing.assert_allclose(mine[name].feat, its[name].feat, rtol=0.02, atol=0.01)
    refused = tool('publish_encoders.py', tmp_path / 'epoch_2.pth', 'x.pth', check=False)
    assert refused.returncode and 'x.pth must end with .safetensors' in refused.stderr
