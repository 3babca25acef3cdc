"""A corpus and a pool as feeds: what is shown, that it is the same again, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.browse import main as browse
from agent.rate import main as rate
from agent.sweep import main as sweep
from agent.trace.reader import find_sessions
from environments.base import Stimulus, check_environment
from environments.clips import feed_fingerprint
from environments.corpus.feed import chosen_pictures
from environments.corpus.pool import Pool, write_pool
from environments.corpus.schema import LOADINGS, VideoRow
from environments.corpus.store import Corpus
from environments.feeds import check_playable, load_feed, open_feed
from environments.request import FeedRequest, open_environment
from personas.errors import CorpusError, EnvironmentFailed, FeedError
from tests.agent.driving import of
from tests.environments.corpus.pooling import SPACE, catalogue_corpus, jpeg, make, pictures, row
from tests.environments.recorded.sessions import watch


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue as a corpus, every clip with four pictures and no video file."""
    folder = tmp_path_factory.mktemp("feeds") / "corpus"
    catalogue_corpus(folder)
    return folder


@pytest.fixture
def pool(catalogue: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a pool of the first nine clips of the catalogue, or another, and gives its path."""

    def write(**more: object) -> Path:
        names = [item.id for item in load_feed("catalogue").items[:9]]
        given = {"strata": {"HE+": tuple(names[:5]), "none": tuple(names[5:])}} | more
        write_pool(Pool("", **given), tmp_path / "pool.toml", corpus=str(catalogue))  # type: ignore[arg-type]
        return tmp_path / "pool.toml"

    return write


def shown_by(*arguments: object, **options: object) -> list[Stimulus]:
    return asyncio.run(watch(open_feed(*map(str, arguments), **options)))[0]  # type: ignore[arg-type]


# A corpus


@pytest.mark.parametrize("policy", ["balanced", "shuffled", "adaptive"])
@pytest.mark.parametrize("first_moment", [False, True])
def test_a_corpus_keeps_the_contract_of_feeds(catalogue: Path, policy: str, first_moment: bool) -> None:
    """In each order, to the end of the feed, and resumed."""
    make_env = lambda: open_feed(str(catalogue), policy=policy, seed=3, videos=5, first_moment=first_moment)  # noqa: E731
    report = asyncio.run(check_environment(make_env))
    assert report.ok, report
    assert report.ended


def test_a_corpus_shows_what_the_feed_it_was_made_of_shows(catalogue: Path) -> None:
    """The same clips in the same order with the same words and labels as `--feed catalogue`; the pictures are the stored ones."""
    stored = {item.id: item for item in load_feed(str(catalogue)).items}
    for item in load_feed("catalogue").items:
        kept = stored[item.id]
        assert (kept.text, kept.duration_s, kept.source, kept.topic, kept.stratum) == (
            item.text,
            item.duration_s,
            "catalogue",
            item.topic,
            item.stratum,
        )
        assert kept.labels == {value: loading for value, loading in (item.labels or {}).items() if loading}
        assert (kept.cluster is None) == (item.cluster is None)
    twins = {item.cluster for item in load_feed("catalogue").items if item.cluster}
    assert len({item.cluster for item in stored.values() if item.cluster}) == len(twins)
    shown = shown_by(catalogue, videos=4, frames=2)
    for stimulus in shown:
        hashes = [name for name, _ in stored[stimulus.id].stored]
        assert [frame.sha256 for frame in stimulus.frames] == [hashes[1], hashes[3]]


def test_pictures_are_those_nearest_to_the_moments() -> None:
    """Each used once, in order of time; all where there are no more; with a first moment the first stored picture, or none."""
    stored = [(f"p{t}", t) for t in (0, 1, 2, 8, 9.5)]

    def chosen(frames: int, first_moment: bool = False) -> str:
        return " ".join(name for name, _ in chosen_pictures(stored[::-1], 10.0, frames, first_moment))

    assert chosen(1) in {"p2", "p8"}
    assert chosen(2) == "p2 p8"
    assert chosen(3) == "p1 p2 p8"
    assert chosen(9) == "p0 p1 p2 p8 p9.5"
    assert chosen(3, first_moment=True) == "p0 p2 p8"
    assert chosen_pictures(stored[1:], 10.0, 2, True) == ()
    assert chosen_pictures([], 10.0, 2, False) == ()


def test_the_fingerprint_covers_what_is_shown(tmp_path: Path) -> None:
    """Other pictures, words, labels or clusters are another feed; where a file lies, vectors and the order of adding change nothing."""
    frames, jpegs = pictures(1, 10.0)
    other, more = pictures(2, 10.0)
    first = row("a", frames=frames, caption="one", near_duplicate="a")
    rows = [first, row("b", frames=other, near_duplicate="a")]

    def fingerprint(name: str, *videos: VideoRow) -> str:
        make(tmp_path / name, videos, jpegs | more)
        found = open_feed(str(tmp_path / name))
        assert found.fingerprint == feed_fingerprint(load_feed(str(tmp_path / name)).items)
        return str(found.fingerprint)

    known = fingerprint("first", *rows)
    assert fingerprint("again", *rows[::-1]) == known
    assert fingerprint("moved", replace(first, path="/elsewhere/a.mp4", text_vector=[1.0, 0, 0, 0]), rows[1]) == known
    changed = [
        {"frames": frames[:3]},
        {"frames": other},
        {"caption": "two"},
        {"transcript": "two"},
        {"duration_s": 11.0},
        {"loadings": first.loadings | {"HE": 1.0}},
        {"near_duplicate": None},
        {"topic": "food"},
    ]
    prints = {fingerprint(f"changed{n}", replace(first, **change), rows[1]) for n, change in enumerate(changed)}  # type: ignore[arg-type]
    assert len(prints | {known}) == len(changed) + 1


def test_twins_and_near_duplicates_are_one_cluster(tmp_path: Path) -> None:
    """A video that is a near-duplicate of one twin is in the cluster of both; one that stands alone is in none."""
    frames, jpegs = pictures(1, 10.0)
    rows = [
        row("x", frames=frames, twins="pair"),
        row("y", frames=frames, twins="pair", near_duplicate="m"),
        row("m", frames=frames, near_duplicate="m"),
        row("alone", frames=frames, twins="nobody"),
    ]
    make(tmp_path / "c", rows, jpegs)
    found = {item.id: item.cluster for item in load_feed(str(tmp_path / "c")).items}
    assert found == {"x": "m", "y": "m", "m": "m", "alone": None}


def test_a_video_with_an_unknown_loading_has_no_labels(tmp_path: Path) -> None:
    """What judges could not settle is not a loading of 0, and a respondent that answers from labels is told."""
    frames, jpegs = pictures(1, 10.0)
    partial = {value: 0.5 for value in LOADINGS if value != "UN"} | {"UN": None}
    make(tmp_path / "c", [row("a", frames=frames, loadings=partial), row("b", frames=frames, loadings={"HE": -0.5})], jpegs)
    items = {item.id: item for item in load_feed(str(tmp_path / "c")).items}
    assert items["a"].labels is None
    assert (items["b"].labels, items["b"].stratum) == ({"HE": -0.5}, "HE-")
    with pytest.raises(FeedError, match=r"for all but 1 of its items.*label them, or draw a pool of labelled ones"):
        open_feed(str(tmp_path / "c"), labels_required=True)


def test_pictures_that_are_gone_or_damaged_are_named(tmp_path: Path) -> None:
    """A video without its pictures is a problem of the feed, not its end; a database that fails ends it."""
    frames, jpegs = pictures(1, 10.0)
    other, more = pictures(2, 10.0)
    third, most = pictures(3, 10.0)
    rows = [row("a", frames=frames), row("b", frames=other), row("c"), row("d", frames=third)]
    corpus = make(tmp_path / "c", rows, jpegs | more | most)
    table = corpus._database.open_table("frames")
    table.delete(f"sha256 = '{other[1].sha256}'")
    table.update(where=f"sha256 = '{third[2].sha256}'", values={"jpeg": jpeg(99)})
    feed = open_feed(str(tmp_path / "c"), frames=3)
    shown, _ = asyncio.run(watch(feed))
    assert [stimulus.id for stimulus in shown] == ["a"]
    assert {problem.name: problem.reason for problem in feed.problems}["c"] == "no picture of it is stored"
    assert any(problem.name == "b" and "is missing" in problem.reason for problem in feed.problems)
    assert any(problem.name == "d" and "is damaged" in problem.reason for problem in feed.problems)
    for file in (tmp_path / "c" / "frames.lance" / "data").iterdir():
        file.write_bytes(b"")
    with pytest.raises(EnvironmentFailed, match="cannot be read"):
        asyncio.run(watch(open_feed(str(tmp_path / "c"))))


def test_more_pictures_than_are_stored_are_refused(catalogue: Path, tmp_path: Path) -> None:
    """As is a first moment that no video has, and a corpus without any picture: one line each."""
    with pytest.raises(FeedError, match="at most 4 of a video are stored"):
        open_feed(str(catalogue), frames=5)
    frames, jpegs = pictures(1, 10.0)
    make(tmp_path / "late", [row("a", frames=frames[1:])], jpegs)
    with pytest.raises(FeedError, match="first moment"):
        open_feed(str(tmp_path / "late"), frames=2, first_moment=True)
    make(tmp_path / "bare", [row("a")])
    with pytest.raises(FeedError, match="stored picture"):
        open_feed(str(tmp_path / "bare"))


def test_places_that_are_no_corpus(tmp_path: Path) -> None:
    """An empty corpus, a broken one, a folder of videos with a name in .toml, and a pool that is not there."""
    make(tmp_path / "empty", [])
    with pytest.raises(FeedError, match="has no videos"):
        open_feed(str(tmp_path / "empty"))
    (tmp_path / "broken" / "videos.lance").mkdir(parents=True)
    with pytest.raises(CorpusError):
        open_feed(str(tmp_path / "broken"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(FeedError, match="has no videos"):
        open_feed(str(tmp_path / "folder.toml"))
    with pytest.raises(FeedError, match="cannot be read"):
        open_feed(str(tmp_path / "nothing.toml"))


def test_a_page_needs_the_video_files(
    catalogue: Path, tmp_path: Path, pool: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any the browser and the raters' page are refused in one line; with files the items give them, relative ones too."""
    for spec in (str(catalogue), str(pool())):
        with pytest.raises(FeedError, match="keeps no video files"):
            check_playable(spec, load_feed(spec))
        with pytest.raises(FeedError, match="keeps no video files"):
            open_environment("browser", FeedRequest(spec))
    assert rate(["--rater", "ana", "--feed", str(catalogue), "--runs", str(tmp_path / "runs")]) == 2
    assert "keeps no video files" in capsys.readouterr().err
    frames, jpegs = pictures(1, 10.0)
    kept = [row("a", frames=frames, path="media/a.mp4"), row("b", frames=frames, path="/elsewhere/b.mp4"), row("c", frames=frames)]
    make(tmp_path / "c", kept, jpegs)
    loaded = load_feed(str(tmp_path / "c"))
    check_playable("c", loaded)
    a, b, c = loaded.items
    assert (a.locate(), b.locate()) == (tmp_path / "c" / "media" / "a.mp4", Path("/elsewhere/b.mp4"))
    with pytest.raises(FeedError, match="only pictures"):
        c.locate()


def test_a_large_corpus_opens_quickly(tmp_path: Path) -> None:
    """10,000 rows with words, labels and near-duplicates take a fifth of what 50,000 may, 2 s, of processor time."""
    corpus = Corpus.create(str(tmp_path / "c"), SPACE)
    frames, jpegs = pictures(1, 10.0)
    more = {"transcript": "words " * 20, "frames": frames}
    some = [row(f"v{n:05d}", caption=f"caption {n} of a video about food", loadings={"HE": n % 3 / 2 - 0.5}, **more) for n in range(10_000)]
    corpus.add([replace(each, near_duplicate="v00000" if n < 100 else None) for n, each in enumerate(some)], jpegs)
    took = []
    for _ in range(3):
        begun = time.process_time()
        feed = open_feed(str(tmp_path / "c"), videos=60)
        took.append(time.process_time() - begun)
    assert feed.total == 60
    assert min(took) < 0.4, took


# A pool


def test_a_pool_shows_its_videos_and_no_other(pool: Callable[..., Path]) -> None:
    """In the strata of the pool, with the labels of the corpus; it keeps the contract of feeds."""
    path = pool()
    shown = shown_by(path)
    assert len(shown) == 9
    assert {stimulus.stratum for stimulus in shown} == {"HE+", "none"}
    assert any(stimulus.labels for stimulus in shown)
    assert all(stimulus.labels_source == "test" for stimulus in shown)
    report = asyncio.run(check_environment(lambda: open_feed(str(path), seed=2, first_moment=True)))
    assert report.ok, report


def test_a_pool_without_labels_shows_none(pool: Callable[..., Path]) -> None:
    """labels = "none" is for judges: no stimulus carries a label."""
    assert all(stimulus.labels is None and stimulus.labels_source is None for stimulus in shown_by(pool(labels="none")))


def test_a_pool_of_texts_shows_them_in_place_of_the_videos(pool: Callable[..., Path]) -> None:
    """No picture, no author, no sound: the text is the caption, and all there is; it keeps the contract of feeds."""
    names = [item.id for item in load_feed("catalogue").items[:3]]
    path = pool(strata={"none": tuple(names)}, show="text", texts={name: f"a description of {name}" for name in names})
    for stimulus in shown_by(path):
        assert stimulus.frames == ()
        assert stimulus.text.caption == f"a description of {stimulus.id}"
        assert (stimulus.text.author, stimulus.text.sound, stimulus.text.hashtags) == ("", "", ())
    report = asyncio.run(check_environment(lambda: open_feed(str(path), frames=9, first_moment=True)))
    assert report.ok, report
    before = open_feed(str(path)).fingerprint
    texts = {name: f"another description of {name}" for name in names}
    assert open_feed(str(pool(strata={"none": tuple(names)}, show="text", texts=texts))).fingerprint != before


def test_an_item_in_several_strata_is_shown_in_that_of_its_largest_loading(tmp_path: Path) -> None:
    """And in the first that the pool names where labels do not tell."""
    frames, jpegs = pictures(1, 10.0)
    make(tmp_path / "c", [row("a", frames=frames, loadings={"HE": 0.5, "PO": -1.0})], jpegs)
    for labels, stratum in (("corpus", "PO-"), ("none", "HE+")):
        strata = {"HE+": ("a",), "PO-": ("a",)}
        write_pool(Pool("c", strata, labels=labels), tmp_path / "pool.toml")  # type: ignore[arg-type]
        (item,) = load_feed(str(tmp_path / "pool.toml")).items
        assert item.stratum == stratum


def test_videos_that_the_corpus_does_not_have_are_named(pool: Callable[..., Path]) -> None:
    """In one line, a few of them, however hostile their names; quotes in an id are an id's."""
    strangers = tuple(f"') OR true -- {n}\n" for n in range(2500))
    for some, said in ((strangers[:1], "a video that is not"), (strangers[:2], "2 videos that are not"), (strangers, "2500 videos")):
        with pytest.raises(FeedError) as caught:
            load_feed(str(pool(strata={"none": some})))
        assert said in str(caught.value)
        assert "OR true" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500


def test_a_pool_can_be_moved_with_its_corpus(catalogue: Path, tmp_path: Path) -> None:
    """The corpus is found from the file, wherever it is opened from."""
    frames, jpegs = pictures(1, 10.0)
    make(tmp_path / "old" / "corpus", [row("a", frames=frames)], jpegs)
    write_pool(Pool("", {"none": ("a",)}), tmp_path / "old" / "pools" / "pool.toml", corpus=str(tmp_path / "old" / "corpus"))
    (tmp_path / "old").rename(tmp_path / "new")
    assert [item.id for item in load_feed(str(tmp_path / "new" / "pools" / "pool.toml")).items] == ["a"]


# Sessions


def test_sessions_over_a_corpus_and_a_pool(
    catalogue: Path, tmp_path: Path, pool: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """`agent.browse` shows them, and keeps the feed as it was typed; with a pool that has changed a session is not carried on."""
    common = ["--model", "planted/persona", "--persona", "hedonist", "--json", "--quiet", "--videos", "4", "--runs"]
    for feed in (catalogue, pool()):
        assert browse([*common, str(tmp_path / "runs" / feed.name), "--feed", str(feed), "--session", "mine"]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (told["status"], told["steps"]) == ("complete", 4)
        record = json.loads((Path(told["path"]) / "session.json").read_text())
        assert record["spec"]["feed"] == str(feed)
        assert record["feed_fingerprint"] == open_feed(str(feed)).fingerprint
        assert all(len(event["frames"]) == 3 for event in of(Path(told["path"]), "stimulus"))
    pool(strata={"none": tuple(item.id for item in load_feed("catalogue").items[:8])})
    assert browse([*common, str(tmp_path / "runs" / "pool.toml"), "--feed", str(tmp_path / "pool.toml"), "--session", "mine"]) == 2
    assert "the feed has changed" in capsys.readouterr().err


def test_a_sweep_over_a_pool(catalogue: Path, tmp_path: Path, pool: Callable[..., Path]) -> None:
    """Worker processes open the corpus each for themselves; the pool is found beside the experiment."""
    pool()
    common = 'name = "pools"\n[common]\nfeed = "pool.toml"\nvideos = 3\nmodel = "planted/persona"\n'
    (tmp_path / "experiment.toml").write_text(f'{common}[[cross]]\npersona = ["default", "hedonist"]\nseed = [1, 2]\n')
    arguments = [str(tmp_path / "experiment.toml"), "--runs", str(tmp_path / "runs"), "--no-report", "--quiet", "--workers", "2"]
    assert sweep(arguments) == 0
    sessions = list(find_sessions(tmp_path / "runs" / "pools"))
    assert len(sessions) == 4
    assert all(session.status() == "complete" for session in sessions)
