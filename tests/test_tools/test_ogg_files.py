"""An ``.ogg`` file is a video or a sound: its streams tell, not its suffix."""

import csv

import av
import numpy as np
import pytest
from helpers.commands import tool
from helpers.distinct_media import write_distinct
from helpers.made_index import make_index
from helpers.small_encoder import write_model

from avtss_mm.files.feature_file import load_features
from avtss_mm.fingerprint.index.catalog import Catalog
from avtss_mm.media import build_manifest

pytestmark = pytest.mark.slow
OGG = dict(video_codec='libvpx', audio_codec='libopus')


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp('model'))


@pytest.fixture
def media(tmp_path):
    """A folder of a video and its sound."""
    video = write_distinct(tmp_path / 'media/video.ogg', 0, end=4, **OGG)
    with av.open(str(video)) as whole, av.open(str(video.with_stem('sound')), 'w') as part:
        copy = part.add_stream_from_template(whole.streams.audio[0])
        for packet in whole.demux(audio=0):
            if packet.dts is not None:
                packet.stream = copy
                part.mux(packet)
    return video.parent


def test_a_manifest_has_the_video(media):
    rows, rejects = build_manifest(media)
    assert [row['filename'] for row in rows] == ['video.ogg']
    assert rejects == {'sound.ogg': 'no video stream'}


def test_features_are_those_of_both(media, model, tmp_path):
    out = tmp_path / 'out.npz'
    tool('extract_features.py', *model[:2], media, '-o', out, '--device', 'cpu')
    columns, _ = load_features(out)
    assert set(columns['filename']) == {'video.ogg'}
    assert np.isfinite(columns['video_feat']).all() and np.isfinite(columns['audio_feat']).all()
    with open(f'{out}.rejects.csv', newline='') as file:
        assert [*csv.reader(file)][1:] == [['sound.ogg', 'no video stream']]
    audio = ('--modality', 'audio', '-o', tmp_path / 'audio.npz', '--device', 'cpu')
    tool('extract_features.py', *model[:2], media, *audio)
    columns, _ = load_features(tmp_path / 'audio.npz')
    assert set(columns['filename']) == {'video.ogg', 'sound.ogg'}


def test_an_index_has_the_picture_of_one_and_the_sound_of_both(media, model, tmp_path):
    catalog = Catalog(make_index(tmp_path / 'INDEX', media, model) / 'catalog.sqlite')
    tracks = {name.rsplit('/')[-1]: set(file.tracks) for name, file in catalog.files.items()}
    catalog.close()
    tracks = {name: found & {'video', 'audio'} for name, found in tracks.items()}
    assert tracks == {'video.ogg': {'video', 'audio'}, 'sound.ogg': {'audio'}}
