from __future__ import annotations

from datetime import date

from environments.corpus.schema import Space
from environments.corpus.stats import stats_of
from personas.schwartz import VALUES
from tests.environments.corpus.stocking import picture, stocked, video

NONE = dict.fromkeys(VALUES, 0.0)


def test_what_is_counted(tmp_path):
    """Videos by platform, topic, language, month and source; values with topics; duplicates, transcripts, pictures and what is missing."""
    rows = [
        video(1, platform="tiktok", topic="food", posted=date(2026, 3, 1), loadings=NONE | {"HE": 0.5, "PO": -1.0}, transcript="hello"),
        video(2, platform="tiktok", topic="food", posted=date(2026, 3, 31), loadings=NONE | {"HE": 1.0}, twins="a", near_duplicate="v2"),
        video(3, platform="youtube", topic="music", posted=date(2026, 4, 1), loadings=NONE, twins="a", near_duplicate="v2"),
        video(4, language="de", source="folder", licence="CC0", frames=[], text_vector=None, image_vector=[1, 0]),
    ]
    found = stats_of(stocked(tmp_path / "c", rows, Space("clip/x", 2)))
    assert (found.videos, found.seconds, found.frames, found.frame_files) == (4, 40.0, 3, 3)
    assert found.by["platform"] == {"tiktok": 2, "youtube": 1, "": 1}
    assert found.by["topic"] == {"food": 2, "music": 1, "": 1}
    assert found.by["month"] == {"2026-03": 2, "2026-04": 1, "": 1}
    assert (found.by["language"], found.by["source"]) == ({"": 3, "de": 1}, {"": 3, "folder": 1})
    of = {each.value: each for each in found.values}
    assert (of["HE"].promote, of["HE"].promote_topics, of["HE"].oppose) == (2, 1, 0)
    assert (of["PO"].promote, of["PO"].oppose, of["PO"].oppose_topics) == (0, 1, 1)
    assert (found.labelled, found.value_free, found.transcripts) == (3, 1, 1)
    assert (found.near_duplicates, found.near_duplicate_clusters, found.twin_clusters) == (2, 1, 1)
    assert (found.text_space, found.image_space) == ("test (4)", "clip/x (2)")
    assert found.missing["loadings"] == found.missing["posted"] == found.missing["words to embed"] == 1
    assert (found.missing["transcript"], found.missing["image vector"], found.missing["licence"]) == (3, 3, 3)
    assert "caption" not in found.missing


def test_a_shared_picture_is_kept_once(tmp_path):
    """Two videos that show the same picture have two frames, of which one is different."""
    same = video(1).frames
    found = stats_of(stocked(tmp_path / "c", [video(1), video(2, frames=same)]))
    assert (found.frames, found.frame_files) == (2, 1)
    assert picture(1)[0] == same[0].sha256


def test_an_empty_corpus_has_counts_of_zero(tmp_path):
    """All counts of an empty corpus are zero, and nothing is missing."""
    found = stats_of(stocked(tmp_path / "c", []))
    assert (found.videos, found.seconds, found.frames, found.labelled, found.missing) == (0, 0.0, 0, 0, {})
    assert found.by["platform"] == {}


def test_a_value_counts_from_the_threshold_of_pools_on(tmp_path, capsys):
    """A loading below .25 is no promotion and no opposition, .25 itself is; the table says so."""
    from environments.corpus.__main__ import main

    loadings = [{"HE": 0.25, "PO": -0.25}, {"HE": 0.2, "PO": -0.2}]
    made = stocked(tmp_path / "c", [video(number, loadings=NONE | some) for number, some in enumerate(loadings, 1)])
    of = {each.value: each for each in stats_of(made).values}
    assert (of["HE"].promote, of["PO"].oppose) == (1, 1)
    assert main(["stats", made.uri]) == 0
    assert "from a loading of 0.25 or −0.25 on" in capsys.readouterr().out
