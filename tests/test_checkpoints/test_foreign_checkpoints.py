"""Checkpoints of others: their weights are read, and no code in them runs."""

import builtins
import os
import pickle
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import torch
from helpers.hostile import Malicious, write_pickle
from helpers.toy_run import ToyModel, build_runner, curves_of, equal_states
from mmengine.logging import MessageHub
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import _load_checkpoint_with_prefix

from avtss_mm.checkpoints.plain import load_from_local


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
