"""Symbols that a VLM lists: a run of the engine over the pictures of a folder (protocol `symbols`), read back as symbols."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.protocols.curating import SymbolsAnswer, symbols_seen
from environments.decks.questions import Question, QuestionDeck
from evals.auto_bench.items import LeftOut
from evals.auto_bench.symbols import Box, ImageSymbols, Named
from evals.benchmark.asking import ItemRun
from evals.benchmark.reading import read_items
from evals.running import Asked
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["SEEING", "pictures_in", "seeing_run", "seen_symbols"]

SEEING = "auto-bench-symbols"
"""The benchmark's name in the records of such runs."""
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
_THOUSANDTHS = 1000
_LONGEST_NAME = 200
"""Of a picture in its folder: the ids of its items begin with it."""


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder and its folders, by name. Raises FeedError where there is none."""
    if not folder.is_dir():
        raise FeedError(f"--images {one_line(str(folder), 200)} is no folder; give one with pictures")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())
    if not found:
        raise FeedError(f"--images {one_line(str(folder), 200)} holds no pictures ({', '.join(sorted(_ENDINGS))})")
    return found


def seeing_run(folder: Path, pictures: Sequence[Path], asked: Asked, seed: int = 0) -> ItemRun:
    """Every picture once. The item's words say nothing: the protocol's are enough. Raises FeedError for a name that no item can have."""
    names = [path.relative_to(folder).as_posix() for path in pictures]
    if odd := [name for name in names if len(name) > _LONGEST_NAME or not name.isprintable()]:
        raise FeedError(
            f"the picture {one_line(odd[0], 100)!r} cannot be an item: give it a plain name of at most {_LONGEST_NAME} characters"
        )
    rows = [{"id": name, "text": "What does this picture show?", "images": [name], "cluster": name} for name in names]
    items = tuple(Question.model_validate(row) for row in rows)
    return ItemRun(SEEING, QuestionDeck(folder.resolve().name, folder, items), items, asked, lambda _: "symbols", seed=seed)


def seen_symbols(run: Path, folder: Path) -> tuple[list[ImageSymbols], list[LeftOut]]:
    """What the VLM said of each picture that it was shown, and the pictures it said nothing of. Raises UserError without any answer."""
    images: list[ImageSymbols] = []
    left: list[LeftOut] = []
    material = read_items([run], SEEING, ["symbols"])
    for row in material.answers.sort("item").iter_rows(named=True):
        answer = symbols_seen(row["raw"]) if row["state"] == "answered" else None
        if answer is None:
            left.append(LeftOut(row["item"], "", None, one_line(f"the model listed no symbols: {row['state']}, {row['reason']}", 300)))
        else:
            images.append(_of(row["item"], folder / row["item"], answer))
    unasked = sorted(set(material.items["item"]) - set(material.answers["item"]))
    return images, [*left, *(LeftOut(name, "", None, "the model was not asked about it: its session failed") for name in unasked)]


def _of(name: str, path: Path, answer: SymbolsAnswer) -> ImageSymbols:
    from PIL import Image, ImageOps  # noqa: PLC0415 - loads when used

    with Image.open(path) as opened:
        width, height = ImageOps.exif_transpose(opened).size
    return ImageSymbols(
        name,
        path,
        width,
        height,
        tuple(answer.captions),
        tuple(Named(each.name, _box(each.box, width, height)) for each in answer.objects),
        tuple((one, how, other) for one, how, other in answer.relations),
        tuple(Named(text) for text in answer.texts),
    )


def _box(given: Sequence[float], width: int, height: int) -> Box | None:
    """In pixels; None for what is no box within the picture: it is then told without its place."""
    x0, y0, x1, y1 = (value / _THOUSANDTHS for value in given)
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        return None
    return round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height)
