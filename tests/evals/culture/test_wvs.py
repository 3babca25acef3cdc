"""The World Values Survey's CSV, made here in its layout: weights, codes that are no answer, countries."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from evals.culture.question_rows import read_survey
from evals.culture.wvs import import_wvs
from personas.errors import FeedError
from tests.evals.culture.surveys import command

CODEBOOK = """column,question,topic,kind,code,label
Q1,How important is family?,Social values,ordinal,1,Very important
Q1,,,,2,Rather important
Q1,,,,3,Not very important
Q152,What should the country aim at?,Post-materialism,nominal,1,Growth
Q152,,,,2,Defence
B_COUNTRY_ALPHA,,,,XXA,Examplia
"""
PEOPLE = [
    "KEN;404;1.5;1;2",
    "KEN;404;0.5;2;1",
    "KEN;404;2.0;-1;-2",
    "JPN;392;1;3;-4",
    "JPN;392;1;1;-4",
    "XXA;999;1;2;-5",
    "XXA;999;3;1;2",
]
HEADER = "B_COUNTRY_ALPHA;B_COUNTRY;W_WEIGHT;Q1;Q152"


def files(folder: Path, people: list[str] | None = None, header: str = HEADER, codebook: str = CODEBOOK) -> tuple[Path, Path]:
    data, book = folder / "WVS.csv", folder / "codebook.csv"
    data.write_text("\n".join([header, *(PEOPLE if people is None else people)]) + "\n", encoding="utf-8")
    book.write_text(codebook, encoding="utf-8")
    return data, book


def test_answers_are_weighted_and_codes_below_zero_are_no_answers(tmp_path: Path) -> None:
    """−1 and −2 become options of "don't know" kind, −3 to −5 are left out and counted; a country that was not asked has no answers."""
    found = import_wvs(*files(tmp_path))
    family, aim = found.survey.questions
    assert family.options == ("Very important", "Rather important", "Not very important", "Don't know")
    assert family.ordinal and not aim.ordinal and family.dont_know == (3,)
    assert family.answers["Kenya"] == pytest.approx((1.5 / 4, 0.5 / 4, 0, 2 / 4))
    assert family.answers["Japan"] == pytest.approx((0.5, 0, 0.5, 0))
    assert family.answers["Examplia"] == pytest.approx((0.75, 0.25, 0, 0))
    assert family.people == {"Kenya": 3, "Japan": 2, "Examplia": 2}
    assert aim.options == ("Growth", "Defence", "No answer") and "Japan" not in aim.answers
    assert aim.answers["Kenya"] == pytest.approx((0.5 / 4, 1.5 / 4, 2 / 4))
    assert found.left_out == {("Q152", "Japan", "not asked in the survey"): 2, ("Q152", "Examplia", "missing; unknown"): 1}
    assert found.rows == 7


def test_the_command_writes_a_question_file_and_tells_what_was_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written is read again as it was; every column, country and reason left out is told."""
    data, book = files(tmp_path)
    out = tmp_path / "out" / "questions.jsonl"
    assert command("import-wvs", data, "--codebook", book, "--out", out) == 0
    told = capsys.readouterr()
    assert "2 questions, 3 countries, 7 people" in told.out
    assert "Q152, Japan: 2 “not asked in the survey”" in told.err
    survey = read_survey(out)
    assert [each.id for each in survey.questions] == ["Q1", "Q152"]
    assert survey.questions[0].answers["Kenya"] == pytest.approx((0.375, 0.125, 0, 0.5))


def test_a_numeric_country_column_and_commas_will_do(tmp_path: Path) -> None:
    """Without alpha-3 codes the numbers of ISO 3166-1 name the countries."""
    book = CODEBOOK.replace("B_COUNTRY_ALPHA,,,,XXA", "B_COUNTRY,,,,999")
    found = import_wvs(*files(tmp_path, ["404,1,1,2", "392,1,2,1"], "B_COUNTRY,W_WEIGHT,Q1,Q152", book))
    assert found.survey.countries == ("Kenya", "Japan")


@pytest.mark.parametrize(
    ("people", "what"),
    [
        (["KEN;404;1;9;1"], "line 2, Q1: '9' is no code"),
        (["KEN;404;1;1;1", "KEN;404;1;one;1"], "line 3, Q1: 'one' is no code"),
        (["ZZZ;0;1;1;1"], "line 2, B_COUNTRY_ALPHA: the country 'ZZZ' is not known; name it in the codebook"),
        (
            ["KEN;404;1;1;1", "ZZZ;0;1;1;1", "QQA;0;1;1;1", "ZZZ;0;1;1;1"],
            "line 3, B_COUNTRY_ALPHA: the country 'ZZZ' is not known, nor are 'QQA'; name each",
        ),
        (["KEN;404;-1;1;1"], "line 2, W_WEIGHT: '-1' is no weight"),
        (["KEN;404;;1;1"], "line 2, W_WEIGHT"),
        (["KEN;404;1;1"], "line 2: 4 cells"),
        (["KEN;404;0;1;1"], "weights of all who answered in Kenya are zero"),
        ([], "holds no people"),
    ],
)
def test_what_is_wrong_with_a_person_is_named(tmp_path: Path, people: list[str], what: str) -> None:
    """Line, column and value, in one line."""
    with pytest.raises(FeedError) as caught:
        import_wvs(*files(tmp_path, people))
    assert what in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("Q1,,,,2,", "Q1,,,,1,", "line 3, code: Q1 has the code 1"),
        ("Q1,,,,2,", "Q1,,,,-2,", "line 3, code: -2"),
        ("Q1,,,,2,", "Q1,,,,two,", "line 3, code: 'two' is no code"),
        ("Q1,,,,2,Rather", "Q1,Other?,,,2,Rather", "line 3, question: not as in"),
        ("ordinal", "interval", "line 2, kind: 'interval'"),
        ("Q152", "Q999", "column: the data have no column 'Q999'"),
        ("Q152,,,,2,Defence\n", "", "Q152 needs two codes"),
        (
            "XXA,Examplia",
            "XXA,Examplia\nB_COUNTRY_ALPHA,,,,XXB,Examplia",
            "line 8, label: 'Examplia' is the name of the code 'XXA' already",
        ),
    ],
)
def test_what_is_wrong_with_a_codebook_is_named(tmp_path: Path, old: str, new: str, what: str) -> None:
    """Row and field of the codebook."""
    with pytest.raises(FeedError) as caught:
        import_wvs(*files(tmp_path, codebook=CODEBOOK.replace(old, new)))
    assert what in str(caught.value)


def test_names_of_countries_are_the_codebook_s_before_those_of_iso(tmp_path: Path) -> None:
    """A code that the codebook names has that name; others have those of ISO 3166-1; which is said."""
    book = CODEBOOK + "B_COUNTRY_ALPHA,,,,KEN,Republic of Kenya\n"
    found = import_wvs(*files(tmp_path, codebook=book))
    assert found.survey.countries == ("Republic of Kenya", "Japan", "Examplia")
    assert found.survey.notes[-1] == "Names of countries: 2 of the codebook, 1 of ISO 3166-1 by their codes."


def test_the_codes_are_those_of_iso_3166_1() -> None:
    """Each number and alpha-3 code stands once, with a name of its own; all are as another list of the standard has them."""
    data = json.loads(resources.files("evals.culture").joinpath("wvs_countries.json").read_text(encoding="utf-8"))
    rows = [(number, alpha, name) for number, alpha, name in data["countries"] if alpha != "NIR"]
    assert all(len({row[place] for row in rows}) == len(rows) == 249 for place in range(3))
    peer = pytest.importorskip("pycountry")
    assert {(number, alpha) for number, alpha, _ in rows} == {(int(each.numeric), each.alpha_3) for each in peer.countries}
