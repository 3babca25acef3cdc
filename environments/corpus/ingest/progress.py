"""How far an `add` is: a bar on a terminal, a line now and then elsewhere. On stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from environments.corpus.ingest.adding import Counts

__all__ = ["Shown"]

_EVERY_S = 15.0


class Shown:
    """Shows counts while a block runs. `total`: videos offered, None where nobody knows. `quiet` shows nothing."""

    def __init__(self, total: int | None, quiet: bool) -> None:
        self._total, self._quiet = total, quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - loads when used
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[counts]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task("adding", total=self._total, counts="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, counts: Counts, doing: str = "adding") -> None:
        """Show `counts` and what is being done."""
        if self._bar is not None and self._task is not None:
            total = None if self._total is None else max(self._total, counts.seen)
            self._bar.update(self._task, completed=counts.seen, total=total, description=doing, counts=str(counts))
        elif not self._quiet and time.monotonic() - self._said > _EVERY_S:
            self._said = time.monotonic()
            left = self._left(counts)
            of = "" if self._total is None else f" of {max(self._total, counts.seen)}"
            sys.stderr.write(f"{doing}: {counts.seen}{of} ({counts}){left}\n")
            sys.stderr.flush()

    def _left(self, counts: Counts) -> str:
        if self._total is None or not counts.seen:
            return ""
        seconds = (time.monotonic() - self._began) / counts.seen * max(self._total - counts.seen, 0)
        return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"
