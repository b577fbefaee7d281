"""Key frames on request: who is asked for one, when, and how often."""

import time

import pytest

from clips import Clip
from consumer import KEY_FRAME, Consumer
from phone import Phone
from server import wait_until


def test_key_frames_are_asked_for_where_the_sender_makes_them(server, make_clip):
    clip: Clip = make_clip(size="320x180", seconds=12, gop=360)
    with Phone(server.ws_url, announce=False) as phone, Phone(server.ws_url, "other") as other:
        phone.socket.send('{"type":"video_config","format":"h264","aligned":"au","key_frame_requests":true}')
        phone.send_all(clip, clip.units[:30])
        other.send_all(clip, clip.units[:30])
        wait_until(lambda: server.stream() and server.stream()["frames_relayed"] >= 30, what="the frames are relayed")
        with Consumer(server.ws_url, format="packets") as consumer:
            consumer.wait_until(lambda got: got.binary, what="the group of now")
            with pytest.raises(TimeoutError):
                phone.socket.recv(timeout=0.3)
        time.sleep(1.6)
        with Consumer(server.ws_url, format="packets"), Consumer(server.ws_url, format="packets"), \
                Consumer(server.ws_url, format="packets", stream="other"):
            assert phone.socket.recv(timeout=3) == '{"type":"request_key_frame"}'
            with pytest.raises(TimeoutError):
                phone.socket.recv(timeout=0.5)
            with pytest.raises(TimeoutError):
                other.socket.recv(timeout=0.2)
        time.sleep(0.6)
        with Consumer(server.ws_url, format="packets") as consumer:
            consumer.wait_until(lambda got: got.binary, what="the group")
            phone.send_all(clip, clip.units[:2])
            consumer.wait_until(
                lambda got: sum(1 for each in got.binary if each[4] == KEY_FRAME) >= 2, what="a key frame")
            consumer.socket.send("request_key_frame")
            # The join asked already or this did; one a second goes out.
            assert phone.socket.recv(timeout=3) == '{"type":"request_key_frame"}'
