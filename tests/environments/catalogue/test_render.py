"""Rendered clips are real video, the same bytes everywhere, kept whole in a cache, and readable."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import av
import numpy as np
import pytest

from environments.catalogue.__main__ import main
from environments.catalogue.design import twin_pairs
from environments.catalogue.render import encode, export, render
from environments.catalogue.scene import Staging
from environments.catalogue.specs import load_clips
from personas.errors import StorageFailed


def _shortest() -> str:
    return min(load_clips(), key=lambda clip: (clip.duration_s, clip.id)).id


def test_a_clip_is_portrait_vp9(make_clip, tmp_path: Path) -> None:
    """A rendered clip opens as VP9 in WebM, 360 × 640, of the asked duration, and its pictures differ."""
    path = render(make_clip(duration_s=4.5), tmp_path)
    assert path.suffix == ".webm"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("vp9", 360, 640)
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(stream)]
    assert len(frames) == 54
    assert np.abs(frames[10].astype(int) - frames[40]).mean() > 0.5


def test_colours_survive(make_clip) -> None:
    """What a decoder shows is what was drawn: the mean colour of a frame is within 3 of 255 in each channel."""
    clip = make_clip()
    with av.open(io.BytesIO(encode(clip))) as container:
        shown = next(iter(container.decode(video=0))).to_ndarray(format="rgb24")
    drawn = np.asarray(Staging(clip).frame(0))
    assert np.abs(shown.mean(axis=(0, 1)) - drawn.mean(axis=(0, 1))).max() < 3


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """One specification gives one file, whoever renders it."""
    clip_id = _shortest()
    for name in ("one", "two"):
        command = [sys.executable, "-m", "environments.catalogue", "render", "--only", clip_id, "--out", str(tmp_path / name)]
        environment = {**os.environ, "AXIOFEED_CACHE": str(tmp_path / f"cache-{name}"), "PYTHONHASHSEED": str(len(name))}
        subprocess.run(command, check=True, capture_output=True, env=environment)
    one, two = ((tmp_path / name / f"{clip_id}.webm").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(one) > 10_000


def test_twins_share_one_file(tmp_path: Path) -> None:
    """Both clips of a counterfactual pair are the same video, byte for byte."""
    pair = min(twin_pairs(load_clips()).values(), key=lambda twins: twins[0].duration_s)
    carries, plain = (render(clip, tmp_path) for clip in pair)
    assert carries == plain
    assert encode(pair[1]) == plain.read_bytes()


def test_a_sound_copy_is_served_and_a_damaged_one_made_again(make_clip, tmp_path: Path) -> None:
    """The cache is used while its file is whole; an empty, cut or altered file is replaced."""
    path = render(make_clip(), tmp_path)
    whole, made = path.read_bytes(), path.stat().st_mtime_ns
    assert render(make_clip(caption="Other words, the same picture."), tmp_path) == path
    assert path.stat().st_mtime_ns == made
    for damage in (b"", whole[: len(whole) // 2], whole[:-1] + b"\0"):
        path.write_bytes(damage)
        assert render(make_clip(), tmp_path).read_bytes() == whole
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_cache_that_cannot_be_written_is_one_clear_line(make_clip, tmp_path: Path) -> None:
    """A file where the cache folder should be, or where clips should go, is StorageFailed and says what to do."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageFailed, match=r"cannot keep a rendered clip in .*AXIOFEED_CACHE") as caught:
        render(make_clip(), blocked)
    assert "\n" not in str(caught.value)
    with pytest.raises(StorageFailed, match="name another folder"):
        export(make_clip(), tmp_path / "cache", blocked)


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_write_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    """When the disk takes no more bytes, the command says so in one line, exits 1 and leaves no part of a file."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); import sys; "
        f"from environments.catalogue.__main__ import main; sys.exit(main(['render', '--only', '{_shortest()}']))"
    )
    environment = {**os.environ, "AXIOFEED_CACHE": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot keep a rendered clip in ")
    assert done.stderr.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_overlays_can_be_read_by_ocr(make_clip) -> None:
    """A text recogniser finds the on-screen text in encoded frames, early and late, on busy and on dark backgrounds."""
    from rapidocr import RapidOCR

    def letters(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFD", text.lower()))

    reader = RapidOCR()
    for overlay, background in (
        ("Café señor, über façade", "market"),
        ("nothing until sundown", "festival-night"),
        ("C1 exam passed: 19 of 20", "library"),
    ):
        scene = {"background": background, "motion": "parade", "pictograms": ["clock", "dog", "team", "cake", "book"]}
        with av.open(io.BytesIO(encode(make_clip(overlay=overlay, scene=scene)))) as container:
            frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        for number in (1, 40):
            found = letters(" ".join(reader(np.ascontiguousarray(frames[number])).txts or ()))
            assert letters(overlay) in found


def test_a_contact_sheet_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sheet` writes a picture; an unknown clip and an unwritable place are one line each."""
    some = load_clips()[0].id
    assert main(["sheet", str(tmp_path / "sheet.png"), "--only", some]) == 0
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
    assert main(["sheet", str(tmp_path / "none" / "sheet.png"), "--only", some]) == 1
    assert main(["sheet", str(tmp_path / "sheet.xyz"), "--only", some]) == 2
    assert main(["render", "--only", "no-such-clip"]) == 2
    assert capsys.readouterr().err.count("\n") == 3
