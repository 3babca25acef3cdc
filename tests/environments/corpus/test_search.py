from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from environments.corpus import indexing
from environments.corpus.indexing import ensure_indices, index_states
from environments.corpus.schema import Space
from environments.corpus.search import search, vector_of
from environments.corpus.store import Corpus
from personas.errors import CorpusError
from tests.environments.corpus.stocking import bulk, stocked, video

DIM = 16


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """12,000 videos in clusters: 10,500 of them indexed, the rest added after that; their vectors beside."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(40, DIM))
    vectors = _unit(centres[rng.integers(40, size=12_000)] + 0.3 * rng.normal(size=(12_000, DIM)))
    corpus = Corpus.create(str(tmp_path_factory.mktemp("large") / "c"), Space("test", DIM))
    bulk(corpus, vectors[:10_500])
    ensure_indices(corpus)
    bulk(corpus, vectors[10_500:], 10_500)
    return corpus, vectors


def test_the_nearest_come_first_with_their_cosine_distance(tmp_path):
    """Videos come in order of cosine distance, whatever the length of the vector asked for; one without a vector does not come."""
    corpus = stocked(tmp_path / "c", [*(video(number) for number in (40, 5, 20)), video(1, text_vector=None)])
    found = search(corpus, vector=[2.0, 0, 0, 0], k=5)
    assert found["id"].to_list() == ["v5", "v20", "v40"]
    assert found["distance"].to_list() == pytest.approx([1 - np.cos(number / 50) for number in (5, 20, 40)], abs=1e-6)
    assert found["score"].to_list() == pytest.approx([np.cos(number / 50) for number in (5, 20, 40)], abs=1e-6)
    assert search(corpus, vector=[2.0, 0, 0, 0], k=2)["id"].to_list() == ["v5", "v20"]


def test_words_are_found_in_captions_hashtags_and_transcripts(tmp_path):
    """Full-text search finds inflected words, hashtags, transcripts and words of scripts without spaces; what is not there is not found."""
    corpus = stocked(
        tmp_path / "c",
        [
            video(1, caption="A family at dinner"),
            video(2, caption="nothing", hashtags=["family_dinners"]),
            video(3, caption="nothing", transcript="we walk the dog"),
            video(4, caption="家族の夕食"),
        ],
    )
    assert set(search(corpus, words="dinners with families")["id"]) == {"v1", "v2"}
    assert search(corpus, words="dogs walking")["id"].to_list() == ["v3"]
    assert search(corpus, words="夕食")["id"].to_list() == ["v4"]
    assert search(corpus, words="dinner")["distance"].to_list() == [None, None]
    for nothing in ("zebra", "the", "", "(", '"', "a AND b", "\x00", "😀" * 50):
        assert search(corpus, words=nothing).height == 0
    corpus.add([video(5, caption="a later dinner", frames=[])], {})
    assert "v5" in search(corpus, words="dinner")["id"]


def test_both_together_are_fused_by_rank(tmp_path):
    """A video that both rankings hold comes before those that one holds, scored 1/(60 + rank) from each, with its distance."""
    rows = [video(1, caption="cats"), video(10, caption="family dinner"), video(20, caption="dogs")]
    corpus = stocked(tmp_path / "c", [*rows, video(30, text_vector=None, caption="dinner")])
    found = search(corpus, vector=[1, 0, 0, 0], words="family dinner", k=4)
    assert found["id"].to_list() == ["v10", "v1", "v30", "v20"]
    assert found["score"].to_list() == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62, 1 / 63])
    assert found["distance"].to_list() == pytest.approx([1 - np.cos(0.2), 1 - np.cos(0.02), None, 1 - np.cos(0.4)], abs=1e-6)


def test_a_filter_comes_before_the_ranking(tmp_path):
    """With a filter the best of what it lets through come, not what it lets through of the best; for words and vectors alike."""
    platforms = {number: "tiktok" if number > 50 else "youtube" for number in range(1, 60)}
    rows = [video(number, caption="dinner", platform=name, loadings={"HE": number / 100}) for number, name in platforms.items()]
    corpus = stocked(tmp_path / "c", rows)
    where = "platform = 'tiktok' AND HE > 0.525 AND duration_s < 30"
    assert search(corpus, vector=[1, 0, 0, 0], where=where, k=3)["id"].to_list() == ["v53", "v54", "v55"]
    assert set(search(corpus, words="dinner", where=where, k=50)["id"]) == {f"v{number}" for number in range(53, 60)}
    assert search(corpus, vector=[1, 0, 0, 0], words="dinner", where=where, k=50).height == 7
    assert search(corpus, vector=[1, 0, 0, 0], where="id = 'nobody'").height == 0
    with pytest.raises(CorpusError, match="the filter 'nope > 1' cannot be used"):
        search(corpus, vector=[1, 0, 0, 0], where="nope > 1")


def test_what_cannot_be_searched_for_is_one_line(tmp_path):
    """Nothing to search for, a vector of another space, one of zeros, pictures where there are none, and k below 1: one line each."""
    corpus = stocked(tmp_path / "c", [video(1), video(2, id="it's", text_vector=None)])
    for asked, said in (
        ({}, "say what to search for"),
        ({"vector": [1.0, 0]}, "2 numbers cannot be compared with those of test, which have 4"),
        ({"vector": [0.0] * 4}, "known to the embedder"),
        ({"vector": [float("nan")] * 4}, "known to the embedder"),
        ({"vector": [1.0], "space": "image"}, "no image vectors"),
        ({"words": "x", "k": 0}, "at least one"),
    ):
        with pytest.raises(CorpusError, match=said):
            search(corpus, **asked)
    assert vector_of(corpus, "v1") == pytest.approx([np.cos(1 / 50), np.sin(1 / 50), 0, 0])
    for name, said in (("it's", "no text vector"), ("' OR 1=1 --", "has no video")):
        with pytest.raises(CorpusError, match=said):
            vector_of(corpus, name)


def test_pictures_have_their_own_space(tmp_path):
    """A search in the image space compares image vectors, and leaves out videos without one."""
    corpus = stocked(tmp_path / "c", [video(1, image_vector=[0, 1]), video(2, image_vector=[1, 0]), video(3)], Space("clip/x", 2))
    assert search(corpus, vector=[1, 0.1], space="image")["id"].to_list() == ["v2", "v1"]


def test_an_index_finds_what_a_scan_finds(large):
    """Above 10,000 rows there is an index; with rows it has not seen, recall@5 against a scan is at least .98, filters included."""
    corpus, vectors = large
    states = {state.column: state for state in index_states(corpus)}
    assert (states["text_vector"].kind, states["text_vector"].rows, states["text_vector"].rows_outside) == ("IvfSq", 10_500, 1_500)
    assert {"id", "content", "platform", "words"} < set(states)
    questions = _unit(vectors[::400] + 0.1 * np.random.default_rng(2).normal(size=(30, DIM)))
    for where, kept in ((None, np.ones(12_000, bool)), ("platform = 'youtube'", np.arange(12_000) % 3 == 0)):
        right = 0
        for question in questions:
            near = np.where(kept, vectors @ question, -2)
            found = search(corpus, vector=question, where=where)
            right += len(set(found["id"]) & {f"v{each}" for each in np.argsort(-near)[:5]})
            assert found["distance"].to_list() == pytest.approx(1 - near[[int(name[1:]) for name in found["id"]]], abs=1e-5)
        assert right / 150 >= 0.98
    exact = search(corpus, vector=questions[0], exact=True)
    assert exact["id"].to_list() == [f"v{each}" for each in np.argsort(-(vectors @ questions[0]))[:5]]


def test_rows_that_came_after_the_index_are_found(large):
    """The newest rows, which no index covers yet, are found by vector, by id and by words."""
    corpus, vectors = large
    assert search(corpus, vector=vectors[11_999], k=1)["id"].to_list() == ["v11999"]
    assert search(corpus, words="v11998")["id"].to_list() == ["v11998"]
    assert corpus.table(["id"], "id = 'v11997'").height == 1


def test_small_files_are_merged_and_indices_renewed(tmp_path, monkeypatch):
    """Many small appends become few files, and an index made for far fewer rows is made anew."""
    monkeypatch.setattr(indexing, "INDEX_FROM_ROWS", 300)
    monkeypatch.setattr(indexing, "_STALE_ROWS", 100)
    vectors = np.random.default_rng(0).normal(size=(1_400, 4))
    corpus = Corpus.create(str(tmp_path / "c"), Space("test", 4))
    for start in range(0, 700, 10):
        bulk(corpus, vectors[start : start + 10], start)
    ensure_indices(corpus, keep=timedelta(0))
    assert corpus.videos.stats()["fragment_stats"]["num_fragments"] == 1
    assert [index.name for index in corpus.videos.list_indices() if index.columns == ["text_vector"]] == ["text_vector_700"]
    assert {(state.rows, state.rows_outside) for state in index_states(corpus)} == {(700, 0)}
    bulk(corpus, vectors[700:], 700)
    ensure_indices(corpus, keep=timedelta(0))
    assert [index.name for index in corpus.videos.list_indices() if index.columns == ["text_vector"]] == ["text_vector_1400"]
    assert {(state.rows, state.rows_outside) for state in index_states(corpus)} == {(1_400, 0)}
    assert ensure_indices(corpus) == index_states(corpus)


def test_an_empty_corpus_can_be_indexed_and_searched(tmp_path):
    """Nothing is found in a corpus without videos, and nothing breaks."""
    corpus = stocked(tmp_path / "c", [])
    assert [state.column for state in ensure_indices(corpus)] == ["words"]
    for asked in ({"vector": [1, 0, 0, 0]}, {"words": "x"}, {"vector": [1, 0, 0, 0], "words": "x"}):
        assert search(corpus, **asked).height == 0
