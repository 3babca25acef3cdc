"""`python -m evals.auto_bench verify`: people check curated items on the local page; what they found as a file and in words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from environments.decks.questions import Question, QuestionDeck
from evals.annotating.form import Card
from evals.auto_bench.sample import SAMPLE, open_items
from evals.auto_bench.taxonomy import VALUE, taxonomy
from evals.auto_bench.verification import (
    VERIFIED,
    Checked,
    answers_folder,
    as_json,
    note_shown,
    read_checked,
    sampled,
    verify_form,
    write_checked,
)
from evals.judging.pictures import jpeg_of
from evals.report.words import count, number, percent, plural
from evals.values.intervals import Interval
from personas.errors import SpecError, UserError

__all__ = ["card_of", "run"]


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C, then write and tell what was found. Returns 0. Raises AxiofeedError."""
    deck = open_items(options.items)
    if options.items == SAMPLE and options.answers is None:
        raise SpecError("--answers is missing: say where the answers on the sample are to be kept")
    folder = answers_folder(deck.folder, options.answers)
    if options.sample is not None and options.sample < 1:
        raise SpecError(f"--sample takes a whole number from 1, not {options.sample}")
    if not options.summary:
        _serve(deck, folder, options)
    try:
        found = read_checked(folder, deck.items)
    except UserError:
        if options.summary:
            raise
        sys.stderr.write("nothing was checked yet; the same command goes on\n")
        return 0
    write_checked(found, folder / VERIFIED)
    sys.stdout.write(f"{as_json(found)}\n" if options.json else _told(found, folder, len(deck.items)))
    return 0


def _serve(deck: QuestionDeck, folder: Path, options: argparse.Namespace) -> None:
    from evals.annotating.serving import serve_annotation  # noqa: PLC0415 - the server loads when used

    raters = [name.strip() for name in (options.raters or "").split(",") if name.strip()]
    if not raters:
        raise SpecError("--raters is missing: say who checks, such as --raters anna,ben (or --summary for what was answered so far)")
    ids = sampled(deck.items, options.sample, options.seed)
    note_shown(folder, [deck.by_id[name] for name in ids])

    def load(name: str) -> Card:
        return card_of(deck, deck.by_id[name])

    serve_annotation(
        load, ids, verify_form(deck.items), folder, raters, seed=options.seed, port=options.port, open_browser=not options.no_open
    )


def card_of(deck: QuestionDeck, item: Question) -> Card:
    """An item as a card: question, options, answer, reasoning and pictures; not its id, and not who wrote it. Raises EnvironmentFailed."""
    reasoning = (item.model_extra or {}).get("reasoning")
    texts = [("Question", item.text)]
    if item.options:
        texts.append(("Options", "\n".join(f"- {option}" for option in sorted(item.options))))
    label = "Answer"
    if item.about.get("capacity") == VALUE:
        label = "Answer (the request is to be declined)" if item.about.get("kind") == "decline" else "Answer (the request is harmless)"
    texts += [(label, _answer(item)), ("Reasoning", reasoning if isinstance(reasoning, str) else "")]
    return Card(item.id, item.about.get("skill", ""), tuple(texts), tuple(jpeg_of(deck.picture(image)) for image in item.images))


def _with_bounds(found: Interval) -> str:
    bounds = f" [{number(found.low)}, {number(found.high)}]" if found.low is not None and found.high is not None else ", without interval"
    return f"{number(found.estimate)}{bounds}"


def _answer(item: Question) -> str:
    return "\n".join(item.options[place] for place in item.key) if item.options else item.reference


def _told(found: Checked, folder: Path, total: int) -> str:
    lines = [f"{count(found.items.height)} of {plural(total, 'item')} checked; {VERIFIED} is in {folder}\n"]
    rows: Sequence[dict[str, object]] = found.shares.filter(level="all").to_dicts() + found.shares.filter(level="capacity").to_dicts()
    for row in rows:
        low, high = row["share_low"], row["share_high"]
        bounds = f" [{percent(float(str(low)))}, {percent(float(str(high)))}]" if low is not None and high is not None else ""
        flawed = f"{row['flawed']} of {row['checked']} flawed, {percent(float(str(row['share'])))}{bounds}"
        yes = ", ".join(f"{name} {percent(float(str(row[name])))}" for name in ("valid", "right", "sound"))
        lines.append(f"  {row['group']}: {flawed} ({yes})\n")
    if found.changed:
        lines.append(f"  {plural(found.changed, 'item')} checked before changed since: what was said of them does not count\n")
    if found.alpha is not None:
        lines.append(f"  raters agree on what is flawed: Krippendorff's alpha {_with_bounds(found.alpha)}\n")
    known = taxonomy()["human_check"]
    lines.append(f"  published: {', '.join(f'{name} {known[name]}%' for name in ('valid', 'right', 'sound'))}, all three {known['all']}%\n")
    lines.append(f"next: python -m evals.auto_bench score RUN --verified {folder.parent}\n")
    return "".join(lines)
