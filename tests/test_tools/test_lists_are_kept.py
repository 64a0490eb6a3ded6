"""No command destroys a list that another one made, and no message advises to do so."""

import json
import re
import shlex

import pytest
from helpers.commands import ROOT, tool
from helpers.official_layouts import write_ucf101

from avtss_mm.datasets.video_list import PREPARED

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def ucf101(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('data') / 'ucf101'
    write_ucf101(root, make_video)
    tool('data/prepare_ucf101.py', root)
    return root


def test_a_list_remembers_its_command_and_no_other_replaces_it(ucf101):
    path = ucf101 / 'train_split1.json'
    before = path.read_bytes()
    made_by = json.loads(before)['metainfo']['made_by']
    assert shlex.split(made_by)[1:] == [str(ROOT / 'tools/data/prepare_ucf101.py'), str(ucf101)]
    other = ('data/build_manifest.py', ucf101, '-o', path)
    refused = tool(*other, check=False)
    assert refused.returncode == 1 and path.read_bytes() == before
    assert f'{path} was made by: {made_by}' in refused.stderr and '--overwrite' in refused.stderr
    tool('data/prepare_ucf101.py', ucf101)  # its own
    assert path.read_bytes() == before
    tool(*other, '--overwrite')
    assert json.loads(path.read_bytes())['metainfo']['classes'] == []
    assert tool('data/prepare_ucf101.py', ucf101, check=False).returncode == 1
    tool('data/prepare_ucf101.py', ucf101, '--overwrite')
    assert path.read_bytes().replace(b' --overwrite', b'') == before


def test_labels_and_lists_are_not_lost(ucf101, tmp_path):
    path = tmp_path / 'list.json'
    tool('data/build_manifest.py', ucf101, '-o', path, '--labels', 'folder')
    before = path.read_bytes()
    refused = tool('data/build_manifest.py', ucf101, '-o', path, check=False)
    assert 'has labels, which would be lost' in refused.stderr and path.read_bytes() == before
    (tmp_path / 'empty.mp4').touch()
    refused = tool('data/build_manifest.py', tmp_path, '-o', path, '--overwrite', check=False)
    assert 'no file was kept' in refused.stderr and path.read_bytes() == before


def test_the_advice_on_unreadable_files_keeps_labels_and_split(ucf101, tmp_path):
    """Following the advice keeps the list and makes another one without these files."""
    path = ucf101 / 'train_split1.json'
    before = json.loads(path.read_bytes())
    spoilt = before['data_list'][1]['filename']
    content = (ucf101 / spoilt).read_bytes()
    (ucf101 / spoilt).write_bytes(b'nothing')
    config = f'{ROOT}/configs/finetune/r2plus1d_ucf101_split1.py'
    loader = ('test_dataloader.dataset.ann_file=train_split1.json', 'test_dataloader.num_workers=1')
    options = ('--work-dir', tmp_path, '--cfg-options', f'data_root={ucf101}', *loader)
    tiny = ('model.backbone.base_channels=4', 'model.cls_head.in_channels=32')
    stopped = tool('test.py', config, 'random', *options, *tiny, check=False)
    (advice,) = set(re.findall(r'python tools/data/(\S+.*)', stopped.stderr))
    tool(f'data/{shlex.split(advice)[0]}', *shlex.split(advice)[1:])
    (ucf101 / spoilt).write_bytes(content)
    assert json.loads(path.read_bytes()) == before
    after = json.loads((ucf101 / 'train_split1_readable.json').read_bytes())
    assert after['data_list'] == [r for r in before['data_list'] if r['filename'] != spoilt]
    assert after['metainfo']['classes'] == before['metainfo']['classes']
    reasons = (ucf101 / 'train_split1_readable.rejects.csv').read_text().splitlines()
    assert len(reasons) == 2 and reasons[1].startswith(spoilt)


def test_text_lists_lose_lines_and_nothing_else(ucf101):
    good = 'UCF-101/Archery/v_Archery_g01_c01.avi'
    path = ucf101 / 'mine.txt'
    path.write_text(f'{good} 7\n\nno such.mp4 3\n{good} 1\n')
    tool('data/drop_unreadable.py', path)
    assert (ucf101 / 'mine_readable.txt').read_text() == f'{good} 7\n\n{good} 1\n'
    again = tool('data/drop_unreadable.py', path, check=False)  # text cannot say who made it
    assert again.returncode == 1 and '--overwrite' in again.stderr


def test_a_toy_world_does_not_replace_a_data_set(tmp_path, make_video):
    own = make_video(tmp_path / 'videos/train/holiday.mp4', duration=1, size=(32, 48))
    listed = tmp_path / 'train.json'
    tool('data/build_manifest.py', tmp_path, '-o', listed)
    before = listed.read_bytes()
    command = ('data/make_toy_dataset.py', tmp_path, '--num-videos=1', '--duration=1')
    refused = tool(*command, check=False)
    assert refused.returncode == 1 and 'build_manifest.py' in refused.stderr
    assert listed.read_bytes() == before
    tool(*command, '--overwrite')
    assert own.is_file()


def test_a_missing_list_names_the_command_of_its_data_set(tmp_path):
    (tmp_path / 'ucf101').mkdir()
    config = ROOT / 'configs/finetune/r2plus1d_ucf101_split1.py'
    stopped = tool('train.py', config, '--cfg-options', f'data_root={tmp_path}/ucf101', check=False)
    assert f'made by: python tools/data/prepare_ucf101.py {tmp_path}/ucf101' in stopped.stderr
    assert {f'prepare_{name}.py' for name in PREPARED} <= {
        path.name for path in (ROOT / 'tools/data').glob('prepare_*.py')
    }
