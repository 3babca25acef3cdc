"""The training run: the same steps whether it is run at once or killed and resumed. On a CPU the losses are then equal to the last bit.

Nothing of a step depends on what is not in the recipe or the checkpoint: the order of images follows from seed and epoch, the learning rate
from the number of the step, and the checkpoint holds weights, moments and random generators.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.canonical import rng
from environments.catalogue.storing import write_whole
from evals.mm_scale.training.answering import Answerer, Answers
from evals.mm_scale.training.checkpoint import Log, kept, load_checkpoint, newest_checkpoint, read_json, save_checkpoint, write_json
from evals.mm_scale.training.evaluating import answers_to, figures
from evals.mm_scale.training.exporting import export, write_held_out
from evals.mm_scale.training.graded import ImageSet, image_sets, shown_items, split_sets
from evals.mm_scale.training.loading import check_model, few_threads, needed, trainable
from evals.mm_scale.training.losses import LOSSES, pointwise_loss
from evals.mm_scale.training.recipe import Recipe
from evals.mm_scale.training.sources import items_of
from personas.errors import SpecError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["rate_at", "train"]

_ROOM = 2**30
"""Bytes of inputs that are kept ready."""
_GRADIENT = 1.0
"""The norm that gradients are cut at."""
_RISE = 20
"""The learning rate rises over one step in so many."""


def train(
    recipe: Recipe, folder: Path, *, resume: bool = False, merge: bool = False, tell: Callable[[str], None] = print
) -> dict[str, Any]:
    """Train, test on the held-out images before and after, and write what was trained; see `checkpoint` for the files.

    Returns {"before", "after": figures, "steps", "folder", "written": {kind: folder}}. Raises SpecError (options, or a folder of another
    run), FeedError (items), ModelSetupError (model or packages), StorageFailed.
    """
    needed()
    _check_folder(recipe, folder, resume)
    check_model(recipe)
    with few_threads(recipe):
        return _trained(recipe, folder, merge, tell)


def _trained(recipe: Recipe, folder: Path, merge: bool, tell: Callable[[str], None]) -> dict[str, Any]:
    training, held_out = split_sets(image_sets(items_of(recipe, folder / "items")), recipe.held_out, recipe.seed)
    ask = _Asking(trainable(recipe, folder / "tiny"), recipe.wording)
    _describe(recipe, folder, training, held_out)
    before = _tested("before", folder, held_out, ask)
    tell(f"{len(training)} images to train on, {len(held_out)} held out; before: {_short(before)}")
    steps = _steps(recipe, folder, training, ask, tell)
    after = _tested("after", folder, held_out, ask)
    tell(f"after {steps} steps: {_short(after)}")
    write_held_out(held_out, folder / "held_out")
    written = export(ask.model, recipe, folder, merge=merge)
    return {"before": before, "after": after, "steps": steps, "folder": str(folder), "written": {k: str(v) for k, v in written.items()}}


def rate_at(step: int, steps: int, highest: float) -> float:
    """The learning rate of step `step` (from 0) of `steps`: rises linearly over the first twentieth, then falls along a cosine to 0."""
    rise = max(1, steps // _RISE)
    if step < rise:
        return highest * (step + 1) / rise
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _check_folder(recipe: Recipe, folder: Path, resume: bool) -> None:
    """Whether the run may be written there. Items and a tiny model that were made before anything failed do no harm. Raises SpecError."""
    config = folder / "config.json"
    if not resume:
        if folder.is_dir() and any(path.name not in {"items", "tiny"} for path in folder.iterdir()):
            raise SpecError(f"{folder} is not empty: --resume carries on there, another --out begins anew")
        return
    if not config.is_file():
        raise SpecError(f"there is nothing to resume in {folder}: leave --resume out")
    stored, given = read_json(config).get("recipe"), recipe.written()
    stored = stored if isinstance(stored, dict) else {}
    if other := [f"--{name.replace('_', '-')}" for name in given if given[name] != stored.get(name)]:
        raise SpecError(f"{folder} was begun with other options ({', '.join(other)}): give the same, or another --out")


def _describe(recipe: Recipe, folder: Path, training: Sequence[ImageSet], held_out: Sequence[ImageSet]) -> None:
    about: dict[str, Any] = {"format": "axiofeed.mm_scale.training", "recipe": recipe.written()}
    about["versions"] = {package: version(package) for package in ("torch", "transformers", "peft")}
    about["training"] = sorted(images.name for images in training)
    about["held_out"] = sorted(images.name for images in held_out)
    write_json(folder / "config.json", about)


class _Asking:
    """Asks a model about all scenarios of an image at once. What it reads is kept for the next epoch while there is room."""

    def __init__(self, model: Answerer, wording: int) -> None:
        self.model, self._wording, self._room = model, wording, _ROOM
        self._ready: dict[str, Mapping[str, Any]] = {}

    def __call__(self, images: ImageSet) -> Answers:
        read = self._ready.get(images.name)
        if read is None:
            read = self.model.read(shown_items(images, self._wording))
            size = sum(value.nbytes for value in read.values())
            if size <= self._room:
                self._ready[images.name], self._room = read, self._room - size
        return self.model.ask(read)


def _steps(recipe: Recipe, folder: Path, training: Sequence[ImageSet], ask: _Asking, tell: Callable[[str], None]) -> int:
    """All steps that are not made yet. Returns how many there are in all."""
    import torch  # noqa: PLC0415 - an extra: loads when used

    model = ask.model.model
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.lr, weight_decay=0.0)
    place = newest_checkpoint(folder)
    done = 0 if place is None else load_checkpoint(place, model, optimizer)
    if done:
        tell(f"carrying on after step {done}")
    log, steps = Log(folder / "losses.jsonl", done), recipe.steps(len(training))
    for step, (epoch, batch) in enumerate(_batches(recipe, training)):
        if step < done or step >= steps:
            continue
        rate = rate_at(step, steps, recipe.lr)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        parts = _gathered(recipe, batch, ask)
        norm = float(torch.nn.utils.clip_grad_norm_(weights, _GRADIENT))
        if not (math.isfinite(parts["loss"]) and math.isfinite(norm)):
            raise SpecError(f"the loss is no number any more at step {step + 1}: take a lower --lr than {recipe.lr:g}")
        optimizer.step()
        log.add({"step": step + 1, "epoch": epoch + 1, **parts, "rate": rate, "gradient": norm})
        if (step + 1) % recipe.save_every == 0 or step + 1 == steps:
            save_checkpoint(folder, step + 1, model, optimizer)
            tell(f"step {step + 1} of {steps}: loss {parts['loss']:.4f}")
    return steps


def _batches(recipe: Recipe, training: Sequence[ImageSet]) -> Iterator[tuple[int, Sequence[ImageSet]]]:
    for epoch in range(recipe.epochs):
        order = list(training)
        rng("order of training", recipe.seed, epoch).shuffle(order)
        for begin in range(0, len(order), recipe.batch_images):
            yield epoch, order[begin : begin + recipe.batch_images]


def _gathered(recipe: Recipe, batch: Sequence[ImageSet], ask: _Asking) -> dict[str, float]:
    """Add up the gradients of a step, one image after another. Returns the parts of the loss, means over its images."""
    import torch  # noqa: PLC0415

    total = dict.fromkeys(("loss", recipe.loss, "anchor", "form"), 0.0)
    try:
        for images in batch:
            parts = _parts(recipe, images, ask(images))
            parts["loss"] = parts[recipe.loss] + recipe.anchor * parts["anchor"] + recipe.form * parts["form"]
            mean: Any = parts["loss"] / len(batch)
            mean.backward()
            for name, part in parts.items():
                total[name] += float(part.detach()) / len(batch)
    except torch.OutOfMemoryError:
        raise SpecError(
            "the images do not fit into the memory of the device: take a lower --max-pixels, or --gradient-checkpointing"
        ) from None
    return total


def _parts(recipe: Recipe, images: ImageSet, answers: Answers) -> dict[str, Tensor]:
    grades = answers.rating.new_tensor([item.grade for item in images.items])
    scale = 1.0 if recipe.loss == "pointwise" else recipe.sharpness
    loss = LOSSES[recipe.loss](scale * answers.rating, grades)
    return {recipe.loss: loss, "anchor": pointwise_loss(answers.rating, grades), "form": -answers.form.mean()}


def _tested(name: str, folder: Path, sets: Sequence[ImageSet], ask: _Asking) -> dict[str, Any]:
    """The figures, from the file where they were taken before a kill."""
    path = folder / f"{name}.json"
    if path.is_file():
        return read_json(path)
    judged = answers_to(sets, ask.model, ask)
    lines = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in judged)
    with kept(folder):
        write_whole(folder / f"{name}.jsonl", lines.encode())
    found = figures(judged)
    write_json(path, found)
    return found


def _short(found: dict[str, Any]) -> str:
    def told(name: str) -> str:
        return "-" if found.get(name) is None else f"{found[name]['estimate']:.3f}"

    return f"NDCG {told('ndcg')}, τ-b {told('tau_b')}, ρ {told('rho')}, MAE {told('mae')}, ECE {told('ece')}, form {found['form']:.3f}"
