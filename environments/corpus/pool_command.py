"""`python -m environments.corpus pool`: draws a balanced pool from a labelled corpus, and says what it can detect."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.schwartz import VALUES

if TYPE_CHECKING:
    from environments.corpus.drawing import Candidate, Drawn, Wanted
    from environments.corpus.store import Corpus

__all__ = ["EXAMPLE", "add_options", "candidates_of", "run"]

EXAMPLE = """examples:
  python -m environments.corpus pool corpus/ --per-value 60 --topics 5 --out pool.toml
  python -m environments.corpus pool corpus/ --per-value 60 --topics 5 --draw 2 --out retest.toml      # of other videos, where there are
  python -m environments.corpus pool corpus/ --per-value 60 --topics 5 --where "platform = 'tiktok'" --not pool.toml --out tiktok.toml

A video counts for every value that it promotes (loading of --least or more). Twins enter whole, near-duplicates once.
exit codes: 0 done, 2 bad usage, no corpus, no labels, or too few videos, 130 interrupted. See docs/pools.md."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("corpus", metavar="CORPUS", help="the corpus: a folder, or the URL of an object store")
    parser.add_argument("--out", type=Path, required=True, metavar="POOL.toml", help="the file to write; --feed POOL.toml shows it")
    parser.add_argument("--replace", action="store_true", help="write over another pool that stands there")
    parser.add_argument("--per-value", type=int, default=60, metavar="N", help="videos that promote each value (default: 60)")
    parser.add_argument("--topics", type=int, default=5, metavar="T", help="topics each value comes from, at least (default: 5)")
    parser.add_argument("--oppose", type=int, metavar="N", help="videos that oppose each value (default: 20 where they exist)")
    parser.add_argument("--controls", type=int, default=60, metavar="N", help="videos free of values: all loadings 0 (default: 60)")
    parser.add_argument("--least", type=float, default=0.25, metavar="X", help="loading from which on a value is carried (default: 0.25)")
    parser.add_argument("--where", metavar="SQL", help="only videos for which this is true, such as \"platform = 'tiktok'\"")
    parser.add_argument(
        "--not", dest="avoid", type=Path, action="append", default=[], metavar="POOL.toml", help="none of that pool's videos"
    )
    parser.add_argument("--seed", type=int, default=7, metavar="S", help="what the draw derives from (default: 7)")
    parser.add_argument(
        "--draw", type=int, default=1, choices=range(1, 11), metavar="K", help="2: a second draw, for a retest (default: 1)"
    )
    parser.add_argument("--as-many-as-there-are", dest="partial", action="store_true", help="draw a smaller pool where videos are too few")
    parser.add_argument("--cells", type=int, default=6, metavar="C", help="prompt cells a video, for the power (default: 6)")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(options: argparse.Namespace) -> int:
    """Draw and write the pool, print what is in it. Returns the exit code; raises UserError in one line."""
    from environments.corpus.drawing import Wanted, draw  # noqa: PLC0415 - so that --help loads nothing
    from environments.corpus.feed import open_corpus  # noqa: PLC0415
    from environments.corpus.pool import Pool, check_free, read_pool, write_pool  # noqa: PLC0415
    from personas.errors import CorpusError  # noqa: PLC0415

    wanted = Wanted(options.per_value, options.topics, options.oppose, options.controls, options.least)
    if options.cells < 1:
        raise CorpusError(f"a video is answered in at least 1 prompt cell, not {options.cells}")
    avoid = {name for path in options.avoid for name in read_pool(path.expanduser()).ids()}
    corpus = open_corpus(options.corpus)
    candidates, unlabelled = candidates_of(corpus, options.where)
    if not candidates:
        raise CorpusError(_nothing(options, unlabelled))
    drawn = draw(candidates, wanted, seed=options.seed, number=options.draw, avoid=avoid)
    if not options.partial:
        _refuse_short(drawn, wanted)
    pool = Pool(
        corpus=options.corpus,
        strata=drawn.strata,
        seed=options.seed,
        draw=options.draw,
        per_value=wanted.per_value,
        topics=wanted.topics,
        oppose=wanted.oppose,
        controls=wanted.controls,
        least=wanted.least,
        where=options.where,
    )
    check_free(pool, options.out.expanduser(), corpus=options.corpus, replace=options.replace)
    write_pool(pool, options.out.expanduser(), corpus=options.corpus)
    found = _described(drawn, options, len(candidates), unlabelled)
    sys.stdout.write(json.dumps(found) + "\n" if options.json else _as_text(found, drawn, options))
    return 0


def candidates_of(corpus: Corpus, where: str | None = None) -> tuple[list[Candidate], int]:
    """The videos of which all ten loadings are known, and the number of the others."""
    from environments.corpus.drawing import Candidate  # noqa: PLC0415

    sds = [f"{value}_sd" for value in VALUES]
    rows = corpus.table(["id", "topic", "twins", "near_duplicate", *VALUES, *sds], where=where)
    found: list[Candidate] = []
    for name, topic, twins, near, *numbers in rows.iter_rows():
        loadings, spread = numbers[: len(VALUES)], numbers[len(VALUES) :]
        if None not in loadings:
            sd = tuple(math.nan if each is None else each for each in spread)
            found.append(Candidate(name, topic or "", tuple(loadings), sd, twins, near))
    return found, rows.height - len(found)


def _nothing(options: argparse.Namespace, unlabelled: int) -> str:
    from personas.one_line import one_line  # noqa: PLC0415

    corpus = one_line(options.corpus)
    if unlabelled:
        count = f"none of its {unlabelled} videos has" if unlabelled > 1 else "its one video does not have"
        return (
            f"the corpus {corpus!r} has no labels to balance by ({count} all ten loadings); "
            f"label it first: `python -m evals.labels judge {corpus} --judges …`"
        )
    return f"no video of the corpus {corpus!r} fits --where" if options.where else f"the corpus {corpus!r} has no videos"


def _refuse_short(drawn: Drawn, wanted: Wanted) -> None:
    from personas.errors import CorpusError  # noqa: PLC0415

    short = [each for each in drawn.short if each.quota.required]
    if not short:
        return
    largest = drawn.largest
    kept = {"per-value": largest["per_value"], "topics": largest["topics"], "controls": largest["controls"]}
    limits = {"per-value": wanted.per_value, "topics": wanted.topics, "controls": wanted.controls}
    if wanted.oppose:
        kept["oppose"], limits["oppose"] = largest["oppose"], wanted.oppose
    design = " ".join(f"--{name} {min(kept[name], limits[name])}" for name in kept)
    said = (
        f"the largest design there is: {design}" if kept["per-value"] and kept["topics"] else "some value has none, so there is no design"
    )
    raise CorpusError(f"too few videos: {'; '.join(map(str, short))}. {said}; or --as-many-as-there-are for an uneven pool")


def _described(drawn: Drawn, options: argparse.Namespace, labelled: int, unlabelled: int) -> dict[str, Any]:
    """The pool in figures."""
    return {
        "out": str(options.out),
        "videos": len(drawn.ids),
        "labelled": labelled,
        "unlabelled": unlabelled,
        "seed": options.seed,
        "draw": options.draw,
        "repeated": drawn.repeated,
        "controls": len(drawn.strata.get("none", ())),
        "values": [_of_value(drawn, value, options.cells) for value in VALUES],
        "short": [str(each) for each in drawn.short],
    }


def _of_value(drawn: Drawn, value: str, cells: int) -> dict[str, Any]:
    from environments.power import smallest_effect  # noqa: PLC0415

    promote, oppose = (drawn.strata.get(f"{value}{sign}", ()) for sign in "+-")
    topics, against = (drawn.topics.get(f"{value}{sign}", {}) for sign in "+-")
    absent = len(drawn.ids) - len(promote) - len(oppose)
    enough = len(promote) >= 2 and absent >= 2
    return {
        "value": value,
        "promote": len(promote),
        "topics": sum(1 for topic in topics if topic),
        "largest_topic": max(topics.values(), default=0),
        "oppose": len(oppose),
        "oppose_topics": sum(1 for topic in against if topic),
        "absent": absent,
        "mean_sd": drawn.mean_sd[value],
        **{f"d_{design}": smallest_effect(design, cells, len(promote), absent) if enough else None for design in ("single", "paired")},
    }


def _as_text(found: dict[str, Any], drawn: Drawn, options: argparse.Namespace) -> str:
    head = ("value", "promote", "topics", "most in one", "oppose", "topics", "SD", "d single", "d paired")
    rows = [
        (
            row["value"],
            *(str(row[key]) for key in ("promote", "topics", "largest_topic", "oppose", "oppose_topics")),
            *("–" if row[key] is None else f"{row[key]:.2f}" for key in ("mean_sd", "d_single", "d_paired")),
        )
        for row in found["values"]
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    ]
    return "\n".join([*lines, "", *_notes(found, drawn, options)]) + "\n"


def _notes(found: dict[str, Any], drawn: Drawn, options: argparse.Namespace) -> Sequence[str]:
    from personas.one_line import one_line  # noqa: PLC0415

    notes = [
        f"{found['videos']} videos, {found['controls']} of them free of values; a video counts for every value it carries.",
        f"SD: mean SD of the value's labels. d: the smallest effect, in SD of single answers, that is found with 80 % power in "
        f"{options.cells} prompt cells (single: a respondent; paired: persona against default), value present against absent.",
    ]
    if options.draw > 1:
        notes.append(f"draw {options.draw}: {found['repeated']} of its videos (or a twin, or a near-duplicate) are in an earlier draw.")
    if found["unlabelled"]:
        notes.append(f"{found['unlabelled']} videos without all ten loadings were left out.")
    if drawn.short:
        notes.append("fewer than asked: " + "; ".join(found["short"]))
    return [*notes, f"wrote {one_line(str(options.out), None)}"]
