"""Balanced pools: what is drawn, that it is drawn by chance, what is said when videos are too few, and hostile pool files."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from environments.corpus.drawing import Candidate, Wanted, draw
from environments.corpus.pool import LARGEST, Pool, read_pool, write_pool
from environments.corpus.pool_command import add_options, run
from environments.corpus.strata import leading_stratum, stratum_names
from environments.feeds import load_feed
from personas.errors import AxiofeedError, CorpusError, FeedError
from personas.schwartz import VALUES
from tests.environments.corpus.pooling import catalogue_corpus, make, row

TOPICS = ("food", "work", "music", "travel", "sport", "home", "city")


def loadings(**given: float) -> tuple[float, ...]:
    return tuple(given.get(value, 0.0) for value in VALUES)


def plain(per_stratum: int = 30, controls: int = 40) -> list[Candidate]:
    """So many videos a value that promote it, a third as many that oppose it, and value-free ones, over seven topics of unequal size."""

    def topic(n: int) -> str:
        return (*TOPICS, "food", "food", "food", "food")[n % 11]

    found = [Candidate(f"{value}-{n}", topic(n), loadings(**{value: 1.0})) for value in VALUES for n in range(per_stratum)]
    found += [Candidate(f"{value}-not-{n}", topic(n), loadings(**{value: -0.5})) for value in VALUES for n in range(per_stratum // 3)]
    return found + [Candidate(f"none-{n}", topic(n), loadings()) for n in range(controls)]


WANTED = Wanted(per_value=10, topics=5, oppose=4, controls=12)


def test_each_stratum_is_as_large_as_asked_and_spread_over_topics() -> None:
    """Ten videos a value over at least five topics, no topic with more than its even share, and the asked opposing and value-free ones."""
    drawn = draw(plain(), WANTED, seed=7)
    assert not drawn.short
    for value in VALUES:
        assert len(drawn.strata[f"{value}+"]) == 10
        assert len(drawn.topics[f"{value}+"]) == 7
        assert max(drawn.topics[f"{value}+"].values()) == 2  # ten over seven topics, though five in eleven videos are of food
        assert len(drawn.strata[f"{value}-"]) == 4
    assert len(drawn.strata["none"]) == 12
    assert len(drawn.ids) == 10 * 14 + 12


def test_a_draw_is_a_function_of_its_seed_and_not_of_the_order_of_the_corpus() -> None:
    """Same seed, same pool, whatever the order of the candidates; another seed, another pool."""
    videos = plain()
    first = draw(videos, WANTED, seed=7)
    assert draw(videos[::-1], WANTED, seed=7) == first
    assert draw(videos, WANTED, seed=8).ids != first.ids


def test_every_video_of_a_topic_is_as_likely_as_the_next() -> None:
    """Over many seeds the videos of one stratum and topic are drawn equally often: no id, and no certainty, is preferred."""
    videos = [Candidate(f"{value}-{n}", "food", loadings(**{value: 1.0}), sd=(n / 10,) * 10) for value in VALUES for n in range(10)]
    wanted = Wanted(per_value=3, topics=1, oppose=0, controls=0)
    counts = Counter(name for seed in range(300) for name in draw(videos, wanted, seed=seed).strata["HE+"])
    expected = 300 * 3 / 10
    assert len(counts) == 10
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 27.9  # chi-square, 9 df, p = .001


def test_a_video_counts_for_every_value_that_it_carries() -> None:
    """A video that promotes two values and opposes a third stands in three strata; one below the least loading in none of them."""
    assert stratum_names(loadings(SD=0.5, HE=0.3, CO=-1.0)) == ("SD+", "HE+", "CO-")
    assert stratum_names(loadings(SD=0.2)) == ("weak",)
    assert stratum_names(loadings()) == ("none",)
    assert leading_stratum({"SD": 0.5, "CO": -1.0}) == "CO-"
    both = [Candidate(f"both-{n}", TOPICS[n % 7], loadings(**dict.fromkeys(VALUES, 0.5))) for n in range(20)]
    drawn = draw(both, Wanted(per_value=10, topics=5, oppose=0, controls=0), seed=1)
    assert len(drawn.ids) == 10
    assert all(len(drawn.strata[f"{value}+"]) == 10 for value in VALUES)


def test_twins_enter_whole_and_near_duplicates_once() -> None:
    """Of a twin pair both are drawn or neither; of five near-duplicates at most one; none that resembles a twin beside it."""
    videos = plain(per_stratum=12, controls=0)
    for value in VALUES:
        for n in range(6):
            videos += [
                Candidate(f"{value}-tw{n}-a", TOPICS[n], loadings(**{value: 1.0}), twins=f"{value}-tw{n}"),
                Candidate(f"{value}-tw{n}-b", TOPICS[n], loadings(), twins=f"{value}-tw{n}"),
            ]
        videos += [Candidate(f"{value}-near-{n}", "home", loadings(**{value: 1.0}), near_duplicate=f"{value}-near-0") for n in range(5)]
    videos.append(Candidate("HE-tw0-copy", "food", loadings(HE=1.0), near_duplicate="HE-tw0-a"))
    videos = [v if v.id != "HE-tw0-a" else Candidate(v.id, v.topic, v.loadings, None, v.twins, "HE-tw0-a") for v in videos]
    chosen = set()
    for seed in range(5):
        drawn = set(draw(videos, Wanted(per_value=14, topics=5, oppose=0, controls=0), seed=seed).ids)
        assert any("-tw" in name for name in drawn)
        for value in VALUES:
            for n in range(6):
                assert (f"{value}-tw{n}-a" in drawn) == (f"{value}-tw{n}-b" in drawn)
            assert sum(f"{value}-near-{n}" in drawn for n in range(5)) <= 1
        assert not {"HE-tw0-a", "HE-tw0-copy"} <= drawn
        chosen |= {name for name in drawn if "-near-" in name}
    assert len({name[-1] for name in chosen}) == 5  # which of them is a matter of chance


def test_a_second_draw_is_of_other_videos_where_there_are_enough() -> None:
    """With twice as many videos as are asked for the two draws are disjoint; with fewer the second says how many it repeats."""
    first, second = (draw(plain(60, 40), WANTED, seed=7, number=number) for number in (1, 2))
    opposing = {name for value in VALUES for name in (*first.strata[f"{value}-"], *second.strata[f"{value}-"])}
    assert len(opposing) == 80  # twenty a value exist
    assert not set(first.ids) & set(second.ids)
    assert second.repeated == 0
    first, second = (draw(plain(15, 12), WANTED, seed=7, number=number) for number in (1, 2))
    assert not second.short
    assert second.repeated == len(set(first.ids) & set(second.ids)) > 0
    assert all(len(second.strata[f"{value}+"]) == 10 for value in VALUES)


def test_what_another_pool_has_is_left_alone_with_its_relatives() -> None:
    """No video of `avoid` is drawn, nor its twin, nor a near-duplicate."""
    videos = [
        *plain(),
        Candidate("twin-a", "food", loadings(HE=1.0), twins="pair"),
        Candidate("twin-b", "food", loadings(), twins="pair", near_duplicate="twin-b"),
        Candidate("copy", "food", loadings(), near_duplicate="twin-b"),
    ]
    avoid = {f"HE-{n}" for n in range(20)} | {"twin-a"}
    drawn = draw(videos, WANTED, seed=7, avoid=avoid)
    assert set(drawn.strata["HE+"]) == {f"HE-{n}" for n in range(20, 30)}
    assert not {"twin-a", "twin-b", "copy"} & set(draw(videos, Wanted(10, 5, 0, 40), seed=7, avoid=avoid).ids)


def test_what_is_short_is_said_with_the_largest_design() -> None:
    """Too few videos, or topics, of a value are named; the largest design is what the scarcest value has; it can be drawn."""
    videos = [each for each in plain() if not (each.id.startswith("PO-") and each.topic not in {"sport", "work"})]
    drawn = draw(videos, WANTED, seed=7)
    have = sum(each.id.startswith("PO-") and "not" not in each.id for each in videos)
    assert [str(each) for each in drawn.short if each.quota.stratum == "PO+"] == [f"PO+ has {have} of 10 over 2 of 5 topics"]
    assert drawn.largest["per_value"] == have
    assert drawn.largest["topics"] == 2
    design = Wanted(min(10, drawn.largest["per_value"]), 2, min(4, drawn.largest["oppose"]), 12)
    assert not draw(videos, design, seed=7).short


def test_videos_of_an_unknown_topic_are_drawn_and_count_as_no_topic() -> None:
    """A corpus that does not know its topics has none to spread over, and says so."""
    videos = [Candidate(f"{value}-{n}", "", loadings(**{value: 1.0})) for value in VALUES for n in range(12)]
    drawn = draw(videos, Wanted(10, 1, 0, 0), seed=1)
    assert len(drawn.strata["HE+"]) == 10
    assert {each.topics for each in drawn.short} == {0}


@pytest.mark.parametrize("given", [(0, 1), (5, 6), (5, 0)])
def test_designs_that_cannot_be_are_refused(given: tuple[int, int]) -> None:
    """No videos, more topics than videos, no topics: one line."""
    with pytest.raises(FeedError):
        Wanted(*given)


# The file


def test_a_pool_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Ids with quotes, backslashes, line ends and every script survive; the corpus's path is relative to the file."""
    names = ('a "b"', "c\\d\n", "\x7f\x01", "видео 😀", "x = [1]")
    pool = Pool("corpus", {"HE+": names, "none": ("a",)}, seed=7, draw=2, least=0.25, where="topic = 'a'", labels="none")
    write_pool(pool, tmp_path / "deep" / "pool.toml", corpus=str(tmp_path / "the corpus"))
    found = read_pool(tmp_path / "deep" / "pool.toml")
    assert found.corpus == "../the corpus"
    assert Path(found.located).resolve() == tmp_path / "the corpus"
    assert (found.strata, found.seed, found.draw, found.least, found.where, found.labels) == (
        pool.strata,
        7,
        2,
        0.25,
        "topic = 'a'",
        "none",
    )
    assert found.ids() == (*names, "a")


def test_a_pool_in_an_object_store_keeps_its_url(tmp_path: Path) -> None:
    """A URL is not taken for a path."""
    write_pool(Pool("s3://bucket/corpus", {"none": ("a",)}), tmp_path / "pool.toml", corpus="s3://bucket/corpus")
    assert read_pool(tmp_path / "pool.toml").located == "s3://bucket/corpus"


GOOD = 'corpus = "c"\n[strata]\nnone = ["a"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("corpus = ", "not a TOML file"),
        (GOOD.replace("none", "x" * 100), "at most 60"),
        ("a = " + "[" * 5000, "not a TOML file"),
        ("[strata]\nnone = ['a']\n", "corpus: Field required"),
        (f"colour = 1\n{GOOD}", "colour is not a field of a pool"),
        (f'labels = "guess"\n{GOOD}', "labels"),
        ('corpus = "c"\n[strata]\nnone = [1]\n', "strata.none.0"),
        ('corpus = "c"\n[strata]\nnone = []\n', "names no video"),
        (f"{GOOD}[texts]\nb = 'x'\n", "text for 'b'"),
        (f"{GOOD}[texts]\na = 'x'\n", 'write show = "text"'),
        (f'show = "text"\n{GOOD}', "[texts]"),
        ('corpus = "\\u0000"\n[strata]\nnone = ["a"]\n', "cannot be a path"),
    ],
)
def test_a_pool_file_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong is said, with the file's name, and no traceback."""
    path = tmp_path / "pool.toml"
    path.write_text(text)
    with pytest.raises(FeedError) as caught:
        read_pool(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file over the limit is refused before it is parsed; so are a folder and nothing at all."""
    with (tmp_path / "pool.toml").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(FeedError, match="larger than"):
        read_pool(tmp_path / "pool.toml")
    for path in (tmp_path, tmp_path / "nothing.toml"):
        with pytest.raises(FeedError, match="cannot be read"):
            read_pool(path)


# The command

Command = Callable[..., int]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pools") / "corpus"
    catalogue_corpus(folder)
    return folder


def command(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return run(parser.parse_args([str(each) for each in arguments]))


DESIGN = ("--per-value", 12, "--topics", 6, "--oppose", 4, "--controls", 20)


def test_the_command_draws_from_the_catalogue(catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pool holds what was asked for, and the table says so, with what it can detect."""
    assert command(catalogue, *DESIGN, "--json", "--out", tmp_path / "pool.toml") == 0
    told = json.loads(capsys.readouterr().out)
    pool = read_pool(tmp_path / "pool.toml")
    assert told["videos"] == len(pool.ids())
    for facts in told["values"]:
        assert facts["promote"] == len(pool.strata[f"{facts['value']}+"]) >= 12
        assert facts["topics"] >= 6
        assert facts["oppose"] == len(pool.strata[f"{facts['value']}-"]) >= 4
        assert 0.5 < facts["d_single"] < facts["d_paired"] < 1
    twins = Counter(item.cluster for item in load_feed("catalogue").items if item.id in pool.ids() and item.cluster)
    assert twins
    assert set(twins.values()) == {2}
    assert command(catalogue, *DESIGN, "--out", tmp_path / "again.toml") == 0
    assert (tmp_path / "again.toml").read_text() == (tmp_path / "pool.toml").read_text()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["value", "promote", "topics", "most", "in", "one", "oppose", "topics", "SD", "d", "single", "d", "paired"]
    assert [line.split()[0] for line in printed[1:11]] == list(VALUES)


def test_a_second_draw_and_another_pool_by_command(catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--draw 2` says what it repeats, and `--not` leaves out a pool's videos altogether."""
    common = ("--per-value", 8, "--topics", 5, "--oppose", 2, "--controls", 10)
    command(catalogue, *common, "--out", tmp_path / "one.toml")
    command(catalogue, *common, "--draw", 2, "--out", tmp_path / "two.toml")
    assert "draw 2: 0 of its videos" in capsys.readouterr().out
    command(catalogue, *common, "--not", tmp_path / "one.toml", "--out", tmp_path / "other.toml")
    one, two, other = (set(read_pool(tmp_path / f"{name}.toml").ids()) for name in ("one", "two", "other"))
    assert not one & two
    assert not one & other


def test_another_pool_is_not_written_over(catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same pool may be drawn again; another one under its name is refused, and so is any other file, unless --replace is given."""
    common = (catalogue, "--per-value", 8, "--topics", 5, "--oppose", 2, "--controls", 10, "--out", tmp_path / "pool.toml")
    assert command(*common) == command(*common) == 0
    first = (tmp_path / "pool.toml").read_bytes()
    with pytest.raises(FeedError, match=r"holds another pool.*another --out.*--replace"):
        command(*common, "--seed", 8)
    assert (tmp_path / "pool.toml").read_bytes() == first
    assert command(*common, "--seed", 8, "--replace") == 0
    assert read_pool(tmp_path / "pool.toml").seed == 8
    with pytest.raises(FeedError, match="choose another --out"):
        command(*common[:-1], tmp_path)


def test_too_few_videos_stop_the_command(catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names what is short and a design that works; `--as-many-as-there-are` draws what there is and says what is missing."""
    common = (catalogue, "--topics", 5, "--out", tmp_path / "pool.toml")
    with pytest.raises(CorpusError) as caught:
        command(*common, "--per-value", 60, "--oppose", 9)
    assert "HE- has" in str(caught.value)
    assert not (tmp_path / "pool.toml").exists()
    suggested = str(caught.value).partition("design there is: ")[2].partition(";")[0].split()
    assert suggested[0] == "--per-value"
    assert command(*common, *suggested) == 0
    assert command(*common, "--per-value", 60, "--oppose", 9, "--as-many-as-there-are", "--replace") == 0
    assert "fewer than asked: " in capsys.readouterr().out


def test_a_corpus_without_labels_is_to_be_labelled_first(tmp_path: Path) -> None:
    """One line says how; an empty filter, a bad one and an empty corpus are told apart."""
    folder = tmp_path / "bare"
    make(folder, [row("a", unlabelled=True), row("b", unlabelled=True)])
    with pytest.raises(CorpusError, match=r"python -m evals\.labels judge"):
        command(folder, "--out", tmp_path / "pool.toml")
    with pytest.raises(CorpusError, match="fits --where"):
        command(folder, "--where", "id = 'c'", "--out", tmp_path / "pool.toml")
    with pytest.raises(AxiofeedError, match="filter"):
        command(folder, "--where", "nonsense (", "--out", tmp_path / "pool.toml")
    make(tmp_path / "empty", [])
    with pytest.raises(CorpusError, match="no videos"):
        command(tmp_path / "empty", "--out", tmp_path / "pool.toml")
