"""Files as browsers play them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from environments.decoding import UnplayableVideo
from environments.feedapp.playable import playable
from environments.video import probe, sample_frames
from personas.errors import EnvironmentFailed, StorageFailed


@pytest.mark.parametrize(
    ("name", "options", "as_it_is"),
    [
        ("a.webm", {"codec": "libvpx-vp9"}, True),
        ("a.webm", {"codec": "libvpx"}, True),
        ("a.mkv", {"codec": "libvpx-vp9"}, False),
        ("a.mp4", {"codec": "mpeg4"}, False),
        ("a.avi", {"codec": "mjpeg"}, False),
        ("a.mkv", {"codec": "mpeg4", "audio_s": 2.0}, False),
        ("a.mp4", {"codec": "libx264"}, False),
    ],
)
def test_anything_becomes_webm_once(make_video: Callable[..., Path], tmp_path: Path, name: str, options: Any, as_it_is: bool) -> None:
    """What plays everywhere is left alone; the rest becomes WebM of the same length, size and sound, and is found again by its content."""
    source = make_video(tmp_path / name, **options)
    found = playable(source, tmp_path / "cache", h264=False)
    assert (found.path == source) is as_it_is
    assert found.media_type == "video/webm" and found.sound is ("audio_s" in options)
    before, after = probe(source), probe(found.path)
    assert after.codec in {"vp8", "vp9"} and (after.width, after.height) == (before.width, before.height)
    assert after.duration_s == pytest.approx(before.duration_s, abs=0.11)
    written = found.path.stat().st_mtime_ns
    copy = tmp_path / f"copy-{name}"
    copy.write_bytes(source.read_bytes())
    again = playable(copy, tmp_path / "cache", h264=False)
    assert as_it_is or (again == found and again.path.stat().st_mtime_ns == written)


def test_h264_is_left_alone_where_the_browser_plays_it(make_video: Callable[..., Path], tmp_path: Path) -> None:
    """The page says whether it does; MPEG-4 part 2, in the same container, is converted all the same."""
    plain = make_video(tmp_path / "h.mp4", codec="libx264")
    assert playable(plain, tmp_path / "cache", h264=True).path == plain
    assert playable(plain, tmp_path / "cache", h264=True).media_type == "video/mp4"
    assert playable(make_video(tmp_path / "m.mp4"), tmp_path / "cache", h264=True).media_type == "video/webm"


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_pictures_are_upright_and_square(make_video: Callable[..., Path], tmp_path: Path, rotation: int) -> None:
    """What a player would turn is turned when it is converted: the red half is where the frame sampler sees it."""
    source = make_video(tmp_path / "r.mp4", rotation=rotation)
    converted = playable(source, tmp_path / "cache", h264=False).path
    one, other = (Image.open(io.BytesIO(sample_frames(path, (0.5,))[0].jpeg)) for path in (source, converted))
    assert one.size == other.size
    width, height = one.size
    for spot in ((5, 5), (width - 6, 5), (5, height - 6), (width - 6, height - 6)):
        assert (one.getpixel(spot)[0] > 200) is (other.getpixel(spot)[0] > 200)


def test_what_goes_wrong_is_said(make_video: Callable[..., Path], tmp_path: Path) -> None:
    """No video, a page that was closed, a cache that cannot be written: the right error, and no half file left."""
    text = tmp_path / "a.mp4"
    text.write_text("words")
    with pytest.raises(UnplayableVideo, match="it is no video"):
        playable(text, tmp_path / "cache", h264=False)
    source = make_video(tmp_path / "b.mp4")
    with pytest.raises(EnvironmentFailed, match="closed"):
        playable(source, tmp_path / "cache", h264=False, stopped=lambda: True)
    assert not list((tmp_path / "cache").rglob("*"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="AXIOFEED_CACHE"):
        playable(source, tmp_path / "file", h264=False)
