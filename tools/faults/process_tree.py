"""Resources used by a process and all its descendants (Linux)."""

from __future__ import annotations

from contextlib import suppress

import psutil

SHARED = '/dev/shm/'  # nosec B108


def usage(root: int) -> dict[str, float]:
    """Measures memory, open files, shared memory and CPU time of a process and its descendants.

    Returns:
        dict: ``rss_mb`` (resident memory; shared pages count for each process), ``anon_mb`` (the
        part of it that no file backs), ``shm_mb`` (files in /dev/shm, each counted once), ``fds``
        (open files), ``processes``, and ``cpu_s``, which includes processes that have ended.
    """
    total = dict.fromkeys(('rss_mb', 'anon_mb', 'fds', 'processes', 'cpu_s'), 0.0)
    shared = {}
    top = psutil.Process(root)
    for process in [top, *top.children(recursive=True)]:
        with suppress(psutil.Error):  # a process may end meanwhile
            memory = process.memory_info()
            total['rss_mb'] += memory.rss / 1e6
            total['anon_mb'] += (memory.rss - memory.shared) / 1e6
            # user and system time, its own and that of children it has waited for
            total['cpu_s'] += sum(process.cpu_times()[:4])
            total['processes'] += 1
            total['fds'] += process.num_fds()
            for mapped in process.memory_maps(grouped=True):
                if mapped.path.startswith(SHARED):
                    shared[mapped.path] = mapped.size / 1e6
    return dict(total, shm_mb=sum(shared.values()))
