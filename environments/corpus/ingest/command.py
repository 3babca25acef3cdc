"""`python -m environments.corpus add`: its options, and from them to a run."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from personas.errors import CorpusError, StorageFailed
from personas.one_line import one_line
from personas.spreadsheet import harmless_cell

if TYPE_CHECKING:
    from environments.clips import Problem
    from environments.corpus.ingest.adding import AddOptions, Counts
    from environments.corpus.ingest.offers import Notice
    from environments.corpus.store import Corpus
    from environments.embed import Embedder

__all__ = ["EXAMPLE", "add_options", "run"]

ERRORS = "add-errors.csv"
_SHOWN_ERRORS = 20

EXAMPLE = """examples:
  python -m environments.corpus add corpus/ catalogue
  python -m environments.corpus add corpus/ path/to/videos posts.csv --licence "CC BY 4.0"
  python -m environments.corpus add corpus/ https://example.org/clip.mp4 --rate 5
  python -m environments.corpus add corpus/ posts.parquet --transcribe openai/whisper-small

A source is `catalogue`, a folder of videos (with an optional videos.csv), a table (.csv .tsv .jsonl .parquet) whose rows name a file or an
address, the folder of a recorded feed, or an address. Run again after anything: what is there is not read again.
exit codes: 0 something was added or all was there, 1 nothing could be added, 2 bad usage, 130 interrupted. See docs/corpus.md."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `add`."""
    parser.add_argument("corpus", metavar="CORPUS", help="the corpus, made when it is not there")
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="catalogue, a folder, a table, a recorded feed, an address")
    parser.add_argument(
        "--embedder", metavar="NAME", help="wordllama (default), clip/NAME, openai/NAME, … ; that of the corpus once it is made"
    )
    parser.add_argument("--base-url", metavar="URL", help="where a served embedder answers")
    parser.add_argument("--frames", type=_at_least(1), default=4, metavar="N", help="pictures a video, its first included (default 4)")
    parser.add_argument(
        "--transcribe", metavar="MODEL", help="write down what is said where no transcript is given, such as openai/whisper-small"
    )
    parser.add_argument("--limit", type=_at_least(1), metavar="N", help="only N videos of each source, evenly spread over it")
    parser.add_argument("--licence", default="", metavar="TEXT", help="for videos that name none")
    parser.add_argument(
        "--update", action="store_true", help="replace words and counts of videos that are there by what the source says now"
    )
    parser.add_argument("--rate", type=_seconds, default=2.0, metavar="SECONDS", help="least time between two fetches (default 2)")
    parser.add_argument(
        "--keep-media",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep fetched videos in CORPUS/media (default), or only their pictures",
    )
    parser.add_argument("--max-duration", type=_seconds, default=600.0, metavar="S", help="longer videos are left out (default 600)")
    parser.add_argument("--max-megabytes", type=_at_least(1), default=200, metavar="MB", help="larger files are not fetched (default 200)")
    parser.add_argument("--allow-private", action="store_true", help="fetch from addresses of your own network, too")
    parser.add_argument("--allow-outside", action="store_true", help="take in files that a table names outside its own folder, too")
    parser.add_argument("--workers", type=_at_least(1), metavar="N", help="decoding processes (default: all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="the summary for machines")


def run(options: argparse.Namespace) -> int:
    """Add; returns the exit code. Raises AxiofeedError."""
    from environments.corpus.ingest.adding import Counts, add_videos  # noqa: PLC0415 - the database loads when used
    from environments.corpus.ingest.progress import Shown  # noqa: PLC0415
    from environments.corpus.ingest.sources import LimitedSource, open_source, total_of  # noqa: PLC0415

    began = time.monotonic()
    sources = [open_source(typed, outside=options.allow_outside, updating=options.update) for typed in options.sources]
    if options.limit is not None:
        sources = [LimitedSource(source, options.limit) for source in sources]
    total = total_of(sources)
    corpus, embedder = _opened(options)
    transcriber = None
    if options.transcribe is not None:
        from environments.embedding.speech import make_transcriber  # noqa: PLC0415 - an extra

        transcriber = make_transcriber(options.transcribe)
    counts = Counts()
    with Errors(corpus.folder, options.quiet) as errors, Shown(total, options.quiet) as shown:
        counts = add_videos(corpus, sources, _asked(options), embedder, transcriber=transcriber, tell=errors.tell, shown=shown.update)
        shown.update(counts, "indexing")
        _index(corpus)
    _summarise(options, corpus, counts, time.monotonic() - began)
    return 0 if counts.added or counts.already else 1


def _opened(options: argparse.Namespace) -> tuple[Corpus, Embedder]:
    """The corpus and the embedder it was made with; a new one when there is none. Raises CorpusError where another is asked for."""
    from environments.corpus.store import Corpus, Space  # noqa: PLC0415 - the database loads when used
    from environments.embed import ImageEmbedder  # noqa: PLC0415
    from environments.embedders import make_embedder  # noqa: PLC0415

    if is_corpus(options.corpus):
        corpus = Corpus.open(options.corpus)
        name = corpus.text_space.name
        if options.embedder not in (None, name):
            raise CorpusError(
                f"{one_line(options.corpus)} was made with the embedder {name}, and vectors of two embedders cannot be compared; "
                "leave --embedder out, or make another corpus"
            )
        embedder = make_embedder(name, base_url=options.base_url)
        if embedder.dim != corpus.text_space.dim:
            raise CorpusError(f"the embedder {name} now has {embedder.dim} dimensions; the corpus was made with {corpus.text_space.dim}")
        return corpus, embedder
    name = options.embedder or "wordllama"
    embedder = make_embedder(name, base_url=options.base_url)
    space = Space(name, embedder.dim)
    return Corpus.create(options.corpus, space, space if isinstance(embedder, ImageEmbedder) else None), embedder


def is_corpus(uri: str) -> bool:
    """Whether there is a corpus at `uri`. Raises CorpusError where that cannot be told."""
    from environments.corpus.making import connected, place_of, table_names, told  # noqa: PLC0415 - the database loads when used

    folder = place_of(uri)
    if folder is not None:
        return (folder / "videos.lance").is_dir()
    with told(uri):
        return "videos" in table_names(connected(uri))


def _asked(options: argparse.Namespace) -> AddOptions:
    from environments.corpus.ingest.adding import AddOptions  # noqa: PLC0415
    from environments.corpus.ingest.decoders import cores  # noqa: PLC0415
    from environments.corpus.ingest.fetching import FetchLimits  # noqa: PLC0415

    limits = FetchLimits(
        rate_s=options.rate,
        max_bytes=options.max_megabytes * 2**20,
        max_duration_s=options.max_duration,
        private=options.allow_private,
    )
    return AddOptions(
        frames=options.frames,
        workers=options.workers or cores(),
        licence=options.licence,
        update=options.update,
        keep_media=options.keep_media,
        limits=limits,
    )


def _index(corpus: Corpus) -> None:
    from environments.corpus.indexing import ensure_indices  # noqa: PLC0415

    ensure_indices(corpus)


class Errors:
    """What failed, and why: the first on the terminal, all in `folder`/add-errors.csv, or on the terminal where there is no folder."""

    def __init__(self, folder: Path | None, quiet: bool) -> None:
        self._path = None if folder is None else folder / ERRORS
        self._quiet = quiet
        self._file: TextIO | None = None
        self._count = 0

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)  # of an earlier run
            except OSError as error:
                raise StorageFailed(
                    f"cannot write to the corpus ({error.strerror or error}); check the permissions of its folder"
                ) from error
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None and self._count > _SHOWN_ERRORS:
            sys.stderr.write(f"  … and {self._count - _SHOWN_ERRORS} more in {one_line(str(self._path))}\n")

    def tell(self, said: Problem | Notice) -> None:
        """Take up one problem or notice. Raises StorageFailed when the list cannot be written."""
        from environments.corpus.ingest.offers import Notice  # noqa: PLC0415

        if isinstance(said, Notice):
            if not self._quiet:
                sys.stderr.write(f"note: {one_line(said.text, 400)}\n")
            return
        self._count += 1
        if self._path is None or self._count <= _SHOWN_ERRORS:
            sys.stderr.write(f"  {one_line(said.name)}: {one_line(said.reason, 300)}\n")
        if self._path is not None:
            self._listed(self._path, said)

    def _listed(self, path: Path, said: Problem) -> None:
        try:
            if self._file is None:
                self._file = path.open("w", newline="", encoding="utf-8", errors="replace")
                csv.writer(self._file).writerow(["name", "reason"])
            csv.writer(self._file).writerow([harmless_cell(one_line(text, None)) for text in (said.name, said.reason)])
            self._file.flush()
        except OSError as error:
            raise StorageFailed(f"cannot write {one_line(str(path))}: {error.strerror or error}") from error


def _summarise(options: argparse.Namespace, corpus: Corpus, counts: Counts, seconds: float) -> None:
    near = corpus.table(["near_duplicate"], where="near_duplicate IS NOT NULL")
    found = {
        "added": counts.added,
        "already_there": counts.already,
        "updated": counts.updated,
        "failed": counts.failed,
        "videos": len(corpus),
        "near_duplicates": near.height,
        "near_duplicate_clusters": near["near_duplicate"].n_unique(),
        "seconds": round(seconds, 1),
    }
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    speed = f", {counts.added / seconds:.1f} a second" if counts.added and seconds else ""
    sys.stdout.write(f"{counts} in {seconds:.1f} s{speed}\n")
    twice = f", {near.height} of them near-duplicates in {found['near_duplicate_clusters']} clusters" if near.height else ""
    sys.stdout.write(f"{one_line(options.corpus)} has {found['videos']} videos{twice}\n")


def _at_least(least: int) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        if not text.isdigit() or int(text) < least or len(text) > 6:
            raise argparse.ArgumentTypeError(f"give a whole number of at least {least}, not {text!r}")
        return int(text)

    return parsed


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e7:
        raise argparse.ArgumentTypeError(f"give seconds, such as 2, not {text!r}")
    return found
