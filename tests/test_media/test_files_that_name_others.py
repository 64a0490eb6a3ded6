"""Media files that refer to other files or URLs: nothing is fetched, nothing outside is read."""

import socket
import threading

import pytest

from avtss_mm.errors import MediaError
from avtss_mm.media import open_media, probe


@pytest.fixture
def address():
    """The URL of a server on this machine, and the requests that it has received."""
    calls = []
    with socket.create_server(('127.0.0.1', 0)) as listener:

        def answer():
            while True:
                try:
                    calls.append(listener.accept())
                except OSError:
                    return

        threading.Thread(target=answer, daemon=True).start()
        yield f'127.0.0.1:{listener.getsockname()[1]}', calls


@pytest.mark.parametrize(
    'text',
    [
        '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://{0}/x.ts\n#EXT-X-ENDLIST\n',
        "ffconcat version 1.0\nfile 'http://{0}/x.mp4'\n",
        "ffconcat version 1.0\nfile '/etc/hostname'\n",
        "ffconcat version 1.0\nfile '../outside.mp4'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>'
        'http://{0}/x.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>',
        'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n',
        '[Reference]\nRef1=http://{0}/x.mp4\n',
        'rtsptext\nrtsp://{0}/x\n',
    ],
    ids=['hls', 'concat', 'concat absolute', 'concat above', 'dash', 'sdp', 'asx', 'rtsp'],
)
def test_lists_in_the_place_of_a_video(tmp_path, make_video, address, text):
    place, calls = address
    make_video(tmp_path / 'outside.mp4', duration=1, fps=5, size=(32, 32))
    path = tmp_path / 'folder/video.mp4'
    path.parent.mkdir()
    path.write_text(text.format(place))
    with pytest.raises(MediaError, match='video.mp4: '):
        probe(path)
    assert not calls


def test_schemes_of_ffmpeg_are_not_opened(address):
    place, calls = address
    for scheme in ('tcp', 'rtmp', 'concat'):
        with pytest.raises(MediaError, match='Protocol not known'):
            open_media(f'{scheme}://{place}/x.mp4')
    assert not calls
