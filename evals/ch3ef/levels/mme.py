"""MME: a folder a task; in it pictures with a text file each of the same name, or `images/` beside `questions_answers_YN/`.

    Is there a bicycle in the image? Please answer yes or no.<TAB>Yes

Two questions a picture, one with the answer Yes and one with No: they share a cluster. "Please answer yes or no." is taken away, since the
options say it and a run asks for a letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evals.ch3ef.levels.base import Drafted, Fault, Faulty, Found, Picture, Wanted, drafts, no_splits
from evals.ch3ef.levels.files import lines_of
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["read"]

_ROOT = "MME_Benchmark_release_version"
_TEXTS, _PICTURES = "questions_answers_YN", "images"
_ENDINGS = (".jpg", ".png", ".jpeg", ".JPG", ".PNG")
_ANSWERS = ("Yes", "No")
_ASK = re.compile(r"\s*Please answer yes or no\.?\s*$", re.IGNORECASE)
_A_PICTURE = 2
"""Questions about each."""


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of all tasks. Raises FeedError for a folder that is none."""
    no_splits(wanted, "MME")
    root = source / _ROOT if (source / _ROOT).is_dir() else source
    tasks = [(folder, texts) for folder in _folders(root) if (texts := _texts(folder))]
    if not tasks:
        raise FeedError(f"{one_line(str(source), 200)} holds no folder with questions (*.txt): give MME's folder with one folder a task")
    for folder, texts in tasks:
        pictures = folder / _PICTURES if (folder / _PICTURES).is_dir() else folder
        for text in texts:
            yield from _pair(folder.name, text, pictures, text.relative_to(root).as_posix())


def _folders(root: Path) -> list[Path]:
    return sorted(each for each in root.iterdir() if each.is_dir()) if root.is_dir() else []


def _texts(folder: Path) -> list[Path]:
    inner = folder / _TEXTS
    return sorted((inner if inner.is_dir() else folder).glob("*.txt"))


def _pair(task: str, text: Path, pictures: Path, file: str) -> Iterator[Found]:
    try:
        lines = [line for line in lines_of(text) if line.strip()]
    except FeedError as error:
        yield Fault(file, 1, "line", one_line(str(error), 200))
        return
    if len(lines) != _A_PICTURE:
        yield Fault(file, len(lines), "line", f"there are {len(lines)} questions, and two belong to each picture")
        return

    def make(number: int) -> Drafted:
        question, tab, answer = lines[number].rpartition("\t")
        answer = answer.strip().capitalize()
        if not tab or answer not in _ANSWERS:
            raise Faulty("line", "it is not a question, a tab, and Yes or No")
        words = _ASK.sub("", question).strip()
        picture = next((each for ending in _ENDINGS if (each := pictures / f"{text.stem}{ending}").is_file()), None)
        if picture is None:
            raise Faulty("picture", f"there is no {one_line(text.stem, 60)} with one of the endings {', '.join(_ENDINGS[:3])}")
        name = f"mme-{task}-{text.stem}"
        fields = {
            "id": f"{name}-{number + 1}",
            "text": words,
            "options": list(_ANSWERS),
            "key": [_ANSWERS.index(answer)],
            "cluster": name,
            "about": {"level": "A2", "dataset": "MME", "task": task},
        }
        return Drafted(fields, (Picture(f"pictures/mme/{task}/{picture.name}", picture, "picture"),), {"text": "question"})

    yield from drafts(file, range(_A_PICTURE), make)
