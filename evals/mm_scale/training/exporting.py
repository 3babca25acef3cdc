"""What was trained, as other programs read it: a PEFT adapter, merged weights, or all weights; and the held-out items as a deck."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from environments.decks.questions import ITEMS
from evals.mm_scale.training.answering import Answerer
from evals.mm_scale.training.checkpoint import kept
from evals.mm_scale.training.graded import ImageSet
from evals.mm_scale.training.recipe import TINY, Recipe

__all__ = ["export", "how_to_serve", "write_held_out"]


def export(model: Answerer, recipe: Recipe, folder: Path, *, merge: bool) -> dict[str, Path]:
    """Write the adapter to `adapter/` and, if asked for, the merged weights to `merged/`; of a model without adapter all to `model/`.

    Merging changes the model in memory: it comes last. Returns the folders by kind. Raises StorageFailed.
    """
    with kept(folder):
        if not recipe.lora_rank:
            model.model.save_pretrained(folder / "model")
            model.processor.save_pretrained(folder / "model")
            _card(recipe, folder / "model", "all weights")
            return {"model": folder / "model"}
        model.model.save_pretrained(folder / "adapter", save_embedding_layers=False)
        _card(recipe, folder / "adapter", "a LoRA adapter (PEFT)")
        written = {"adapter": folder / "adapter"}
        if merge:
            model.model.merge_and_unload().save_pretrained(folder / "merged")
            model.processor.save_pretrained(folder / "merged")
            _card(recipe, folder / "merged", "weights with the adapter merged in")
            written["merged"] = folder / "merged"
    return written


def _card(recipe: Recipe, folder: Path, what: str) -> None:
    """What lies in the folder, in place of the library's form to be filled in."""
    base = recipe.model if recipe.model == TINY or not Path(recipe.model).expanduser().is_dir() else Path(recipe.model).name
    facts = (
        f"loss {recipe.loss}, seed {recipe.seed}, {recipe.epochs} epochs, highest learning rate {recipe.lr:g}, LoRA rank {recipe.lora_rank}"
    )
    text = f"# {base}, trained on graded moral judgements\n\nThis folder holds {what} of {base}; {facts}.\n"
    (folder / "README.md").write_text(
        f"{text}It answers protocol `rating` of axiofeed (1 to 5). Figures on held-out images: ../before.json, ../after.json.\n",
        encoding="utf-8",
    )


def how_to_serve(recipe: Recipe, written: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """The command lines that serve what was trained with vLLM and evaluate it on the held-out items."""
    if whole := written.get("merged") or written.get("model"):
        serve = f"vllm serve {whole} --served-model-name mm-scale-trained"
    else:
        base = folder / "tiny" if recipe.model == TINY else recipe.model
        serve = f"vllm serve {base} --enable-lora --max-lora-rank {recipe.lora_rank} --lora-modules mm-scale-trained={written['adapter']}"
    ask = f"python -m evals.mm_scale run --items {folder / 'held_out'} --model vllm/mm-scale-trained@http://127.0.0.1:8000/v1"
    return serve, ask


def write_held_out(sets: Sequence[ImageSet], folder: Path) -> None:
    """Their items with their pictures, linked where the disk allows it, else copied. Raises StorageFailed."""
    with kept(folder):
        lines = []
        for images in sets:
            for item in images.items:
                lines.append(json.dumps(item.question.model_dump(mode="json"), ensure_ascii=False))
                for image in item.question.images:
                    _link(images.deck.picture(image), folder / image)
        (folder / ITEMS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
