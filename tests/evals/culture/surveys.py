"""A small survey with known shares, pictures of its countries, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from evals.culture.__main__ import main

COUNTRIES = ("Alfa", "Bravo", "Charlie")
SHARES: dict[str, dict[str, list[float]]] = {
    "scale": {"Alfa": [0.7, 0.2, 0.1], "Bravo": [0.1, 0.3, 0.6], "Charlie": [0.25, 0.5, 0.25]},
    "choice": {"Alfa": [0.5, 0.25, 0.25], "Bravo": [0.0, 0.5, 0.5], "Charlie": [0.2, 0.2, 0.6]},
    "two": {"Alfa": [0.9, 0.1], "Bravo": [0.4, 0.6], "Charlie": [0.5, 0.5]},
}


def rows() -> list[dict[str, Any]]:
    """One a question and country."""
    told = []
    for name, countries in SHARES.items():
        for country, shares in countries.items():
            row: dict[str, Any] = {
                "id": name,
                "question": f"About {name}?",
                "topic": "one" if name == "two" else "many",
                "country": country,
            }
            row |= {"options": [f"{name} {place}" for place in range(len(shares))], "distribution": shares}
            told.append(row | {"kind": "ordinal" if name == "scale" else "nominal"})
    return told


def questions(folder: Path, given: list[dict[str, Any]] | None = None) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (rows() if given is None else given)), encoding="utf-8")
    return path


def pictures(folder: Path, countries: tuple[str, ...] = COUNTRIES, categories: tuple[str, ...] = ("beds", "homes")) -> Path:
    told = []
    for place, country in enumerate(countries):
        for step, category in enumerate(categories):
            name = f"{country}-{category}.png"
            Image.new("RGB", (24, 18), (60 * place, 90 * step, 120)).save(folder / name)
            told.append({"country": country, "category": category, "income": 100 * (place + 1), "path": name})
    path = folder / "pictures.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in told), encoding="utf-8")
    return path


def command(*arguments: object) -> int:
    return main([str(each) for each in arguments])


def run(folder: Path, models: str, *more: object, survey: Path | None = None) -> Path:
    """A run over the small survey in all conditions; its folder."""
    source = survey or questions(folder)
    shown = [] if "--images" in more else ["--images", pictures(folder)]
    arguments = ["run", "--questions", source, *shown, "--model", models, "--runs", folder / "runs", "--quiet", "--workers", 1]
    named = [] if "--name" in more else ["--name", "known"]
    assert command(*arguments, *named, *more) == 0
    return folder / "runs" / (str(more[more.index("--name") + 1]) if "--name" in more else "known")


def results(folder: Path) -> dict[str, Any]:
    """What the report beside a run says."""
    found: dict[str, Any] = json.loads((folder / "report" / "results.json").read_text(encoding="utf-8"))
    return found


def picked(table: list[dict[str, Any]], **where: object) -> list[dict[str, Any]]:
    return [row for row in table if all(row[name] == value for name, value in where.items())]
