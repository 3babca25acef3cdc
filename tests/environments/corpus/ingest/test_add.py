"""`add` as a user runs it: idempotent, updating, with errors that do not stop the rest."""

from __future__ import annotations

import asyncio
import csv
import shutil
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from environments.corpus.ingest.adding import AddOptions, add_videos
from environments.corpus.ingest.decoders import Decoders
from environments.corpus.ingest.media import Answer
from environments.corpus.ingest.offers import FileMedia, Offer
from environments.corpus.ingest.sources import CatalogueSource, open_source
from environments.corpus.store import Corpus, Space
from environments.embed import wordllama_embedder
from environments.feeds import open_feed
from environments.recorded.recording import Recording
from personas.errors import FeedError
from tests.environments.corpus.ingest import films
from tests.environments.recorded.sessions import watch

Add = Callable[..., dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films and a file that is none, with captions."""
    place = tmp_path / "videos"
    place.mkdir()
    films.write_film(place / "a.mp4", [(1, 1.0), (2, 1.0)])
    films.write_film(place / "b.mp4", [(3, 1.5)])
    (place / "c.mp4").write_bytes(b"no video at all")
    write_words(place, {"a.mp4": "soup, slowly", "b.mp4": "It's a goal"})
    return place


def write_words(place: Path, captions: dict[str, str]) -> None:
    with (place / "videos.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "caption", "views"), *((name, words, 7) for name, words in captions.items())])


def test_a_folder_is_added_once(tmp_path: Path, folder: Path, add: Add) -> None:
    """Rows have words, facts, frames, hashes and vectors; a second run adds nothing; what failed is listed with its reason."""
    place = tmp_path / "corpus"
    first = add(place, folder)
    assert (first["code"], first["added"], first["failed"], first["videos"]) == (0, 2, 1, 2)
    assert "c.mp4: it is no video" in first["said"]
    assert list(csv.reader((place / "add-errors.csv").open())) == [["name", "reason"], ["c.mp4", "it is no video"]]
    again = add(place, folder)
    assert (again["code"], again["added"], again["already_there"], again["videos"]) == (0, 0, 2, 2)
    corpus = Corpus.open(str(place))
    table = corpus.table([*("id", "caption", "duration_s", "width", "views", "source", "path", "frames", "phash", "words", "text_vector")])
    row = table.row(1, named=True)
    assert (row["id"], row["caption"], row["duration_s"], row["width"], row["views"]) == ("b.mp4", "It's a goal", 1.5, 160, 7)
    assert (row["source"], row["path"]) == ("folder", str(folder / "b.mp4"))
    frames = corpus.frames_of(row["frames"])
    assert frames[0].t == 0.0 and len(frames) == len(row["phash"]) == 4 and all(frame.jpeg[:2] == b"\xff\xd8" for frame in frames)
    assert len(row["text_vector"]) == 256


def test_changed_words_replace_only_when_asked(tmp_path: Path, folder: Path, add: Add) -> None:
    """New captions count as already there; with --update they replace text and vector, ids stay, and what is left out stays."""
    place = tmp_path / "corpus"
    add(place, folder)
    before = Corpus.open(str(place)).table(["id", "caption", "text_vector"])
    write_words(folder, {"a.mp4": "a night market", "b.mp4": ""})
    assert add(place, folder)["updated"] == 0
    assert Corpus.open(str(place)).table(["id", "caption", "text_vector"]).equals(before)
    assert add(place, folder, "--update")["updated"] == 1
    after = Corpus.open(str(place)).table(["id", "caption", "words", "text_vector", "views"])
    assert after["caption"].to_list() == ["a night market", "It's a goal"]
    assert after["words"][0] == "a night market" and after["views"].to_list() == [7, 7]
    assert after["text_vector"][0].to_list() != before["text_vector"][0].to_list()
    assert add(place, folder, "--update")["updated"] == 0


def test_update_writes_zeros_and_leaves_labels(tmp_path: Path, folder: Path, add: Add) -> None:
    """A count of 0 replaces what was there, with words or without; labels stay, and where a table has some a note says so."""
    place = tmp_path / "corpus"
    (folder / "t.csv").write_text("path,views,caption,HE\na.mp4,7,,0.5\nb.mp4,7,soup,\n")
    assert "label" not in add(place, folder / "t.csv")["said"]
    (folder / "t.csv").write_text("path,views,caption,HE\na.mp4,0,,0.9\nb.mp4,0,soup,\n")
    found = add(place, folder / "t.csv", "--update")
    assert found.get("updated") == 2 and "note: t.csv: --update leaves labels as they are; HE" in found["said"], found
    assert Corpus.open(str(place)).table(["views", "HE"]).rows() == [(0, 0.5), (0, None)]


def test_one_id_for_two_videos_is_an_error(tmp_path: Path, folder: Path, add: Add) -> None:
    """Another video with the same name is not added and says how to name it; the same video under another name is already there."""
    place, other = tmp_path / "corpus", tmp_path / "other"
    add(place, folder)
    other.mkdir()
    films.write_film(other / "a.mp4", [(9, 1.0)])
    shutil.copy(folder / "b.mp4", other / "elsewhere.mp4")
    found = add(place, other)
    assert (found["added"], found["already_there"], found["failed"]) == (0, 1, 1)
    assert "column 'id'" in found["said"]
    (other / "t.csv").write_text("id,path\nanother,a.mp4\n")
    assert add(place, other / "t.csv")["added"] == 1


def test_everything_wrong_is_exit_code_1_and_bad_usage_2(tmp_path: Path, add: Add) -> None:
    """Nothing that can be added: 1. No such source, another embedder, a folder with other things: 2, in one line."""
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "x.mp4").write_bytes(b"nothing")
    assert add(tmp_path / "corpus", videos)["code"] == 1
    for words in (
        (tmp_path / "corpus", tmp_path / "gone"),
        (tmp_path / "corpus", videos, "--embedder", "clip/x"),
        (videos, videos),
        (tmp_path / "new", videos, "--embedder", "nonsense"),
    ):
        found = add(*words)
        assert found["code"] == 2 and found["said"].count("\n") == 1, found


class FirstTwins:
    """The first pair of twins of the catalogue."""

    name, total = "twins", 2

    def offers(self) -> Iterator[Offer]:
        return islice((offer for offer in CatalogueSource().offers() if offer.row.twins), 2)


def test_catalogue_clips_are_rendered_and_carry_their_design(tmp_path: Path, own_cache: Path) -> None:
    """Twins share every picture and are both there, with labels from the design, and are no near-duplicates."""
    corpus = Corpus.create(str(tmp_path / "corpus"), Space("wordllama", 256))
    said: list[object] = []
    counts = add_videos(corpus, [FirstTwins()], AddOptions(workers=1), wordllama_embedder(), tell=said.append)
    assert (counts.added, said) == (2, [])
    table = corpus.table(["id", "twins", "near_duplicate", "labels_source", "frames", "source"])
    one, other = table.iter_rows(named=True)
    assert one["twins"] == other["twins"] and one["frames"] == other["frames"] and one["near_duplicate"] is None
    assert {one["labels_source"], one["source"]} == {"design", "catalogue"}


def test_near_duplicates_of_several_runs_are_found(tmp_path: Path, folder: Path, add: Add) -> None:
    """A copy that is added later joins its original, under the smaller id."""
    place, later = tmp_path / "corpus", tmp_path / "later"
    assert add(place, folder)["near_duplicates"] == 0
    later.mkdir()
    films.copied(folder / "a.mp4", later / "repost.mp4", lambda image: image.resize((80, 60)))
    assert add(place, later)["near_duplicate_clusters"] == 1
    table = Corpus.open(str(place)).table(["id", "near_duplicate"])
    assert dict(table.iter_rows()) == {"a.mp4": "a.mp4", "b.mp4": None, "repost.mp4": "a.mp4"}


def test_a_recorded_feed_is_added_by_its_pictures(tmp_path: Path, clips: Path, cache_folder: Path, add: Add) -> None:
    """Items of a recording come with the pictures that were shown and their words, and adding them again adds nothing."""
    feed = open_feed(str(clips), cache_dir=cache_folder, policy="shuffled", seed=4, frames=2)
    stimuli, _ = asyncio.run(watch(Recording(feed, tmp_path / "recording")))
    found = add(tmp_path / "corpus", tmp_path / "recording")
    assert (found["code"], found["added"], found["failed"]) == (0, 7, 0)
    table = Corpus.open(str(tmp_path / "corpus")).table(["id", "caption", "frames", "source"])
    shown = {each.id: each for each in stimuli}
    for row in table.iter_rows(named=True):
        assert (row["source"], row["caption"]) == ("recorded", shown[row["id"]].text.caption)
        assert [frame["sha256"] for frame in row["frames"]] == [frame.sha256 for frame in shown[row["id"]].frames]
    assert add(tmp_path / "corpus", tmp_path / "recording")["already_there"] == 7


def test_a_source_that_breaks_keeps_what_came_before(tmp_path: Path, folder: Path, add: Add) -> None:
    """A table that is not UTF-8 in its middle ends in one line; the rows before it are in the corpus."""
    rows = b"path,caption\na.mp4,fine\n" + b"".join(b"gone-%d.mp4,x\n" % number for number in range(3000)) + b"b.mp4,Gr\xfc\xdfe\n"
    (folder / "t.csv").write_bytes(rows)
    found = add(tmp_path / "corpus", folder / "t.csv")
    assert found["code"] == 2 and "UTF-8" in found["said"].splitlines()[-1]
    assert Corpus.open(str(tmp_path / "corpus")).ids() == ["a.mp4"]


class Echo:
    """Hears a clip's name, and nothing in one clip."""

    name = "echo"

    def transcribe(self, path: Path) -> str:
        if path.name == "b.mp4":
            raise FeedError("its sound is damaged")
        return f"this is {path.stem}"


def test_what_is_said_is_written_down_where_no_transcript_is_given(tmp_path: Path, folder: Path) -> None:
    """A transcriber fills empty transcripts, which reach the words; a given one stays; a clip with broken sound is added without."""
    films.write_film(folder / "d.mp4", [(8, 1.0)])
    (folder / "videos.csv").write_text("file,transcript\nd.mp4,as given\n")
    corpus = Corpus.create(str(tmp_path / "corpus"), Space("wordllama", 256))
    said: list[object] = []
    sources = [open_source(str(folder))]
    counts = add_videos(corpus, sources, AddOptions(workers=1), wordllama_embedder(), transcriber=Echo(), tell=said.append)
    assert counts.added == 3
    table = corpus.table(["id", "transcript", "words"])
    assert table["transcript"].to_list() == ["this is a", "", "as given"] and table["words"].to_list() == table["transcript"].to_list()
    assert any("its sound is damaged" in str(each) for each in said)


def test_a_crashing_decoder_takes_no_other_video_with_it(folder: Path) -> None:
    """When a decoding process is killed, what was being read is read again and answered."""
    decoders = Decoders(2, frames=4, max_duration_s=600)
    media = [FileMedia(folder / name) for name in ("a.mp4", "b.mp4", "c.mp4")]
    futures = [decoders.submit(each) for each in media]
    for process in list(decoders._pool._processes.values()):
        process.kill()
    answers = [decoders.result(future, each, 60) for future, each in zip(futures, media, strict=True)]
    assert [isinstance(each, Answer) for each in answers] == [True, True, False]
    assert isinstance(decoders.result(decoders.submit(media[0]), media[0], 60), Answer)
    decoders.close()
