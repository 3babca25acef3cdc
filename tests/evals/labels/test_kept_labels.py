"""Labels that users brought survive judges: kept exactly, put back by their source, and not lost to a later batch."""

from __future__ import annotations

import polars as pl
import pytest

from environments.corpus.schema import SDS, Space, VideoRow
from environments.corpus.store import Corpus
from evals.labels.__main__ import main
from evals.labels.corpus_loadings import loadings_of, settle
from evals.labels.kept_labels import keep_labels, put_back
from personas.errors import UserError
from personas.schwartz import VALUES
from tests.evals.labels.test_scores import codes

COLUMNS = ["id", *VALUES, *SDS, "labels_source"]


def brought(folder, sources: list[str]) -> Corpus:
    """A corpus whose videos carry odd numbers as labels, SDs among them, and one value unknown."""
    corpus = Corpus.create(str(folder), Space("none", 2))
    rows = [
        VideoRow(
            id=f"v{n}",
            content=f"{n:064d}",
            text_vector=[1.0, n + 1.0],
            loadings={value: (k - 4.3) / (7.1 + n) for k, value in enumerate(VALUES[:9])},
            loadings_sd={"HE": 0.1 + n / 30},
            labels_source=source,
        )
        for n, source in enumerate(sources)
    ]
    corpus.add(rows, {})
    return corpus


def judged(videos: list[str], *raters: str) -> pl.DataFrame:
    return codes([(video, rater, "judge", 0, {"HE": 2}) for video in videos for rater in raters])


def test_labels_of_any_source_are_kept_and_put_back_exactly(tmp_path, capsys):
    """Judged, or asked about in vain: `loadings --source NAME` gives each source's loadings and SDs back bit for bit, nulls too."""
    corpus = brought(tmp_path / "c", ["table", "table", "recorded", "judges: elsewhere/x", ""])
    before = corpus.table(COLUMNS).sort("id")
    corpus.add_codes(judged(["v0", "v2"], "openai/x"))
    settled = settle(corpus, asked=["v0", "v1", "v2", "v3", "v4"])
    assert settled.without == ("v1", "v3", "v4")
    assert corpus.table(["HE"], where="id = 'v1'")["HE"].to_list() == [None]
    for source in ("table", "recorded", "judges: elsewhere/x", "corpus"):
        assert main(["loadings", str(tmp_path / "c"), "--source", source]) == 0
    assert "2 videos have the loadings they came with again" in capsys.readouterr().out
    after = corpus.table(COLUMNS).sort("id")
    assert after.drop("labels_source").equals(before.drop("labels_source"))
    assert after["labels_source"].to_list() == ["table", "table", "recorded", "judges: elsewhere/x", "corpus"]


def test_kept_once_and_the_newest(tmp_path):
    """Settling again keeps nothing twice; labels of the same source that were changed since take the place of the older ones."""
    corpus = brought(tmp_path / "c", ["table", "table"])
    corpus.add_codes(judged(["v0", "v1"], "openai/x"))
    settle(corpus)
    kept = corpus.codes().height
    put_back(corpus, "table")
    assert keep_labels(corpus, ["v0", "v1"], corpus.codes()) == {"v0", "v1"}
    settle(corpus)
    assert corpus.codes().height == kept
    corpus.set_loadings(pl.DataFrame({"id": ["v1"], "HE": [0.7]}), "table")
    settle(corpus)
    assert put_back(corpus, "table") == 2
    table = corpus.table(["id", "SD", "HE"]).sort("id")
    assert table["HE"].to_list()[1] == pytest.approx(0.7) and table["SD"].to_list()[1] is None
    assert table["SD"].to_list()[0] == pytest.approx(-4.3 / 7.1)
    codes_there = corpus.codes()
    assert not codes_there.select("video", "rater", "kind", "cell", "value").is_duplicated().any()


def test_labels_put_back_stay_when_other_videos_are_judged(tmp_path):
    """What was asked about in vain and put back by its user is not set to nothing by a later batch."""
    corpus = brought(tmp_path / "c", ["table", "table"])
    corpus.add_codes(judged(["v0"], "openai/x"))
    settle(corpus, asked=["v0", "v1"])
    put_back(corpus, "table")
    settle(corpus, asked=["v0", "v1"])
    assert dict(corpus.table(["id", "labels_source"]).iter_rows()) == {"v0": "judges: openai/x", "v1": "table"}


def test_a_source_of_which_nothing_is_kept_is_one_line(tmp_path, capsys):
    """It names the sources that are kept."""
    corpus = brought(tmp_path / "c", ["table"])
    with pytest.raises(UserError, match="once judges"):
        put_back(corpus, "design")
    corpus.add_codes(judged(["v0"], "openai/x"))
    settle(corpus)
    assert main(["loadings", str(tmp_path / "c"), "--source", "tabel"]) == 2
    told = capsys.readouterr().err
    assert "'tabel'" in told and "kept are those of table" in told and told.count("\n") == 1


def test_a_trial_with_a_script_is_no_second_judge(tmp_path, capsys):
    """A model in one step and by way of a script is one judge, whose two ways are averaged first: nobody's loadings go."""
    corpus = brought(tmp_path / "c", ["", "", "", ""])
    every = ["v0", "v1", "v2", "v3"]
    corpus.add_codes(judged(every, "openai/x"))
    settle(corpus, asked=every)
    corpus.add_codes(codes([("v0", "openai/x+script", "judge", 0, {}), ("v0", "openai/x+script", "judge", 1, {})]))
    settled = settle(corpus, asked=every)
    assert settled.least == 1 and settled.without == ()
    assert corpus.table(["id", "HE"]).sort("id")["HE"].to_list() == [0.5, 1.0, 1.0, 1.0]
    assert settled.by_judges == {"openai/x": 3, "openai/x and openai/x+script": 1}
    assert loadings_of(corpus).source == "judges: openai/x and openai/x+script"
    assert main(["loadings", str(tmp_path / "c")]) == 0
    assert "1 rest on 1 judge: openai/x and openai/x+script" in capsys.readouterr().out
    assert settle(corpus, least=2).without == tuple(every)


def test_a_trial_of_another_judge_takes_no_loadings_away(tmp_path):
    """With a second judge two are wanted: of videos that it was not asked about the loadings stay; asked for, --least 2 takes them."""
    corpus = brought(tmp_path / "c", ["", "", ""])
    corpus.add_codes(judged(["v0", "v1", "v2"], "openai/x"))
    settle(corpus, asked=["v0", "v1", "v2"])
    corpus.add_codes(judged(["v0"], "anthropic/y"))
    settled = settle(corpus, asked=["v0", "v1", "v2"])
    assert settled.least == 2 and settled.without == ()
    sources = dict(corpus.table(["id", "labels_source"]).iter_rows())
    assert sources == {"v0": "judges: anthropic/y, openai/x", "v1": "judges: openai/x", "v2": "judges: openai/x"}
    assert settle(corpus, least=2).without == ("v1", "v2")
