"""`python -m evals.judging judge`, `pairs` and `score`: exact counts, nothing asked twice, one line for a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from agent.models.lapses import refuses
from agent.models.registry import PROVIDERS
from agent.session import run_session
from agent.spec import make_spec
from agent.trace.reader import SessionFolder, find_sessions
from environments.canonical import rng
from evals.judging.__main__ import main
from evals.judging.able import BY_RULE, can
from evals.judging.analysis import analyse
from evals.judging.chosen import counting, given_judges
from evals.judging.collecting import collect
from evals.judging.verdicts import read_judged, read_verdicts
from tests.evals.judging.panel import run_answers, write_items

OPEN, CLOSED, READ = 24, 6, 3
"""Questions in words; with options, answered in words that no rule maps; and answered with a letter."""
QUIET = ("--quiet", "--workers", "1")


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three respondents to 24 questions in words, and one who answers six questions with options in words of its own."""
    base = tmp_path_factory.mktemp("answered")
    rows = [
        {
            "id": f"q{n}",
            "text": f"What is {n}?",
            "reference": f"It is {n}",
            "reasoning": "so",
            "cluster": f"c{n // 2}",
            "about": {"task": "t"},
        }
        for n in range(OPEN)
    ]
    deck = write_items(base / "open", rows)
    run_answers(deck, base / "runs", "keyed/right", OPEN)
    run_answers(deck, base / "runs", "keyed/refuses-half", OPEN, accuracy="0.5")
    run_answers(deck, base / "more", "keyed/uniform", OPEN)
    options = ["Red", "Blue", "Green"]
    closed = write_items(
        base / "closed", [{"id": f"c{n}", "text": f"Which, {n}?", "options": options, "key": [n % 3]} for n in range(CLOSED + READ)]
    )
    script = base / "script.jsonl"
    replies = ["Clearly something like blue", "I like red and blue", "It must be the green one, since grass is that colour"]
    lines = [{"stimulus": f"c{n}", "answer": replies[n % 3]} for n in range(CLOSED)]
    lines += [{"stimulus": f"c{CLOSED + n}", "answer": {"answer": "A"}} for n in range(READ)]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    run_answers(closed, base / "closed-runs", f"scripted/{script}", CLOSED + READ, protocol="choice")
    return base


def run(command: str, *given: object, expect: int = 0, capsys: pytest.CaptureFixture[str] | None = None) -> dict:
    code = main([command, *map(str, given)])
    assert code == expect
    return json.loads(capsys.readouterr().out.splitlines()[-1]) if capsys else {}


def asked(runs: Path) -> int:
    """Decisions of judges on disk."""
    return sum(
        step.answer is not None
        for run_ in runs.iterdir()
        for session in find_sessions(run_)
        for step in SessionFolder(session.path).steps()
    )


def right_of_half() -> tuple[int, int]:
    """How many `refuses-half` with accuracy .5 answers, and how many of these rightly."""
    answered = [f"q{n}" for n in range(OPEN) if not refuses("keyed", f"q{n}")]
    return len(answered), sum(rng("keyed", "refuses-half", name, 0).random() < 0.5 for name in answered)


def test_answers_are_judged_to_the_exact_count(answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every answer in words gets a verdict; refusals are not judged; shares are those of the respondents' known answers."""
    told = run("judge", answered / "runs", "--judges", "scripted-judge/exact", "--runs", tmp_path, "--json", *QUIET, capsys=capsys)
    count, right = right_of_half()
    assert (told["asked"], told["known"]) == (OPEN + count, 0)
    found = json.loads((Path(told["report"]).parent / "results.json").read_bytes())["shares"]
    assert [(row["respondent"], row["judged"], row["unjudged"], row["true"]) for row in found] == [
        ("keyed/refuses-half [accuracy=0.5]", count, 0, right),
        ("keyed/right", OPEN, 0, OPEN),
    ]
    assert "<h1" in Path(told["report"]).read_text(encoding="utf-8")
    verdicts = read_verdicts([tmp_path])
    assert set(verdicts["cluster"]) == {f"c{n}" for n in range(OPEN // 2)}
    assert set(verdicts["state"]) == {"answered"}


def test_only_what_is_new_is_asked(answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same command asks nothing; a second judge is asked everything and the first nothing; new answers are asked of both."""
    base = ("--runs", tmp_path, "--json", "--no-report", *QUIET)
    run("judge", answered / "runs", "--judges", "scripted-judge/exact", *base)
    capsys.readouterr()
    first = asked(tmp_path)
    told = run("judge", answered / "runs", "--judges", "scripted-judge/exact", *base, capsys=capsys)
    assert (told["asked"], told["known"], asked(tmp_path)) == (0, first, first)
    told = run("judge", answered / "runs", "--judges", "scripted-judge/exact,scripted-judge/strict", *base, capsys=capsys)
    assert (told["asked"], asked(tmp_path)) == (first, 2 * first)
    both = "scripted-judge/exact,scripted-judge/strict"
    told = run("judge", answered / "runs", answered / "more", "--judges", both, *base, capsys=capsys)
    assert (told["asked"], asked(tmp_path)) == (2 * OPEN, 2 * first + 2 * OPEN)
    assert read_verdicts([tmp_path]).group_by("judge").len()["len"].to_list() == [first + OPEN] * 2


def test_respondents_of_one_name_stay_two(answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One model with two settings, judged one after the other, is two respondents; both together ask nothing anew."""
    deck = answered / "open"
    for name, accuracy in (("one", "1"), ("two", "0.5")):
        run_answers(deck, tmp_path / name, "keyed/right", OPEN, session=name, accuracy=accuracy)
    base = ("--judges", "scripted-judge/exact", "--runs", tmp_path / "runs", "--json", "--no-report", *QUIET)
    for name in ("one", "two"):
        run("judge", tmp_path / name, *base)
    assert set(read_verdicts([tmp_path / "runs"])["respondent"]) == {"keyed/right [accuracy=1]", "keyed/right [accuracy=0.5]"}
    capsys.readouterr()
    assert run("judge", tmp_path / "one", tmp_path / "two", *base, capsys=capsys)["asked"] == 0


def test_a_stopped_run_is_carried_on(answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit stops it with exit code 3; what was not asked is unjudged; the same command asks the rest and no more."""
    base = ("judge", answered / "runs", "--judges", "scripted-judge/exact", "--runs", tmp_path, "--no-report", *QUIET)
    run(*base, "--max-requests", 5, expect=3)
    before = read_verdicts([tmp_path])
    (note,) = [each for each in analyse([tmp_path]).notes if each.startswith("Unjudged here")]
    assert f"{before.height - 5} not asked yet" in note
    assert (before["state"] == "not asked yet").sum() == (before["verdict"] == "unjudged").sum() == before.height - 5
    capsys.readouterr()
    told = run(*base, "--json", capsys=capsys)
    assert (told["asked"], told["known"]) == (0, before.height)
    assert asked(tmp_path) == before.height
    assert "unjudged" not in set(read_verdicts([tmp_path])["verdict"])


def test_what_has_no_verdict_is_asked_again_on_request_alone(answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A judge without verdict leaves unjudged answers, which `--again` asks anew in a run of their own."""
    given = ("--judges", "scripted-judge/exact", "--model-option", "unjudged=0.5", "--runs", tmp_path, "--no-report", "--json", *QUIET)
    run("judge", answered / "more", *given)
    verdicts = read_verdicts([tmp_path])
    silent = int((verdicts["verdict"] == "unjudged").sum())
    assert 0 < silent < OPEN
    assert set(verdicts.filter(pl.col("verdict") == "unjudged")["state"]) == {"unparsable"}
    capsys.readouterr()
    assert run("judge", answered / "more", *given, capsys=capsys)["asked"] == 0
    assert run("judge", answered / "more", *given, "--again", capsys=capsys)["asked"] == silent
    assert read_verdicts([tmp_path]).height == OPEN


def test_pairs_are_asked_in_both_orders(answered: Path, tmp_path: Path) -> None:
    """Three respondents: each two on each item that both answered, twice; who is right is the strongest."""
    run(
        "pairs",
        answered / "runs",
        answered / "more",
        "--judges",
        "scripted-judge/exact",
        "--runs",
        tmp_path,
        "--out",
        tmp_path / "out",
        *QUIET,
    )
    judged = read_judged([tmp_path])
    count, _ = right_of_half()
    assert judged.height == 2 * (OPEN + 2 * count)
    orders = {(row["item"], row["about"]["first_by"], row["about"]["second_by"]) for row in judged.iter_rows(named=True)}
    assert len(orders) == judged.height
    assert {(item, second, first) for item, first, second in orders} == orders
    table = pl.read_csv(tmp_path / "out/strengths.csv")
    assert dict(table.select("respondent", "rank").iter_rows())["keyed/right"] == 1


def test_replies_that_no_rule_could_map_are_mapped_beside(answered: Path, tmp_path: Path) -> None:
    """The judge names the option or none; what comes out says the judge and stays apart from shares."""
    assert len(collect([answered / "closed-runs"]).unmapped) == CLOSED
    run("judge", answered / "closed-runs", "--judges", "scripted-judge/exact", "--runs", tmp_path, "--out", tmp_path / "out", *QUIET)
    told = pl.read_csv(tmp_path / "out/mapped.csv").row(0, named=True)
    assert (told["judge"], told["replies"], told["mapped"], told["none"], told["unjudged"]) == ("scripted-judge/exact", CLOSED, 4, 2, 0)
    rows = pl.read_csv(tmp_path / "out/verdicts.csv")
    assert sorted(rows["option"].drop_nulls()) == [1, 1, 2, 2]
    assert told["right"] == rows["right"].sum()
    assert not (tmp_path / "out/shares.csv").exists()


def test_pictures_of_the_question_are_shown_whatever_the_respondent_saw(tmp_path: Path) -> None:
    """An answer given without pictures is judged with them, under a name that says so; without --pictures there are none."""
    (tmp_path / "deck").mkdir()
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "deck/blue.png")
    deck = write_items(
        tmp_path / "deck", [{"id": "q", "text": "What colour?", "images": ["blue.png"], "reference": "Blue", "reasoning": "seen"}]
    )
    spec = {"environment": "deck", "feed": str(deck), "protocol": "open", "strategy": "none", "videos": 1, "condition": "none"}
    run_session(make_spec(model="keyed/right", **spec), runs=tmp_path / "runs")
    (answer,) = collect([tmp_path / "runs"], pictures=True).answers
    assert (answer.respondent, answer.reasoning, answer.images) == ("keyed/right (no pictures)", "seen", (deck / "blue.png",))
    assert collect([tmp_path / "runs"]).answers[0].images == ()
    given = ("judge", tmp_path / "runs", "--judges", "scripted-judge/exact", "--no-report", *QUIET, "--runs")
    run(*given, tmp_path / "seen", "--pictures")
    (session,) = [each for place in (tmp_path / "seen").iterdir() for each in find_sessions(place)]
    assert [len(step.stimulus.frames) for step in session.steps()] == [1]
    (deck / "items.jsonl").unlink()
    assert main([*map(str, given), str(tmp_path / "gone"), "--pictures"]) == 2


def test_every_provider_is_known_to_judge_or_not() -> None:
    """A provider that answers by rule cannot be added without saying what it can do here."""
    asked_for_words = {"openai", "anthropic", "vllm", "compatible", "llamacpp", "scripted"}
    assert set(PROVIDERS) == asked_for_words | set(BY_RULE)
    assert [can(f"{name}/x", "judge") for name in ("openai", "reader", "scripted-judge", "rated")] == [True, True, True, False]
    assert can("scripted-curator", "curate") and not can("reader", "curate") and not can("scripted-curator", "look")


def test_a_judge_has_one_name_in_every_report_and_can_be_left_out(
    answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings stand in the name whoever is beside it; wordings are one judge in the title; `--judges` keeps these alone."""
    base = ("--runs", tmp_path, *QUIET)
    both = (answered / "runs", answered / "more")
    run("pairs", *both, "--judges", "scripted-judge/exact", "--model-option", "position=0.2", "--out", tmp_path / "pairs", *base)
    swayed = "scripted-judge/exact [position=0.2]"
    assert set(pl.read_csv(tmp_path / "pairs/strengths.csv")["judge"]) == {swayed}
    run("judge", *both, "--judges", "scripted-judge/exact", "--wordings", 2, "--no-report", *base)
    run("judge", *both, "--judges", "scripted-judge/exact", "--model-option", "unjudged=1", "--no-report", *base)
    capsys.readouterr()
    found = analyse([tmp_path])
    count, _ = right_of_half()
    pairs = 2 * (OPEN + 2 * count)
    assert found.title == f"Judgements: 2 judges in 2 wordings, {2 * (2 * OPEN + count)} verdicts; 1 judge, {pairs} verdicts on pairs"
    assert swayed in set(found.tables["strengths.csv"]["judge"])
    told = found.conclusions[0]
    assert told.startswith("Synthetic data") and "keyed/refuses-half [accuracy=0.5]" in told and swayed in told
    assert "Decided nothing, and so has no part in any score: scripted-judge/exact [unjudged=1]." in found.notes
    fewer = analyse([tmp_path], judges=given_judges(f"{swayed},scripted-judge/exact [unjudged=1]"))
    assert fewer.title == f"Judgements: 1 judge, 0 verdicts; 1 judge, {pairs} verdicts on pairs"
    assert "Left out by --judges: scripted-judge/exact, scripted-judge/exact · wording 2." in fewer.notes
    assert main(["score", str(tmp_path), "--judges", "nobody/x"]) == 2
    assert "there are: " in capsys.readouterr().err


def test_verdicts_of_who_cannot_judge_do_not_count() -> None:
    """Rows that an earlier version let a keyed respondent write are left out, and said so."""
    rows = pl.DataFrame({"judge": ["keyed/right", "m/x"], "model": ["keyed/right", "m/x"], "verdict": ["false", "true"]})
    kept, notes = counting(rows)
    assert kept["judge"].to_list() == ["m/x"]
    assert notes == ("Left out, since it answers by rule and cannot judge: keyed/right.",)


def test_a_dry_run_writes_nothing(answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints how many judgements would be asked."""
    run("judge", answered / "runs", "--judges", "scripted-judge/exact", "--runs", tmp_path / "runs", "--dry-run", "--wordings", 2, *QUIET)
    assert "judging-open-" in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("judge", "ANSWERED", "--judges", "scripted-judge/none"), "the choices are exact"),
        (("judge", "ANSWERED", "--judges", ","), "--judges names nothing"),
        *((("judge", "ANSWERED", "--judges", each), "cannot judge") for each in ("keyed/right", "polled/truth", "scripted/like")),
        (("pairs", "ANSWERED", "--judges", "scripted-judge/exact,planted/persona"), "planted/persona cannot judge"),
        (("judge", "RATED", "--judges", "scripted-judge/exact"), "are of something else (protocol rating)"),
        (("judge", "ANSWERED", "--judges", "scripted-judge/exact", "--wordings", "3"), "--wordings takes 1 or 2"),
        (("judge", "EMPTY", "--judges", "scripted-judge/exact"), "there is no session over questions"),
        (("judge", "nowhere", "--judges", "scripted-judge/exact"), "no folder"),
        (("pairs", "ONE", "--judges", "scripted-judge/exact"), "give the runs of several"),
        (("score", "EMPTY"), "there are no judgements"),
        (("score", "EMPTY", "--family", "x"), "NAME=FAMILY"),
        (("gold", "--runs", "EMPTY"), "name the runs whose answers people judge"),
        (("gold", "ANSWERED", "--runs", "EMPTY", "--sample", "0"), "--sample takes a whole number from 1"),
        (("gold", "ANSWERED", "--runs", "EMPTY", "--raters", "../x"), "a rater's name cannot be"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    given: tuple[str, ...], told: str, answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the user can mend is said in one line."""
    (tmp_path / "empty").mkdir()
    if "RATED" in given:
        run_answers(answered / "open", tmp_path / "rated", "keyed/right", 1, protocol="rating")
    places = {"RATED": tmp_path / "rated", "ANSWERED": answered / "runs", "ONE": answered / "more", "EMPTY": tmp_path / "empty"}
    kept = () if "--runs" in given or given[0] == "score" else ("--runs", str(tmp_path / "runs"))
    assert main([*(str(places.get(each, each)) for each in given), *kept]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert told in line
