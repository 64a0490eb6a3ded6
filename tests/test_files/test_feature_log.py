"""What a killed run leaves in the log."""

import numpy as np
import pytest

from avtss_mm.errors import UsageError
from avtss_mm.files.feature_log import FeatureLog, log_path, read_logs

SETTINGS = dict(weights='abc', per='clip', steps=[dict(scale=(1, 2))])


def rows(seed):
    values = np.random.default_rng(seed).normal(size=(seed, 4)).astype(np.float32)
    table = np.empty(seed, [('start', float), ('feat', np.float32, (4,))])
    table['start'], table['feat'] = np.arange(seed), values
    return table


def test_cut_off_at_any_byte_it_keeps_the_whole_records_and_goes_on(tmp_path):
    path = tmp_path / 'log'
    ends = []
    with FeatureLog(path, SETTINGS) as log:
        ends.append(path.stat().st_size)
        for seed, name in enumerate(('a b.mp4', 'ü.mp4', '\udcff.mp4'), 1):
            log.add(name, f'stamp {seed}', rows(seed))
            ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with FeatureLog(path, SETTINGS) as log:
            kept = sum(size >= end for end in ends[1:])
            assert len(log.finished) == kept
            log.add('new', 'x', rows(5))
        with FeatureLog(path, SETTINGS) as log:
            records = list(log.records())
        assert [len(table) for _, _, table in records] == [*range(1, kept + 1), 5]
    path.write_bytes(whole)
    with FeatureLog(path, SETTINGS) as log:
        assert log.finished['\udcff.mp4'] == 'stamp 3'
        for seed, (_, _, table) in enumerate(log.records(), 1):
            np.testing.assert_array_equal(table, rows(seed))
        next(log.records())
        log.add('last', 'y', rows(2))  # at the end, wherever reading stopped
        assert [name for name, _, _ in log.records()][2:] == ['\udcff.mp4', 'last']


def test_other_settings_are_refused_with_the_way_out(tmp_path):
    with FeatureLog(tmp_path / 'log', SETTINGS) as log:
        log.add('a', 'x', rows(1))
    with pytest.raises(UsageError, match=r'log keeps .* \(per, weights\).*delete the file'):
        FeatureLog(tmp_path / 'log', {**SETTINGS, 'weights': 'def', 'per': 'file'})
    with FeatureLog(tmp_path / 'log', dict(SETTINGS)) as log:
        assert list(log.finished) == ['a']


def test_logs_of_more_processes_are_read_together(tmp_path):
    out = tmp_path / 'out [1].npz'
    for rank in (0, 1, 12):
        with FeatureLog(log_path(out, rank), SETTINGS) as log:
            log.add(f'{rank}.mp4', 'stamp', rows(2))
    (tmp_path / 'out [1].npz.partly').write_text('another file')
    assert [name for name, _, _ in read_logs(out, SETTINGS)] == ['0.mp4', '1.mp4', '12.mp4']
    with pytest.raises(UsageError, match='part keeps features of an interrupted run'):
        list(read_logs(out, {**SETTINGS, 'per': 'other'}))
