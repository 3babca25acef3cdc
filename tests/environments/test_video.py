"""Reading video files: facts, sound or not, and pictures from the right moments."""

from __future__ import annotations

import io
import os
import random
import threading
import time
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from environments import decoding, video
from environments.moments import moments
from environments.video import SlowVideo, UnplayableVideo, check, probe, sample_frames


def picture(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)


def told_time(jpeg: bytes) -> float:
    """The second that the brightness of the left half tells."""
    pixels = picture(jpeg)
    return float((pixels[4:-4, 4 : pixels.shape[1] // 2 - 4].mean() - 20) / 40)


def why(path: Path) -> str:
    with pytest.raises(UnplayableVideo) as caught:
        check(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(path.name)
    return caught.value.reason


@pytest.mark.parametrize(
    "name,codec",
    [("v.mp4", "mpeg4"), ("v.mkv", "mpeg4"), ("v.avi", "mjpeg"), ("v.webm", "libvpx"), ("v.ts", "mpeg2video"), ("v.mpg", "mpeg1video")],
)
def test_pictures_are_those_of_their_time(tmp_path, make_video, name, codec):
    """Frames come from the midpoints of k equal parts, and each shows its own time, in every container."""
    path = make_video(tmp_path / name, codec=codec, seconds=5, rate=25 if codec.startswith("mpeg") and codec != "mpeg4" else 10)
    facts = check(path)
    assert facts.duration_s == pytest.approx(5.0, abs=0.15)
    frames = sample_frames(path, moments(4))
    assert [frame.t for frame in frames] == pytest.approx([0.625, 1.875, 3.125, 4.375], abs=0.15)
    assert [told_time(frame.jpeg) for frame in frames] == pytest.approx([frame.t for frame in frames], abs=0.15)
    assert all(frame.sha256 == sha256(frame.jpeg).hexdigest() for frame in frames)


def test_a_moment_where_a_picture_begins(tmp_path, make_video):
    """A moment on the very beginning of a picture takes that picture, however its fraction was rounded."""
    path = make_video(tmp_path / "v.mp4", seconds=7, rate=24)
    for fraction in (0.5 / 3, 1.5 / 9, (0.5 / 3) * (1 - 2**-53), 7 / 42):
        assert [frame.t for frame in sample_frames(path, (fraction,))] == [1.167]


def test_same_file_same_bytes(tmp_path, make_video):
    """Sampling twice, also from several threads at once, gives the same bytes."""
    path = make_video(tmp_path / "v.mp4")
    results = []
    threads = [threading.Thread(target=lambda: results.append(sample_frames(path, moments(3)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [sample_frames(path, moments(3))] * 6


def test_rotation_is_applied(tmp_path, make_video):
    """A clip filmed upright and stored sideways comes out upright: the red right half is on top after 90° counter-clockwise."""
    path = make_video(tmp_path / "v.mp4", rotation=90)
    pixels = picture(sample_frames(path, moments(1))[0].jpeg)
    assert pixels.shape == (64, 48, 3)
    assert (probe(path).width, probe(path).height) == (48, 64)
    assert pixels[8, 24, 0] > 200
    assert pixels[56, 24, 0] < 100


def test_wide_pixels_are_widened(tmp_path, make_video):
    """A sample aspect ratio of 2 doubles the width."""
    path = make_video(tmp_path / "v.mp4", aspect=Fraction(2, 1))
    assert picture(sample_frames(path, moments(1))[0].jpeg).shape == (48, 128, 3)
    assert (probe(path).width, probe(path).height) == (128, 48)


def test_scaled_down_never_up(tmp_path, make_video):
    """The longest side is at most 768 pixels; small pictures stay as they are."""
    large = make_video(tmp_path / "large.mp4", size=(1920, 1080), seconds=0.3)
    assert picture(sample_frames(large, moments(1))[0].jpeg).shape == (432, 768, 3)
    small = make_video(tmp_path / "small.mp4")
    assert picture(sample_frames(small, moments(1))[0].jpeg).shape == (48, 64, 3)


def test_one_picture_is_enough(tmp_path, make_video):
    """A clip of one picture gives one frame, however many are asked for."""
    path = make_video(tmp_path / "v.mp4", seconds=0.1)
    assert len(sample_frames(path, moments(5))) == 1
    check(path)


def test_variable_frame_rate(tmp_path, make_video):
    """Where pictures are far apart, the one on screen at the moment is taken."""
    path = make_video(tmp_path / "v.mkv", times=[0, 2, 3, 40, 41, 80, 99])
    frames = sample_frames(path, moments(2))
    assert [round(frame.t, 1) for frame in frames] == [0.3, 4.1]
    check(path)


def test_duration_is_counted_when_not_declared(tmp_path, make_video):
    """A live recording names no duration: the packets tell it."""
    path = make_video(tmp_path / "v.webm", codec="libvpx", seconds=3, options={"live": "1"})
    assert check(path).duration_s == pytest.approx(3.0, abs=0.11)
    assert [told_time(frame.jpeg) for frame in sample_frames(path, moments(3))] == pytest.approx([0.5, 1.5, 2.5], abs=0.15)


def test_sound_may_outlast_the_pictures(tmp_path, make_video):
    """A clip whose sound goes on after the last picture is sound."""
    assert check(make_video(tmp_path / "v.mkv", seconds=2, audio_s=5)).duration_s == pytest.approx(2.0, abs=0.2)
    check(make_video(tmp_path / "v.avi", codec="mjpeg", seconds=2, audio_s=5))


def test_long_videos_are_not_decoded_whole(tmp_path, make_video):
    """Sampling an hour decodes a few groups of pictures: a small part of the time that reading all of it takes."""
    path = make_video(tmp_path / "v.mp4", seconds=3600, rate=5, key_every=10)
    started = time.perf_counter()
    frames = sample_frames(path, moments(3))
    assert time.perf_counter() - started < 0.5
    assert [frame.t for frame in frames] == pytest.approx([600, 1800, 3000], abs=0.3)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["v.mkv", "v.webm", "v.mp4", "v.avi"])
def test_cut_short_is_found(tmp_path, make_video, name, share):
    """A file that ends before what it declares is refused, wherever it was cut."""
    codec = {"v.webm": "libvpx", "v.avi": "mjpeg"}.get(name, "mpeg4")
    path = make_video(
        tmp_path / name, codec=codec, seconds=6, size=(128, 96), options={"movflags": "faststart"} if name == "v.mp4" else None
    )
    check(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "cut short" in why(path) or "missing" in why(path)


def test_zeros_where_pictures_were(tmp_path, make_video):
    """A download that reserved its space but did not finish is refused: its last pictures do not decode."""
    path = make_video(tmp_path / "v.mp4", seconds=6, options={"movflags": "faststart"})
    data = path.read_bytes()
    keep = int(len(data) * 0.6)
    path.write_bytes(data[:keep] + bytes(len(data) - keep))
    assert "damaged" in why(path)


def test_what_is_no_video(tmp_path, make_video):
    """Empty files, texts, folders, pipes, dangling and circular links, and sound alone each get their own reason."""
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("this is not a video")
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert "empty" in why(tmp_path / "empty.mp4")
    assert why(tmp_path / "text.mp4") == "it is no video"
    assert "folder" in why(tmp_path / "folder.mp4")
    assert "plain file" in why(tmp_path / "pipe.mp4")
    assert "cannot be read" in why(tmp_path / "loop.mp4")
    assert "cannot be read" in why(tmp_path / "gone.mp4")


def test_an_unknown_codec_is_named(tmp_path, make_video):
    """A video in a codec that nobody here knows says so."""
    path = make_video(tmp_path / "v.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/ASP", b"V_XXXX5/ISO/ASP"))
    assert "cannot be decoded here" in why(path)


def test_random_damage_never_does_worse_than_a_reason(tmp_path, make_video):
    """Two hundred damaged copies: each is either shown with pictures in their time, or refused with one line."""
    sources = [make_video(tmp_path / "v.mp4"), make_video(tmp_path / "v.mkv"), make_video(tmp_path / "v.webm", codec="libvpx")]
    dice, refused = random.Random(1), 0
    for number in range(200):
        source = sources[number % 3]
        data = bytearray(source.read_bytes())
        for _ in range(dice.choice((1, 5, 50, 500))):
            data[dice.randrange(len(data) if number % 2 else min(len(data), 1500))] = dice.randrange(256)
        copy = tmp_path / f"damaged{source.suffix}"
        copy.write_bytes(data)
        try:
            facts = check(copy)
            assert all(0 <= frame.t <= facts.duration_s for frame in sample_frames(copy, moments(2)))
        except UnplayableVideo as error:
            refused += 1
            assert "\n" not in str(error)
    assert 20 < refused < 200


def test_sound_alone_is_no_video(tmp_path):
    """An audio file has no video stream."""
    import av

    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    assert "no video stream" in why(path)


def test_a_list_of_other_files_is_not_followed(tmp_path, make_video):
    """A playlist or script called x.mp4 that points at another file is refused, not played."""
    make_video(tmp_path / "secret.mp4")
    (tmp_path / "script.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{tmp_path}/secret.mp4\n#EXT-X-ENDLIST\n")
    assert why(tmp_path / "script.mp4") == "it is no video"
    assert why(tmp_path / "list.mp4") == "it is no video"


def test_absurd_pictures_are_refused(tmp_path, make_video):
    """A picture wider than 8192 pixels is refused before it is decoded, with its size."""
    path = make_video(tmp_path / "wide.mkv", codec="mjpeg", size=(10_000, 16), seconds=0.2)
    assert "10000×16 is too large" in why(path)


@pytest.mark.parametrize("fractions", [(), (0.5, 0.2), (-0.1,), (0.5, 1.0), (float("nan"),)])
def test_moments_that_are_none(tmp_path, make_video, fractions):
    """No moment, moments out of order and moments outside the clip are programming errors."""
    with pytest.raises(ValueError, match="fractions"):
        sample_frames(make_video(tmp_path / "v.mp4"), fractions)


@pytest.mark.parametrize(
    "name,codec", [("v.mp4", "mpeg4"), ("v.mkv", "mpeg4"), ("v.avi", "mjpeg"), ("v.webm", "libvpx"), ("v.ts", "mpeg2video")]
)
def test_the_first_moment_is_the_beginning(tmp_path, make_video, name, codec):
    """At 0 the first picture is taken, in every container; the others follow at the midpoints of the other parts."""
    path = make_video(tmp_path / name, codec=codec, seconds=4, rate=25 if codec == "mpeg2video" else 10)
    frames = sample_frames(path, moments(3, first_moment=True))
    assert frames[0].t == pytest.approx(0.0, abs=0.001)
    assert [frame.t for frame in frames] == pytest.approx([0.0, 1.0, 3.0], abs=0.15)
    assert [told_time(frame.jpeg) for frame in frames] == pytest.approx([frame.t for frame in frames], abs=0.15)


def test_the_first_moment_of_one_picture(tmp_path, make_video):
    """Where the beginning is all there is, it is shown once."""
    assert [frame.t for frame in sample_frames(make_video(tmp_path / "v.mp4", seconds=0.1), moments(4, first_moment=True))] == [0.0]


def test_a_file_of_countless_boxes_is_given_up(tmp_path, make_video):
    """Boxes of eight bytes that fill a file are not walked through; a file of thousands of fragments is."""
    path = make_video(tmp_path / "v.mp4")
    sound = path.read_bytes()
    path.write_bytes(sound + b"\0\0\0\x08free" * 5_000)
    check(path)
    path.write_bytes(sound + b"\0\0\0\x08free" * 200_000)
    started = time.perf_counter()
    assert "more than 10000 boxes" in why(path)
    assert time.perf_counter() - started < 2


def test_few_key_frames_cost_a_bounded_number_of_pixels(tmp_path, make_video, monkeypatch):
    """Pictures between key frames are decoded up to a number of pixels: small ones pass, large ones are refused."""
    small = make_video(tmp_path / "small.mp4", seconds=6, key_every=600)
    large = make_video(tmp_path / "large.mp4", seconds=6, key_every=600, size=(640, 480))
    monkeypatch.setattr(video, "_PIXEL_BUDGET", 60 * 64 * 48)
    assert len(sample_frames(small, moments(3))) == 3
    with pytest.raises(UnplayableVideo, match="too few key frames"):
        sample_frames(large, moments(3))


def test_a_file_is_given_up_when_its_time_is_over(tmp_path, make_video, monkeypatch):
    """Decoding, counting what has no declared duration, and reading the sound to its end all stop at the deadline."""
    declared = make_video(tmp_path / "v.mkv", audio_s=4)
    live = make_video(tmp_path / "live.webm", codec="libvpx", options={"live": "1"})
    now = time.monotonic()
    clock = iter(now + 0.5 * step for step in range(10_000))  # half a second goes by between two packets
    monkeypatch.setattr(decoding.time, "monotonic", lambda: next(clock))
    for path in (declared, live):
        for call in (check, lambda path: sample_frames(path, moments(3))):
            monkeypatch.setattr(decoding.Deadline.__init__, "__defaults__", (3.0,))
            with pytest.raises(SlowVideo, match="takes too long to decode"):
                call(path)


def test_opening_is_given_up_too(tmp_path, monkeypatch):
    """A file whose headers have no end is too slow, not invalid."""
    path = tmp_path / "v.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\x02\0" + b"\0\0\0\x08free" * 2_000_000)
    monkeypatch.setattr(decoding.Deadline.__init__, "__defaults__", (0.05,))
    started = time.perf_counter()
    assert "too long" in why(path)
    assert time.perf_counter() - started < 1


def test_a_picture_that_grows_on_the_way_is_not_decoded(tmp_path, make_video):
    """A stream that declares small pictures and holds one of 64 megapixels is refused by the decoder, within its memory."""
    import av

    out = io.BytesIO()
    Image.new("RGB", (8000, 8000)).save(out, "JPEG")
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        frames = [av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24") for _ in range(3)]
        packets = [packet for frame in frames for packet in stream.encode(frame)]
        packets.append(av.Packet(out.getvalue()))
        for number, packet in enumerate(packets):
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, 10)
            container.mux(packet)
    assert "damaged" in why(path) or "too large" in why(path)


def test_real_footage(footage):
    """All 16 sound files give three upright JPEGs of at most 768 pixels; the two broken ones say why."""
    files = [path for path in sorted(footage.iterdir()) if path.suffix in {".mp4", ".mkv", ".webm"}]
    sound = [path for path in files if not path.name.startswith("broken")]
    assert len(sound) == 16
    for path in sound:
        facts = check(path)
        frames = sample_frames(path, moments(3))
        assert len(frames) == 3
        for frame in frames:
            with Image.open(io.BytesIO(frame.jpeg)) as image:
                assert image.format == "JPEG"
                assert image.mode == "RGB"
                assert max(image.size) <= 768
            assert 0 <= frame.t <= facts.duration_s
    assert why(footage / "broken-not-a-video.mp4") == "it is no video"
    assert "cut short" in why(footage / "broken-truncated.mp4")
