"""Small folders in the original layouts of the datasets, and the command."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from environments.decks.questions import QuestionDeck, read_questions
from evals.ch3ef.__main__ import main

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def encoded(form: str = "JPEG", *, noisy: bool = False) -> bytes:
    kept = io.BytesIO()
    picture = Image.effect_noise((64, 64), 90) if noisy else Image.new("RGB", (24, 16), (200, 30, 90))
    picture.save(kept, form)
    return kept.getvalue()


def write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def cifar(folder: Path, labels: list[int]) -> Path:
    """Record n: red 10·n, green 20, blue 30, but for a white first pixel."""
    records = b""
    for place, label in enumerate(labels):
        planes = [bytes([255]) + bytes([value]) * 1023 for value in (10 * place % 256, 20, 30)]
        records += bytes([label]) + b"".join(planes)
    write(folder / "test_batch.bin", records)
    write(folder / "data_batch_1.bin", records)
    write(folder / "batches.meta.txt", "\n".join(NAMES) + "\n\n")
    return folder


def karpathy(folder: Path, rows: list[dict[str, Any]]) -> Path:
    for row in rows:
        if "filename" in row:
            write(folder / "flickr30k-images" / row["filename"], encoded())
    write(folder / "dataset_flickr30k.json", json.dumps({"dataset": "flickr30k", "images": rows}))
    return folder


def voc(folder: Path, objects: dict[str, list[str]], head: str = "") -> Path:
    for name, classes in objects.items():
        body = "".join(f"<object><name>{each}</name><difficult>1</difficult></object>" for each in classes)
        write(folder / "Annotations" / f"{name}.xml", f"{head}<annotation><filename>{name}.jpg</filename>{body}</annotation>")
        write(folder / "JPEGImages" / f"{name}.jpg", encoded())
    write(folder / "ImageSets" / "Main" / "val.txt", "".join(f"{name}\n" for name in objects))
    return folder


def fsc(folder: Path, counts: dict[str, int]) -> Path:
    points = {name: {"points": [[1.5, 2.0]] * count, "H": 384} for name, count in counts.items()}
    write(folder / "annotation_FSC147_384.json", json.dumps(points))
    write(folder / "Train_Test_Val_FSC_147.json", json.dumps({"train": [], "val": [], "test": list(counts)}))
    write(folder / "ImageClasses_FSC147.txt", "".join(f"{name}\tsea shells\n" for name in counts))
    for name in counts:
        write(folder / "images_384_VarV2" / name, encoded())
    return folder


def science(folder: Path, problems: dict[str, dict[str, Any]]) -> Path:
    usual = {"question": "Which?", "choices": ["a", "b", "c"], "answer": 1, "hint": "", "image": "image.png", "topic": "physics"}
    told = {pid: usual | {"split": "test", "subject": "natural science"} | problem for pid, problem in problems.items()}
    write(folder / "problems.json", json.dumps(told))
    write(folder / "pid_splits.json", json.dumps({"train": [], "val": [], "test": list(problems)}))
    for pid in problems:
        write(folder / "images" / "test" / pid / "image.png", encoded(form="PNG"))
    return folder


def mmbench(path: Path, rows: list[dict[str, str]]) -> Path:
    columns = ("index", "question", "hint", "A", "B", "C", "D", "answer", "category", "image", "l2-category", "split")
    usual = {"question": "Which\tone?", "A": "x", "B": "y", "C": "z", "answer": "B", "category": "counting", "split": "dev", "hint": "nan"}
    usual["image"] = base64.b64encode(encoded()).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, delimiter="\t", restval="")
        writer.writeheader()
        writer.writerows([usual | row for row in rows])
    return path


def mme(folder: Path) -> Path:
    """A task with texts beside the pictures, and one with folders for each."""
    root = folder / "MME_Benchmark_release_version"
    two = "Is there a {}? Please answer yes or no.\tYes\nIs there no {}? Please answer yes or no.\tNo\n"
    write(root / "existence" / "0001.txt", two.format("dog", "dog"))
    write(root / "existence" / "0001.jpg", encoded())
    write(root / "artwork" / "questions_answers_YN" / "7.txt", two.format("hat", "hat"))
    write(root / "artwork" / "images" / "7.png", encoded(form="PNG"))
    write(root / "eval_tool" / "calculation.py", "")
    return folder


def mmmu_row(number: int, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"validation_Accounting_{number}", "question": "See <image 1>. Which?", "question_type": "multiple-choice"}
    return (
        row
        | {"options": "['$6', \"it's 7\", '8']", "answer": "B", "image_1": {"bytes": encoded(), "path": "1.png"}, "image_2": None}
        | more
    )


def command(*arguments: object) -> int:
    return main([str(each) for each in arguments])


def imported(source: Path, form: str, out: Path, *more: object) -> QuestionDeck:
    """The items of an import that goes well; every picture can be opened."""
    assert command("import", source, "--format", form, "--out", out, *more) == 0
    deck = read_questions(out)
    for item in deck.items:
        for image in item.images:
            with Image.open(deck.picture(image)) as picture:
                picture.load()
                assert picture.format == ("PNG" if image.endswith(".png") else "JPEG")
    return deck
