"""A study as a user runs it: small real videos, killed in the middle, then resumed."""

import csv
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from helpers.commands import ROOT
from helpers.small_encoder import CONFIG
from helpers.warm_python import warm_python

from avtss_mm.media.manifest import build_manifest, save_manifest

pytestmark = pytest.mark.slow

STUDY = """
data = dict(root={root!r}, factors=('pace', 'sound'))
seeds = (0,)
budget = dict(epochs=3)
variants = dict(
    broken=dict(config='small.py', options={{'train_cfg.max_epochs.typo': 1}}),
    contrastive='small.py',
    random='small.py',
)
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony', 'fingerprint', 'reach')
options = {options!r}
fingerprint = dict(num_videos=2, num_references=4, distortions=('crop', 'audio_noise'), severity=1)
reach = dict(video=0.0)
evaluations = dict(
    folds=dict(gallery=['test.json', 'train.json'], query=['train.json', 'test.json'],
               measures=('linear',)),
    sounds=dict(gallery='sounds.json', query='sounds.json', factors=(), measures=('knn',)),
    copies=dict(gallery='test.json', query='asked.json', measures=('copies',)),
)
"""
OPTIONS = {
    'model.pretext_heads': None,
    'model.queue': None,
    'model.contrastive_head.num_positives': 0,
    'model.contrastive_head.num_negatives': 0,
    'train_dataloader.batch_size': 4,
    'train_cfg.val_interval': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
}
TOOL = ROOT / 'tools/study.py'


@pytest.fixture(scope='module')
def config(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('study')
    classes = [f'{pace}-{sound}' for pace in ('slow', 'quick') for sound in ('tone', 'noise')]
    for side in ('train', 'test'):
        for i in range(8):
            name = root / side / f'{i}.mp4'
            sound, seed = classes[i % 4].split('-')[1], i + 8 * (side == 'test')
            make_video(name, duration=7, fps=12, size=(64, 80), audio=sound, seed=seed)
        rows, _ = build_manifest(root, [f'{side}/{i}.mp4' for i in range(8)])
        rows = [dict(row, label=i % 4) for i, row in enumerate(rows)]
        save_manifest(root / f'{side}.json', rows, classes)
        asked = [dict(row, source=row['filename'], distortion='none', severity=1) for row in rows]
        save_manifest(root / 'asked.json', asked[:3])
    write_sounds(root)
    (root / 'small.py').write_text(CONFIG)
    (root / 'mine.py').write_text(STUDY.format(root=str(root), options=OPTIONS))
    return root / 'mine.py'


def write_sounds(root):
    """Writes audio files with tones and noise."""
    moments = np.arange(3 * 16000) / 16000
    for i in range(6):
        noise = np.random.default_rng(i).normal(size=moments.size)
        tone = np.sin(2 * np.pi * (400 + 20 * i) * moments)
        soundfile.write(root / f'{i}.wav', 0.1 * (noise if i % 2 else tone), 16000)
    rows, _ = build_manifest(root, [f'{i}.wav' for i in range(6)], require_video=False)
    save_manifest(root / 'sounds.json', [dict(row, label=i % 2) for i, row in enumerate(rows)])


def run(config, out, *arguments):
    """Runs ``tools/study.py`` in this process, to save the imports; returns its exit status."""
    spec = importlib.util.spec_from_file_location('study_tool', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [str(TOOL), str(config), '--out', str(out), *arguments])
        patch.setattr(sys, 'executable', str(warm_python()))
        try:
            return tool.main()
        except SystemExit as end:
            return end.code


@pytest.fixture(scope='module')
def killed(config, tmp_path_factory):
    """A study that was killed with all its processes in the middle of its first training."""
    out = tmp_path_factory.mktemp('out')
    command = [sys.executable, TOOL, config, '--out', out, '--only', 'contrastive']
    with open(out / 'shown', 'w') as shown:
        study = subprocess.Popen(command, stdout=shown, stderr=shown, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / 'contrastive/seed0/train/last_checkpoint').exists():
        assert study.poll() is None and time.monotonic() < deadline, (out / 'shown').read_text()
        time.sleep(0.05)
    os.killpg(study.pid, signal.SIGKILL)
    study.wait()
    return out


@pytest.fixture(scope='module')
def finished(config, killed):
    return killed, run(config, killed)


def test_a_killed_study_goes_on_where_it_was(finished):
    out, _ = finished
    log = (out / 'contrastive/seed0/train.log').read_text()
    assert len(re.findall(r'Epoch\(train\) +\[1\]\[2/2\]', log)) == 1  # the first epoch once
    assert 'resumed epoch: ' in log
    rows = {row['variant']: row for row in read_csv(out)}
    assert rows['contrastive']['steps'] == '6'
    (last,) = (out / 'samples').glob('*/*/epoch2')  # what is validated on has no such epoch
    kept = last.parent.rglob('[!.]*.pt')  # the kill may have left a hidden draft
    assert len(list(kept)) == 3 * 8  # each sample of each epoch, once


def test_a_variant_that_fails_ends_no_other(finished, capsys):
    out, status = finished
    assert status == 'error: 1 runs failed: broken seed 0'
    rows = {row['variant']: row for row in read_csv(out)}
    assert set(rows) == {'chance', 'contrastive', 'random'}
    text = (out / 'table.md').read_text()
    assert 'Failed: broken seed 0: its config: ' in text


def test_every_measure_is_in_the_table(finished):
    out, _ = finished
    chance, trained, untrained = (
        next(row for row in read_csv(out) if row['variant'] == name)
        for name in ('chance', 'contrastive', 'random')
    )
    for name, level in dict(
        knn_joint_label=0.25, linear_video_pace=0.5, linear_audio_sound=0.5, v2v=0.25,
        pair_v2a=0.125, sync_top1=0.2, fingerprint_av=0.25,
    ).items():  # fmt: skip
        assert float(chance[name]) == pytest.approx(level)
        assert trained[name] and untrained[name]
    assert trained['epochs_to_video'] == '0.0' and untrained['epochs_to_video'] == ''
    assert float(untrained['linear_audio_sound']) == 1  # a tone, or noise
    assert trained['v2v'] and trained['order_va'] and trained['speed_a']
    for picture in ('figure.png', 'curves.png'):
        assert (out / picture).stat().st_size > 10_000
    text = (out / 'table.md').read_text()
    assert '3 epochs = 6 steps of 4 videos' in text and 'seeds 0' in text


def test_further_data(finished):
    """Cross-validation; audio files without video; queries that are also the gallery."""
    out, _ = finished
    chance, trained = (
        next(row for row in read_csv(out) if row['variant'] == name)
        for name in ('chance', 'contrastive')
    )
    turns = read_results(out)['groups']
    assert turns['folds/linear']['folds/linear_audio_sound'] == 1
    assert float(chance['folds/linear_video_pace']) == 0.5
    assert float(trained['sounds/knn_audio_label']) == 1 and 'sounds/knn_video_label' not in trained
    assert float(trained['copies/copies_av']) == 1 and float(chance['copies/copies_v']) == 0.125
    text = (out / 'table.md').read_text()
    assert 'folds: 16 files in the gallery, 16 queries in 2 folds' in text
    assert 'copies: 8 files in the gallery, 3 queries' in text


def test_what_is_finished_is_not_done_again(finished, config, capsys):
    out, _ = finished
    results = out / 'contrastive/seed0/results.json'
    before = results.stat().st_mtime_ns
    assert run(config, out, '--only', 'contrastive', 'random') is None
    assert '2 runs, 2 of them finished before' in capsys.readouterr().out
    assert results.stat().st_mtime_ns == before


def test_two_studies_of_one_folder_measure_their_own_seeds(config, tmp_path):
    """Each command has a seed of its own, and both work at the same time."""
    words = ['--out', tmp_path, '--only', 'random', '--cfg-options', 'evaluations=None']
    words.append("measures=('knn',)")
    own = [[sys.executable, TOOL, config, *words, f'seeds=({seed},)'] for seed in (0, 1)]
    assert [study.wait() for study in [subprocess.Popen(command) for command in own]] == [0, 0]
    assert all((tmp_path / f'random/seed{seed}/results.json').exists() for seed in (0, 1))


def test_mistakes_of_the_user(config, tmp_path):
    assert 'none of' in run(config, tmp_path, '--only', 'nobody')
    assert run(config.with_name('absent.py'), tmp_path).startswith('error: ')


def read_results(out):
    return json.loads((out / 'contrastive/seed0/results.json').read_text())


def read_csv(out):
    with open(out / 'table.csv') as file:
        return list(csv.DictReader(file))
