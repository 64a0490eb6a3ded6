"""The messages at the end of a failed training."""

import errno
import os
import signal

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from avtss_mm.engine import TrainingStoppedError, explain


class Deadly(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if index == 3:
            raise RuntimeError('20 files in a row could not be read; the log names them')
        return index


def raised_by(dataset):
    try:
        list(DataLoader(dataset, num_workers=1, sampler=[0, dataset.last]))
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    'last, words',
    [(2, ['a data worker ended: DataLoader worker (pid', 'num_workers'])]
    + [(3, ['20 files in a row could not be read; the log names them\n'])],
)
def test_of_a_real_loader(tmp_path, last, words):
    dataset = Deadly()
    dataset.last = last
    text = explain(raised_by(dataset), tmp_path)
    assert all(word in text for word in words) and 'Traceback' not in text
    assert text.startswith(words[0])


@pytest.mark.parametrize(
    'error, words',
    [
        (
            OSError(errno.ENOSPC, 'No space left on device', '/w/a.pth'),
            'no space left for /w/a.pth',
        ),
        (OSError(errno.EROFS, 'Read-only file system', '/w/a'), '/w/a cannot be used (Read-only'),
        (PermissionError(errno.EACCES, 'Permission denied', '/w/a'), '/w/a cannot be used'),
        (OSError(errno.ESTALE, 'Stale file handle'), 'cannot be reached (Stale file handle)'),
        (TrainingStoppedError('the loss is nan.'), 'the loss is nan.'),
        (torch.cuda.OutOfMemoryError('CUDA out of memory.'), 'lower train_dataloader.batch_size'),
        (
            RuntimeError('[1] Connection closed by peer [::1]:80'),
            'another process of this run ended',
        ),
    ],
)
def test_of_what_comes_from_outside(tmp_path, error, words):
    text = explain(error, tmp_path)
    assert words in text and text.endswith('There is no checkpoint to resume from yet.')


def test_it_says_what_to_go_on_from(tmp_path):
    torch.save({}, tmp_path / 'epoch_3.pth')
    (tmp_path / 'epoch_4.pth').write_bytes(b'half')
    (tmp_path / 'last_checkpoint').write_text(f'{tmp_path}/epoch_4.pth')
    text = explain(TrainingStoppedError('why.'), tmp_path)
    assert text == (
        f'why.\n{tmp_path}/epoch_4.pth is damaged or missing. The last complete checkpoint is '
        f'{tmp_path}/epoch_3.pth; the same command with --resume continues from there.'
    )


def test_data_that_are_gone(tmp_path):
    text = explain(RuntimeError('some file could not be read'), tmp_path, [tmp_path, '/gone/root'])
    assert text.startswith('the data are gone: /gone/root no longer exists')


def test_a_fault_of_the_code_keeps_its_traceback(tmp_path):
    assert explain(ValueError('shapes do not fit'), tmp_path, [tmp_path]) is None
    assert explain(OSError(errno.ENOENT, 'No such file'), tmp_path) is None
