"""What every report says, whether or not there is something to say: ten questions, each with an answer or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.report.estimates import BY_DESIGN
from evals.report.words import count, percent, plural, prose
from evals.values.findings import Analysis, Control
from evals.values.panel import BINARY

__all__ = ["MARKS", "Check", "Entry", "anchor", "block_of"]

MARKS = {True: ("✓", "passed"), False: ("✕", "not passed"), None: ("–", "without verdict")}
"""Of a control, by whether it passed."""


@dataclass(frozen=True)
class Check:
    """A control, as a link to where it is told."""

    mark: str
    verdict: str
    name: str
    href: str


@dataclass(frozen=True)
class Entry:
    """One question: `text` first, then `checks`; `href` is where the page says more."""

    name: str
    text: str
    href: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Part:
    """One of the ten: the controls whose names hold one of `words` belong to it; `text` is said besides, `absent` where it has none."""

    name: str
    href: str
    words: tuple[str, ...]
    text: Callable[[Analysis], str]
    absent: Callable[[Analysis], str]


def anchor(place: int) -> str:
    """The id of the control at that place of the list."""
    return f"control-{place + 1}"


def block_of(analysis: Analysis) -> tuple[Entry, ...]:
    """The ten entries, and with controls that belong to none of them an eleventh."""
    left = dict(enumerate(analysis.controls))
    found = []
    for part in PARTS:
        own = {place: control for place, control in left.items() if any(word in control.name.lower() for word in part.words)}
        left = {place: control for place, control in left.items() if place not in own}
        found.append(_entry(part, own, analysis))
    if left:
        found.append(Entry("Further checks", "", "#controls", _checks(left)))
    return tuple(found)


def _entry(part: Part, own: dict[int, Control], analysis: Analysis) -> Entry:
    """A control that could not be run says so in its finding; that stands here in full."""
    silent = {place: control for place, control in own.items() if _silent(control)}
    told = [part.text(analysis)] if part.text is not nothing else []
    if not own and (absent := part.absent(analysis)):
        told.append(f"Absent: {absent}")
    told += [_why_silent(control) for control in silent.values()]
    ran = {place: control for place, control in own.items() if place not in silent}
    if part.text is nothing and len(ran) == 1:
        finding = prose(next(iter(ran.values())).finding)
        told.insert(0, finding[:1].upper() + finding[1:])
    return Entry(part.name, " ".join(each for each in told if each), part.href, _checks(ran))


def _why_silent(control: Control) -> str:
    name, why = control.name, prose(control.finding).removeprefix("Not computed: ")
    return f"{name[:1].upper()}{name[1:]} is absent: {why}"


def _silent(control: Control) -> bool:
    return control.passed is None and not control.figures and (control.table is None or control.table.is_empty())


def _checks(controls: dict[int, Control]) -> tuple[Check, ...]:
    return tuple(Check(*MARKS[control.passed], control.name, f"#{anchor(place)}") for place, control in controls.items())


def nothing(_: Analysis) -> str:
    return ""


def _identified(analysis: Analysis) -> str:
    there = analysis.primary.profiles["estimand"].unique(maintain_order=True).to_list()
    if not there:
        return "Nothing was estimated, so nothing is identified."
    told = []
    for how, names in (
        ("By the design", [name for name in there if name in BY_DESIGN]),
        ("Only given the covariates", [name for name in there if name not in BY_DESIGN]),
    ):
        told += [f"{how}: {', '.join(names)}."] if names else []
    return " ".join(told)


def _refused(analysis: Analysis) -> str:
    lost, asked = float(analysis.primary.panel.lost.sum()), float(analysis.primary.panel.put.sum())
    if not asked:
        return "Nobody was asked anything."
    if not lost:
        return f"None of {count(asked)} questions was refused or answered unreadably, so bounds have nothing to cover."
    bounded = analysis.primary.profiles["bound_low"].drop_nulls().len()
    bounds = "bounds are given" if bounded else "there are no bounds"
    return f"{count(lost)} of {count(asked)} questions ({percent(lost / asked)}) were refused or answered unreadably; {bounds}."


def _labels(analysis: Analysis) -> str:
    loadings = analysis.primary.panel.loadings
    return "" if loadings.gold is None else "A gold sample of human labels is there, and slopes are corrected to it."


def _no_labels(analysis: Analysis) -> str:
    return "there is no gold sample of human labels to compare with." if analysis.primary.panel.loadings.gold is None else ""


def _structure(analysis: Analysis) -> str:
    sentence = prose(str(analysis.structure.get("sentence") or "The circle of values was not tested."))
    return sentence if analysis.structure.get("enough") else f"Absent: {sentence[:1].lower()}{sentence[1:]}"


def _channels(analysis: Analysis) -> str:
    names = list(analysis.decompositions)
    return f"{', '.join(names)}." if len(names) > 1 else f"{names[0]} alone."


def _multiplicity(analysis: Analysis) -> str:
    values = len(analysis.primary.panel.values)
    return f"Holm within the {plural(values, 'value')} of one contrast; Benjamini–Hochberg over the sweep of personas (q in profiles.csv)."


def _no_order(analysis: Analysis) -> str:
    orders = {cell % 2 for cell in analysis.primary.panel.cells}
    return "the options were put in one order only." if len(orders) < 2 else "no clip can tell the orders apart here."


def _not_yes_or_no(otherwise: str) -> Callable[[Analysis], str]:
    def absent(analysis: Analysis) -> str:
        channel = analysis.primary.channel
        return f"it is not made for {channel}, a yes or a no." if channel in BINARY else otherwise

    return absent


PARTS: Sequence[Part] = (
    Part("Identification", "#method", (), _identified, nothing),
    Part(
        "Reliability",
        "#controls",
        ("reliab", "split half", "agreement of the prompts", "wording", "stability", "identification", "retest", "icc"),
        nothing,
        _not_yes_or_no("too few clips, cells or respondents to compare halves of them."),
    ),
    Part("Order effect", "#controls", ("order of", "order effect", "option"), nothing, _no_order),
    Part("Refusals and bounds", "#refusals", ("refus",), _refused, nothing),
    Part("Label agreement", "#controls", ("on the label", "of the label", "label agreement", "judges", "gold"), _labels, _no_labels),
    Part(
        "Negative controls",
        "#controls",
        ("shuffled", "permuted", "value-free"),
        nothing,
        _not_yes_or_no("too few clips, personas or clips without a value to take the meaning away from."),
    ),
    Part("Structure", "#structure", ("circle", "structure"), _structure, nothing),
    Part("Channels", "#channels", ("channel",), _channels, nothing),
    Part("Multiplicity", "#method", ("multipl",), _multiplicity, nothing),
    Part(
        "Variance shares",
        "#controls",
        ("varian",),
        nothing,
        _not_yes_or_no("it takes two respondents and ten clips that all answered."),
    ),
)
