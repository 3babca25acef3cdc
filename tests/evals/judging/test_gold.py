"""The sample that people judge: stratified, nested, blind; and what they say corrects what judges say."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import polars as pl
import pytest
from PIL import Image

from evals.annotating.answers import AnswerBook
from evals.annotating.serving import annotate
from evals.judging.__main__ import main
from evals.judging.gold import card_source, draw_gold, gold_form, people_said, read_gold, read_sample, write_sample
from evals.judging.judgements import Judgement
from personas.errors import UserError
from tests.evals.annotating.annotators import Rater
from tests.evals.judging.panel import run_answers, write_items

ITEMS = 40


def answers(images: tuple[Path, ...] = ()) -> list[Judgement]:
    return [
        Judgement.of(
            f"What is {n}?", f"answer {n}", reference=f"It is {n}", respondent=who, item=f"q{n}", images=images, about={"cluster": "c"}
        )
        for who, count in (("model/small", ITEMS), ("model/large", 10))
        for n in range(count)
    ]


def test_the_sample_is_stratified_nested_and_keeps_its_probabilities() -> None:
    """Respondents are drawn from in turn until one runs out; pi is drawn / there; a larger sample contains a smaller; the seed decides."""
    small, large = draw_gold(answers(), 12), draw_gold(answers(), 30)
    told = {row["respondent"]: row["pi"] for row in large.rows}
    assert told == {"model/small": 20 / 40, "model/large": 10 / 10}
    assert {row["pi"] for row in small.rows} == {6 / 40, 6 / 10}
    assert set(small.ids) < set(large.ids)
    assert draw_gold(answers(), 12).ids == small.ids != draw_gold(answers(), 12, seed=1).ids
    assert len(draw_gold(answers(), 1000).rows) == 50


def test_people_do_not_see_who_answered_or_what_a_judge_said(tmp_path: Path) -> None:
    """A card holds question, reference, answer and picture; neither it nor the picture's name tells more."""
    picture = tmp_path / "model-large.png"
    Image.new("RGB", (2000, 8), "red").save(picture)
    sample = draw_gold(answers((picture,)), 4)
    write_sample(sample, tmp_path / "gold")
    kept = read_sample(tmp_path / "gold")
    card = card_source(kept, tmp_path / "gold")(kept.ids[0])
    assert "model" not in json.dumps([card.id, card.heading, card.texts])
    assert [label for label, _ in card.texts] == ["Question", "Reference answer", "Answer"]
    assert card.pictures[0].startswith(b"\xff\xd8")
    assert "model" not in "".join(path.name for path in (tmp_path / "gold/pictures").iterdir())
    with pytest.raises(UserError, match="drawn already"):
        write_sample(sample, tmp_path / "gold")


def test_people_see_the_pictures_unless_they_are_left_out(tmp_path: Path) -> None:
    """Drawn without any option the sample has the questions' pictures; with --no-pictures it has none."""
    (tmp_path / "deck").mkdir()
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "deck/blue.png")
    deck = write_items(tmp_path / "deck", [{"id": "q", "text": "What colour?", "images": ["blue.png"], "reference": "Blue"}])
    run_answers(deck, tmp_path / "answers", "keyed/right", 1)
    for given, pictures in (((), 1), (("--no-pictures",), 0)):
        folder = tmp_path / f"gold{pictures}"
        assert main(["gold", str(tmp_path / "answers"), "--answers", str(folder), "--sample", "1", *given]) == 0
        assert len(read_sample(folder).rows[0]["images"]) == pictures


def test_the_page_takes_a_verdict_and_tells_nothing_more(tmp_path: Path) -> None:
    """Served over HTTP: a card is shown without who answered, an answer is kept as a row, what the page does not offer is refused."""
    sample = draw_gold(answers(), 2)
    write_sample(sample, tmp_path)

    async def visit() -> list[int]:
        stop, links = asyncio.Event(), dict[str, str]()
        page = annotate(
            card_source(sample, tmp_path),
            sample.ids,
            gold_form(),
            tmp_path,
            ["anna"],
            invite=links.__setitem__,
            tell=lambda line: None,
            stop=stop,
        )
        served = asyncio.create_task(page)
        while not links:
            await asyncio.sleep(0.02)
        async with httpx.AsyncClient() as client:
            rater = Rater(links["anna"], client)
            state = await rater.state()
            key = state["keys"][0]
            shown = (await client.get(f"{rater.link}/card/{key}")).raise_for_status().text
            assert "answer " in shown
            assert "model/" not in shown
            codes = [(await rater.answer(key, {"verdict": verdict})).status_code for verdict in ("maybe", "false")]
        stop.set()
        await served
        return codes

    wrong, taken = asyncio.run(visit())
    assert wrong >= 400 > taken
    assert read_gold([tmp_path]).select("judge", "verdict").rows() == [("person/anna", "false")]


def test_verdicts_of_people_are_rows_like_those_of_judges(tmp_path: Path) -> None:
    """Means over raters; who cannot tell is counted as unjudged, and is in no mean."""
    sample = draw_gold(answers(), 3)
    write_sample(sample, tmp_path)
    one, two, three = sample.ids
    for rater, said in (("anna", {one: "true", two: "true", three: "unjudged"}), ("ben", {one: "true", two: "false"})):
        book = AnswerBook(tmp_path, rater)
        for name, verdict in said.items():
            book.add(name, {"verdict": verdict}, 1.0)
        book.close()
    rows = read_gold([tmp_path])
    assert sorted(rows.select("judge", "verdict").iter_rows()) == [
        ("person/anna", "true"),
        ("person/anna", "true"),
        ("person/anna", "unjudged"),
        ("person/ben", "false"),
        ("person/ben", "true"),
    ]
    assert {row["judgement"]: (row["gold"], row["raters"]) for row in people_said(rows).iter_rows(named=True)} == {
        one: (1.0, 2),
        two: (0.5, 2),
    }


def test_from_answers_to_a_corrected_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands in turn: a judge that misses every third right answer is corrected to what people say, and agreement is told."""
    rows = [{"id": f"q{n}", "text": f"What is {n}?", "reference": f"It is {n}"} for n in range(ITEMS)]
    deck, runs = write_items(tmp_path / "deck", rows), tmp_path / "runs"
    run_answers(deck, tmp_path / "answers", "keyed/right", ITEMS)
    given = [str(tmp_path / "answers"), "--runs", str(runs)]
    judges = ["--judges", "scripted-judge/exact", "--model-option", "sensitivity=0.6", "--quiet", "--workers", "1"]
    assert main(["judge", *given, *judges]) == 0
    assert main(["gold", *given, "--sample", "20"]) == 0
    assert "0 of 20 answers of the sample are judged" in capsys.readouterr().out
    gold = runs / "judging-gold"
    for rater in ("anna", "ben"):
        book = AnswerBook(gold, rater)
        for name in read_sample(gold).ids:
            book.add(name, {"verdict": "true"}, 1.0)
        book.close()
    capsys.readouterr()
    assert main(["gold", "--runs", str(runs)]) == 0
    told = capsys.readouterr().out
    assert "give two raters" not in told
    assert main(told.strip().rpartition("next: python -m evals.judging ")[2].split()) == 0, "what is printed can be run as it is"
    capsys.readouterr()
    assert main(["gold", "--runs", str(runs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["by_two"] == 20
    assert main(["score", str(runs), "--out", str(tmp_path / "out")]) == 0
    (told,) = pl.read_csv(tmp_path / "out/shares.csv").iter_rows(named=True)
    assert told["share_high"] < 0.9
    assert told["in_gold"] == 20
    assert told["corrected"] == pytest.approx(1.0, abs=0.25)
    assert told["corrected_low"] > told["share_low"]
    agreeing = pl.read_csv(tmp_path / "out/agreement.csv").filter(second="people (majority)").row(0, named=True)
    assert (agreeing["both"], agreeing["sensitivity_n"]) == (20, 20)
    assert "people judged a sample" in capsys.readouterr().out
