"""A small corpus and two pools of it, made by the store alone; and the command, run as a user runs it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from environments.base import Frame
from environments.corpus.pool import Pool, write_pool
from evals.value_spectrum.__main__ import main
from personas.schwartz import VALUES

PLATFORMS = ("tiktok", "instagram", "youtube")
PER_VALUE = 6


@dataclass(frozen=True)
class Stock:
    """The corpus, its ids, and two pools that share nothing: the first and the second half of each value's videos."""

    corpus: Path
    ids: tuple[str, ...]
    first: Path
    second: Path


def identifier(code: str, number: int) -> str:
    return f"{code.lower()}-{number}"


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Sixty videos, six a value; posted in three months on three platforms."""
    pytest.importorskip("lancedb", reason="the extra `corpus` is not installed")
    from PIL import Image

    from environments.corpus.schema import FrameRef, VideoRow
    from environments.corpus.store import Corpus, Space

    folder = tmp_path_factory.mktemp("stock")
    rows, jpegs = [], {}
    for place, code in enumerate(VALUES):
        for number in range(PER_VALUE):
            file = io.BytesIO()
            Image.new("RGB", (8, 12), (20 * place, 40 * number, 7)).save(file, "JPEG")
            frame = Frame.of(file.getvalue(), 0.0)
            jpegs[frame.sha256] = frame.jpeg
            rows.append(
                VideoRow(
                    id=identifier(code, number),
                    content=frame.sha256,
                    platform=PLATFORMS[number % 3],
                    caption=f"caption {code} {number}",
                    topic=("food", "music")[number % 2],
                    posted=date(2024, 8 + number % 3, 1 + place),
                    duration_s=8.0 + number,
                    frames=(FrameRef(frame.sha256, 0.0),),
                    text_vector=(1.0, float(place + number)),
                    loadings={other: float(other == code) * (1.0 if number % 3 else -1.0) for other in VALUES},
                    labels_source="design",
                )
            )
    Corpus.create(str(folder / "corpus"), Space("none", 2)).add(rows, jpegs)
    for name, numbers in (("first", range(3)), ("second", range(3, PER_VALUE))):
        strata = {f"{code}+": tuple(identifier(code, number) for number in numbers) for code in VALUES}
        write_pool(Pool(corpus="", strata=strata), folder / f"{name}.toml", corpus=str(folder / "corpus"))
    return Stock(folder / "corpus", tuple(row.id for row in rows), folder / "first.toml", folder / "second.toml")


def script(path: Path, entries: Sequence[dict[str, Any]]) -> str:
    """A scripted respondent's name."""
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return f"scripted/{path}"


def command(*arguments: object) -> int:
    """The exit code of `python -m evals.value_spectrum …`."""
    return main([str(each) for each in arguments])


def results(folder: Path) -> dict[str, Any]:
    """What a report's results.json says."""
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


def unlabelled(folder: Path) -> Path:
    """A corpus of three videos without labels."""
    from PIL import Image

    from environments.corpus.schema import FrameRef, VideoRow
    from environments.corpus.store import Corpus, Space

    rows, jpegs = [], {}
    for number in range(3):
        file = io.BytesIO()
        Image.new("RGB", (8, 12), (40 * number, 9, 7)).save(file, "JPEG")
        frame = Frame.of(file.getvalue(), 0.0)
        jpegs[frame.sha256] = frame.jpeg
        pictures = (FrameRef(frame.sha256, 0.0),)
        rows.append(VideoRow(id=f"v{number}", content=frame.sha256, caption=f"clip {number}", duration_s=8.0, frames=pictures))
    Corpus.create(str(folder), Space("none", 2)).add(rows, jpegs)
    return folder
