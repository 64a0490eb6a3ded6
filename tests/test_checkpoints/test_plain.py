import io
import os
from collections import OrderedDict
from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from helpers.toy_run import build_runner, curves_of, equal_states
from mmengine.config import ConfigDict
from mmengine.fileio import BaseStorageBackend, FileClient
from mmengine.fileio.backends.registry_utils import backends
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import save_checkpoint

from avtss_mm.checkpoints.plain import load_from_local, saves_plainly, to_plain


class Stopped(Exception):
    pass


class StopHook(Hook):
    def before_train_epoch(self, runner):
        if runner.epoch == 2:
            raise Stopped


def test_resumed_run_equals_an_unbroken_one(tmp_path):
    unbroken = build_runner(tmp_path / 'unbroken', 4, 'unbroken')
    unbroken.train()
    with pytest.raises(Stopped):
        build_runner(tmp_path / 'broken', 4, 'first', custom_hooks=[StopHook()]).train()
    saved = torch.load(tmp_path / 'broken/epoch_2.pth', weights_only=True)
    assert saved['meta']['dataset_meta'] == dict(classes=('even', 'odd'))
    resumed = build_runner(tmp_path / 'broken', 4, 'second', resume=True)
    resumed.train()

    assert resumed.iter == unbroken.iter == 24
    assert equal_states(resumed.model.state_dict(), unbroken.model.state_dict())
    assert curves_of(resumed) == curves_of(unbroken)
    assert len(curves_of(resumed)['train/loss'][0]) == 24
    states = (runner.optim_wrapper.state_dict()['state'] for runner in (unbroken, resumed))
    for first, second in zip(*(state.values() for state in states)):
        assert equal_states(first, second)


def test_curves_come_back_as_they_were(tmp_path):
    hub = MessageHub('sender')
    hub.update_scalars(dict(loss=dict(value=1.5, count=4), top1=dict(value=2, count=1)))
    hub.update_scalar('loss', float('nan'))
    hub.log_scalars['top1'].max_length = 7
    hub.update_info('best', np.float32(0.5))
    path = str(tmp_path / 'hub.pth')
    save_checkpoint(dict(message_hub=hub.state_dict()), path)

    received = MessageHub('receiver')
    received.load_state_dict(torch.load(path, weights_only=True)['message_hub'])
    assert received.get_info('best') == 0.5
    for key, buffer in hub.log_scalars.items():
        twin = received.get_scalar(key)
        assert isinstance(twin, HistoryBuffer) and twin.max_length == buffer.max_length
        for mine, theirs in zip(twin.data, buffer.data):
            np.testing.assert_array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype
        twin.update(3.0)  # still grows


def test_message_hub_still_reads_the_stock_form():
    hub, twin = MessageHub('stock'), MessageHub('stock twin')
    hub.update_scalar('loss', 1.5)
    twin.load_state_dict(hub.state_dict())
    assert twin.get_scalar('loss').current() == 1.5


def test_plain_values_load_safely(tmp_path):
    state_dict = OrderedDict(weight=torch.ones(2))
    state_dict._metadata = {'': dict(version=2)}
    odd = dict(
        state_dict=state_dict,
        meta=ConfigDict(palette=[np.uint8(3), (np.float64(0.5), None)], names={'a'}),
        table=np.arange(6.0).reshape(2, 3)[:, ::-1],
    )
    save_checkpoint(odd, str(tmp_path / 'odd.pth'))
    loaded = torch.load(tmp_path / 'odd.pth', weights_only=True)
    assert loaded['state_dict']._metadata == {'': dict(version=2)}
    assert loaded['meta'] == dict(palette=[3, (0.5, None)], names={'a'})
    assert loaded['table'].tolist() == odd['table'].tolist()
    assert type(odd['meta']) is ConfigDict  # what was saved is left as it was
    assert to_plain('text') == 'text'


@pytest.mark.parametrize('kind', ['features', 'text', 'cut', 'empty'])
def test_other_files_are_refused_by_name(tmp_path, kind):
    path = tmp_path / 'weights.pth'
    if kind == 'features':
        np.savez(path.with_suffix('.npz'), features=np.ones(3))
        path = path.with_suffix('.npz')
    elif kind == 'cut':
        torch.save(dict(state_dict=dict(weight=torch.ones(1000))), path)
        path.write_bytes(path.read_bytes()[:1000])
    else:
        path.write_text('hello\n' if kind == 'text' else '')
    with pytest.raises(UnpicklingError, match=f'{path.name}: cannot be read'):
        load_from_local(str(path))


def test_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    save_checkpoint(dict(epoch=1), str(path))

    def full_disk(checkpoint, filename, **where):
        with open(filename, 'wb') as file:
            file.write(b'half of it')
        raise OSError('No space left on device')

    with pytest.raises(OSError, match='No space'):
        saves_plainly(full_disk)(dict(epoch=2), str(path))
    assert torch.load(path, weights_only=True) == dict(epoch=1)
    assert os.listdir(tmp_path) == ['epoch_1.pth']
    saves_plainly(torch.save)(dict(epoch=np.int64(3)), str(path))
    assert torch.load(path, weights_only=True) == dict(epoch=3)


class Memory(BaseStorageBackend):
    files = {}

    def get(self, filepath):
        return self.files[filepath]

    def get_text(self, filepath, encoding='utf-8'):
        return self.files[filepath].decode(encoding)

    def put(self, obj, filepath):
        self.files[filepath] = obj


@pytest.mark.parametrize('argument', ['backend_args', 'file_client_args'])
def test_storage_that_is_chosen_by_argument(tmp_path, monkeypatch, argument):
    monkeypatch.setitem(backends, 'memory', Memory)
    FileClient.register_backend('memory', Memory, force=True)
    name = str(tmp_path / f'{argument}.pth')
    save_checkpoint(dict(epoch=np.int64(1)), name, **{argument: dict(backend='memory')})
    assert not any(tmp_path.iterdir())
    assert torch.load(io.BytesIO(Memory.files[name]), weights_only=True) == dict(epoch=1)

    where = dict(backend='disk' if argument == 'file_client_args' else 'local')
    save_checkpoint(dict(epoch=2), name, **{argument: where})
    assert [file.name for file in tmp_path.iterdir()] == [f'{argument}.pth']
