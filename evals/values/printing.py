"""The first look as text for a terminal: what was liked most, where two personas part, a preliminary profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.protocols.base import AnswerState
from agent.terminal import one_line
from environments.base import ActionKind
from evals.values.first_look import MINIMUM_PER_VALUE, Comparison, GroupLook, Look, Shown
from evals.values.intervals import Interval
from personas.schwartz import NAMES

__all__ = ["print_comparison", "print_look"]

FLIPS_SHOWN = 5
CAPTION = 58


def print_look(look: Look, console: Console) -> None:
    """What one session did."""
    console.print()
    console.print(Text(f"{look.persona}", style="bold"), Text(f"({look.session})", style="dim"))
    console.print(Text(_doings(look)))
    liked = look.liked_most()
    if liked:
        console.print(Text("Liked most:"))
        for item in liked:
            console.print(Text(f"  {_rating(item)}  {one_line(item.caption, CAPTION)}{_labels(item.labels)}"))
    else:
        console.print(Text("Liked nothing."))
    _print_profile(look, console)


def print_comparison(comparison: Comparison, first: str, second: str, console: Console) -> None:
    """Where two sessions on the same clips part."""
    console.print()
    console.print(Text(f"{first} against {second}, same clips", style="bold"))
    if not comparison.paired:
        console.print(Text("They answered no clip in common, so there is nothing to compare."))
        return
    console.print(Text(f"Same action on {comparison.agreed} of the {comparison.paired} clips that both answered."))
    for flip in comparison.flips[:FLIPS_SHOWN]:
        actions = f"{flip.first.action.value:>5} | {flip.second.action.value:<5}"
        console.print(Text(f"  {actions}  {one_line(flip.caption, CAPTION)}{_labels(flip.labels)}"))
    if len(comparison.flips) > FLIPS_SHOWN:
        console.print(Text(f"  … and {len(comparison.flips) - FLIPS_SHOWN} more"))
    target = " and ".join(NAMES[code] for code in comparison.target)
    if not target:
        console.print(Text(f"{first} has no target value, so no difference on one."))
    elif comparison.on_target is None:
        console.print(Text(f"No clip that both answered promotes the target of {first} ({target})."))
    else:
        console.print(Text(f"Like rate on clips that promote {target}: {_points(comparison.on_target)}"))
    if comparison.overall:
        console.print(Text(f"Like rate on all clips: {_points(comparison.overall)}"))
    console.print(Text(f"(difference {first} − {second}, paired by clip, in percentage points)", style="dim"))


def _print_profile(look: Look, console: Console) -> None:
    if not look.labelled:
        console.print(Text("No value profile: the clips of this feed carry no value labels.", style="dim"))
        return
    table = Table(title="PRELIMINARY profile: clips that promote …", title_justify="left", box=None, pad_edge=False, title_style="bold")
    for header, justify in (("", "left"), ("clips", "right"), ("like rate, 95 % Wilson", "left"), ("mean rating 0–5, 95 % t", "left")):
        table.add_column(header, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for group in look.groups:
        table.add_row(*_profile_row(group))
    console.print(table)
    console.print(
        Text(
            f"Rates over answered clips; groups overlap; one of the ten values is shown from {MINIMUM_PER_VALUE} clips on. "
            "Value-consistent preferences under this elicitation, not separated from appeal or from each other.",
            style="dim",
        )
    )


def _profile_row(group: GroupLook) -> tuple[str, str, str, str]:
    rating = group.mean_rating
    spread = f" [{rating.low:.2f}, {rating.high:.2f}]" if rating and rating.low is not None and rating.high is not None else ""
    mean = "–" if rating is None else f"{rating.estimate:.2f}{spread or f' (n = {rating.n}, no interval)'}"
    rate = group.like_rate
    return group.name, str(rate.n), f"{rate.estimate:>4.0%} [{rate.low or 0:.0%}, {rate.high or 0:.0%}]", mean


def _doings(look: Look) -> str:
    actions = Counter(item.action for item in look.shown if item.state is AnswerState.ANSWERED)
    states = Counter(item.state for item in look.shown)
    words = {ActionKind.LIKE: "liked", ActionKind.WATCH: "watched", ActionKind.SKIP: "skipped"}
    done = ", ".join(f"{actions[kind]} {word}" for kind, word in words.items())
    rest = ", ".join(f"{states[state]} {state.value}" for state in AnswerState if state is not AnswerState.ANSWERED)
    return f"{len(look.shown)} clips shown: {done}; {rest}."


def _rating(item: Shown) -> str:
    return "–/5" if item.rating is None else f"{item.rating}/5"


def _labels(labels: Mapping[str, float] | None) -> str:
    parts = [f"{NAMES.get(code, code)}{'' if value > 0 else ' (opposed)'}" for code, value in (labels or {}).items() if value]
    return f"  · {', '.join(parts)}" if parts else ""


def _points(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"{100 * interval.estimate:+.0f} points (n = {interval.n}; no interval: the differences do not vary)"
    bounds = f"[{100 * interval.low:+.0f}, {100 * interval.high:+.0f}]"
    return f"{100 * interval.estimate:+.0f} points {bounds}, 95 % {interval.method}, n = {interval.n}"
