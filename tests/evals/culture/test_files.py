"""Question files and manifests: the formats that are taken, and what is wrong named by row and field."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evals.culture.pictures import by_country, chosen, exchanged, read_pictures
from evals.culture.question_rows import as_line, read_survey
from evals.culture.sample import CATEGORIES, sample_pictures, sample_survey
from evals.culture.survey import as_asked, means_dont_know
from personas.errors import FeedError
from tests.evals.culture.surveys import command, pictures, questions
from tests.evals.hostile_pictures import POSTSCRIPT

ROW: dict[str, Any] = {"question": "Q?", "options": ["a", "b", "c"], "country": "Alfa", "distribution": [1, 2, 1]}


def test_rows_of_a_country_each_become_one_question(tmp_path: Path) -> None:
    """Rows with the same words and options are one question; shares, percentages and counts are all taken as shares."""
    given = [ROW, ROW | {"country": "Bravo", "distribution": [25, 50, 25]}, ROW | {"country": "Charlie", "distribution": [0.1, 0.2, 0.1]}]
    survey = read_survey(questions(tmp_path, given))
    (one,) = survey.questions
    assert one.answers == {"Alfa": (0.25, 0.5, 0.25), "Bravo": (0.25, 0.5, 0.25), "Charlie": pytest.approx((0.25, 0.5, 0.25))}
    assert survey.countries == ("Alfa", "Bravo", "Charlie") and not one.ordinal and not survey.synthetic


def test_global_opinion_rows_are_read_as_they_come(tmp_path: Path) -> None:
    """A CSV whose cells are Python lists and a defaultdict of selections gives the same survey as JSON rows."""
    path = tmp_path / "global.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "selections", "options", "source"])
        writer.writerow(
            ["Q?", "defaultdict(<class 'list'>, {'Alfa': [0.5, 0.3, 0.2], 'Bravo': [0.1, 0.9, 0.0]})", "['a', 'b', 'DK/Refused']", "WVS"]
        )
    (one,) = read_survey(path).questions
    assert one.answers == {"Alfa": (0.5, 0.3, 0.2), "Bravo": pytest.approx((0.1, 0.9, 0.0))}
    assert one.options == ("a", "b", "DK/Refused") and one.dont_know == (2,)
    whole = tmp_path / "whole.json"
    selections = {"Alfa": [0.5, 0.3, 0.2], "Bravo": [0.1, 0.9, 0]}
    whole.write_text(json.dumps([{"question": "Q?", "options": ["a", "b", "DK/Refused"], "selections": selections}]))
    assert read_survey(whole).questions[0].answers == one.answers


def test_a_scale_that_is_not_monotone_is_recoded_by_its_declared_order(tmp_path: Path) -> None:
    """Options and shares are put into the order given, don't know behind; without one the file's order is the scale."""
    given = ROW | {
        "options": ["both", "Don't know", "less", "more"],
        "distribution": [0.3, 0.1, 0.4, 0.2],
        "order": ["less", "both", "more"],
    }
    (one,) = read_survey(questions(tmp_path, [given])).questions
    assert one.options == ("less", "both", "more", "Don't know") and one.ordinal and one.dont_know == (3,)
    assert one.answers["Alfa"] == pytest.approx((0.4, 0.3, 0.2, 0.1))
    again = tmp_path / "again.jsonl"
    again.write_text(as_line(one) + "\n", encoding="utf-8")
    assert read_survey(again).questions[0].answers["Alfa"] == pytest.approx(one.answers["Alfa"])


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"distribution": [0, 0, 0]}, "distribution", "all of it is zero"),
    ({"distribution": [0.5, 0.5]}, "distribution", "2 numbers for 3 options"),
    ({"distribution": [0.5, -0.5, 1]}, "distribution", "'-0.5' is no share"),
    ({"distribution": [0.5, None, 1]}, "distribution", "no share"),
    ({"distribution": None}, "distribution", "missing"),
    ({"distribution": "much"}, "distribution", "no list of numbers"),
    ({"distribution": {"a": 1, "z": 2}}, "distribution", "'z' is none of the options"),
    ({"country": ""}, "country", "missing"),
    ({"question": " "}, "question", "empty"),
    ({"options": ["a"]}, "options", "two or more"),
    ({"options": ["a", "a", "b"]}, "options", "twice"),
    ({"options": "['a', 'b'"}, "options", "neither JSON nor a list"),
    ({"kind": "interval"}, "kind", "neither ordinal nor nominal"),
    ({"order": ["a", "b"]}, "order", "each option once"),
    ({"order": ["a", "b", "c"], "kind": "nominal"}, "order", "only a scale"),
    ({"dont_know": ["z"]}, "dont_know", "'z' is none of the options"),
    ({"n": "many"}, "n", "'many' is no share"),
    ({"selections": {"Alfa": [0, 0, 0]}}, "selections of Alfa", "all of it is zero"),
    ({"selections": ["Alfa"]}, "selections", "shares by country"),
]


@pytest.mark.parametrize(("change", "field", "what"), WRONG)
def test_what_is_wrong_is_named_by_row_and_field(tmp_path: Path, change: dict[str, Any], field: str, what: str) -> None:
    """One line says the file, the row, the field and what it is; nothing is dropped and nothing made up."""
    given = [ROW | {"question": "First?"}, ROW | change]
    with pytest.raises(FeedError, match="line 2") as caught:
        read_survey(questions(tmp_path, given))
    assert f"line 2, {field}: " in str(caught.value) and what in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "country"),
        ({"country": "Bravo", "topic": "other"}, "topic"),
        ({"country": "Bravo", "options": ["a", "b", "d"]}, "options"),
        ({"country": "Bravo", "kind": "ordinal"}, "kind"),
    ],
)
def test_rows_of_one_question_have_to_agree(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    """The same id with other options, topic or kind, or the same country twice, is refused with both rows named."""
    given = [ROW | {"id": "q"}, ROW | {"id": "q"} | change]
    with pytest.raises(FeedError, match=rf"line 2, {field}: .*line 1"):
        read_survey(questions(tmp_path, given))


@pytest.mark.parametrize("text", ["not json\n", "[1]\n", ""])
def test_a_file_that_holds_no_rows_is_refused(tmp_path: Path, text: str) -> None:
    """Broken lines are named; an empty file is one line as well."""
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(FeedError, match=r"line 1|holds no questions"):
        read_survey(path)


def test_a_csv_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    """A row that is longer than its header is named by line."""
    path = tmp_path / "bad.csv"
    path.write_text("question,options,country,distribution\nQ?,a|b,Alfa,1|2\nQ?,a|b,Bravo,1|2,3\n")
    with pytest.raises(FeedError, match="line 3: more cells"):
        read_survey(path)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("Don't know", True),
        ("DK/Refused", True),
        ("Don’t know/No answer", True),
        ("No answer", True),
        ("Refused to answer", True),
        ("Missing; Unknown", True),
        ("Not asked", True),
        ("No", False),
        ("I do not know my neighbours", False),
        ("Unknown people", False),
        ("Neither good nor bad", False),
    ],
)
def test_which_options_mean_dont_know(option: str, expected: bool) -> None:
    """Whole phrases alone: an option that merely holds such words is an answer."""
    assert means_dont_know(option) is expected


def test_declared_dont_know_comes_before_the_rule(tmp_path: Path) -> None:
    """A question's own list holds, an empty one included."""
    given = [ROW | {"options": ["a", "Refused", "c"], "dont_know": []}, ROW | {"question": "Other?", "dont_know": ["c"]}]
    first, second = read_survey(questions(tmp_path, given)).questions
    assert (first.dont_know, second.dont_know) == ((), (2,))


def test_dropping_renormalises_and_names_who_said_nothing_else(tmp_path: Path) -> None:
    """Shares are those of the people who answered; a country where nobody did, and a question without two answers, are excluded by name."""
    options = ["a", "b", "No answer"]
    given = [
        ROW | {"id": "q", "options": options, "distribution": [0.3, 0.1, 0.6]},
        ROW | {"id": "q", "options": options, "country": "Bravo", "distribution": [0, 0, 1]},
        ROW | {"id": "r", "options": ["a", "Refused", "No answer"]},
        ROW | {"id": "long", "options": [f"o{n}" for n in range(25)], "distribution": [1] * 25},
    ]
    survey, out = as_asked(read_survey(questions(tmp_path, given)), "drop")
    (one,) = survey.questions
    assert one.options == ("a", "b") and one.answers == {"Alfa": pytest.approx((0.75, 0.25))}
    assert [(each.question, each.country) for each in out] == [("q", "Bravo"), ("r", ""), ("long", "")]
    assert "line 4" in out[2].reason and "25 options" in out[2].reason


def test_a_manifest_is_checked_row_by_row(tmp_path: Path) -> None:
    """A picture that is not there, an income that is none, a path twice: each names row and field."""
    path = pictures(tmp_path)
    found = read_pictures(path)
    assert {each.country for each in found} == {"Alfa", "Bravo", "Charlie"} and found[0].income == 100.0
    good = path.read_text().splitlines()
    for change, what in (
        ({"path": "gone.png"}, "path: there is no"),
        ({"income": "low"}, "income: 'low'"),
        ({"category": ""}, "category: it is"),
    ):
        path.write_text("\n".join([good[0], json.dumps(json.loads(good[1]) | change)]) + "\n")
        with pytest.raises(FeedError, match=f"line 2, {what}"):
            read_pictures(path)
    (tmp_path / "Alfa-homes.png").write_bytes(b"no picture")
    path.write_text("\n".join(good) + "\n")
    with pytest.raises(FeedError, match=r"line 2, path: 'Alfa-homes\.png' is no picture"):
        read_pictures(path)
    (tmp_path / "Alfa-homes.png").write_bytes(POSTSCRIPT)
    with pytest.raises(FeedError, match=r"line 2, path: 'Alfa-homes\.png' is no picture that can be shown"):
        read_pictures(path)
    inside = path.parent / "deep" / "manifest.jsonl"
    inside.parent.mkdir()
    inside.write_text(json.dumps(json.loads(good[0]) | {"path": f"../{json.loads(good[0])['path']}"}) + "\n")
    with pytest.raises(FeedError, match=r"line 1, path: .* lies outside the manifest's folder"):
        read_pictures(inside)
    path.write_text(good[0] + "\n" + good[0] + "\n")
    with pytest.raises(FeedError, match=r"line 2, path: .*line 1"):
        read_pictures(path)


def test_wrong_pictures_are_of_the_same_categories_where_possible(tmp_path: Path) -> None:
    """The other country is drawn by the seed among those with the most of the same categories, and so are its pictures."""
    album = by_country(sample_pictures_in(tmp_path))
    question = sample_survey().questions[0]
    for country in album:
        own = chosen(question, country, album[country], 3, seed=5)
        assert len({each.category for each in own}) == 3
        other = exchanged(question, own, country, album, seed=5)
        assert other is not None and other.country != country
        assert {each.country for each in other.pictures} == {other.country}
        assert [each.category for each in other.pictures] == [each.category for each in own]
        assert other == exchanged(question, own, country, album, seed=5)
    assert exchanged(question, own, country, {country: album[country]}, seed=5) is None


def sample_pictures_in(folder: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AXIOFEED_CACHE", str(folder))
        return sample_pictures()


def test_the_sample_is_synthetic_and_says_so(tmp_path: Path) -> None:
    """30 questions on 15 topics, ordinal and nominal, four invented countries, a picture of each category."""
    survey = sample_survey()
    assert survey.synthetic and len(survey.questions) == 30 and len({each.topic for each in survey.questions}) == 15
    assert {each.ordinal for each in survey.questions} == {True, False} and len(survey.countries) == 4
    assert all(abs(sum(shares) - 1) < 1e-12 for each in survey.questions for shares in each.answers.values())
    assert len(sample_pictures_in(tmp_path)) == 4 * len(CATEGORIES)
    path = tmp_path / "sample.jsonl"
    path.write_text("".join(as_line(each, synthetic=True) + "\n" for each in survey.questions), encoding="utf-8")
    assert read_survey(path).synthetic


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--countries", "Nowhere"], "no answers from 'Nowhere'"),
        (["--conditions", "text,smell"], "there is no 'smell'"),
        (["--conditions", "image"], "give --images"),
        (["--repeats", "3"], "even number"),
        (["--pictures", "0"], "from 1 to 16"),
        (["--model-option", "x"], "KEY=VALUE"),
    ],
)
def test_options_that_make_no_sense_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], what: str
) -> None:
    """Exit code 2, one line that says what to do, nothing written."""
    base = ["run", "--questions", questions(tmp_path), "--model", "polled/truth", "--runs", tmp_path / "runs"]
    assert command(*base, *arguments) == 2
    told = capsys.readouterr().err
    assert what in told and len(told.strip().splitlines()) == 1 and not (tmp_path / "runs").exists()
