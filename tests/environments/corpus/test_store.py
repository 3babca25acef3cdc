from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import lancedb
import numpy as np
import polars as pl
import pytest

from environments.corpus.indexing import ensure_indices
from environments.corpus.ingest.updating import updated
from environments.corpus.schema import SDS, FrameRef, Space, videos_schema
from environments.corpus.store import Corpus
from personas.errors import CorpusError, UserError
from personas.schwartz import VALUES
from tests.environments.corpus.stocking import SPACE, bulk, picture, stocked, video

ROOT = Path(__file__).parents[3]


def test_a_row_comes_back_as_it_was_given(tmp_path):
    """Every column of a video, its vector, its hashes and its picture come back from a corpus that was closed in between."""
    name, jpeg = picture(1)
    given = video(
        1,
        id='it\'s "one"; DROP TABLE videos --',
        caption="Grüße 家族\x1b[31m",
        hashtags=["fun", "#food"],
        posted=date(2026, 3, 1),
        likes=3,
        phash=[2**64 - 1, 5],
        loadings={"HE": 0.5, "PO": -1.0},
        loadings_sd={"HE": 0.25},
        labels_source="design",
        twins="pair-1",
    )
    assert stocked(tmp_path / "c", [given]).add([given], {}) == 0
    corpus = Corpus.open(str(tmp_path / "c"))
    row = corpus.table([*corpus.videos.schema.names]).to_dicts()[0]
    assert (row["id"], row["caption"], row["posted"], row["likes"], row["views"]) == (given.id, given.caption, date(2026, 3, 1), 3, None)
    assert (row["hashtags"], row["phash"], row["twins"], row["near_duplicate"]) == (["fun", "#food"], [-1, 5], "pair-1", None)
    assert (row["HE"], row["PO"], row["SD"], row["HE_sd"], row["labels_source"]) == (0.5, -1.0, None, 0.25, "design")
    assert row["words"] == "Grüße 家族\x1b[31m\n#fun #food"
    assert row["text_vector"] == pytest.approx([np.cos(1 / 50), np.sin(1 / 50), 0, 0])
    assert [(frame.jpeg, frame.sha256, frame.t) for frame in corpus.frames_of(row["frames"])] == [(jpeg, name, 0.0)]
    assert (corpus.contents(), corpus.ids(), len(corpus)) == ({given.content: given.id}, [given.id], 1)
    assert (corpus.text_space, corpus.image_space, corpus.folder) == (SPACE, None, tmp_path / "c")


def test_the_same_content_is_added_once_and_an_id_stands_for_one_content(tmp_path):
    """Content that is there is left out, under whatever id; an id with other content is refused and nothing of that call is added."""
    corpus = stocked(tmp_path / "c", [video(1)])
    assert corpus.add([video(1, id="other"), video(2), video(2, id="again")], dict([picture(2)])) == 1
    with pytest.raises(CorpusError, match="v2 stands for another video"):
        corpus.add([video(3), video(4, id="v2")], dict([picture(3), picture(4)]))
    assert corpus.ids() == ["v1", "v2"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text_vector": [1.0, 2.0]}, "2 numbers; test has 4"),
        ({"text_vector": [float("nan"), 0, 0, 0]}, "not finite"),
        ({"loadings": {"HE": 2.0}}, "HE = 2.0"),
        ({"loadings": {"XX": 0.0}}, "XX"),
        ({"phash": [2**64]}, "no 64-bit hash"),
        ({"duration_s": float("inf")}, "duration"),
        ({"frames": [FrameRef("0" * 64, 0.0)]}, "picture that was not given"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_leaves_nothing(tmp_path, wrong, said):
    """A wrong vector, loading, hash, duration or picture is one line that names the video, and nothing of that call is stored."""
    corpus = stocked(tmp_path / "c", [])
    with pytest.raises(CorpusError, match=said) as caught:
        corpus.add([video(1), video(2, **wrong)], dict([picture(1)]))
    assert "\n" not in str(caught.value)
    assert (len(corpus), corpus.frames.count_rows()) == (0, 0)


def test_a_vector_of_zeros_is_null(tmp_path):
    """A text without a known word has no direction: its vector is stored as null."""
    corpus = stocked(tmp_path / "c", [video(1, text_vector=[0, 0, 0, 0]), video(2, text_vector=None)])
    assert corpus.table(["text_vector"])["text_vector"].null_count() == 2


class Knows:
    """An embedder that knows the word "night" alone."""

    name, dim = "test", 4

    def embed_texts(self, texts):
        return np.array([[1, 0, 0, 0] if "night" in text else [0, 0, 0, 0] for text in texts], dtype=np.float32)


def test_words_that_become_unknown_lose_their_vector(tmp_path):
    """Where no new word is known the vector is null, not that of the words before, whether all that change are such or some."""
    given = [video(number, caption=f"clip {number}") for number in range(4)]
    corpus = stocked(tmp_path / "c", given)
    for captions, known in (
        (("a", "b"), (False, False, True, True)),
        (("night", "c"), (True, False, True, True)),
        (("d", "e", "night", "f"), (False, False, True, False)),
    ):
        rows = [replace(row, caption=caption) for row, caption in zip(given, captions, strict=False)]
        assert updated(corpus, rows, Knows()) == len(captions)
        there = corpus.table(["caption", "text_vector"])
        assert there["caption"].to_list()[: len(captions)] == list(captions)
        assert tuple(vector is not None for vector in there["text_vector"]) == known
    assert corpus.update(pl.DataFrame({"id": corpus.ids(), "text_vector": [None] * 4})) == 4
    assert corpus.table(["text_vector"])["text_vector"].null_count() == 4


def test_a_picture_that_is_not_its_hash_is_refused(tmp_path):
    """A picture whose bytes do not have the hash it is stored under would show something else: it is refused."""
    corpus = stocked(tmp_path / "c", [])
    with pytest.raises(CorpusError, match="SHA-256"):
        corpus.add([video(1)], {picture(1)[0]: b"something else"})


def test_a_process_killed_between_pictures_and_rows_loses_nothing(tmp_path):
    """After a kill when the pictures are in and the rows are not, the same add completes and no picture is stored twice."""
    stocked(tmp_path / "c", [])
    code = f"""
import os
from environments.corpus.store import Corpus
from tests.environments.corpus.stocking import picture, video
corpus = Corpus.open({str(tmp_path / "c")!r})
class Dies:
    def __getattr__(self, name): return getattr(videos, name)
    def add(self, rows): os._exit(9)
videos, corpus._videos = corpus._videos, Dies()
corpus.add([video(1), video(2)], dict([picture(1), picture(2)]))
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 9
    corpus = Corpus.open(str(tmp_path / "c"))
    assert (len(corpus), corpus.frames.count_rows()) == (0, 2)
    assert corpus.add([video(1), video(2), video(3)], dict(picture(number) for number in (1, 2, 3))) == 3
    assert (len(corpus), corpus.frames.count_rows()) == (3, 3)


def test_two_processes_add_at_once(tmp_path):
    """Two processes that add overlapping videos at the same time leave each video and each picture once."""
    stocked(tmp_path / "c", [])
    code = """
import sys
from environments.corpus.store import Corpus
from tests.environments.corpus.stocking import picture, video
corpus, first = Corpus.open(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True); sys.stdin.readline()
for number in range(first, first + 15):
    corpus.add([video(number)], dict([picture(number)]))
    if number % 5 == 0: corpus.set_near_duplicates({f"v{number}": f"v{number}"})
"""
    command = [sys.executable, "-c", code, str(tmp_path / "c")]
    both = [
        subprocess.Popen([*command, first], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for first in ("0", "5")
    ]
    for one in both:
        assert one.stdout.readline() == "ready\n"
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    ended = [(one.communicate(timeout=60)[1], one.returncode) for one in both]
    assert ended == [("", 0), ("", 0)]
    corpus = Corpus.open(str(tmp_path / "c"))
    assert corpus.ids() == sorted(f"v{number}" for number in range(20))
    assert corpus.frames.count_rows() == 20
    assert corpus.table(where="near_duplicate = id").height == 4


def test_an_open_corpus_sees_what_another_added(tmp_path):
    """A corpus that is open shows rows that were added through another opening of it."""
    first = stocked(tmp_path / "c", [video(1)])
    Corpus.open(str(tmp_path / "c")).add([video(2)], dict([picture(2)]))
    assert (first.ids(), len(first)) == (["v1", "v2"], 2)


def test_filters_and_columns(tmp_path):
    """A filter keeps the rows for which it is true, in order of id; a bad filter or column is one line."""
    corpus = stocked(tmp_path / "c", [video(3, platform="tiktok"), video(1, platform="tiktok"), video(2, topic="it's")])
    assert corpus.table(["id", "platform"], "platform = 'tiktok'")["id"].to_list() == ["v1", "v3"]
    assert "text_vector" not in corpus.table().columns
    for bad in ("HE >>", "nope > 1", "", "id = 'v1'; DROP TABLE videos", "id = 'v1' -- and more", "(SELECT 1) = 1"):
        with pytest.raises(CorpusError, match="filter") as caught:
            corpus.table(where=bad)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2
    with pytest.raises(CorpusError, match="no column 'nope'"):
        corpus.table(["nope"])
    assert corpus.table(["id"], "caption <> '; --'").height == 3


def test_loadings_are_replaced_and_the_rest_stays(tmp_path):
    """Loadings reach the rows they name with their source; other rows, other columns and the vectors stay as they were."""
    corpus = stocked(tmp_path / "c", [video(1, loadings={"SD": 0.5}), video(2, loadings={"SD": 0.5}, labels_source="design")])
    before = corpus.table(["id", "text_vector", "frames", "words"])
    frame = pl.DataFrame({"id": ["v1"], "HE": [0.75], "PO": [float("nan")], "HE_sd": [0.125]})
    corpus.set_loadings(frame, "judges: a, b")
    rows = corpus.table(["id", *VALUES, *SDS, "labels_source"]).to_dicts()
    assert [(row["SD"], row["HE"], row["PO"], row["HE_sd"], row["labels_source"]) for row in rows] == [
        (None, 0.75, None, 0.125, "judges: a, b"),
        (0.5, None, None, None, "design"),
    ]
    assert corpus.table(["id", "text_vector", "frames", "words"]).equals(before)
    for wrong, said in (
        (pl.DataFrame({"id": ["v1"], "HE": [1.5]}), "outside"),
        (pl.DataFrame({"id": ["v9"], "HE": [1.0]}), "no video v9"),
        (pl.DataFrame({"id": ["v1", "v1"], "HE": [1.0, 0.0]}), "twice"),
        (pl.DataFrame({"id": ["v1"]}), "needs the columns"),
    ):
        with pytest.raises(CorpusError, match=said):
            corpus.set_loadings(wrong, "x")


def test_near_duplicates_are_set_and_unset(tmp_path):
    """Clusters are set and taken back; what would not change is not written."""
    corpus = stocked(tmp_path / "c", [video(1), video(2), video(3)])
    corpus.set_near_duplicates({"v1": "v1", "v2": "v1"})
    version = corpus.videos.version
    corpus.set_near_duplicates({"v1": "v1", "v3": None})
    assert corpus.videos.version == version
    corpus.set_near_duplicates({"v2": None})
    assert corpus.table(["near_duplicate"])["near_duplicate"].to_list() == ["v1", None, None]


def test_merges_of_fifty_thousand_rows_take_seconds_and_old_versions_go(tmp_path):
    """Loadings and clusters of 50,000 rows are set in seconds, again and again, and the folder does not grow with it."""
    corpus = Corpus.create(str(tmp_path / "c"), Space("test", 16))
    bulk(corpus, np.random.default_rng(0).normal(size=(50_000, 16)))
    ids = [f"v{number}" for number in range(50_000)]
    sizes, began = [], time.monotonic()
    for turn in range(3):
        corpus.set_loadings(pl.DataFrame({"id": ids, "HE": np.full(50_000, turn / 4)}), "design")
        corpus.set_near_duplicates(dict.fromkeys(ids, f"v{turn}"))
        ensure_indices(corpus, keep=timedelta(0))
        sizes.append(sum(path.stat().st_size for path in (tmp_path / "c").rglob("*") if path.is_file()))
    assert time.monotonic() - began < 60
    assert (corpus.videos.count_rows("HE = 0.5 AND near_duplicate = 'v2'"), len(corpus)) == (50_000, 50_000)
    assert sizes[2] < 1.2 * sizes[0]


def test_codes_and_the_gold_sample(tmp_path):
    """Raw labels are appended, sorted and replaced by a filter; the sample that people label is replaced as a whole."""
    corpus = stocked(tmp_path / "c", [video(1)])
    assert (corpus.codes().height, corpus.gold_sample()) == (0, None)
    codes = pl.DataFrame({"video": ["v1", "v1"], "rater": ["b", "a"], "kind": "judge", "cell": 0, "value": "HE", "code": 1.0})
    codes = codes.with_columns(evidence=pl.lit("it's \x00 fun"), session=pl.lit("s"))
    corpus.add_codes(codes)
    corpus.replace_codes(codes.filter(pl.col("rater") == "a").with_columns(code=pl.lit(2.0)), "rater = 'a'")
    assert corpus.codes().select("rater", "code", "evidence").rows() == [("a", 2.0, "it's \x00 fun"), ("b", 1.0, "it's \x00 fun")]
    with pytest.raises(CorpusError, match="column session is missing"):
        corpus.add_codes(codes.drop("session"))
    for seed in (1, 2):
        corpus.set_gold_sample(pl.DataFrame({"video": ["v1"], "inclusion": [0.5], "stratum": ["HE+"], "seed": [seed]}))
    assert Corpus.open(str(tmp_path / "c")).gold_sample().rows() == [("v1", 0.5, "HE+", 2)]


def test_what_is_no_corpus_is_refused_in_one_line(tmp_path):
    """A missing folder, one with other things, a database of someone else, and a corpus that is there: one line each."""
    for name in ("missing", "videos"):
        (tmp_path / "videos").mkdir(exist_ok=True)
        (tmp_path / "videos" / "a.mp4").write_bytes(b"")
        with pytest.raises(UserError, match="is no corpus"):
            Corpus.open(str(tmp_path / name))
    assert not (tmp_path / "missing").exists()
    with pytest.raises(CorpusError, match=r"holds other things \(a.mp4\)"):
        Corpus.create(str(tmp_path / "videos"), SPACE)
    with pytest.raises(CorpusError, match="is a file"):
        Corpus.create(str(tmp_path / "videos" / "a.mp4"), SPACE)
    Corpus.create(str(tmp_path / "c"), SPACE)
    with pytest.raises(CorpusError, match="is a corpus already"):
        Corpus.create(str(tmp_path / "c"), SPACE)
    lancedb.connect(tmp_path / "theirs").create_table("videos", [{"id": 1}])
    with pytest.raises(CorpusError, match="no corpus of axiofeed"):
        Corpus.open(str(tmp_path / "theirs"))
    (tmp_path / "broken" / "videos.lance").mkdir(parents=True)
    with pytest.raises(CorpusError) as caught:
        Corpus.open(str(tmp_path / "broken"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("version", "said"), [(2, "newer axiofeed"), (0, "add its videos again")])
def test_another_layout_is_refused(tmp_path, version, said):
    """A corpus of a newer or an older layout is refused, with what to do."""
    schema = videos_schema(SPACE)
    schema = schema.with_metadata({**schema.metadata, b"axiofeed.schema": str(version).encode()})
    lancedb.connect(tmp_path / "c").create_table("videos", schema=schema)
    with pytest.raises(CorpusError, match=said):
        Corpus.open(str(tmp_path / "c"))


def test_the_spaces_are_kept_through_everything_that_is_written(tmp_path):
    """Names and dimensions of both spaces survive merges and the tidying of files."""
    corpus = stocked(tmp_path / "c", [video(1, image_vector=[1, 0]), video(2)], Space("clip/x", 2))
    for turn in range(60):
        corpus.set_near_duplicates({"v1": f"v{turn}"})
    ensure_indices(corpus, keep=timedelta(0))
    found = Corpus.open(str(tmp_path / "c"))
    assert (found.text_space, found.image_space) == (SPACE, Space("clip/x", 2))
    assert found.table(["image_vector"])["image_vector"].to_list() == [[1, 0], None]
    assert len(found.videos.list_versions()) < 10


def test_a_place_that_cannot_be_a_folder_is_one_line(tmp_path):
    """A folder that cannot be made is one line."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CorpusError) as caught:
        Corpus.create(str(tmp_path / "file" / "c"), SPACE)
    assert "\n" not in str(caught.value)
