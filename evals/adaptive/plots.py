"""The plots: drift of what is shown by higher-order value, and probes against control twins with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from matplotlib.axes import Axes

from evals.adaptive.analysis import Adaptive
from evals.adaptive.drift import WINDOW, drift_over_sessions, higher_order
from evals.adaptive.reading import SessionRun
from evals.adaptive.twins import Change
from evals.report.canvas import Canvas
from evals.report.figure import Figure, figure
from evals.report.style import FAINT, GROUP_COLOURS, GROUP_NAMES, INK, MARKERS, PALE, PAPER, SOFT, short, ticks
from evals.report.words import estimate_text, level_text, plural, tick_text
from evals.values.intervals import Interval

__all__ = ["figures_of"]

PANELS = 12
LEFT, TOP, HEIGHT, GAP = 52.0, 66.0, 170.0, 84.0


def figures_of(found: Adaptive) -> tuple[Figure, ...]:
    """Drift where clips carry labels, probes where there are control twins."""
    return (*_drift(found), *_probes(found))


def _drift(found: Adaptive) -> tuple[Figure, ...]:
    panels: dict[str, list[SessionRun]] = {}
    for run in found.runs:
        if any(one.labels is not None for one in run.shown):
            who = " → ".join(run.players) if run.phased else run.players[0]
            panels.setdefault(f"{run.model} · {who}\0{run.study}", []).append(run)
    if not panels:
        return ()
    kept = dict(list(panels.items())[:PANELS])
    pool = next((higher_order(pool.means) for pool in found.pools.values() if pool.means is not None), {})
    caption = (
        f"Mean loading of the clips shown, in windows of {WINDOW} clips, over sessions of one design; bars: {level_text(found.level)} t "
        "over sessions. Dotted: the whole feed. Grey: phases that the recommender does not learn from."
    )
    draw = partial(_drift_canvas, kept, pool, found.level)
    return (figure("drift", "Drift of what is shown", draw, caption, 640),)


def _drift_canvas(panels: Mapping[str, Sequence[SessionRun]], pool: Mapping[str, float], level: float) -> Canvas:
    curves = {name: drift_over_sessions(runs, level) for name, runs in panels.items()}
    dots = [one for curve in curves.values() for line in curve.values() for _, one in line]
    reach = [0.0, *pool.values(), *(one.estimate for one in dots)]
    low, high = min(reach) - 0.05, max(reach) + 0.05
    canvas = Canvas(1000, TOP + len(panels) * (HEIGHT + GAP) - 20)
    x = LEFT
    for place, (group, name) in enumerate(GROUP_NAMES.items()):
        canvas.mark(x + 5, 14, MARKERS[place], ms=6.5, mfc=GROUP_COLOURS[group], mec=PAPER)
        canvas.text(x + 15, 14, name, fontsize=10.5, color=SOFT, ha="left")
        x += 15 + 6.2 * len(name) + 24
    for number, (name, runs) in enumerate(panels.items()):
        top = TOP + number * (HEIGHT + GAP)
        title = f"{name.split(chr(0))[0]} ({plural(len(runs), 'session')})"
        canvas.text(LEFT, top - 16, short(title, 110), fontsize=11, weight="bold", ha="left")
        axes = canvas.axes(LEFT, top, canvas.width - LEFT - 12, HEIGHT + 40)
        scale = _Scale(low, high, max(phase.start + phase.videos for phase in runs[0].phases))
        _frame(axes, runs[0], scale)
        for place, group in enumerate(GROUP_NAMES):
            _line(axes, curves[name].get(group, []), pool.get(group), place, scale)
    return canvas


@dataclass(frozen=True)
class _Scale:
    """The range of loadings, and how many clips there are."""

    low: float
    high: float
    last: int

    def down(self, value: float) -> float:
        """Pixels from the top of the panel."""
        return HEIGHT * (self.high - min(max(value, self.low), self.high)) / (self.high - self.low)


def _frame(axes: Axes, run: SessionRun, scale: _Scale) -> None:
    """Phases, grid and ticks."""
    last = scale.last
    axes.set_xlim(0, last)
    for phase in run.phases:
        if not phase.learn:
            axes.fill_between((phase.start, phase.start + phase.videos), 0, HEIGHT, color=PALE, lw=0, zorder=0)
        axes.plot((phase.start, phase.start), (0, HEIGHT), color=SOFT, lw=0.8, zorder=1)
        name = short(f"{phase.name} · {phase.player.name}" if phase.name else phase.player.name, max(6, round(130 * phase.videos / last)))
        axes.text(phase.start + last / 200, 9, name, fontsize=9.5, color=SOFT, zorder=5)
    for tick in ticks(scale.low, scale.high, 4):
        axes.plot((0, last), (scale.down(tick),) * 2, color=SOFT if tick == 0 else FAINT, lw=0.8, zorder=1)
        axes.text(-last / 120, scale.down(tick), tick_text(tick), fontsize=9.5, color=SOFT, ha="right", va="center_baseline")
    for tick in ticks(0, last, 8):
        axes.text(tick, HEIGHT + 13, tick_text(tick), fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    axes.text(last / 2, HEIGHT + 30, "clips shown so far", fontsize=9.5, color=SOFT, ha="center", va="center_baseline")


def _line(axes: Axes, line: Sequence[tuple[int, Interval]], pool: float | None, place: int, scale: _Scale) -> None:
    """One higher-order value: its curve, its bars, and what the whole feed holds."""
    colour, marker = GROUP_COLOURS[list(GROUP_NAMES)[place]], MARKERS[place]
    if pool is not None:
        axes.plot((0, scale.last), (scale.down(pool),) * 2, color=colour, lw=1, ls=":", zorder=2)
    across = [start + WINDOW / 2 + (place - 1.5) * scale.last / 200 for start, _ in line]
    axes.plot(across, [scale.down(one.estimate) for _, one in line], color=colour, lw=1.6, marker=marker, ms=4.5, zorder=4)
    for at, (_, one) in zip(across, line, strict=True):
        if one.low is not None and one.high is not None:
            axes.plot((at, at), (scale.down(one.low), scale.down(one.high)), color=colour, lw=0.8, alpha=0.6, zorder=3)


def _probes(found: Adaptive) -> tuple[Figure, ...]:
    changes = [change for change in found.changes if change.channel == "like"]
    if not changes:
        return ()
    caption = (
        "Like rate in the probe as a persona's feed left it (filled) and as the control twin's did (open); at the right the change with "
        f"its {level_text(found.level)} interval, in points."
    )
    return (figure("probes", "Probes against control twins", partial(_probe_canvas, changes), caption, 640),)


def _probe_canvas(changes: Sequence[Change]) -> Canvas:
    row, top, name, numbers = 34.0, 12.0, 380.0, 200.0
    height = row * len(changes)
    canvas = Canvas(1000, top + height + 40)
    across = (canvas.width - name - numbers - 30) / 2
    rates = canvas.axes(name, top, across, height + 40)
    moved = canvas.axes(name + across + 30, top, across, height + 40)
    limit = (
        max([10.0, *(100 * abs(edge) for change in changes for edge in (change.change.low, change.change.high) if edge is not None)]) * 1.05
    )
    highest = min(1.0, max(max(change.treated, change.control) for change in changes) * 1.2 + 0.02)
    for axes, low, high in ((rates, 0.0, 100 * highest), (moved, -limit, limit)):
        axes.set_xlim(low, high)
        for tick in ticks(low, high, 4):
            axes.plot((tick, tick), (0, height), color=SOFT if tick == 0 else FAINT, lw=1, zorder=1)
            axes.text(tick, height + 12, tick_text(tick), fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
        unit = "like rate, %" if axes is rates else "change, points"
        axes.text((low + high) / 2, height + 29, unit, fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    for number, change in enumerate(changes):
        y = row * (number + 0.5)
        canvas.text(2, top + y - 6, short(change.group, 62), fontsize=10, ha="left")
        canvas.text(2, top + y + 8, short(f"phase {change.phase}, {change.pairs} pairs", 62), fontsize=9.5, color=SOFT, ha="left")
        rates.plot((100 * change.control, 100 * change.treated), (y, y), color=SOFT, lw=1, zorder=2)
        rates.plot(100 * change.control, y, "o", ms=7, mfc=PAPER, mec=INK, mew=1.6, zorder=3)
        rates.plot(100 * change.treated, y, "o", ms=7, mfc=INK, mec=INK, zorder=3)
        one = change.change
        if one.low is not None and one.high is not None:
            moved.plot((100 * one.low, 100 * one.high), (y, y), color=INK, lw=2, solid_capstyle="butt", zorder=2)
        moved.plot(100 * one.estimate, y, "o", ms=6.5, mfc=INK, mec=PAPER, zorder=3)
        canvas.text(canvas.width - 2, top + y, _told(change), fontsize=10, ha="right")
    return canvas


def _told(change: Change) -> str:
    """In points."""
    one = change.change
    low, high = (None if edge is None else 100 * edge for edge in (one.low, one.high))
    return estimate_text(replace(one, estimate=100 * one.estimate, low=low, high=high), 0)
