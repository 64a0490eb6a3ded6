"""Parsers that ``parser_fuzz.py`` tests, each with intact files to start from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import avtss_mm  # noqa: F401  (registers, and patches upstream)
from avtss_mm.datasets.video_list import describe, first_of_each_class, read_list, share_shorter
from avtss_mm.errors import ManifestError, UsageError
from avtss_mm.evaluation.feature_cache import read_features
from avtss_mm.files.feature_file import load_features, save_features
from avtss_mm.files.feature_log import FeatureLog
from avtss_mm.fingerprint.benchmark.ground_truth import read_ground_truth
from avtss_mm.fingerprint.benchmark.vsc import read_matches
from avtss_mm.fingerprint.index.catalog import Catalog
from avtss_mm.media import save_manifest
from avtss_mm.media.manifest import _load_partial
from avtss_mm.preparation import sound_lists, video_lists
from avtss_mm.utils.config import parse_config_text

ROWS = [
    dict(filename='a b.mp4', label=3, duration=5.5, has_audio=True, silent=False, group='a'),
    dict(filename='ü/c.mp4', label=0, duration=2, has_audio=False, silent=True, width=96),
    dict(filename='d.wav', label=-1, duration=None),
]
SETTINGS = dict(per='clip', weights='abc')


class Target(NamedTuple):
    """A parser.

    Attributes:
        make: Function that writes intact files into a folder.
        read: Function that reads them; raises one of ``refusals`` if they are invalid.
        refusals: Errors that ``read`` may raise; their text names the file.
        name: Name of the file that a refusal mentions; None where there is no file.
        kind: Kind of changes: ``'json'``, ``'text'``, ``'binary'`` or ``'sqlite'``.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...]
    name: str | None
    kind: str


def _use(rows: list[dict]) -> None:
    """Does what a data set does with its rows before it opens a file."""
    describe(rows)
    first_of_each_class([{'label': -1, **row} for row in rows], 2)
    share_shorter(rows, 3.0)


def _texts(**texts: str) -> Callable[[Path], None]:
    """Returns a function that writes files by name; ``__`` stands for the dot of the suffix."""

    def make(folder: Path) -> None:
        for name, text in texts.items():
            (folder / name.replace('__', '.')).write_text(text, encoding='utf-8')

    return make


def _make_partial(folder: Path) -> None:
    lines = [dict(filename=row['filename'], stamp=[1, 2], row=row) for row in ROWS]
    lines.append(dict(filename='e.mp4', stamp=[1, 2], reason='no video stream'))
    (folder / 'list').write_text('\n'.join(map(json.dumps, lines)))


def _make_features(suffix: str, folder: Path) -> None:
    feat = np.arange(12, dtype=np.float32).reshape(3, 4)
    names = np.array([row['filename'] for row in ROWS])
    save_features(folder / f'f{suffix}', dict(filename=names, feat=feat), dict(classes=['x']))


def _make_cache(folder: Path) -> None:
    feat = np.ones((3, 4), np.float16)
    names = np.array([row['filename'] for row in ROWS])
    np.savez(folder / 'f.npz', filename=names, identity=np.array('me'), video_feat=feat)


def _make_log(folder: Path) -> None:
    with FeatureLog(folder / 'log', SETTINGS) as log:
        for row in ROWS:
            log.add(row['filename'], '1 2', np.zeros(2, [('start', float), ('feat', 'f4', (4,))]))


def _read_log(folder: Path) -> None:
    with FeatureLog(folder / 'log', SETTINGS) as log:
        list(log.records())


def _make_catalog(folder: Path) -> None:
    catalog = Catalog(folder / 'catalog.sqlite', write=True)
    times, vectors = np.arange(6.0).reshape(3, 2), np.ones((3, 8))
    for path in ('/a.mp4', '/b.mp4'):
        catalog.replace(path, '1 2', dict(video=(times, vectors, 0), audio=(times, vectors, 1)))
    catalog.set_metadata(folders=['/'], thresholds=dict(v=0.5), chunk=2.0)
    catalog.close()
    database = sqlite3.connect(folder / 'catalog.sqlite')  # one file, without a journal beside it
    database.execute('PRAGMA journal_mode = DELETE')
    database.close()


def _read_catalog(folder: Path) -> None:
    catalog = Catalog(folder / 'catalog.sqlite')
    try:
        for _ in catalog.vectors(catalog.tracks_of('video')):
            pass
    finally:
        catalog.close()


UCF101 = dict(
    classInd__txt='1 Archery\n2 Bowling\n',
    trainlist01__txt='Archery/v_Archery_g01_c01.avi 1\nBowling/v_Bowling_g01_c02.avi 2\n',
    testlist01__txt='Archery/v_Archery_g02_c01.avi\n',
)
HMDB51 = 'A_b_cartwheel_f_cm_np1_le_bad_1.avi 1 \nB_cartwheel_f_nm_np2_ri_med_0.avi 2\nc.avi 0\n'
KINETICS = 'label,youtube_id,time_start,time_end,split\n"a, b",-abc_123,5,15,train\nc,x,0,10,val\n'
ESC50 = 'filename,fold,target,category,esc10,src_file,take\n1-1-A-0.wav,1,0,dog,True,1,A\n'
VGGSOUND = '---g-f_I2yQ,1,"people, marching",test\n--0PQM4-hqg,30,waterfall burbling,train\n'
CLASSES = 'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/m/05zppz,"Male speech, man"\n'
SEGMENTS = '# YTID, start\n--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/m/05zppz"\n'
TRUTH = 'query,ref,transform,offset_s,speed\nq0,r0,crf,1.5,1\nq1,,copy,,\n'
MATCHES = 'query_id,ref_id,query_start,query_end,ref_start,ref_end,score\nQ1,R2,0,5,1,6,0.5\n'
CONFIG = (
    "model = dict(type='AVEncoder', backbone=dict(type='R2Plus1D', depth=18, init_cfg=None))\n"
    "pipeline = [dict(type='AVInit'), dict(scale=(-1, 1.5), keys={'a.b': {1, 2}})]\nx = True\n"
)
LISTS = (UsageError,)

TARGETS = {
    'manifest': Target(
        lambda folder: save_manifest(folder / 'm.json', ROWS, ['x', 'y']),
        lambda folder: _use(read_list(str(folder / 'm.json'), str(folder))[0]),
        (ManifestError,), 'm.json', 'json',
    ),
    'annotation list': Target(
        _texts(list__txt='a b.mp4 3\nü/c.mp4\t0\r\n\nno label.mp4\n'),
        lambda folder: _use(read_list(str(folder / 'list.txt'), str(folder))[0]),
        (ManifestError,), 'list.txt', 'text',
    ),
    'cache of probes': Target(
        _make_partial,
        lambda folder: _load_partial(folder / 'list', {row['filename']: [1, 2] for row in ROWS}),
        (), 'list', 'json',
    ),
    'UCF101': Target(_texts(**UCF101), video_lists.read_ucf101, LISTS, '', 'text'),
    'HMDB51': Target(
        _texts(cartwheel_test_split1__txt=HMDB51), video_lists.read_hmdb51, LISTS, '', 'text'
    ),
    'Kinetics': Target(_texts(train__csv=KINETICS), video_lists.read_kinetics, LISTS, '', 'text'),
    'ESC-50': Target(_texts(esc50__csv=ESC50), sound_lists.read_esc50, LISTS, '', 'text'),
    'VGG-Sound': Target(
        _texts(vggsound__csv=VGGSOUND), sound_lists.read_vggsound, LISTS, '', 'text'
    ),
    'AudioSet': Target(
        _texts(class_labels_indices__csv=CLASSES, eval_segments__csv=SEGMENTS),
        sound_lists.read_audioset, LISTS, '', 'text',
    ),
    'ground truth': Target(
        _texts(truth__csv=TRUTH), lambda folder: read_ground_truth(folder / 'truth.csv'),
        LISTS, 'truth.csv', 'text',
    ),
    'VSC matches': Target(
        _texts(matches__csv=MATCHES), lambda folder: read_matches(folder / 'matches.csv'),
        (ValueError,), 'matches.csv', 'text',
    ),
    'config text': Target(
        _texts(cfg=CONFIG),
        lambda folder: parse_config_text((folder / 'cfg').read_bytes().decode('latin-1')),
        (ValueError,), None, 'text',
    ),
    'features, npz': Target(
        partial(_make_features, '.npz'), lambda folder: load_features(folder / 'f.npz'),
        (ValueError,), 'f.npz', 'binary',
    ),
    'features, parquet': Target(
        partial(_make_features, '.parquet'), lambda folder: load_features(folder / 'f.parquet'),
        (ValueError,), 'f.parquet', 'binary',
    ),
    'features of a test': Target(
        _make_cache, lambda folder: read_features(folder / 'f.npz', 'me'),
        (ValueError,), 'f.npz', 'binary',
    ),
    'log of features': Target(_make_log, _read_log, (UsageError,), 'log', 'binary'),
    'catalog, damaged': Target(
        _make_catalog, _read_catalog, (UsageError,), 'catalog.sqlite', 'binary'
    ),
    'catalog, forged': Target(
        _make_catalog, _read_catalog, (UsageError,), 'catalog.sqlite', 'sqlite'
    ),
}  # fmt: skip
