"""`python -m evals.value_spectrum retrieve`: the images nearest to each value's keywords as a pool, and what they are worth."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evals.value_spectrum.retrieval import Retrieved, ValueFacts

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--corpus", required=True, metavar="CORPUS", help="the corpus: a folder, or the URL of an object store")
    parser.add_argument("--out", type=Path, required=True, metavar="POOL.toml", help="the pool to write, with the values as strata")
    parser.add_argument(
        "--keywords", type=Path, metavar="FILE.toml", help="keywords by value code (default: ten a value, written for this)"
    )
    parser.add_argument("--per-keyword", type=int, default=5, metavar="K", help="nearest images a keyword (default: 5)")
    parser.add_argument("--where", metavar="SQL", help="only videos for which this is true, such as \"platform = 'tiktok'\"")
    parser.add_argument("--within", type=float, metavar="D", help="no image farther than this cosine distance, 0 to 2 (default: any)")
    parser.add_argument("--base-url", metavar="URL", help="where the corpus's embedder is served, if it is one of a server")
    parser.add_argument("--json", action="store_true", help="for machines, with every hit")
    parser.add_argument("--verbose", action="store_true", help="print each keyword; show where a fault of axiofeed lies")


def run(options: argparse.Namespace) -> int:
    """Retrieve, write the pool, print what was found. Returns the exit code; raises UserError in one line."""
    from environments.corpus.feed import open_corpus  # noqa: PLC0415 - so that --help loads nothing
    from environments.corpus.pool import write_pool  # noqa: PLC0415
    from environments.embedders import make_embedder  # noqa: PLC0415
    from evals.value_spectrum.retrieval import load_keywords, retrieve  # noqa: PLC0415
    from personas.errors import CorpusError  # noqa: PLC0415
    from personas.one_line import one_line  # noqa: PLC0415

    keywords = load_keywords(options.keywords)
    corpus = open_corpus(options.corpus)
    space = corpus.image_space or corpus.text_space
    embedder = make_embedder(space.name, base_url=options.base_url)
    found = retrieve(corpus, keywords, embedder, per_keyword=options.per_keyword, where=options.where, within=options.within)
    if not found.hits:
        raise CorpusError(f"no keyword found anything in {one_line(options.corpus)!r}: add videos, or widen --where or --within")
    write_pool(found.pool(options.corpus, options.where), options.out.expanduser(), corpus=options.corpus)
    if options.json:
        sys.stdout.write(json.dumps(_as_json(found, str(options.out)), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join([*_lines(found, options.verbose), f"wrote {one_line(str(options.out), None)}"]) + "\n")
    return 0


def _as_json(found: Retrieved, out: str) -> dict[str, Any]:
    return {
        "out": out,
        "space": found.space,
        "embedder": found.embedder,
        "per_keyword": found.per_keyword,
        "images": found.images,
        "shared": found.shared,
        "values": [asdict(each) for each in found.values],
        "jaccard": [{"values": list(pair), "jaccard": overlap} for pair, overlap in found.jaccard.items()],
        "keywords": [asdict(each) for each in found.keywords],
        "hits": [asdict(each) for each in found.hits],
    }


def _lines(found: Retrieved, verbose: bool) -> Iterator[str]:
    how = (
        "images by their pictures"
        if found.space == "image"
        else "videos by their words: the corpus has no image space, so this is text → text"
    )
    yield f"{found.per_keyword} nearest {how} ({found.embedder})"
    yield ""
    head = ("value", "images", "clusters", "labelled", "promote", "precision", "95 %", "base", "lift", "distance")
    yield from _columns([head, *map(_row, found.values)])
    yield ""
    yield "overlap of the sets (Jaccard):"
    yield from _columns(_matrix(found))
    yield ""
    yield f"{found.images} images, {found.shared} of them for more than one value: scores of values that share images are not independent."
    if all(each.precision is None for each in found.values):
        yield "no image is labelled, so nothing says whether a set carries its value: `python -m evals.labels judge …` labels a corpus."
    else:
        yield "precision: share of the labelled images with a loading above 0; base: that of the corpus. Images are taken as independent."
    if found.empty_keywords:
        yield "keywords that found nothing: " + "; ".join(f"{each.value} {_shown(each.keyword)}" for each in found.empty_keywords)
    if verbose:
        yield ""
        rows = [
            (each.value, _shown(each.keyword), str(each.found), str(each.alone), *map(_number, (each.nearest, each.median, each.farthest)))
            for each in found.keywords
        ]
        yield from _columns([("value", "keyword", "found", "alone", "nearest", "median", "farthest"), *rows])


def _row(each: ValueFacts) -> tuple[str, ...]:
    between = each.precision
    interval = "–" if between is None or between.low is None or between.high is None else f"{between.low:.2f} to {between.high:.2f}"
    distances = "–" if each.nearest is None else f"{each.nearest:.2f} to {each.farthest:.2f}"
    counts = (str(number) for number in (each.images, each.clusters, each.labelled, each.promoting))
    return (
        each.value,
        *counts,
        _number(between.estimate if between else None),
        interval,
        _number(each.base),
        _number(each.lift),
        distances,
    )


def _matrix(found: Retrieved) -> list[tuple[str, ...]]:
    names = [each.value for each in found.values]

    def cell(one: str, other: str) -> str:
        overlap = found.jaccard.get((one, other), found.jaccard.get((other, one)))
        return "·" if overlap is None else f"{overlap:.2f}"

    return [("", *names), *((one, *(cell(one, other) for other in names)) for one in names)]


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The rows in columns, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def _number(number: float | None) -> str:
    return "–" if number is None else f"{number:.2f}"


def _shown(keyword: str) -> str:
    from personas.one_line import one_line  # noqa: PLC0415

    return one_line(keyword, 60)
