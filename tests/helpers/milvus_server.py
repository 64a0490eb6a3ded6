"""A Milvus server on the loopback, of the command that the package ``milvus`` brings."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

COMMAND = shutil.which('milvus-server')


def free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


class MilvusServer:
    """A server that can be killed and started again with the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self._process = folder, free_port(), None
        self.uri = f'http://127.0.0.1:{self.port}'

    def start(self) -> None:
        """Starts it, unless it runs, and waits until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException

        command = [COMMAND, '--data', self.folder, '--proxy-port', str(self.port)]
        environment = os.environ
        if (self.folder / 'configs').exists():  # again: the command would choose another port
            command = [self.folder / 'bin/milvus', 'run', 'standalone']
            libraries = {'LD_LIBRARY_PATH': str(self.folder / 'bin')}
            environment = {**environment, **libraries, 'DEPLOY_MODE': 'STANDALONE'}
        with open(self.folder / 'log', 'ab') as log:
            options = dict(cwd=self.folder, env=environment, start_new_session=True)
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        for _ in range(300):
            try:
                client = MilvusClient(self.uri)
                client.list_collections()
                client.close()
                return
            except MilvusException as error:
                log = self.folder / 'logs/milvus-stderr.log'
                if log.exists() and 'panic' in log.read_text():
                    self.kill()
                    raise RuntimeError(
                        'it ended: another one runs here, and they share ports'
                    ) from error
                time.sleep(1)
        raise TimeoutError(f'{COMMAND} does not answer')

    def kill(self) -> None:
        """Kills it, as a loss of power does; a second time it does nothing."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
