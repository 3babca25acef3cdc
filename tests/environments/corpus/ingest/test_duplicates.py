"""Near-duplicates: hashes that survive what copies go through, and clusters that do not depend on anything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from environments.corpus.ingest import duplicates
from environments.corpus.ingest.duplicates import SEED, Pictures, clusters_of, duplicate_pairs
from environments.corpus.ingest.perceptual_hash import FLAT, perceptual_hash
from environments.corpus.ingest.reading import Read, read_video
from tests.environments.corpus.ingest import films


def pictures(reads: dict[str, Read]) -> Pictures:
    """What the clustering takes, of videos by id."""
    ids = sorted(reads)
    hashes = [(number, value) for number, name in enumerate(ids) for value in reads[name].hashes if value != FLAT]
    return Pictures(
        ids,
        np.array([reads[name].duration_s for name in ids]),
        np.array([value for _, value in hashes], np.int64).view(np.uint64),
        np.array([number for number, _ in hashes], np.int64),
    )


def test_copies_are_found_and_other_films_are_not(tmp_path: Path) -> None:
    """Copies that are re-encoded, halved, slightly cropped or marked join their film under the smallest id; other films stay alone."""

    def marked(image: Image.Image) -> Image.Image:
        ImageDraw.Draw(image).rectangle((2, 108, 40, 116), fill=(250, 250, 250))
        return image

    def cropped(image: Image.Image) -> Image.Image:
        return image.crop((2, 2, 158, 118)).resize((160, 120))

    scenes = [(10, 1.5), (11, 1.0), (12, 1.2)]
    film = films.write_film(tmp_path / "b.mp4", scenes)
    reads = {"b": read_video(film)}
    changes = {"a": lambda image: image, "c": lambda image: image.resize((80, 60)), "d": cropped, "e": marked}
    for name, change in changes.items():
        reads[name] = read_video(films.copied(film, tmp_path / f"{name}.mp4", change))
    for number in range(4):
        seeds = [(20 + 3 * number + k, 1.2) for k in range(3)]
        reads[f"other-{number}"] = read_video(films.write_film(tmp_path / f"o{number}.mp4", seeds))
    assert clusters_of(pictures(reads), [None] * len(reads)) == dict.fromkeys("abcde", "a")


def test_declared_twins_are_no_near_duplicates_of_each_other(tmp_path: Path) -> None:
    """Twins that share their pictures have no near-duplicate; a third video with these pictures joins both."""
    read = read_video(films.write_film(tmp_path / "a.mp4", [(1, 2.0)]))
    assert clusters_of(pictures({"t1": read, "t2": read}), ["pair", "pair"]) == {}
    assert clusters_of(pictures({"t1": read, "t2": read, "x": read}), ["pair", "pair", None]) == dict.fromkeys(("t1", "t2", "x"), "t1")


def test_bands_find_every_close_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at bands finds the pairs that looking at all pairs finds, up to the last bit."""
    rng = np.random.default_rng(3)
    base = rng.integers(0, 2**64, 150, dtype=np.uint64)
    flips = [sum(1 << int(bit) for bit in rng.choice(64, number % 12, replace=False)) for number in range(150)]
    values = np.concatenate((base, base ^ np.array(flips, np.uint64)))
    some = Pictures([f"{n:03}" for n in range(300)], np.ones(300), values, np.arange(300))
    everything = duplicate_pairs(some)
    monkeypatch.setattr(duplicates, "_FEW", 0)
    assert duplicate_pairs(some) == everything
    assert len(everything[0]) == sum(number % 12 <= SEED for number in range(150))


def test_one_shared_picture_joins_nothing() -> None:
    """Videos with the same opening picture and nothing else in common are not near-duplicates, however many there are."""
    rng = np.random.default_rng(4)
    values = rng.integers(0, 2**64, (200, 4), dtype=np.uint64)
    values[:, 0] = 77
    some = Pictures([f"{n:03}" for n in range(200)], np.ones(200), values.reshape(-1), np.repeat(np.arange(200), 4))
    assert duplicate_pairs(some) == ([], [])


def test_many_copies_form_one_cluster() -> None:
    """More copies than are compared with each other still form one cluster."""
    values = np.tile(np.array([5 << 40, 9 << 20, 77 << 8, 3], np.uint64), 300)
    some = Pictures([f"{n:03}" for n in range(300)], np.ones(300), values, np.repeat(np.arange(300), 4))
    assert clusters_of(some, [None] * 300) == {f"{n:03}": "000" for n in range(300)}


def test_length_decides_between_close_pictures() -> None:
    """Pictures that differ in six bits join videos of one length; in videos of different length they are an open question."""
    values = np.array([1, 1 << 30, 1 << 50], np.uint64) * np.uint64(0x10001)
    both = np.concatenate((values, values ^ np.uint64(0b111111 << 10)))
    owner = np.repeat([0, 1], 3)
    assert duplicate_pairs(Pictures(["a", "b"], np.array([9.0, 9.1]), both, owner)) == ([(0, 1)], [])
    assert duplicate_pairs(Pictures(["a", "b"], np.array([9.0, 14.0]), both, owner)) == ([], [(0, 1)])


def test_a_picture_without_a_pattern_has_no_hash() -> None:
    """A black picture and a white one are FLAT; a patterned one is not, and survives scaling."""
    import io

    def jpeg(image: Image.Image) -> bytes:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        return out.getvalue()

    assert perceptual_hash(jpeg(Image.new("RGB", (90, 60)))) == perceptual_hash(jpeg(Image.new("RGB", (90, 60), "white"))) == FLAT
    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize((320, 240), Image.Resampling.BICUBIC)
    large, small = perceptual_hash(jpeg(image)), perceptual_hash(jpeg(image.resize((160, 120))))
    assert large != FLAT and (large ^ small).bit_count() <= 2
    assert -(2**63) <= large < 2**63
