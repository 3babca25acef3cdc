"""The catalogue's command line: `python -m environments.catalogue stats | render | sheet`."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from environments.cache import default_cache_dir
from environments.catalogue.design import MINIMUM, design_failures, is_control, twin_pairs, value_rows
from environments.catalogue.specs import ClipSpec, Reading, load_clips, read_clips
from environments.catalogue.vocabulary import PICTOGRAMS
from personas.command import CommandParser
from personas.errors import AxiofeedError, FeedError
from personas.schwartz import NAMES

__all__ = ["main"]

_EXAMPLE = """examples:
  python -m environments.catalogue stats
  python -m environments.catalogue render --only he-late-breakfast --out clips
  python -m environments.catalogue sheet sheet.png

exit codes: 0 done, 1 failed (stats: a requirement is not met), 2 bad usage"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except AxiofeedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has stopped; Python would complain once more when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m environments.catalogue",
        description="The embedded clips: their design, their videos.",
        epilog=_EXAMPLE,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    stats = commands.add_parser("stats", help="print the design table and check every requirement")
    stats.add_argument("--clips", type=Path, metavar="DIR", help="read clip files from here (default: the embedded ones)")
    stats.set_defaults(run=_stats)
    render = commands.add_parser("render", help="draw clips as video and print the paths")
    render.add_argument("--only", action="append", metavar="ID", help="this clip only; may be repeated")
    render.add_argument("--out", type=Path, metavar="DIR", help="write ID.webm files here (default: the cache folder)")
    render.set_defaults(run=_render)
    sheet = commands.add_parser("sheet", help="draw one frame of each clip on one picture")
    sheet.add_argument("out", type=Path, metavar="OUT.png")
    sheet.add_argument("--only", action="append", metavar="ID", help="this clip only; may be repeated")
    sheet.set_defaults(run=_sheet)
    return parser


def _stats(options: argparse.Namespace) -> int:
    folder: Path | None = options.clips
    if folder is not None and not folder.is_dir():
        raise FeedError(f"--clips {folder}: no such folder; name one that holds clip files (*.toml)")
    reading = read_clips(folder if folder is not None else files("environments.catalogue").joinpath("clips"))
    print("\n".join(_table(reading)))
    failures = [*reading.problems, *design_failures(reading.clips)]
    if failures:
        print(f"\n{len(failures)} requirement(s) not met:")
        print("\n".join(f"  {line}" for line in failures))
        return 1
    print("\nEvery requirement is met.")
    return 0


def _table(reading: Reading) -> list[str]:
    clips = reading.clips
    lines = [f"{'value':<20} {'promote':>8} {'topics':>7} {'oppose':>7} {'topics':>7} {'twin pairs':>11}"]
    for row in value_rows(clips):
        name = f"{row.code} {NAMES[row.code]}"
        lines.append(f"{name:<20} {row.promote:>8} {row.promote_topics:>7} {row.oppose:>7} {row.oppose_topics:>7} {row.twin_pairs:>11}")
    need = MINIMUM
    lines.append(
        f"{'(at least)':<20} {need['promote']:>8} {need['topics']:>7} {need['oppose']:>7} {need['topics']:>7} {need['twin_pairs']:>11}"
    )
    lines.append("")
    lines += _totals(clips)
    return lines


def _totals(clips: Sequence[ClipSpec]) -> list[str]:
    used = Counter(name for clip in clips for name in clip.scene.pictograms)
    topics = Counter(clip.topic for clip in clips)
    unused = [name for name in PICTOGRAMS if name not in used]
    lines = [
        f"clips          {len(clips)} (at least {MINIMUM['clips']})",
        f"controls       {sum(map(is_control, clips))} value-free, plain twins not counted (at least {MINIMUM['controls']})",
        f"twin pairs     {len(twin_pairs(clips))}",
        f"topics         {len(topics)}: {', '.join(f'{name} {n}' for name, n in topics.most_common())}",
        f"pictograms     {len(used)} of {len(PICTOGRAMS)} used" + (f"; not used: {' '.join(unused)}" if unused else ""),
        f"backgrounds    {len({clip.scene.background for clip in clips})} used",
        f"motions        {len({clip.scene.motion for clip in clips})} used",
    ]
    if clips:
        times = sorted(clip.duration_s for clip in clips)
        lines.append(f"durations      {times[0]:g}–{times[-1]:g} s, median {times[len(times) // 2]:g} s, total {sum(times) / 60:.0f} min")
    return lines


def _chosen(only: Sequence[str] | None) -> tuple[ClipSpec, ...]:
    clips = load_clips()
    if not only:
        return clips
    unknown = sorted(set(only) - {clip.id for clip in clips})
    if unknown:
        raise FeedError(f"there is no clip {unknown[0]!r}; the ids are in environments/catalogue/clips/*.toml")
    return tuple(clip for clip in clips if clip.id in set(only))


def _render(options: argparse.Namespace) -> int:
    clips = _chosen(options.only)
    from environments.catalogue.render import export, render  # noqa: PLC0415 - loads the encoder

    for clip in clips:
        print(render(clip, default_cache_dir()) if options.out is None else export(clip, default_cache_dir(), options.out), flush=True)
    return 0


def _sheet(options: argparse.Namespace) -> int:
    clips = _chosen(options.only)
    from environments.catalogue.sheet import clip_sheet  # noqa: PLC0415 - loads the drawing library

    clip_sheet(clips, options.out)
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
