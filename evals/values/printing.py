"""The first look as text for a terminal: what was liked most, where two personas part, a preliminary profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.protocols.base import AnswerState
from environments.base import ActionKind
from evals.report.words import number, signed
from evals.values.first_look import MINIMUM_PER_VALUE, Comparison, GroupLook, Look, Shown
from evals.values.intervals import Interval
from personas.one_line import one_line
from personas.schwartz import NAMES

__all__ = ["print_comparison", "print_look", "print_profiles"]

FLIPS_SHOWN = 5
CAPTION = 58
MINIMUM_FOR_T = 5
"""A t interval on fewer ratings is wider than the scale."""


def print_look(look: Look, console: Console) -> None:
    """What one session did."""
    console.print()
    console.print(Text(look.persona, style="bold"), Text(f"({look.session})", style="dim"))
    console.print(Text(_doings(look)))
    liked = look.liked_most()
    if liked:
        console.print(Text("Liked most:"))
        for item in liked:
            console.print(Text(f"  {_rating(item)}  {one_line(item.caption, CAPTION, fold=True)}{_labels(item.labels)}"))
    else:
        console.print(Text("Liked nothing."))


def print_comparison(comparison: Comparison, first: str, second: str, console: Console) -> None:
    """Where two sessions on the same clips part."""
    console.print()
    unpaired = comparison.only_first or comparison.only_second
    which = f"{comparison.paired} clips in common" if unpaired else "same clips"
    console.print(Text(f"{first} against {second}, {which}", style="bold"))
    if not comparison.paired:
        console.print(Text("They answered no clip in common, so there is nothing to compare."))
        return
    console.print(Text(f"Same action on {comparison.agreed} of the {comparison.paired} clips that both answered. Furthest apart:"))
    if comparison.flips:
        console.print(Text(f"  {first} | {second}", style="dim"))
    for flip in comparison.flips[:FLIPS_SHOWN]:
        actions = f"{flip.first.action.value:>5} | {flip.second.action.value:<5}"
        console.print(Text(f"  {actions}  {one_line(flip.caption, CAPTION, fold=True)}{_labels(flip.labels)}"))
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


def print_profiles(looks: Sequence[Look], console: Console) -> None:
    """The preliminary profile of one session, or of two side by side: like rates, then mean ratings."""
    labelled = [look for look in looks if look.labelled and look.groups]
    console.print()
    if not labelled:
        answered = any(item.state is AnswerState.ANSWERED for look in looks for item in look.shown)
        why = "the clips of this feed carry no value labels" if answered else "no clip was answered"
        console.print(Text(f"No value profile: {why}.", style="dim"))
        return
    console.print(Text("PRELIMINARY profile, by the values that clips promote", style="bold"))
    console.print(_profile_table("like rate [95% Wilson]", labelled, _like_rate, console))
    console.print(_profile_table("mean rating 0–5 [95% t]", labelled, _mean_rating, console))
    console.print(
        Text(
            f"Over answered clips, n in brackets; a clip can be in several rows, and oppose another value; single values "
            f"from {MINIMUM_PER_VALUE} clips on. Value-consistent preferences under this elicitation, not separated from appeal or each "
            "other.",
            style="dim",
        )
    )


def _profile_table(title: str, looks: Sequence[Look], cell: Callable[[GroupLook], str], console: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=console.width >= 80)
    for look in looks:
        table.add_column(look.persona)
    rows = {group.code: group.name for look in looks for group in look.groups}
    for code, name in rows.items():
        by_code = [{group.code: group for group in look.groups}.get(code) for look in looks]
        table.add_row(f"  {name}", *("–" if group is None else cell(group) for group in by_code))
    return table


def _like_rate(group: GroupLook) -> str:
    rate = group.like_rate
    return f"{rate.estimate:>4.0%} [{rate.low or 0:.0%}, {rate.high or 0:.0%}] ({rate.n})"


def _mean_rating(group: GroupLook) -> str:
    rating = group.mean_rating
    if rating is None:
        return "–"
    if rating.low is None or rating.high is None or rating.n < MINIMUM_FOR_T:
        return f"{number(rating.estimate)} ({rating.n})"
    return f"{number(rating.estimate)} [{number(max(0.0, rating.low))}, {number(min(5.0, rating.high))}] ({rating.n})"


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
    estimate = signed(100 * interval.estimate, 0)
    if interval.low is None or interval.high is None:
        return f"{estimate} points (n = {interval.n}; no interval: the differences do not vary)"
    return f"{estimate} points [{signed(100 * interval.low, 0)}, {signed(100 * interval.high, 0)}], 95% {interval.method}, n = {interval.n}"
