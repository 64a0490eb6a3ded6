"""The checkpoint that a run resumes from when some are damaged."""

import os

import pytest
import torch

from avtss_mm.engine.resuming import find_last_checkpoint, is_complete, write_marker


@pytest.fixture
def run(tmp_path):
    for epoch in (1, 2, 10):
        path = tmp_path / f'epoch_{epoch}.pth'
        torch.save(dict(weight=torch.arange(1000.0), epoch=epoch), path)
        os.utime(path, (epoch, epoch))
    torch.save({}, tmp_path / 'best_top1_epoch_11.pth')  # without an optimizer
    (tmp_path / 'epoch_12.pth.part').write_bytes(b'half')
    write_marker(tmp_path, str(tmp_path / 'epoch_10.pth'))
    return tmp_path


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_off(path):
    os.truncate(path, path.stat().st_size - 100)


def empty(path):
    os.truncate(path, 0)


def test_it_is_the_one_that_is_named(run):
    assert find_last_checkpoint(run) == (f'{run}/epoch_10.pth', [])
    write_marker(run, str(run / 'epoch_1.pth'))
    assert find_last_checkpoint(run) == (f'{run}/epoch_1.pth', [])
    write_marker(run, 's3://bucket/epoch_3.pth')
    assert find_last_checkpoint(run) == ('s3://bucket/epoch_3.pth', [])


@pytest.mark.parametrize('damage', [flip_a_bit, cut_off, empty, os.remove])
def test_a_damaged_one_is_passed_over_for_the_newest_whole_one(run, damage):
    assert is_complete(run / 'epoch_10.pth')
    damage(run / 'epoch_10.pth')
    assert not is_complete(run / 'epoch_10.pth')
    assert find_last_checkpoint(run) == (f'{run}/epoch_2.pth', [f'{run}/epoch_10.pth'])
    damage(run / 'epoch_2.pth')
    assert find_last_checkpoint(run)[0] == f'{run}/epoch_1.pth'


@pytest.mark.parametrize('text', [None, b'', b'\xff\xfe', b'/nowhere/epoch_3.pth'])
def test_a_marker_that_is_gone_or_wrong(run, text):
    marker = run / 'last_checkpoint'
    marker.unlink() if text is None else marker.write_bytes(text)
    assert find_last_checkpoint(run)[0] == f'{run}/epoch_10.pth'


def test_nothing_to_go_on_from(tmp_path):
    assert find_last_checkpoint(tmp_path) == (None, [])
    assert find_last_checkpoint(tmp_path / 'absent') == (None, [])
