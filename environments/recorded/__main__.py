"""`python -m environments.recorded DIR`: what is in a recorded feed, and whether all of it can be shown."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.command import CommandParser, complain
from personas.errors import AxiofeedError, FeedError

if TYPE_CHECKING:
    from environments.clips import Problem
    from environments.recorded.reading import RecordedFolder

__all__ = ["main"]

_EXAMPLE = """example:
  python -m environments.recorded recordings/monday

Every picture is looked at. exit codes: 0 done, 1 something in it cannot be shown, 2 bad usage or no recorded feed, 130 interrupted.
See docs/recorded.md."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is in the folder. Returns the exit code."""
    parser = CommandParser(prog="python -m environments.recorded", description="What is in a recorded feed.", epilog=_EXAMPLE)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder that a session was recorded into")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(argv)
    try:
        found, problems = _looked_through(options.folder.expanduser())
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(json.dumps(found | {"problems": [str(each) for each in problems]}) if options.json else _table(found, problems))
    return int(bool(problems))


def _looked_through(folder: Path) -> tuple[dict[str, Any], list[Problem]]:
    """What is in the folder, and what is wrong with it. Raises FeedError."""
    from environments.clips import Problem  # noqa: PLC0415 - loads when used
    from environments.recorded.reading import load_recorded, read_picture, shown_id  # noqa: PLC0415

    recorded = load_recorded(folder)
    problems = list(recorded.problems)
    for item in recorded.items:
        try:
            looks = (read_picture(folder, frame) for frame in item.frames)
            reason = next((look for look in looks if isinstance(look, str)), None)
        except OSError as error:
            raise FeedError(f"the pictures of the recorded feed cannot be read ({error.strerror}); check the disk") from error
        if reason is not None:
            problems.append(Problem(shown_id(item), reason))
    return _described(recorded), problems


def _described(recorded: RecordedFolder) -> dict[str, Any]:
    items, header = recorded.items, recorded.header
    return {
        "items": len(items),
        "ads": sum(item.ad for item in items),
        "labelled": sum(item.labels is not None for item in items),
        "videos_kept": sum(item.media is not None for item in items),
        "frames": sum(len(item.frames) for item in items),
        "items_by_frames": dict(sorted(Counter(len(item.frames) for item in items).items())),
        "duration_s": round(sum(item.duration_s for item in items), 3),
        "recorded_in_s": round(max(item.at_s for item in items), 3),
        "sources": dict(Counter(item.source for item in items).most_common()),
        "when": header.when,
        "time_scale": header.time_scale,
    }


def _table(found: dict[str, Any], problems: Sequence[Problem]) -> str:
    from personas.one_line import one_line  # noqa: PLC0415 - loads when used

    each = ", ".join(f"{items} with {frames}" for frames, items in found["items_by_frames"].items())
    sources = ", ".join(f"{one_line(name) or 'unknown'} {items}" for name, items in found["sources"].items())
    when = datetime.fromtimestamp(found["when"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    scale = "" if found["time_scale"] is None else f", at {found['time_scale']:g} seconds of clip a second"
    lines = [
        f"items      {found['items']} ({found['ads']} ads, {found['labelled']} with labels, {found['videos_kept']} with their video)",
        f"frames     {found['frames']} (items by frames: {each})",
        f"duration   {found['duration_s']:.1f} s",
        f"source     {sources}",
        f"when       {when}, in {found['recorded_in_s']:.0f} s{scale}",
    ]
    if problems:
        lines += ["", f"{len(problems)} cannot be shown:", *(f"  {one_line(each.name)}: {each.reason}" for each in problems)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
