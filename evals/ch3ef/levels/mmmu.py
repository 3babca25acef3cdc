"""MMMU: rows as JSON, JSON lines or Parquet: id, question, options, answer, image_1 … image_7, question_type.

`options` is the text of a Python list, read as a literal and never run, or a list. A picture is {"bytes", "path"} (bytes are base64 in
JSON) or a path beside the file. "multiple-choice" questions have a letter as the answer; "open" ones are open items. Places such as
<image 1> stay in the text: pictures are shown in their order.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from environments.canonical import content_hash
from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, drafts, split_of
from evals.ch3ef.levels.files import inside, json_of, lines_of, text_field
from personas.errors import FeedError, UserError
from personas.one_line import one_line

__all__ = ["read"]

_SPLITS = ("dev", "validation", "test")
_ENDINGS = (".parquet", ".jsonl", ".json")
_MOST_IMAGES = 7
_LONGEST_LITERAL = 20_000
_ID = re.compile(r"^(?:dev|validation|test)_(.+)_\d+$")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")
"""Names that a file may have as they are."""
_LETTERS = "ABCDEFGHIJKLMNOPQRST"


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of files whose name begins with the split (the usual one: validation), or of the file given. Raises FeedError, UserError."""
    split = split_of(wanted, _SPLITS, "validation")
    for path in _files(source, split):
        file = path.name if source.is_file() else path.relative_to(source).as_posix()
        yield from drafts(file, _rows(path), partial(_item, path.parent))


def _files(source: Path, split: str) -> list[Path]:
    if source.is_file():
        return [source]
    found = sorted(each for each in source.rglob(f"{split}*") if each.suffix in _ENDINGS and each.is_file())
    if not found:
        raise FeedError(f"{one_line(str(source), 200)} holds no {split}*.parquet, .jsonl or .json: give MMMU's folder, or one file of it")
    return found


def _rows(path: Path) -> Iterable[Any]:
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.suffix == ".jsonl":
        return _json_lines(path)
    data = json_of(path)
    if not isinstance(data, list):
        raise FeedError(f"{path.name} is no JSON list of questions")
    return data


def _json_lines(path: Path) -> Iterator[Any]:
    for number, line in enumerate(lines_of(path), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                raise FeedError(f"{path.name}, line {number} is no JSON object") from None


def _parquet(path: Path) -> Iterator[Any]:
    try:
        import pyarrow  # noqa: PLC0415 - an optional extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise UserError("Parquet files need the optional part `corpus`: pip install 'axiofeed[corpus]'") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=16):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise FeedError(f"{path.name} cannot be read as Parquet ({one_line(str(error), 100)}); download it again") from None


def _item(folder: Path, row: Any) -> Drafted:
    name, question, kind = text_field(row, "id"), text_field(row, "question"), text_field(row, "question_type")
    answer = row.get("answer")
    if answer in (None, "", "?"):
        raise Faulty("answer", "it is missing: the test split comes without answers")
    images = tuple(_picture(folder, name, place, row[f"image_{place}"]) for place in _places(row))
    if not images:
        raise Faulty("image_1", "the question has no picture")
    subject = found[1] if (found := _ID.match(name)) else folder.name
    about = {"level": "A2", "dataset": "MMMU", "task": subject, "question_type": kind}
    fields: dict[str, Any] = {"id": f"mmmu-{name}", "text": question, "about": about}
    if kind == "multiple-choice":
        options = _literal(row.get("options"), "options")
        if len(options) < 2:
            raise Faulty("options", "there have to be two or more")
        if answer not in list(_LETTERS[: len(options)]):
            raise Faulty("answer", f"{one_line(str(answer), 20)!r} is none of the letters of {len(options)} options")
        fields |= {"options": options, "key": [_LETTERS.index(answer)]}
    elif kind == "open":
        references = _literal(answer, "answer") if isinstance(answer, str) and answer.strip().startswith("[") else [str(answer).strip()]
        fields |= {"reference": references[0], "references": references}
    else:
        raise Faulty("question_type", f"{one_line(kind, 40)!r} is neither multiple-choice nor open")
    return Drafted(fields, images, {"text": "question"})


def _places(row: Mapping[str, Any]) -> list[int]:
    return [place for place in range(1, _MOST_IMAGES + 1) if row.get(f"image_{place}") is not None]


def _literal(given: Any, field: str) -> list[str]:
    """The list of texts or numbers that the text of a Python list says, as texts. Raises Faulty; nothing is run."""
    if isinstance(given, str) and len(given) <= _LONGEST_LITERAL:
        try:
            given = ast.literal_eval(given.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            raise Faulty(field, "it is not the text of a list") from None
    if not isinstance(given, list | tuple) or not all(isinstance(each, str | int | float) for each in given):
        raise Faulty(field, "it is no list of texts")
    texts = [str(each).strip() for each in given]
    if not texts or "" in texts:
        raise Faulty(field, "it is empty, or one of its texts is")
    return texts


def _picture(folder: Path, name: str, place: int, given: Any) -> Picture:
    """Raises Faulty where it holds neither bytes nor a path."""
    field = f"image_{place}"
    plain = name if _PLAIN.fullmatch(name) else content_hash(name)[:16]
    target = f"pictures/mmmu/{plain}-{place}.png"
    content = given.get("bytes") if isinstance(given, dict) else None
    if isinstance(content, bytes):
        return Picture(target, partial(bytes, content), field)
    if isinstance(content, str):
        return Picture(target, partial(_decoded, content, field), field)
    path = given.get("path") if isinstance(given, dict) else given
    if not isinstance(path, str):
        raise Faulty(field, "it has neither bytes nor a path")
    return Picture(target, inside(folder, path, field), field)


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Faulty(field, "its bytes are no base64") from None
