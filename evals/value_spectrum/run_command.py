"""`python -m evals.value_spectrum run`: from the options to sessions of the engine, one experiment after the other, and the report."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.experiments.command import checked_counts
from agent.experiments.plan import Plan
from agent.experiments.running import Result
from evals.running import dry_run, listed_models, run_plan
from evals.value_spectrum.asking import CONTROL, Induced, Wanted, image_plan, induced_plan, run_name, text_plan
from evals.value_spectrum.descriptions import descriptions
from evals.value_spectrum.pools import Batch, Source, batches, corpus_source, feed_source, pool_source, text_batches
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["TEXT", "induced_of", "run", "sources_of", "wanted_of"]

TEXT = "-text"
"""Behind the name of a run: the experiment in which descriptions take the place of the images."""


def run(options: argparse.Namespace) -> int:
    """Ask, then score. Returns the exit code. Raises AxiofeedError."""
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    wanted, induced, sources = wanted_of(options), induced_of(options), sources_of(options)
    name = run_name(options.name, wanted, sources, induced)
    folder = Path(options.runs).resolve() / name
    dealt: list[Batch] = []
    if induced is not None:
        plan = induced_plan(name, wanted, sources[0], induced)
    else:
        dealt = [each for source in sources if source.pool is not None for each in batches(source, wanted.batch, wanted.seed)]
        plan = image_plan(name, wanted, sources, dealt, folder)
    if options.dry_run:
        return _dry_run(plan, wanted, sources, induced, options)
    done = [_run(plan, dealt, options)]
    if options.ablation and not done[0].exit_code:
        done.append(_described(plan, wanted, dealt, folder, options))
    code = max(each.exit_code for each in done)
    wants_report = not code and not options.no_report
    reported = wants_report and _report(folder, options)
    if options.json:
        sys.stdout.write(json.dumps(_summary(done, folder, reported), ensure_ascii=False) + "\n")
    return 1 if wants_report and not reported else code


def wanted_of(options: argparse.Namespace) -> Wanted:
    """Whom to ask, and how. Raises SpecError for options that do not go together."""
    asked = listed_models(options.model, options.model_option)
    personas = _listed(options.persona, "--persona") if options.persona is not None else [CONTROL]
    strategy = options.strategy or ("simple" if options.persona is not None else "none")
    if options.persona is None and strategy != "none":
        raise SpecError(f"--strategy {strategy} is a way of telling a persona: give --persona, or leave it out")
    if not 1 <= options.batch <= 100_000:
        raise SpecError(f"--batch takes a whole number from 1 to 100000, not {options.batch}")
    if options.ablation and strategy in {"simple", "isq"}:
        raise SpecError(f"--ablation needs descriptions, which strategy {strategy} does not ask for: give --strategy narrative or none")
    return Wanted(asked, tuple(personas), strategy, options.frames, options.cells, options.seed, options.batch)


def induced_of(options: argparse.Namespace) -> Induced | None:
    """The lengths of `--induced`; None without it. Raises SpecError."""
    given = {name: getattr(options, name) for name in ("train", "evaluate", "pairs") if getattr(options, name) is not None}
    if not options.induced:
        if given:
            raise SpecError(f"--{next(iter(given))} belongs to --induced: add it, or leave --{next(iter(given))} out")
        return None
    for other in ("ablation", "retest"):
        if getattr(options, other) is not None:
            raise SpecError(f"--induced and --{other} are runs of their own: give one of them")
    if options.cells == "all":
        raise SpecError("--induced shows a video once: leave --cells all out")
    for name, value in given.items():
        if value < 1:
            raise SpecError(f"--{name} takes a whole number from 1, not {value}")
    return Induced(**given)


def sources_of(options: argparse.Namespace) -> list[Source]:
    """What is asked about, one source a draw. Raises SpecError, FeedError."""
    if options.retest is not None and options.pool is None:
        raise SpecError("--retest is a second draw beside --pool: give both")
    if options.pool is not None:
        draws = [options.pool, *([options.retest] if options.retest is not None else [])]
        sources = [pool_source(path, number) for number, path in enumerate(draws, 1)]
        if len(sources) == 2 and set(sources[0].told()[1][1]) and sources[0].pool == sources[1].pool:  # type: ignore[index]
            raise SpecError("--retest is the same pool as --pool: draw a second one with --draw 2")
        return sources
    if options.corpus is not None:
        return [corpus_source(options.corpus)]
    if options.ablation:
        raise SpecError(
            "--ablation shows texts, which only pools do: give --pool or --corpus (`environments.corpus add` takes catalogue too)"
        )
    return [feed_source(options.feed or "catalogue")]


def _listed(given: str, option: str) -> list[str]:
    found = [part.strip() for part in given.split(",") if part.strip()]
    if not found:
        raise SpecError(f"{option} names nothing: give one, or several with commas between")
    return found


def _run(plan: Plan, dealt: Sequence[Batch], options: argparse.Namespace) -> Result:
    """One experiment, or what is left of it."""

    def write(folder: Path) -> None:
        for batch in dealt:
            batch.write(folder)

    return run_plan(plan, options, "python -m evals.value_spectrum score", write)


def _described(plan: Plan, wanted: Wanted, dealt: list[Batch], folder: Path, options: argparse.Namespace) -> Result:
    """The ablation: each respondent's own descriptions in place of the images."""
    told = descriptions(folder)
    respondents = dict.fromkeys((planned.spec.model, planned.spec.persona) for planned in plan.sessions)
    parts = {who: text_batches(dealt, told.get(who, {}), " ".join(who)) for who in respondents}
    name = f"{plan.name}{TEXT}"
    texts = [batch for each in parts.values() for batch in each]
    return _run(text_plan(name, wanted, parts, folder.with_name(name)), texts, options)


def _dry_run(plan: Plan, wanted: Wanted, sources: Sequence[Source], induced: Induced | None, options: argparse.Namespace) -> int:
    """Print the plan; nothing is written. A batch is a part of a pool, so its prompts are as long as the pool's."""
    whole = plan if induced is not None else image_plan(plan.name, wanted, sources, (), Path(options.runs))
    code = dry_run(whole, options, sessions=len(plan.sessions))
    if options.json:
        return code
    if len(plan.sessions) != len(whole.sessions):
        sys.stdout.write(f"asked in {len(plan.sessions)} sessions of at most {wanted.batch} images\n")
    if options.ablation:
        sys.stdout.write("the ablation asks as often again, without pictures\n")
    return 0


def _report(folder: Path, options: argparse.Namespace) -> bool:
    """Whether the report lies beside the sessions now; where it does not, why, and that what was asked is kept."""
    import contextlib  # noqa: PLC0415

    from evals.value_spectrum.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    if not options.quiet:
        sys.stderr.write("scoring\n")
    corpus = ["--corpus", options.corpus] if options.corpus else []
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        code = command(["score", str(folder), *corpus, "--out", str(folder / "report")])
    if code:
        sys.stderr.write(f"the answers are kept in {one_line(str(folder), None)}: {_what_next(folder, code, options)}\n")
    return not code


def _what_next(folder: Path, code: int, options: argparse.Namespace) -> str:
    """How a run that was asked is scored after all; 2 is the exit code of videos whose values are not known."""
    score = f"python -m evals.value_spectrum score {shlex.quote(str(folder))}"
    if code != 2:
        return f"score them with `{score} --out DIR`"
    corpus, before = shlex.quote(options.corpus or "CORPUS"), ""
    if not options.corpus and not options.pool:
        before = f"put the videos into a corpus (`python -m environments.corpus add CORPUS {shlex.quote(options.feed or 'catalogue')}`), "
    return f"{before}label them (`python -m evals.labels judge {corpus}`), then score (`{score} --corpus {corpus}`)"


def _summary(done: Sequence[Result], folder: Path, reported: bool) -> dict[str, Any]:
    runs = [{"folder": str(each.folder), **each.totals(), "remaining": each.remaining, "stopped": dict(each.stopped)} for each in done]
    return {"folder": str(folder), "runs": runs, "report": str(folder / "report" / "report.html") if reported else None}
