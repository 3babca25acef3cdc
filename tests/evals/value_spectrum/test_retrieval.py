"""Retrieval by keyword: the nearest images, and what is reported about each value's set."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from environments.corpus.pool import read_pool
from environments.corpus.schema import Space, VideoRow
from environments.corpus.store import Corpus
from environments.embedders import make_embedder
from environments.feeds import load_feed
from evals.value_spectrum.retrieval import Retrieved, load_keywords, retrieve
from evals.value_spectrum.retrieval_command import add_options, run
from evals.values.intervals import wilson_interval
from personas.errors import CorpusError, UserError
from personas.schwartz import VALUES

ZERO = dict.fromkeys(VALUES, 0.0)


class Compass:
    """An embedder whose words are directions in the plane, in degrees; other words it does not know."""

    name = "compass"
    dim = 2

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        rows = [(math.cos(math.radians(int(text))), math.sin(math.radians(int(text)))) if text.isdigit() else (0, 0) for text in texts]
        return np.asarray(rows, dtype=np.float32)


def video(name: str, degrees: float, **more: object) -> VideoRow:
    vector = [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]
    content = hashlib.sha256(name.encode()).hexdigest()
    return VideoRow(**{"id": name, "content": content, "image_vector": vector, "text_vector": [1.0, 0.0], "labels_source": "test"} | more)  # type: ignore[arg-type]


@pytest.fixture
def ring(tmp_path: Path) -> Corpus:
    """Eight images in a ring: three of Hedonism near 0°, two of Power near 90°, two unlabelled near 180°, one free of values at 270°."""
    corpus = Corpus.create(str(tmp_path / "ring"), Space("compass", 2), Space("compass", 2))
    rows = [
        video("h0", 0, loadings=ZERO | {"HE": 1.0}, near_duplicate="h0"),
        video("h4", 4, loadings=ZERO | {"HE": 0.5, "PO": 0.5}, near_duplicate="h0"),
        video("n9", 9, loadings=ZERO | {"HE": -0.5}),
        video("p90", 90, loadings=ZERO | {"PO": 1.0}),
        video("p94", 94, loadings=ZERO | {"PO": 1.0}),
        video("u180", 180),
        video("u184", 184),
        video("z270", 270, loadings=ZERO),
    ]
    corpus.add(rows, {})
    return corpus


KEYWORDS = {"HE": ("1", "11", "palabra"), "PO": ("91", "45"), "UN": ("181",)}


@pytest.fixture
def found(ring: Corpus) -> Retrieved:
    return retrieve(ring, KEYWORDS, Compass(), per_keyword=2)


def test_each_keyword_finds_the_nearest_images(found: Retrieved) -> None:
    """In order of cosine distance, as many as asked for, in the image space; a word that the embedder does not know finds nothing."""
    hits = {(hit.value, hit.keyword): [] for hit in found.hits}
    for hit in found.hits:
        hits[hit.value, hit.keyword].append((hit.rank, hit.id))
    assert hits == {
        ("HE", "1"): [(1, "h0"), (2, "h4")],
        ("HE", "11"): [(1, "n9"), (2, "h4")],
        ("PO", "91"): [(1, "p90"), (2, "p94")],
        ("PO", "45"): [(1, "n9"), (2, "h4")],
        ("UN", "181"): [(1, "u180"), (2, "u184")],
    }
    assert found.space == "image"
    assert found.hits[0].distance == pytest.approx(1 - math.cos(math.radians(1)), abs=1e-6)
    assert [each.keyword for each in found.empty_keywords] == ["palabra"]
    words = {each.keyword: each for each in found.keywords}
    assert (words["1"].found, words["1"].alone) == (2, 1)
    assert words["11"].farthest == pytest.approx(1 - math.cos(math.radians(7)), abs=1e-6)
    assert words["palabra"].nearest is None


def test_what_a_set_is_worth_is_reported(found: Retrieved) -> None:
    """Precision by the labels with its interval, lift over the corpus, near-duplicates as one; null where nothing is labelled."""
    of = {each.value: each for each in found.values}
    assert (of["HE"].images, of["HE"].clusters, of["HE"].hits, of["HE"].labelled, of["HE"].promoting) == (3, 2, 4, 3, 2)
    assert of["HE"].precision == wilson_interval(2, 3)
    assert of["HE"].base == pytest.approx(2 / 6)
    assert of["HE"].lift == pytest.approx(2)
    assert of["HE"].mean_loading == pytest.approx(1 / 3)
    assert (of["PO"].images, of["PO"].promoting) == (4, 3)
    assert (of["UN"].labelled, of["UN"].precision, of["UN"].lift, of["UN"].mean_loading) == (0, None, None, None)


def test_overlap_between_values_is_reported(found: Retrieved) -> None:
    """Jaccard's index of each pair of sets, and how many images stand for more than one value."""
    assert found.jaccard == {("HE", "PO"): pytest.approx(2 / 5), ("HE", "UN"): 0.0, ("PO", "UN"): 0.0}
    assert (found.images, found.shared) == (7, 2)


def test_the_pool_has_the_values_as_strata(found: Retrieved) -> None:
    """An image that was found for two values stands in both."""
    pool = found.pool("corpus")
    assert pool.strata == {"HE+": ("h0", "h4", "n9"), "PO+": ("h4", "n9", "p90", "p94"), "UN+": ("u180", "u184")}
    assert pool.per_keyword == 2


def test_far_images_and_filtered_ones_are_left_out(ring: Corpus) -> None:
    """`within` bounds the distance, `where` the videos; a keyword may then find fewer images, or none."""
    near = retrieve(ring, {"HE": ("1", "45")}, Compass(), per_keyword=3, within=0.005)
    assert [(each.keyword, each.found) for each in near.keywords] == [("1", 2), ("45", 0)]
    other = retrieve(ring, {"HE": ("1",)}, Compass(), per_keyword=2, where="id <> 'h0'")
    assert [hit.id for hit in other.hits] == ["h4", "n9"]
    assert other.values[0].base == pytest.approx(1 / 5)


@pytest.mark.parametrize("wrong", [{"per_keyword": 0}, {"within": 0.0}, {"within": 3.0}, {"where": "nonsense ("}])
def test_what_cannot_be_asked_is_refused(ring: Corpus, wrong: dict[str, object]) -> None:
    """One line each."""
    with pytest.raises(UserError):
        retrieve(ring, KEYWORDS, Compass(), **wrong)  # type: ignore[arg-type]


def test_the_keywords_of_the_project() -> None:
    """Ten different ones for each of the ten values, in circular order; none names its value."""
    keywords = load_keywords()
    assert list(keywords) == list(VALUES)
    assert {len(words) for words in keywords.values()} == {10}
    assert len({word for words in keywords.values() for word in words}) == 100
    names = ("hedonism", "achievement", "power", "security", "conformity", "tradition", "benevolence", "universalism", "stimulation")
    assert not [word for words in keywords.values() for word in words if word.lower() in names]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HE = [", "not a TOML file"),
        ("a = " + "[" * 5000, "not a TOML file"),
        ("", "there are none"),
        ("XY = ['a']", "'XY' is no value code"),
        ("HE = []", "HE"),
        ("HE = 'dancing'", "HE"),
        ("HE = ['']", "HE.0"),
    ],
)
def test_keywords_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """With the file's name and what is wrong."""
    (tmp_path / "keywords.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        load_keywords(tmp_path / "keywords.toml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="cannot be read"):
        load_keywords(tmp_path / "nothing.toml")


def test_own_keywords_are_taken_once_each(tmp_path: Path) -> None:
    """Repeats and blanks around words go; values may be left out."""
    (tmp_path / "keywords.toml").write_text("PO = ['gold', ' gold ', 'boss']\nHE = ['cake']\n")
    assert load_keywords(tmp_path / "keywords.toml") == {"HE": ("cake",), "PO": ("gold", "boss")}


# The command


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The words of the catalogue with their design labels, in the space of the embedder that comes with the package."""
    folder = tmp_path_factory.mktemp("retrieval") / "corpus"
    embedder = make_embedder("wordllama")
    items = load_feed("catalogue").items
    vectors = embedder.embed_texts([item.text.caption for item in items])
    corpus = Corpus.create(str(folder), Space(embedder.name, embedder.dim))
    rows = [
        VideoRow(
            id=item.id,
            content=hashlib.sha256(item.id.encode()).hexdigest(),
            caption=item.text.caption,
            text_vector=vector,
            twins=item.cluster,
            loadings=ZERO | dict(item.labels or {}),
            labels_source="design",
        )
        for item, vector in zip(items, vectors, strict=True)
    ]
    corpus.add(rows, {})
    return folder


def command(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return run(parser.parse_args([str(each) for each in arguments]))


def test_the_command_on_the_catalogue(catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sets carry their values more often than the corpus does; the pool holds them; the table says it is text → text."""
    assert command("--corpus", catalogue, "--json", "--out", tmp_path / "pool.toml") == 0
    told = json.loads(capsys.readouterr().out)
    pool = read_pool(tmp_path / "pool.toml")
    assert told["space"] == "text"
    assert [each["value"] for each in told["values"]] == list(VALUES)
    for each in told["values"]:
        assert each["images"] == len(pool.strata[f"{each['value']}+"]) <= 50
        assert each["labelled"] == each["images"]
    assert len(told["jaccard"]) == 45
    assert sum(each["lift"] for each in told["values"]) / 10 > 1.5
    assert len(told["hits"]) == 500
    assert command("--corpus", catalogue, "--verbose", "--out", tmp_path / "again.toml") == 0
    printed = capsys.readouterr().out
    assert "text → text" in printed
    assert printed.count("dancing at a party for fun") == 1
    assert (tmp_path / "again.toml").read_text() == (tmp_path / "pool.toml").read_text()


def test_the_command_says_what_is_wrong(catalogue: Path, tmp_path: Path) -> None:
    """No corpus, and nothing found: one line, and no pool is written."""
    with pytest.raises(CorpusError, match="is no corpus"):
        command("--corpus", tmp_path, "--out", tmp_path / "pool.toml")
    with pytest.raises(CorpusError, match="no keyword found anything"):
        command("--corpus", catalogue, "--where", "id = 'nobody'", "--out", tmp_path / "pool.toml")
    assert not (tmp_path / "pool.toml").exists()
