"""The bound on the age of frames that replace damaged ones, as users of commands set it."""

import csv

import av
import pytest
from helpers.commands import tool
from helpers.small_encoder import write_model
from helpers.stamped_video import write_stamped

pytestmark = pytest.mark.slow


@pytest.fixture
def media(tmp_path):
    """A folder of a whole video and one whose packets from 3 to 5 s are noise."""
    folder = tmp_path / 'media'
    folder.mkdir()
    write_stamped(folder / 'whole.mp4', num_frames=200, gop=20)
    data = bytearray((folder / 'whole.mp4').read_bytes())
    with av.open(str(folder / 'whole.mp4')) as container:
        for packet in container.demux(video=0):
            if packet.size and 3 <= packet.pts * float(packet.time_base) < 5:
                data[packet.pos : packet.pos + packet.size] = b'\xff' * packet.size
    (folder / 'part.mp4').write_bytes(data)
    return folder


def test_features_of_files_with_older_frames_are_refused_when_asked(media, tmp_path):
    model = write_model(tmp_path)
    for bound, refused in ((3, []), (0.5, ['part.mp4'])):
        out = tmp_path / f'{bound}.npz'
        option = f'feature_pipeline.AVInit.max_age={bound}'
        where = ('-o', out, '--device', 'cpu', '--num-clips', 8)
        done = tool('extract_features.py', *model[:2], media, *where, '--cfg-options', option)
        rejects = tmp_path / f'{out}.rejects.csv'
        assert rejects.exists() == bool(refused)
        assert f'wrote {out}: {16 - 8 * len(refused)} rows' in done.stdout
        for name in refused:
            with open(rejects, newline='') as file:
                ((_, _), (found, reason)) = csv.reader(file)
            assert found == name
            assert 's older replaces a damaged one, more than max_age=0.5 allows' in reason
