"""Frame choice: cuts, scenes and the pictures that are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from environments.corpus.ingest.reading import read_video
from environments.corpus.ingest.scenes import SceneKeeper, sharpness
from environments.decoding import UnplayableVideo
from tests.environments.corpus.ingest import films


def test_cuts_are_found_where_they_are(tmp_path: Path) -> None:
    """Every cut between two scenes is found within a tenth of a second, and a slow pan is none."""
    film = films.write_film(tmp_path / "a.mp4", [(1, 2.0), (2, 1.0), (3, 3.0)])
    cuts = read_video(film).cuts
    assert len(cuts) == 2
    assert cuts == pytest.approx((2.0, 3.0), abs=0.1)
    assert read_video(films.write_film(tmp_path / "b.mp4", [(4, 4.0)], motion=3)).cuts == ()


def test_the_first_picture_comes_first_and_long_scenes_have_one_each(tmp_path: Path) -> None:
    """Of five scenes the three longest give a picture each, beside the picture at 0."""
    film = films.write_film(tmp_path / "a.mp4", [(1, 0.6), (2, 2.0), (3, 0.6), (4, 2.5), (5, 1.8)])
    found = read_video(film, frames=4)
    times = [frame.t for frame in found.frames]
    assert times[0] == 0.0
    assert [sum(low <= t < high for t in times[1:]) for low, high in ((0.6, 2.6), (3.2, 5.7), (5.7, 7.5))] == [1, 1, 1]
    assert len(found.hashes) == 4
    assert (found.width, found.height) == (160, 120)


def test_a_clip_without_cuts_gives_pictures_of_all_its_parts(tmp_path: Path) -> None:
    """One long scene is divided: each third has its picture."""
    times = [frame.t for frame in read_video(films.write_film(tmp_path / "a.mp4", [(1, 6.0)], motion=1)).frames]
    assert [sum(low <= t < low + 2 for t in times[1:]) for low in (0, 2, 4)] == [1, 1, 1]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    """Reading is deterministic."""
    film = films.write_film(tmp_path / "a.mp4", [(1, 1.0), (2, 1.0)])
    assert read_video(film) == read_video(film)


def test_what_is_held_does_not_grow_with_the_clip() -> None:
    """After thousands of scenes and pictures no more than a few dozen are held."""
    rng = np.random.default_rng(0)
    keeper: SceneKeeper[int] = SceneKeeper(3)
    greys = [rng.integers(0, 255, (24, 32), dtype=np.uint8) for _ in range(40)]
    for number in range(6000):
        if keeper.see(number * 0.08, greys[number // 30 % 40] if number < 3000 else greys[0] // (1 + number % 3)):
            keeper.keep(number)
    held = sum(len(scene.best) for scene in keeper._all())
    assert held <= 48
    assert len(keeper.chosen(480.0)) == 3


def test_the_sharper_of_two_pictures_is_kept() -> None:
    """A blurred picture loses to the same picture in focus, whichever comes first."""
    crisp = np.tile(np.array([[90, 110], [110, 90]], dtype=np.uint8), (12, 16))
    soft, flat = (crisp // 2 + 50).astype(np.uint8), np.full_like(crisp, 100)
    assert sharpness(crisp) > sharpness(soft) > sharpness(flat) == 0.0
    for order in (("soft", "crisp", "flat"), ("crisp", "flat", "soft"), ("flat", "soft", "crisp")):
        keeper: SceneKeeper[str] = SceneKeeper(1)
        pictures = {"soft": soft, "crisp": crisp, "flat": flat}
        for number, name in enumerate(order):
            for repeat in range(2):  # the second is not changing
                if keeper.see(0.2 * number + 0.1 * repeat, pictures[name]):
                    keeper.keep(name)
        assert [each.held for each in keeper.chosen(0.6)] == ["crisp"]


def test_broken_files_have_a_reason(footage: Path) -> None:
    """A file that is no video, one cut short and one that is too long are refused in one line."""
    for name, word in (("broken-not-a-video.mp4", "no video"), ("broken-truncated.mp4", "cut short")):
        with pytest.raises(UnplayableVideo, match=word):
            read_video(footage / name)
    with pytest.raises(UnplayableVideo, match="max-duration"):
        read_video(footage / "bunny-1.mp4", max_duration_s=3.0)


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    """A Matroska file whose last third is missing says so, though its beginning plays."""
    film = films.write_film(tmp_path / "a.mkv", [(1, 6.0)])
    data = film.read_bytes()
    (tmp_path / "b.mkv").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(UnplayableVideo, match=r"cut short|damaged"):
        read_video(tmp_path / "b.mkv")


def test_real_footage_is_read(footage: Path) -> None:
    """A real clip gives four different pictures, the first at 0, in order."""
    found = read_video(footage / "bunny-3.mp4")
    times = [frame.t for frame in found.frames]
    assert times[0] == 0 and times == sorted(set(times)) and len(times) == 4
    assert (found.width, found.height, found.duration_s) == (360, 640, 7.0)
