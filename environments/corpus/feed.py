"""A corpus as a feed: its videos with the pictures that are stored with them, their words, labels and clusters."""

from __future__ import annotations

import gc
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from environments.base import Frame, StimulusText
from environments.clips import FeedItem, LoadedFeed, Pictures
from environments.corpus.clusters import joined
from environments.corpus.schema import COUNTS
from environments.corpus.strata import leading_stratum
from environments.moments import moments
from personas.errors import CorpusError, EnvironmentFailed, FeedError
from personas.one_line import one_line
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["chosen_pictures", "clusters_of", "feed_items", "load", "open_corpus", "stored_pictures"]

_COLUMNS = (
    *("id", "platform", "caption", "author", "sound", "topic", "transcript"),
    *("hashtags", "duration_s", *COUNTS, "source", "path", "frames", "stratum", "labels_source"),
    *VALUES,
)
_BEGINNING_S = 0.1  # a picture later than this does not show the first moment of its video
_MAX_PIXELS = 64_000_000
_NAMED_AT_ONCE = 2_000  # beyond this it is quicker to read all rows than to look them up


def load(argument: str, cache_dir: Path) -> LoadedFeed:
    """The feed of the corpus at `argument`, a folder or the URL of an object store. Raises CorpusError, FeedError."""
    corpus = open_corpus(argument)
    items = feed_items(corpus)
    if not items:
        raise FeedError(f"the corpus {one_line(argument)!r} has no videos; add some with `python -m environments.corpus add`")
    return LoadedFeed(items, pictures=lambda frames, first_moment: stored_pictures(corpus, items, frames, first_moment))


def open_corpus(uri: str) -> Corpus:
    """The corpus. Raises CorpusError, FeedError where LanceDB is not installed."""
    try:
        from environments.corpus.store import Corpus  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise FeedError(f"a corpus needs an extra ({error.name} is missing): pip install 'axiofeed[corpus]'") from error
    return Corpus.open(uri)


def feed_items(corpus: Corpus, ids: Sequence[str] | None = None, *, labels: bool = True) -> tuple[FeedItem, ...]:
    """The videos, sorted by id; only those in `ids`, where given, as far as the corpus has them. Without `labels` none are taken
    over, nor what else the videos around them decide, clusters: what is shown to judges stays the same feed while a corpus grows.

    A loading of 0 is not among an item's labels; a video of which one loading is not known has none.
    """
    if ids is not None and len(ids) <= _NAMED_AT_ONCE:
        from environments.corpus.sql import in_list  # noqa: PLC0415

        rows = corpus.table(_COLUMNS, where=in_list("id", sorted(set(ids)))) if ids else corpus.table(_COLUMNS, where="false")
    else:
        rows = corpus.table(_COLUMNS)
    if ids is not None and len(ids) > _NAMED_AT_ONCE:
        rows = rows.filter(pl.col("id").is_in(list(ids)))
    clusters = clusters_of(corpus) if labels else {}
    collects = gc.isenabled()
    gc.disable()  # so many new objects set off collections that find nothing, for half as long again
    try:
        return tuple(_items(rows, corpus, clusters, labels))
    finally:
        if collects:
            gc.enable()


def clusters_of(corpus: Corpus) -> dict[str, str]:
    """Id → cluster of the videos that have twins or near-duplicates in the corpus: the smallest id of all that are joined by either."""
    rows = corpus.table(["id", "twins", "near_duplicate"], where="twins IS NOT NULL OR near_duplicate IS NOT NULL")
    return joined(rows.iter_rows())


def stored_pictures(corpus: Corpus, items: Iterable[FeedItem], frames: int, first_moment: bool) -> Pictures:
    """What gives an item's stored pictures: at most `frames`, those nearest to the moments of `environments.moments.moments`.

    With `first_moment` the first is that of the beginning, and an item without one gives the reason. Raises FeedError when no item has as
    many pictures, or none has its first moment.
    """
    shown = [item.stored for item in items]
    most = max(map(len, shown), default=0)
    if not most:
        raise FeedError("none of the videos has a stored picture; add them to a corpus again, with pictures")
    if frames > most:
        raise FeedError(f"{frames} frames were asked for, and at most {most} of a video are stored; ask for fewer, or add it with more")
    if first_moment and not any(each and each[0][1] <= _BEGINNING_S for each in shown):
        raise FeedError("no video has a stored picture of its first moment; use a protocol that does not begin with a glance")

    def pictures(item: FeedItem) -> tuple[Frame, ...] | str:
        chosen = chosen_pictures(item.stored, item.duration_s, frames, first_moment)
        if not chosen:
            return "no picture of its first moment is stored" if first_moment and item.stored else "no picture of it is stored"
        try:
            jpegs = corpus.jpegs(name for name, _ in chosen)
        except CorpusError as error:
            raise EnvironmentFailed(f"the pictures of {one_line(item.id)!r} cannot be read: {error}") from error
        for name, _ in chosen:
            if fault := _fault(jpegs.get(name), name):
                return f"its picture {one_line(name, 12)} {fault}"
        return tuple(Frame(jpegs[name], name, min(max(t, 0.0), item.duration_s)) for name, t in chosen)

    return pictures


def chosen_pictures(
    stored: Sequence[tuple[str, float]], duration_s: float, frames: int, first_moment: bool
) -> tuple[tuple[str, float], ...]:
    """Those of `stored` (hash, second), in order of time, that lie nearest to the asked moments; all where there are not more.

    With `first_moment` the first stored one, if it is of the beginning, else none at all.
    """
    in_time = sorted(stored, key=lambda each: each[1])
    if not first_moment:
        return _nearest(in_time, [share * duration_s for share in moments(frames)])
    if not in_time or in_time[0][1] > _BEGINNING_S:
        return ()
    return (in_time[0], *_nearest(in_time[1:], [share * duration_s for share in moments(frames, first_moment=True)[1:]]))


def _nearest(stored: Sequence[tuple[str, float]], wanted: Sequence[float]) -> tuple[tuple[str, float], ...]:
    """One picture a moment, each used once, in order, the sum of distances least (dynamic programming over pictures × moments)."""
    if len(stored) <= len(wanted):
        return tuple(stored)
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ()), *((float("inf"), ()) for _ in wanted)]
    for index, (_, t) in enumerate(stored):
        for place in range(min(index + 1, len(wanted)), 0, -1):
            cost, chosen = best[place - 1]
            best[place] = min(best[place], (cost + abs(t - wanted[place - 1]), (*chosen, index)))
    return tuple(stored[index] for index in best[-1][1])


def _fault(jpeg: bytes | None, name: str) -> str:
    """Why a picture cannot be shown; "" for none. It is what its hash says, a JPEG, and of bearable size."""
    from PIL import Image  # noqa: PLC0415 - loads when used

    if jpeg is None:
        return "is missing"
    if hashlib.sha256(jpeg).hexdigest() != name:
        return "is damaged"
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            return "is too large" if image.width * image.height > _MAX_PIXELS else ""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "is no JPEG"


def _items(rows: pl.DataFrame, corpus: Corpus, clusters: Mapping[str, str], labels: bool) -> Iterator[FeedItem]:
    """An item a row. Columns become lists one by one: a large corpus opens several times as fast as row by row."""
    columns = {name: rows[name].to_list() for name in _COLUMNS if name not in {"frames", *VALUES}}
    loadings = zip(*(rows[value].to_list() for value in VALUES), strict=True)
    stored = zip(*(rows["frames"].list.eval(pl.element().struct.field(name)).to_list() for name in ("sha256", "t")), strict=True)
    for index, (values, (hashes, times)) in enumerate(zip(loadings, stored, strict=True)):
        row = {name: column[index] for name, column in columns.items()}
        found = None
        if labels and None not in values:
            found = {value: round(each, 6) for value, each in zip(VALUES, values, strict=True) if each and abs(each) > 1e-6}
        yield _item(row, found, tuple(zip(hashes or (), times or (), strict=True)), corpus, clusters)


def _item(
    row: Mapping[str, Any],
    labels: Mapping[str, float] | None,
    stored: tuple[tuple[str, float], ...],
    corpus: Corpus,
    clusters: Mapping[str, str],
) -> FeedItem:
    name = row["id"]
    return FeedItem(
        id=name,
        locate=partial(_media, corpus, name, row["path"] or ""),
        text=StimulusText(
            caption=row["caption"] or "",
            author=row["author"] or "",
            hashtags=tuple(row["hashtags"] or ()),
            sound=row["sound"] or "",
            counts={count: row[count] for count in COUNTS if row[count] is not None},
            transcript=row["transcript"] or "",
        ),
        duration_s=row["duration_s"] or 0.0,
        source=row["platform"] or row["source"] or "corpus",
        labels=labels,
        labels_source=None if labels is None else row["labels_source"] or "corpus",
        cluster=clusters.get(name),
        stratum=row["stratum"] or (None if labels is None else leading_stratum(labels)),
        topic=row["topic"] or None,
        stored=stored,
        playable=bool(row["path"]),
    )


def _media(corpus: Corpus, name: str, path: str) -> Path:
    """The video's file. Raises FeedError where none is kept, or it lies elsewhere."""
    if not path or (corpus.folder is None and not Path(path).is_absolute()):
        raise FeedError(f"the video file of {one_line(name)!r} is not kept, only pictures of it")
    return (corpus.folder or Path()) / path
