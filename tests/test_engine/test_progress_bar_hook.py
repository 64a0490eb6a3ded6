"""A test shows its progress even if the output is not a terminal."""

import logging
from types import SimpleNamespace

from avtss_mm.engine.hooks import progress_bar_hook


def test_lines_from_time_to_time(monkeypatch, caplog):
    monkeypatch.setattr(progress_bar_hook, 'PAUSE', 0)
    runner = SimpleNamespace(test_dataloader=[None] * 3, logger=logging.getLogger('progress'))
    hook = progress_bar_hook.ProgressBarHook()
    with caplog.at_level('INFO', 'progress'):
        hook.before_test_epoch(runner)
        hook.bar.disable = True  # as where the output is no terminal
        for index in range(3):
            hook.after_test_iter(runner, index)
        hook.after_test_epoch(runner)
    assert caplog.messages == [f'{number} of 3 batches tested' for number in (1, 2, 3)]
