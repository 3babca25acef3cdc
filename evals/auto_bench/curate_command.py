"""`python -m evals.auto_bench curate`: images as symbols, a curator's triplets, what passes the filters as items."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agent.experiments.command import checked_counts
from environments.cache import default_cache_dir
from environments.canonical import rng
from evals.auto_bench.curating import curation_run, read_replies
from evals.auto_bench.items import Curated, LeftOut, check_out, items_from, picture_name, write_items
from evals.auto_bench.symbols import ImageSymbols
from evals.auto_bench.taxonomy import skills_named
from evals.benchmark.asking import ItemRun, plan_of, run_name, write_decks
from evals.judging.able import check_able
from evals.judging.going import Used, used_in, within
from evals.running import Asked, dry_run, listed_models, run_plan
from personas.errors import SpecError, UserError

__all__ = ["CATALOGUE", "run"]

CATALOGUE, SAMPLE, SEEN = "catalogue", "sample", "vlm"
MOST = 20
"""Triplets of a skill and image."""
T = TypeVar("T")


def run(options: argparse.Namespace) -> int:
    """Curate what is left, then write the items. Returns the exit code. Raises AxiofeedError."""
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    out = Path(options.out).expanduser()
    check_out(out)
    wanted = skills_named(options.skills)
    if not 1 <= options.per_image <= MOST:
        raise SpecError(f"--per-image takes a whole number from 1 to {MOST}, not {options.per_image}")
    if options.limit is not None and options.limit < 1:
        raise SpecError(f"--limit takes a whole number from 1, not {options.limit}")
    _check_unused(options)
    asked = _one_model(options.curator, options.model_option, "--curator")
    check_able(asked.models, "curate", "--curator")
    symbols, seen_code, seeing = _symbols(options)
    if symbols is None:
        return seen_code
    images, unseen = symbols
    source = Path(options.images).expanduser().resolve().name
    made = curation_run(images, wanted, asked, source=source, per_image=options.per_image, seed=options.seed)
    if options.dry_run:
        return _dry(made, options)
    folder, code, _ = _asked(made, options, options.name, seeing)
    read = _answers(lambda: read_replies([folder]), code) if code in {0, 1} else None
    if read is None:
        return code
    by_id = {image.id: image for image in images}
    found = items_from(read[0], by_id, {image.id: picture_name(image) for image in images})
    found = Curated(found.items, (*unseen, *found.left_out), found.triplets)
    _write(found, images, folder, options)
    if not options.json:
        _tell(found, out, read[1])
    return max(code, seen_code, 0 if found.items else 1)


def _check_unused(options: argparse.Namespace) -> None:
    """Raises SpecError for an option that would change nothing."""
    if options.vlm is not None and options.symbols != SEEN:
        raise SpecError(f"--vlm lists symbols with --symbols {SEEN} alone: add it, or leave --vlm out")
    if options.captions is not None and options.symbols in {None, SEEN, CATALOGUE}:
        raise SpecError("--captions stands beside a file of symbols alone: give --symbols FILE, or leave --captions out")


def _answers(read: Callable[[], T], code: int) -> T | None:
    """What `read` gives; None where there is no answer after a run that failed, which has said why."""
    try:
        return read()
    except UserError:
        if not code:
            raise
        return None


def _write(found: Curated, images: list[ImageSymbols], folder: Path, options: argparse.Namespace) -> None:
    """The items' folder, and with --json what is in it."""
    record: dict[str, Any] = {
        "curator": options.curator,
        "images": len(images),
        "symbols": "catalogue" if options.images in {CATALOGUE, SAMPLE} else Path(options.symbols).name,
        "skills": dict(Counter(item.about["skill"] for item in found.items)),
        "synthetic": options.curator == "scripted-curator",
        "seed": options.seed,
        "run": folder.name,
        "symbol_hashes": {image.id: image.hash for image in images},
    }
    write_items(found, images, Path(options.out).expanduser(), record)
    if options.json:
        told = {name: record[name] for name in ("images", "skills", "run")}
        told |= {"items": len(found.items), "triplets": found.triplets, "left_out": len(found.left_out), "folder": str(folder)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")


def _tell(found: Curated, out: Path, problems: tuple[str, ...]) -> None:
    by_capacity = Counter(item.about["capacity"] for item in found.items)
    told = ", ".join(f"{name} {count}" for name, count in by_capacity.items())
    sys.stdout.write(f"{len(found.items)} items of {found.triplets} triplets ({told or 'none'}) in {out}\n")
    if found.left_out:
        sys.stdout.write(f"{len(found.left_out)} left out, each with its reason in {out / 'left_out.csv'}\n")
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    if found.items:
        sys.stdout.write(f"next: python -m evals.auto_bench verify {out} --raters NAME, or run --items {out} --model M\n")


Symbols = tuple[tuple[list[ImageSymbols], list[LeftOut]] | None, int, Used]
"""Images as symbols and those of which there are none, or None; the exit code of a VLM's run, and what that has used."""


def _symbols(options: argparse.Namespace) -> Symbols:
    """The images; (None, code, …) where a VLM's run has to be carried on first."""
    if options.images in {CATALOGUE, SAMPLE}:
        from evals.auto_bench.catalogue_symbols import catalogue_clips, catalogue_symbols  # noqa: PLC0415 - Pillow loads when used
        from evals.auto_bench.sample import sample_clips  # noqa: PLC0415

        if options.symbols not in {None, CATALOGUE}:
            raise SpecError(f"--images {options.images} comes with its own symbols: leave --symbols out")
        clips = sample_clips(options.limit) if options.images == SAMPLE else catalogue_clips(options.limit, options.seed)
        return (catalogue_symbols(clips, default_cache_dir() / "auto-bench-frames"), []), 0, Used()
    folder = Path(options.images).expanduser()
    if options.symbols is None:
        raise SpecError("--symbols is missing: give a COCO-style JSON file, or vlm with --vlm MODEL")
    if options.symbols == SEEN:
        return _seen(options, folder)
    from evals.auto_bench.coco_symbols import coco_symbols  # noqa: PLC0415

    captions = Path(options.captions).expanduser() if options.captions else None
    return (_limited(coco_symbols(Path(options.symbols).expanduser(), folder, captions), options), []), 0, Used()


def _limited(images: list[ImageSymbols], options: argparse.Namespace) -> list[ImageSymbols]:
    if options.limit is None or options.limit >= len(images):
        return images
    ordered = sorted((image.id for image in images), key=lambda name: rng("image sample", options.seed, name).random())
    kept = set(ordered[: options.limit])
    return [image for image in images if image.id in kept]


def _seen(options: argparse.Namespace, folder: Path) -> Symbols:
    from evals.auto_bench.seen_symbols import pictures_in, seeing_run, seen_symbols  # noqa: PLC0415

    pictures = pictures_in(folder)
    if options.limit is not None:
        pictures = sorted(sorted(pictures, key=lambda path: rng("image sample", options.seed, path.name).random())[: options.limit])
    asked = _one_model(options.vlm or options.curator, options.model_option, "--vlm")
    check_able(asked.models, "look", "--vlm")
    made = seeing_run(folder, pictures, asked, options.seed)
    if options.dry_run:
        return None, _dry(made, options), Used()
    run, code, used = _asked(made, options, None if options.name is None else f"{options.name}-symbols")
    return (_answers(lambda: seen_symbols(run, folder), code) if code in {0, 1} else None), code, used


def _one_model(given: str, model_options: list[str] | None, option: str) -> Asked:
    try:
        asked = listed_models(given, model_options)
    except SpecError as error:
        raise SpecError(str(error).replace("--model ", f"{option} ")) from None
    if len(asked.models) != 1:
        raise SpecError(f"{option} takes one model: curate with each of several into its own --out")
    return asked


def _asked(made: ItemRun, options: argparse.Namespace, given: str | None, before: Used | None = None) -> tuple[Path, int, Used]:
    """The run's folder, its exit code, and what it has used; limits are those of the command, so what was used `before` is taken off."""
    name = run_name(given, made)
    folder = Path(options.runs).resolve() / name
    plan = plan_of(name, made, folder)
    left = within(plan, options, [before or Used()])
    if left is None:
        return folder, 3, Used()
    result = run_plan(plan, left, "python -m agent.replay", lambda place: write_decks(made, place))
    return folder, result.exit_code, used_in(plan, folder)


def _dry(made: ItemRun, options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as place:
        write_decks(made, Path(place))
        return dry_run(plan_of(run_name(options.name, made), made, Path(place).resolve()), options)
