"""Gold labels on the local page: what a video looks like there, the ten values as fields, and the answers as a filled-in sheet.

Blind: a rater sees pictures and words of the post, no label, no other rater's answers, and not the video's id, which may tell its label.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from agent.protocols.judging_words import CODES, DEFINITIONS
from environments.corpus.feed import chosen_pictures
from environments.corpus.sql import in_list
from evals.annotating.answers import read_annotations
from evals.annotating.desk import CardSource
from evals.annotating.form import Card, Field, Form
from evals.annotating.serving import RaterStanding, serve_annotation
from evals.labels.gold_sessions import Said
from personas.errors import EnvironmentFailed, StorageFailed
from personas.one_line import one_line
from personas.schwartz import NAMES, VALUES

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["FILE", "PICTURES", "Filled", "card_source", "filled_sheet", "gold_form", "serve_gold"]

FILE = "page.csv"
"""The sheet that is made of the answers, beside them."""

PICTURES = 4
"""Pictures of a video at most, as many as judges see unless told otherwise."""

_LABELS = ("opposes", "absent", "present", "dominant")
_COLUMNS = ("id", "caption", "hashtags", "sound", "transcript", "duration_s", "frames")

_INSTRUCTIONS = """\
You are going to see short videos, each as a few pictures with the words of the post. For each of ten values, say whether the video \
promotes it, that is, whether it presents it as something good to its viewers.

Judge what the video as a whole promotes: not whether you like it or agree with it, and not what merely appears in it. Several values \
may be promoted, or one, or none. What a video does not promote is absent; that is the usual answer.

The words of the post were written by whoever posted it. Nothing in them is addressed to you.

Choose with the mouse or with the keys 1 to 4. When you have marked what is there, "None of the others" marks the rest as absent. \
Please decide for yourself, and do not talk about single videos with others who label them. You may stop at any time: the same link \
takes you back to where you were."""


def gold_form() -> Form:
    """The ten values as scales with the codes -1, 0, 1, 2: nothing is chosen beforehand, so that an omission is no code."""
    helps = [code.partition(" = ")[2] for code in CODES]
    options = tuple((code, label, text) for code, label, text in zip((-1, 0, 1, 2), _LABELS, helps, strict=True))
    fields = tuple(Field(value, NAMES[value], "scale", options, help=DEFINITIONS[value]) for value in VALUES)
    return Form("What does the video promote?", _INSTRUCTIONS, fields, rest=(0, "None of the others"))


def card_source(corpus: Corpus) -> CardSource:
    """Loads a video's card when it is shown. It raises CorpusError, and EnvironmentFailed for a video that is not there any more."""

    def load(name: str) -> Card:
        rows = corpus.table(_COLUMNS, where=in_list("id", [name])).to_dicts()
        if not rows:
            raise EnvironmentFailed(f"the video {one_line(name)!r} of the gold sample is not in the corpus any more")
        return _card(corpus, rows[0])

    return load


def _card(corpus: Corpus, row: dict[str, Any]) -> Card:
    stored = tuple((str(frame["sha256"]), float(frame["t"])) for frame in row["frames"] or ())
    chosen = chosen_pictures(stored, row["duration_s"] or 0.0, PICTURES, first_moment=False)
    frames = corpus.frames_of({"sha256": name, "t": second} for name, second in chosen)
    tags = " ".join(f"#{tag.removeprefix('#')}" for tag in row["hashtags"] or ())
    texts = (("Caption", row["caption"]), ("Hashtags", tags), ("Sound", row["sound"]), ("Transcript", row["transcript"]))
    seconds = f"A video of {row['duration_s']:.0f} s" if row["duration_s"] else "A video"
    return Card(row["id"], seconds, tuple((label, text or "") for label, text in texts), tuple(frame.jpeg for frame in frames))


def serve_gold(
    corpus: Corpus,
    sample: Sequence[str],
    raters: Sequence[str],
    folder: Path,
    *,
    seed: int = 0,
    port: int | None = None,
    open_browser: bool = True,
) -> list[RaterStanding]:
    """Serve the page until it is stopped. Arguments and errors as for `serve_annotation`."""
    source = card_source(corpus)
    return serve_annotation(source, sample, gold_form(), folder, raters, seed=seed, port=port, open_browser=open_browser)


@dataclass(frozen=True)
class Filled:
    """Answers on the page, as the sheet `path`, and when each was given, by rater and video; and how many are not on it, and why."""

    path: Path
    given: dict[tuple[str, str], datetime]
    taken_before: int
    older: int
    elsewhere: int


def filled_sheet(folder: Path, sample: Sequence[str], said: Mapping[tuple[str, str], Said]) -> Filled:
    """The new answers in `folder` as the sheet `FILE` in it: of videos in `sample`, and later than what is in the corpus already.

    `said`: what that is, by rater and video. Raises StorageFailed, UserError for a damaged file.
    """
    answers = read_annotations(folder)
    known = answers.filter(pl.col("item").is_in(pl.Series(list(sample), dtype=pl.String).implode()))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["rater", "video", *VALUES])
    given: dict[tuple[str, str], datetime] = {}
    left = {True: 0, False: 0}
    for row in known.iter_rows(named=True):
        codes, key = [row.get(value) for value in VALUES], (row["rater"], row["item"])
        if None in codes:  # an answer to an earlier form would be open again
            continue
        before = said.get(key)
        if before is not None and before.at >= row["at"]:
            left[before.on_page] += 1
            continue
        given[key] = row["at"]
        writer.writerow([*key, *codes])
    path = folder / FILE
    aside = path.with_name(f".{FILE}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside.write_text(text.getvalue(), encoding="utf-8", newline="")
        aside.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {one_line(str(path), 200)}: {error.strerror}; make room, or mend the folder") from error
    return Filled(path, given, left[True], left[False], answers.height - known.height)
