"""Servers on the loopback: S3, and HTTP with ranges, which notes what is asked of it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import s3fs
from moto.server import ThreadedMotoServer

sys.path.append(str(Path(__file__).parents[2] / 'tools/benchmarks'))
from range_server import http_server  # noqa: E402, F401

BUCKET = 'media'


@contextmanager
def s3_server(folder: Path, monkeypatch) -> Iterator[str]:
    """Serves the files of a folder by S3; yields their URL. The environment names the server."""
    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    server = ThreadedMotoServer('127.0.0.1', 0, verbose=False)
    server.start()
    monkeypatch.setenv('AWS_ENDPOINT_URL', f'http://127.0.0.1:{server.get_host_and_port()[1]}')
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.setenv(name, 'test')
    monkeypatch.setenv('AWS_DEFAULT_REGION', 'us-east-1')
    s3fs.S3FileSystem.clear_instance_cache()  # of another server
    client = boto3.client('s3')
    client.create_bucket(Bucket=BUCKET)
    for path in sorted(folder.rglob('*')):
        if path.is_file():
            client.upload_file(str(path), BUCKET, f'set/{path.relative_to(folder)}')
    yield f's3://{BUCKET}/set'
    server.stop()
