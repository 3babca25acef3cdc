"""Questionnaires out of a run folder: people on the local page beside models, items by words or place, and what cannot be scored."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from agent.people.questionnaire import SCALE, Item
from agent.people.rater import Study
from environments.decks.items import load_deck
from evals.values.questionnaire import find_instrument, score
from evals.values.questionnaire.asking import ask, plan
from evals.values.questionnaire.command import main
from evals.values.questionnaire.sessions import read_sessions
from personas.errors import UserError
from tests.agent.rating import HandMadePage, served

pytestmark = pytest.mark.usefixtures("own_cache")
PORTRAITS = tuple(Item(item.text, item.code) for item in load_deck("portraits").items)
OWN = (Item("One.", "HE"), Item("Two.", "-HE"), Item("Three.", "work"), Item("Four."))


def study(clips: Path, runs: Path, items: Sequence[Item], *, seed: int = 3, scale: Sequence[str] = SCALE) -> Study:
    return Study(str(clips), 1, seed, "shuffled", 1, False, "shown", "", "", tuple(items), tuple(scale), runs)


def fill_in(asked: Study, who: str, points: Mapping[int, int], *, finish: bool = True) -> Path:
    """One person on the page: a clip, the answers (points from 1 by item from 0), and Finish or not. The session's folder."""
    return asyncio.run(_fill_in(asked, who, points, finish))


async def _fill_in(asked: Study, who: str, points: Mapping[int, int], finish: bool) -> Path:
    running = await served(asked, who)
    page = HandMadePage(running.links[who])
    await page.watch()
    await page.next()
    for question, point in points.items():
        await page.post("answer", question=question, value=point - 1)
    if finish:
        await page.post("end")
        (result,) = await running.task
    else:
        (result,) = await running.stopped()
    return result.folder


def test_people_are_scored_beside_models(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who handed in is a respondent beside the model; who did not is left out with a sentence; a question passed over is counted."""
    planned = plan(find_instrument("portraits"), None, ["hedonist"], model="planted/persona", repeats=2)
    runs = tmp_path / "runs"
    assert ask(planned, runs).exit_code == 0
    asked = study(clips, runs, PORTRAITS)
    answers = {place: 6 if item.code == "BE" else 3 for place, item in enumerate(PORTRAITS) if place != 4}
    fill_in(asked, "ana", answers)
    fill_in(asked, "ben", {0: 2}, finish=False)
    found, form = read_sessions(runs, "portraits")
    assert sorted(zip(found.respondents, found.repeats, found.cells or (), strict=True)) == [
        ("human/ana", "1", None),
        ("planted/persona · hedonist", "1", 0),
        ("planted/persona · hedonist", "2", 3),
    ]
    row = found.matrix[found.respondents.index("human/ana")]
    assert {number: answer for number, answer in zip(form.numbers, row, strict=True) if np.isfinite(answer)} == {
        place + 1: answer for place, answer in answers.items()
    }
    assert found.states == {"answered": 62, "refused": 0, "unparsable": 0, "failed": 0, "left out": 1}
    (left_out,) = found.notes
    assert "human-ben-001 is left out: its questionnaire is not finished" in left_out
    assert main(["--instrument", "portraits", "--answers", str(runs)]) == 0
    told = capsys.readouterr().out
    assert "human/ana" in told
    assert "1 of 63 questions have no answer" in told
    assert score(runs, "portraits").of("human/ana")["BE"] == pytest.approx(6 - row[np.isfinite(row)].mean())


def test_items_of_ones_own_come_with_the_answers(clips: Path, tmp_path: Path) -> None:
    """Without --items the words, codes and scale are those people were asked; a minus sign reverses; the same person twice is a retest."""
    five = ("1", "2", "3", "4", "5")
    for number, seed in enumerate((3, 4)):
        fill_in(study(clips, tmp_path, OWN, seed=seed, scale=five), "ana", {0: 5, 1: 1 + number, 2: 3, 3: 3})
        fill_in(study(clips, tmp_path, OWN, seed=seed, scale=five), "ben", {0: 1, 1: 5, 2: 3, 3: 3})
    fill_in(study(clips, tmp_path, OWN, scale=SCALE), "cy", {0: 1})
    scores = score(tmp_path, "own")
    assert scores.instrument.high == 5
    assert scores.instrument.reversed == {2}
    assert scores.of("human/ana")["HE"] == pytest.approx((5 - 4 + 4.5 - 3.75) / 2)
    assert scores.of("human/ben")["HE"] < 0
    assert any("its scale has 6 points, own items 5" in note for note in scores.notes)
    assert any(note == "Reversed before scoring, 6 − answer: item 2." for note in scores.notes)
    row = scores.retest.row(0, named=True)
    assert (row["value"], row["n"], row["administrations"]) == ("HE", 2, 2)
    assert row["icc"] > 0.9
    file = tmp_path / "items.csv"
    file.write_text("text,code\nTwo.,-HE\nOne.,HE\nThree.,work\nFour.,\n", encoding="utf-8")
    again, form = read_sessions(tmp_path, "own", str(file))
    assert form.key == {"HE": (1, 2), "work": (3,)}
    assert form.reversed == {1}
    assert again.matrix[again.respondents.index("human/ben"), :2].tolist() == [5, 1]


def test_what_is_not_the_instrument_is_left_out(clips: Path, tmp_path: Path) -> None:
    """Other words, another number of items, another code: a sentence each; where nothing is left, one line; a copy counts once."""
    folder = fill_in(study(clips, tmp_path, OWN), "ana", {0: 4, 1: 2})
    shutil.copytree(folder, tmp_path / "copy")
    assert len(read_sessions(tmp_path, "own")[0].respondents) == 1
    with pytest.raises(UserError, match=r"no session in .* answers PVQ-21 .*it has 4 items, PVQ-21 21"):
        read_sessions(tmp_path, "pvq21")
    with pytest.raises(UserError, match=r"it asks 'One\.', which is no item of Portraits"):
        read_sessions(tmp_path, "portraits")
    coded = [Item(f"statement {number}", "SD") for number in range(1, 22)]
    fill_in(study(clips, tmp_path / "coded", coded), "ana", {0: 4})
    with pytest.raises(UserError, match="its item 2 has the code SD, in PVQ-21 PO"):
        read_sessions(tmp_path / "coded", "pvq21")
    bare = [Item(f"statement {number}") for number in range(1, 22)]
    fill_in(study(clips, tmp_path / "bare", bare), "ana", dict.fromkeys(range(21), 4) | {0: 6, 10: 6})
    assert score(tmp_path / "bare", "pvq21").of("human/ana")["SD"] == pytest.approx(2 - 4 / 21)


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, no items for own, and codes of the survey for a folder."""
    for options, said in (
        (["--instrument", "portraits"], "no session in"),
        (["--instrument", "own"], "no person has handed in a questionnaire"),
        (["--instrument", "pvq21", "--ess"], "--ess is about the codes in a file"),
        (["--instrument", "pvq41"], "no instrument 'pvq41'"),
    ):
        assert main([*options, "--answers", str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
