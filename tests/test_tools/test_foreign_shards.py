"""Shards that somebody else made, listed without unpacking."""

from __future__ import annotations

import json
import runpy

from helpers.commands import ROOT
from helpers.folders import rejects_of, write_tar


def test_names_of_classes_sounds_and_what_is_left_out(tmp_path, capsys, make_video):
    video = make_video(tmp_path / 'a.mp4', duration=1, size=(64, 96)).read_bytes()
    members = {'1.mp4': video, '1.txt': b'zebra\n', '2.mp4': video, '2.txt': b'ant',
               '3.mp4': video, '4.mp4': b'broken', '5.gif': b'GIF', '../6.mp4': video}  # fmt: skip
    (tmp_path / 'set').mkdir()
    write_tar(tmp_path / 'set/x.tar', members)
    (tmp_path / 'set/y.tar').write_bytes((tmp_path / 'set/x.tar').read_bytes()[:700])
    build_manifest = runpy.run_path(str(ROOT / 'tools/data/build_manifest.py'))['main']
    build_manifest([str(tmp_path / 'set'), '--labels', 'siblings', '--workers', '1'])
    manifest = json.loads((tmp_path / 'set/manifest.json').read_text())
    assert manifest['metainfo']['classes'] == ['ant', 'zebra']
    labels = {row['filename'][-5:]: row['label'] for row in manifest['data_list']}
    assert labels == {'1.mp4': 1, '2.mp4': 0}
    reasons = rejects_of(tmp_path / 'set/rejects.csv')
    reasons = {name[-8:]: reason for name, reason in reasons.items()}
    assert 'leads out' in reasons['../6.mp4']
    assert [text for name, text in reasons.items() if name.endswith('3.mp4')] == [
        'no .json, .txt or .cls member beside it has a label'
    ]
    assert 'cut within this member' in ' '.join(reasons.values())
    assert '1 file of other suffixes (1 .gif)' in capsys.readouterr().out
