"""`python -m evals.labels gold CORPUS`: draw the sample that people label, write and take in their sheets, or serve them the page."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.command_line import seed
from personas.command import CommandParser

if TYPE_CHECKING:
    import polars as pl

    from environments.corpus.store import Corpus

__all__ = ["main"]

_EXAMPLE = """\
examples:
  python -m evals.labels gold corpus/ --sample 300
  python -m evals.labels gold corpus/ --export gold-anna.csv --rater anna
  python -m evals.labels gold corpus/ --import gold-anna.csv
  python -m evals.labels gold corpus/ --serve --raters anna,ben
  python -m evals.labels gold corpus/

Draw the sample once, from the videos that will be analysed (--pool, --where), after judges have labelled them. The sheet is blind: it holds
no label, and each rater's rows stand in an order of their own. Codes: -1 opposes, 0 absent, 1 promotes, 2 is the main point.
exit codes: 0 done, 1 failed, 2 bad usage
"""

WANTED_RATERS = 2


def main(arguments: Sequence[str]) -> int:
    """Draw, export, import, tell how it stands. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    _check_page(options)
    from environments.corpus.feed import open_corpus  # noqa: PLC0415 - LanceDB loads when used

    corpus = open_corpus(options.corpus)
    about: dict[str, Any] = {}
    if options.sample is not None:
        about |= _draw(corpus, options)
    if options.export is not None:
        about |= _export(corpus, options)
    if options.serve or options.import_page:
        about |= _page(corpus, options)
    elif options.read is not None:
        about |= _import(corpus, options)
    about |= _standing(corpus)
    drawn = about.pop("told_draw", [])
    sys.stdout.write((json.dumps(about, ensure_ascii=False) if options.json else "\n".join([*drawn, _told(about)])) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.labels gold",
        description="Gold labels by people: a stratified sample with known inclusion probabilities, and sheets to label it on.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a corpus: its folder or URL")
    parser.add_argument("--sample", type=int, metavar="N", help="draw N videos, stratified by value and topic; 300 or more are advised")
    parser.add_argument("--where", metavar="SQL", help="of the draw: only from these videos")
    parser.add_argument("--pool", metavar="FILE.toml", help="of the draw: only from the videos of this pool")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the draw (default: 0)")
    parser.add_argument("--redraw", action="store_true", help="of the draw: replace the sample that is there; codes of people are kept")
    parser.add_argument("--export", metavar="FILE.csv", help="write the sheet")
    parser.add_argument(
        "--import", dest="read", metavar="FILE.csv", help="take a filled-in sheet in; it replaces what its raters said before"
    )
    parser.add_argument("--rater", metavar="NAME", help="who labels: written into the sheet, or meant where its column says nothing")
    page = parser.add_argument_group("the page, on which people label in their browser; Ctrl-C ends it and takes their answers in")
    page.add_argument("--serve", action="store_true", help="serve it on this machine, with a link for each rater")
    page.add_argument("--raters", metavar="NAME,NAME", help="of --serve: who labels")
    page.add_argument(
        "--port", type=int, metavar="N", help="of --serve: port on 127.0.0.1 (default: the one of the links, else a free one)"
    )
    page.add_argument("--no-open", action="store_true", help="of --serve: open no browser, which is done where there is one rater")
    page.add_argument("--import-page", action="store_true", help="take in what was answered on the page, without serving it")
    page.add_argument("--answers", metavar="DIR", help="where answers and links are kept (default: CORPUS/labels/gold)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser


def _draw(corpus: Corpus, options: argparse.Namespace) -> dict[str, Any]:
    """Draw and keep a sample. Raises UserError where one is there."""
    import polars as pl  # noqa: PLC0415

    from environments.corpus.pool import read_pool  # noqa: PLC0415
    from evals.labels.gold import draw_sample  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415
    from personas.schwartz import VALUES  # noqa: PLC0415

    before = corpus.gold_sample()
    if before is not None and not options.redraw:
        raise UserError(f"a gold sample of {before.height} videos is drawn already; --redraw draws another in its place")
    videos = corpus.table(["id", "topic", *VALUES], where=options.where)
    if options.pool is not None:
        videos = videos.filter(pl.col("id").is_in(pl.Series(read_pool(Path(options.pool)).ids(), dtype=pl.String).implode()))
    draw = draw_sample(videos, options.sample, options.seed)
    corpus.set_gold_sample(draw.frame)
    told = [f"{draw.frame.height:,} of {draw.videos:,} videos drawn for people to label", "", "stratum       videos  drawn  probability"]
    told += [f"{name:<12}{count:>8,}{drawn:>7,}{pi:>13.3f}" for name, (count, drawn, pi) in draw.strata.items()]
    return {"told_draw": [*told, ""], "strata": {name: {"videos": n, "drawn": d, "pi": pi} for name, (n, d, pi) in draw.strata.items()}}


def _export(corpus: Corpus, options: argparse.Namespace) -> dict[str, Any]:
    from evals.labels.gold_table import write_sheet  # noqa: PLC0415

    sample = _sample(corpus)
    import polars as pl  # noqa: PLC0415

    wanted = pl.Series(sample, dtype=pl.String)
    rows = corpus.table(["id", "caption", "transcript", "url"]).filter(pl.col("id").is_in(wanted.implode()))
    videos = [
        {"video": row["id"], "caption": row["caption"] or "", "transcript": row["transcript"] or "", "url": _address(row["url"])}
        for row in rows.iter_rows(named=True)
    ]
    write_sheet(videos, Path(options.export), rater=options.rater or "", seed=options.seed)
    return {"exported": len(videos), "sheet": options.export, "without_address": sum(not video["url"] for video in videos)}


def _address(url: str | None) -> str:
    """Where a rater finds the video on the web. No file of this machine: its name may tell what the video was made for."""
    return url if url and url.lower().startswith(("https://", "http://")) else ""


def _import(corpus: Corpus, options: argparse.Namespace) -> dict[str, Any]:
    """Take a sheet in."""
    from evals.labels.gold_table import read_sheet  # noqa: PLC0415

    sheet = read_sheet(Path(options.read), _sample(corpus), options.rater)
    _keep(corpus, sheet.codes)
    return {"imported": sheet.rows, "open_rows": sheet.open_rows, "from": list(sheet.raters)}


def _keep(corpus: Corpus, codes: pl.DataFrame) -> None:
    """Keep gold codes. What their raters had said of the same videos is replaced; of others it stays."""
    from environments.corpus.sql import in_list, quoted  # noqa: PLC0415

    if codes.height:
        spoken = [
            f"(rater = {quoted(who)} AND {in_list('video', sorted(set(some['video'].to_list())))})"
            for (who,), some in codes.group_by("rater")
        ]
        corpus.replace_codes(codes, f"kind = 'gold' AND ({' OR '.join(sorted(spoken))})")


def _check_page(options: argparse.Namespace) -> None:
    """Raises UserError for options that do not go together."""
    from personas.errors import UserError  # noqa: PLC0415

    if options.serve != (options.raters is not None):
        raise UserError("--serve and --raters go together: say who labels, such as --serve --raters anna,ben")
    if options.read is not None and (options.serve or options.import_page):
        raise UserError("--import takes a sheet in, --serve and --import-page take the page's answers in: one at a time")


def _page(corpus: Corpus, options: argparse.Namespace) -> dict[str, Any]:
    """Serve the page until it is stopped, if that was asked for; then take in the answers that are newer than what is there."""
    import polars as pl  # noqa: PLC0415

    from evals.labels.gold_page import filled_sheet, serve_gold  # noqa: PLC0415
    from evals.labels.gold_sessions import page_session, said_of  # noqa: PLC0415
    from evals.labels.gold_table import read_sheet  # noqa: PLC0415
    from evals.labels.judge_command import runs_folder  # noqa: PLC0415

    sample = _sample(corpus)
    folder = Path(options.answers) if options.answers else runs_folder(options.corpus, None) / "gold"
    if options.serve:
        raters = [name.strip() for name in options.raters.split(",") if name.strip()]
        serve_gold(corpus, sample, raters, folder, seed=options.seed, port=options.port, open_browser=not options.no_open)
    filled = filled_sheet(folder, sample, said_of(corpus.codes()))
    sheet = read_sheet(filled.path, sample)
    sessions = [page_session(filled.given[key]) for key in sheet.codes.select("rater", "video").iter_rows()]
    _keep(corpus, sheet.codes.with_columns(pl.Series("session", sessions, pl.String)))
    left = {"taken_before": filled.taken_before, "older_than_sheet": filled.older, "not_in_sample": filled.elsewhere}
    taken = {"imported": sheet.rows, "open_rows": 0, "from": list(sheet.raters)}
    return taken | {name: count for name, count in left.items() if count}


def _sample(corpus: Corpus) -> list[str]:
    from personas.errors import UserError  # noqa: PLC0415

    found = corpus.gold_sample()
    if found is None:
        raise UserError("no gold sample is drawn yet: draw one with --sample 300")
    return [str(name) for name in found["video"].to_list()]


def _standing(corpus: Corpus) -> dict[str, Any]:
    """How many videos of the sample people have labelled, and by how many raters."""
    import polars as pl  # noqa: PLC0415

    sample = _sample(corpus)
    gold = corpus.codes().filter(pl.col("kind") == "gold")
    raters = (
        gold.filter(pl.col("video").is_in(pl.Series(sample, dtype=pl.String).implode())).group_by("video").agg(pl.col("rater").n_unique())
    )
    counts = raters["rater"].to_list()
    return {
        "sample": len(sample),
        "labelled": len(counts),
        "by_enough": sum(count >= WANTED_RATERS for count in counts),
        "raters": sorted(gold["rater"].unique().to_list()),
    }


def _told(about: dict[str, Any]) -> str:
    lines = []
    if "exported" in about:
        lines.append(f"{about['exported']:,} rows written to {about['sheet']}")
        if about["without_address"]:
            lines.append(f"{about['without_address']:,} videos have no address on the web: to show their pictures, label with --serve")
    if "imported" in about:
        still = f"; {about['open_rows']:,} rows are open yet" if about["open_rows"] else ""
        lines.append(f"{about['imported']:,} rows taken in from {', '.join(about['from']) or 'nobody'}{still}")
    if "taken_before" in about:
        lines.append(f"{about['taken_before']:,} answers on the page were taken in before")
    if "older_than_sheet" in about:
        lines.append(f"{about['older_than_sheet']:,} answers on the page are older than a sheet that was taken in: the sheet stays")
    if "not_in_sample" in about:
        lines.append(f"{about['not_in_sample']:,} answers on the page are of videos that are not in the sample any more: left out")
    lines.append(
        f"gold sample: {about['sample']:,} videos, {about['labelled']:,} labelled, {about['by_enough']:,} by {WANTED_RATERS} raters or more"
        + (f" ({', '.join(about['raters'])})" if about["raters"] else "")
    )
    if about["by_enough"] < about["sample"]:
        missing = about["sample"] - about["by_enough"]
        lines.append(f"{missing:,} want {WANTED_RATERS} raters each: without a second one nobody knows how reliable the labels are")
    return "\n".join(lines)
