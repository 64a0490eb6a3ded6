import builtins
import io
import os
import pickle
import subprocess
from collections import OrderedDict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import torch
from helpers.hostile import Malicious, write_pickle
from helpers.toy_run import ToyModel, build_runner
from mmengine.config import ConfigDict
from mmengine.fileio import BaseStorageBackend, FileClient
from mmengine.fileio.backends.registry_utils import backends
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import load_checkpoint, save_checkpoint
from mmengine.runner.checkpoint import _load_checkpoint_with_prefix

from avtss_mm.checkpoints.plain import load_from_local, saves_plainly, to_plain


def curves_of(runner) -> dict:
    return {
        key: [part.tolist() for part in buffer.data]
        for key, buffer in runner.message_hub.log_scalars.items()
        if 'time' not in key
    }


def equal_states(first, second) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


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


def stock_checkpoint(path) -> ToyModel:
    """A checkpoint as mmengine writes it without this package."""
    model, hub = ToyModel(), MessageHub('stranger')
    hub.update_scalar('train/loss', 0.25)
    hub.update_info('seed', 3)
    meta = dict(epoch=1, iter=6, seed=0, best=np.float64(0.5))
    state = dict(state_dict=model.state_dict(), message_hub=hub.state_dict(), meta=meta)
    torch.save(state, path)
    with pytest.raises(pickle.UnpicklingError):  # the break that this module mends
        torch.load(path, weights_only=True)
    return model


def test_stock_checkpoint_is_read_for_its_weights(tmp_path):
    path = tmp_path / 'stock.pth'
    weights = stock_checkpoint(path).state_dict()
    twin = ToyModel()
    loaded = load_checkpoint(twin, str(path))
    assert equal_states(twin.state_dict(), weights)
    assert loaded['meta'] == dict(epoch=1, iter=6, seed=0)
    assert loaded['message_hub']['runtime_info'] == dict(seed=3)
    backbone = _load_checkpoint_with_prefix('classifier.', str(path))  # init_cfg=Pretrained
    assert torch.equal(backbone['weight'], weights['classifier.weight'])

    runner = build_runner(tmp_path, 2, 'from a stranger', load_from=str(path), resume=True)
    runner.train()
    assert runner.epoch == 2 and len(curves_of(runner)['train/loss'][0]) == 6


def test_what_is_left_out_is_named_once(tmp_path, capsys):
    stock_checkpoint(tmp_path / 'stock.pth')
    build_runner(tmp_path, 1, 'names', load_from=str(tmp_path / 'stock.pth')).load_or_resume()
    lines = [line for line in capsys.readouterr().out.splitlines() if 'left out' in line]
    assert len(lines) == 1
    assert 'mmengine.logging.history_buffer.HistoryBuffer' in lines[0]


def harmful(marker) -> dict:
    code = f'open({str(marker)!r}, "w").close()'
    return {
        'system': Malicious(os.system, f'touch "{marker}"'),
        'exec': Malicious(builtins.exec, code),
        'popen': Malicious(subprocess.Popen, ('touch', str(marker))),
        'getattr': Malicious(getattr, Malicious(builtins.__import__, 'os'), 'system'),
    }


@pytest.mark.parametrize('kind', ['system', 'exec', 'popen', 'getattr'])
@pytest.mark.parametrize('how', ['torch', 'old torch', 'pickle'])
def test_code_in_a_checkpoint_does_not_run(tmp_path, kind, how):
    marker, path = tmp_path / 'marker', tmp_path / 'evil.pth'
    content = dict(state_dict=dict(weight=torch.ones(2)), meta=harmful(marker)[kind])
    if how == 'pickle':
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == 'torch')
    try:
        loaded = load_from_local(str(path))
    except pickle.UnpicklingError as error:
        assert 'without running code' in str(error) and str(path) in str(error)
        assert how != 'torch' or kind == 'system'  # torch bars the module os altogether
    else:
        assert how == 'torch' and loaded['state_dict']['weight'].tolist() == [1, 1]
        assert loaded.keys() == {'state_dict'}
    assert not marker.exists()
    if kind in ('system', 'exec'):  # a real threat: an unpickler without limits runs it
        pickle.loads(path.read_bytes()) if how == 'pickle' else torch.load(path, weights_only=False)
        assert marker.exists()


def test_missing_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.pth: no such checkpoint'):
        load_from_local(str(tmp_path / 'nothing.pth'))


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder and its URL on this machine; downloads are cached in another folder."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    folder = tmp_path / 'served'
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_a_downloaded_checkpoint_is_read_with_the_same_care(served, tmp_path):
    folder, address = served
    weights = stock_checkpoint(folder / 'good.pth').state_dict()
    twin = ToyModel()
    for _ in range(2):  # the second time it is there
        load_checkpoint(twin, f'{address}/good.pth')
        assert equal_states(twin.state_dict(), weights)
        (folder / 'good.pth').unlink(missing_ok=True)

    marker = tmp_path / 'marker'
    write_pickle(folder / 'evil.pth', marker)
    with pytest.raises(pickle.UnpicklingError, match='evil.pth: cannot be read without running'):
        load_checkpoint(twin, f'{address}/evil.pth')
    assert not marker.exists()
    with pytest.raises(RuntimeError):  # what stock mmengine calls: it fails when it is too late
        torch.hub.load_state_dict_from_url(f'{address}/evil.pth')
    assert marker.exists()
