"""What a person sees while a session runs: a live view on a terminal, one plain line a clip elsewhere. All of it on stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.protocols.base import AnswerState
from agent.trace.events import ActionEvent, AnswerEvent, Event, ProblemEvent, ResumeEvent, SessionEvent, StimulusEvent
from agent.trace.progress import Progress
from environments.base import ActionKind
from personas.one_line import one_line

__all__ = ["LiveView", "PlainView", "View", "make_view"]

STYLE = {ActionKind.LIKE: "bold magenta", ActionKind.WATCH: "cyan", ActionKind.SKIP: "bright_black", ActionKind.PASS: "yellow"}
RECENT = 8
SETTLED = 3
"""Clips after which the time that is left can be told."""


class View(Protocol):
    """Looks on while a session runs."""

    def __enter__(self) -> View: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def expect(self, clips: int) -> None: ...

    def see(self, event: Event, progress: Progress) -> None: ...


def make_view(title: str, videos: int, console: Console, quiet: bool = False) -> View:
    """The view that suits the console."""
    if quiet:
        return QuietView()
    return LiveView(title, videos, console) if console.is_terminal and not console.is_dumb_terminal else PlainView(title, videos, console)


class _Follower:
    """Keeps what both views show: the current stimulus and its final answer."""

    def __init__(self, title: str, videos: int) -> None:
        self.title, self.videos = title, videos
        self.stimulus: StimulusEvent | None = None
        self.answer: AnswerEvent | None = None
        self.begun = time.monotonic()
        self.done_here = 0

    def expect(self, clips: int) -> None:
        """How many clips will be shown, once the feed is known."""
        self.videos = clips

    def follow(self, event: Event, progress: Progress) -> None:
        if isinstance(event, ResumeEvent) and progress.pending:
            self.stimulus, self.answer = progress.pending.stimulus, progress.pending.final
        elif isinstance(event, StimulusEvent):
            self.stimulus, self.answer = event, None
        elif isinstance(event, AnswerEvent) and event.final:
            self.answer = event
        elif isinstance(event, ActionEvent):
            self.done_here += 1

    def caption(self, width: int) -> str:
        if self.stimulus is None:
            return ""
        return one_line(str(self.stimulus.text.get("caption", "")) or self.stimulus.id, width, fold=True)

    def verdict(self, event: ActionEvent) -> str:
        """The decision in words; for anything but an answer, its state and why."""
        if self.answer is None or self.answer.outcome is AnswerState.ANSWERED:
            rating = self.answer.decision.rating if self.answer and self.answer.decision else None
            return f"{event.done.value} {'' if rating is None else f'{rating}/5'}".strip()
        return self.answer.outcome.value

    def why(self, width: int) -> str:
        if self.answer is None:
            return ""
        reason = (
            self.answer.decision.reason if self.answer.decision else self.answer.error or self.answer.refusal or self.answer.fault or ""
        )
        return one_line(reason, width, fold=True)

    def eta(self, progress: Progress) -> str:
        if self.done_here < SETTLED:
            return ""
        left = (self.videos - progress.steps) * (time.monotonic() - self.begun) / self.done_here
        return f"{int(left // 60)}:{int(left % 60):02d} left"


def _counts(progress: Progress) -> list[str]:
    """The actions so far, and the other answer states where there are any."""
    actions = "  ".join(f"{kind.value} {progress.actions[kind]}" for kind in (ActionKind.LIKE, ActionKind.WATCH, ActionKind.SKIP))
    others = (state for state in AnswerState if state is not AnswerState.ANSWERED and progress.outcomes[state])
    return [actions, *(f"{state.value} {progress.outcomes[state]}" for state in others)]


def _cost(progress: Progress) -> str:
    """What was spent; nothing for a free model."""
    if progress.unpriced:
        return f"${progress.spent_usd:.4f} + {progress.unpriced} of unknown price"
    return f"${progress.spent_usd:.4f}" if progress.spent_usd else ""


class QuietView:
    """Shows nothing."""

    def __enter__(self) -> View:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def expect(self, clips: int) -> None:
        """Nothing."""

    def see(self, event: Event, progress: Progress) -> None:
        """Nothing."""


class PlainView(_Follower):
    """One line a clip, for logs and pipes."""

    def __init__(self, title: str, videos: int, console: Console) -> None:
        super().__init__(title, videos)
        self._console = console

    def __enter__(self) -> View:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def see(self, event: Event, progress: Progress) -> None:
        """Print a line when a clip is done, a problem turns up, or a session is taken up again."""
        self.follow(event, progress)
        if isinstance(event, SessionEvent | ResumeEvent):
            self._print(f"{self.title}: {self.videos} clips")
            self._print("   clip  decision    caption")
        if isinstance(event, ProblemEvent):
            self._print(f"not shown: {one_line(event.name, 80)}: {one_line(event.reason, 160, fold=True)}")
        elif isinstance(event, ResumeEvent):
            self._print(f"carrying on after {progress.steps} clips")
        elif isinstance(event, ActionEvent):
            why = self.why(90) if self.answer and self.answer.outcome is not AnswerState.ANSWERED else ""
            aside = ", ".join(part for part in (_cost(progress), self.eta(progress)) if part)
            line = f"{progress.steps:>4}/{self.videos}  {self.verdict(event):<10}  {self.caption(70)}{'  – ' + why if why else ''}"
            self._print(line + (f"  [{aside}]" if aside else ""))

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveView(_Follower):
    """A panel that is redrawn: the clip, the last decisions, running counts, cost and time left."""

    def __init__(self, title: str, videos: int, console: Console) -> None:
        super().__init__(title, videos)
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._console = console
        self._recent: list[tuple[ActionKind, str, str]] = []

    def __enter__(self) -> View:
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)

    def see(self, event: Event, progress: Progress) -> None:
        """Redraw."""
        self.follow(event, progress)
        if isinstance(event, ProblemEvent):
            self._console.print(Text(f"not shown: {one_line(event.name, 80)}: {one_line(event.reason, 160, fold=True)}", style="yellow"))
        elif isinstance(event, ActionEvent):
            self._recent = [*self._recent, (event.done, self.verdict(event), self.caption(90))][-RECENT:]
            self.stimulus = None
        self._live.update(self._panel(progress))

    def _panel(self, progress: Progress) -> Panel:
        rows = Table.grid(padding=(0, 1))
        for kind, verdict, caption in self._recent:
            rows.add_row(Text(f"{verdict:>10}", style=STYLE[kind]), Text(caption, no_wrap=True, overflow="ellipsis"))
        if self.stimulus is not None:
            rows.add_row(Text("     now  ", style="bold"), Text(self.caption(90), style="bold", no_wrap=True, overflow="ellipsis"))
        parts = [*_counts(progress), _cost(progress), self.eta(progress)]
        status = Text("  ·  ".join(part for part in parts if part), style="dim")
        bar = ProgressBar(total=self.videos, completed=progress.steps)
        return Panel(Group(rows, Text(), status, bar), title=Text(f"{self.title}  {progress.steps}/{self.videos}"), border_style="dim")
