"""ScienceQA: `problems.json`, `pid_splits.json`, pictures in `images/{split}/{pid}/image.png` (or without the folder `images`).

    {"1": {"question", "choices": […], "answer": 0, "hint", "image": "image.png" or null, "subject", "topic", "split", …}}
    {"train": ["1", …], "val": […], "test": […]}

A hint stands before its question. Questions without a picture are no items here, and are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, aside, drafts, split_of
from evals.ch3ef.levels.files import base_of, first_there, inside, json_of, text_field
from personas.errors import FeedError

__all__ = ["read"]

_PROBLEMS, _SPLIT = "problems.json", "pid_splits.json"


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of the split (the usual one: test). Raises FeedError for a folder that is none."""
    folder = base_of(source, (_PROBLEMS,), ("data/scienceqa", "scienceqa"), "the folder of ScienceQA with its images")
    problems, splits = json_of(folder / _PROBLEMS), json_of(folder / _SPLIT)
    if not isinstance(problems, dict) or not isinstance(splits, dict):
        raise FeedError(f"{_PROBLEMS} and {_SPLIT} are JSON objects in the original; give these files")
    split = split_of(wanted, splits, "test")
    if not isinstance(splits.get(split), list):
        raise FeedError(f"{_SPLIT}: {split} is missing, or no list")
    pictures = first_there(folder, ("images",))
    return drafts(f"{_SPLIT} ({split})", splits[split], lambda pid: _item(pictures, str(pid), problems.get(str(pid)), split))


def _item(pictures: Path, pid: str, row: Any, split: str) -> Drafted:
    if not isinstance(row, dict):
        raise Faulty("pid", f"{_PROBLEMS} has no problem {pid[:40]!r}")
    if row.get("image") is None:
        raise aside("image", "a question without a picture, which is no item here")
    question, choices = text_field(row, "question"), row.get("choices")
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(each, str) and each.strip() for each in choices):
        raise Faulty("choices", "there have to be two or more texts, none of them empty")
    answer = row.get("answer")
    if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(choices):
        raise Faulty("answer", f"it is none of the places 0 to {len(choices) - 1}")
    hint = row.get("hint")
    text = f"{hint.strip()}\n\n{question}" if isinstance(hint, str) and hint.strip() else question
    picture = inside(pictures, f"{row.get('split', split)}/{pid}/{text_field(row, 'image')}", "image")
    about = {"level": "A2", "dataset": "ScienceQA", "task": str(row.get("topic") or "all")}
    about |= {name: str(row[name]) for name in ("subject", "category", "skill", "grade") if row.get(name)}
    fields = {"id": f"scienceqa-{pid}", "text": text, "options": [each.strip() for each in choices], "key": [answer], "about": about}
    shown = Picture(f"pictures/scienceqa/{pid}{picture.suffix}", picture)
    return Drafted(fields, (shown,), {"id": "pid", "text": "question", "options": "choices"})
