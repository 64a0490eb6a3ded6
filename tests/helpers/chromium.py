"""A headless Chromium, controlled through a pipe: real clicks, real players, console messages."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

PROGRAM = next(
    filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None
)
FLAGS = (
    '--headless=new',
    '--no-sandbox',  # without it, Chromium does not run as root
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--mute-audio',
    '--no-first-run',
    '--remote-debugging-pipe',
)
PATIENCE = 40.0  # seconds


class Page:
    """A page in its own browser, which ends with the ``with`` block.

    Args:
        path: Path of the HTML file.
        profile: Folder for the browser's profile.
        fragment: Fragment of the URL, with its ``#``. Defaults to ''.
        size: Width and height of the window in pixels.
        dark: Whether the user prefers a dark colour scheme.

    Attributes:
        troubles (list[str]): Errors and warnings of the console and exceptions so far.
        requests (list[str]): Requested URLs so far.
    """

    def __init__(self, path, profile, fragment='', size=(1360, 1000), dark=False) -> None:
        self.troubles, self.requests = [], []
        self._count, self._buffer, self._session = 0, b'', None
        self._start(profile)
        target = self._call('Target.createTarget', url='about:blank')['targetId']
        attached = self._call('Target.attachToTarget', targetId=target, flatten=True)
        self._session = attached['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self._call(f'{domain}.enable')
        scheme = dict(name='prefers-color-scheme', value='dark' if dark else 'light')
        self._call('Emulation.setEmulatedMedia', features=[scheme])
        width, height = size
        self._call(
            'Emulation.setDeviceMetricsOverride',
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self._call('Page.navigate', url=Path(path).absolute().as_uri() + fragment)
        self.wait("document.readyState === 'complete'")

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *exc_info) -> None:
        os.close(self._commands)  # which ends the browser
        os.close(self._answers)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def run(self, script: str):
        """Evaluates an expression; awaits it if it is a promise."""
        answer = self._call(
            'Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True
        )
        if 'exceptionDetails' in answer:
            raise AssertionError(f'{script}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def wait(self, condition: str) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.run(f'Boolean({condition})'):
            if time.monotonic() > end:
                raise AssertionError(f'not within {PATIENCE:g} s: {condition}; {self.troubles}')
            time.sleep(0.05)

    def click(self, selector: str, x: float = 0.5, y: float = 0.5) -> None:
        """Clicks on an element, at fractions ``x`` and ``y`` of its size from the top left."""
        left, top = self.run(
            f'(() => {{ const it = document.querySelector({json.dumps(selector)});'
            "it.scrollIntoView({block: 'center'}); const box = it.getBoundingClientRect();"
            f'return [box.left + {x} * box.width, box.top + {y} * box.height]; }})()'
        )
        for kind in ('mousePressed', 'mouseReleased'):
            self._call(
                'Input.dispatchMouseEvent',
                type=kind, x=left, y=top, button='left', clickCount=1,
            )  # fmt: skip

    def screenshot(self, path) -> None:
        """Writes a PNG of the whole page."""
        shot = self._call('Page.captureScreenshot', captureBeyondViewport=True, format='png')
        Path(path).write_bytes(base64.b64decode(shot['data']))

    def _start(self, profile) -> None:
        """Starts the browser; it reads commands from descriptor 3 and answers on descriptor 4."""
        pipes = (*os.pipe(), *os.pipe())
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in pipes]
        for end in pipes:
            os.close(end)
        theirs, self._commands, self._answers, answers = ends
        redirect = f'exec "$0" "$@" 3<&{theirs} 4>&{answers}'
        self._process = subprocess.Popen(
            ['bash', '-c', redirect, PROGRAM, *FLAGS, f'--user-data-dir={profile}', 'about:blank'],
            pass_fds=(theirs, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)

    def _call(self, method: str, **params) -> dict:
        self._count += 1
        message = dict(id=self._count, method=method, params=params)
        if self._session:
            message['sessionId'] = self._session
        os.write(self._commands, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive(method)
            if answer.get('id') == self._count:
                if 'error' in answer:
                    raise AssertionError(f'{method}: {answer["error"]}')
                return answer['result']
            self._note(answer.get('method'), answer.get('params'))

    def _receive(self, method: str) -> dict:
        while b'\0' not in self._buffer:
            if not select.select([self._answers], [], [], PATIENCE)[0]:
                raise AssertionError(f'Chromium does not answer to {method}')
            received = os.read(self._answers, 1 << 20)
            if not received:
                raise AssertionError(f'Chromium has ended instead of answering to {method}')
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b'\0')
        return json.loads(message)

    def _note(self, event: str, params: dict) -> None:
        if event == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])
        elif event == 'Runtime.exceptionThrown':
            self.troubles.append(params['exceptionDetails']['exception']['description'])
        elif event == 'Runtime.consoleAPICalled' and params['type'] in ('error', 'warning'):
            self.troubles.append(str(params['args']))
        elif event == 'Log.entryAdded' and params['entry']['level'] in ('error', 'warning'):
            self.troubles.append(params['entry']['text'])
