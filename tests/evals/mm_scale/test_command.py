"""`python -m evals.mm_scale` as it is typed: run, score, report; how a rating is read; mistakes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from agent.models.base import Reply
from agent.models.option_logprobs import Alternative, Token, option_logprobs
from agent.protocols.base import AnswerState
from agent.protocols.rating import SHARES, RatingProtocol
from environments.base import Stimulus, StimulusText
from evals.mm_scale.__main__ import main
from evals.mm_scale.analysis import analyse
from evals.mm_scale.items import open_items
from evals.mm_scale.run_command import limited
from tests.evals.mm_scale.rated_items import GRADED, write_items

SHOWN = Stimulus("s", 0, (), StimulusText(caption="x"), 0.0, "deck")


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_items(tmp_path_factory.mktemp("items"), GRADED, ("both", "text", "both"))


def test_run_and_report_on_one_command(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three respondents, shown and not: a page without scripts, tables, results; the same command again asks nobody."""
    command = ["run", "--items", str(items), "--model", "rated/truth,rated/constant,rated/sees", "--condition", "shown,none"]
    command += ["--runs", str(tmp_path), "--workers", "1", "--quiet", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    folder = Path(told["folder"])
    assert folder.name.startswith("mm-scale-") and Path(told["report"]).is_file()
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "<script" not in page and "rated/sees (no pictures)" in page and "What the picture does" in page
    data = json.loads((folder / "report" / "results.json").read_bytes())
    assert data["format"] == "axiofeed.mm-scale" and len(data["scores"]) == 6
    assert {path.name for path in (folder / "report").iterdir()} >= {
        "scores.csv",
        "people.csv",
        "conditions.csv",
        "left_out.csv",
        "bins.csv",
    }
    assert main(command) == 0
    traces = [path.read_text(encoding="utf-8") for path in folder.glob("*/trace.jsonl")]
    assert len(traces) == 6 and all(trace.count('"type":"ask"') == 14 for trace in traces)


def test_ratings_are_never_shown_to_a_model(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was asked holds the words and no rater, score, or ground of people: nothing but the scenario enters the prompt."""
    command = [
        "run",
        "--items",
        str(items),
        "--model",
        "rated/constant",
        "--runs",
        str(tmp_path),
        "--name",
        "told",
        "--workers",
        "1",
        "--quiet",
    ]
    assert main([*command, "--limit", "1"]) == 0
    trace = next((tmp_path / "told").glob("*/trace.jsonl")).read_text(encoding="utf-8")
    asked = [line for line in trace.splitlines() if '"type":"ask"' in line]
    assert asked and all("anna" not in line and "ratings" not in line and "distribution" not in line for line in asked)


def test_a_limit_takes_whole_pictures(items: Path) -> None:
    """Scenarios of one picture are ranked together: a limit never tears them apart, and a larger one contains a smaller one."""
    deck = open_items(str(items)).items
    few, more = limited(deck, 3, 0), limited(deck, 8, 0)
    assert 3 <= len(few) < len(more) < len(deck)
    assert {item.id for item in few} <= {item.id for item in more}
    for taken in (few, more):
        images = {item.cluster for item in taken}
        assert taken == tuple(item for item in deck if item.cluster in images)


def test_points_come_with_their_log_probabilities() -> None:
    """The points are the closed list whose log-probabilities a backend tells, not the ground; four of five are not enough."""
    protocol = RatingProtocol()
    for cell in range(protocol.cells):
        answer = protocol.template("rating", cell).answer
        listed = [Alternative(token=str(point), logprob=math.log(0.2)) for point in range(1, 6)]
        tokens = [Token(token='{"rating": ', logprob=0.0), Token(token="4", logprob=math.log(0.2), top_logprobs=listed)]
        tokens.append(Token(token=', "ground": "both"}', logprob=0.0))
        assert option_logprobs(tokens, answer) == pytest.approx(dict.fromkeys("12345", math.log(0.2)))
    text = '{"rating": 4, "ground": "both", "reason": ""}'
    known = {str(point): math.log(0.1) - (point == 5) for point in range(1, 6)}
    scores = dict((protocol.interpret("rating", Reply(text, logprobs=known), SHOWN).decision or pytest.fail("no decision")).scores or {})
    assert sum(scores[name] for name in SHARES) == pytest.approx(1)
    assert scores["p5"] / scores["p1"] == pytest.approx(math.exp(-1))
    del known["2"]
    found = protocol.interpret("rating", Reply(text, logprobs=known), SHOWN).decision
    assert found is not None and dict(found.scores or {}) == {"rating": 4.0, "ground": 2.0}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ('{"rating": 4, "ground": "both"}', "answered"),
        ('{"rating": "4", "ground": "text"}', "answered"),
        ('{"rating": 4.0, "ground": "image"}', "answered"),
        ('{"rating": 0, "ground": "both"}', "unparsable"),
        ('{"rating": true, "ground": "both"}', "unparsable"),
        ('{"rating": 4.5, "ground": "both"}', "unparsable"),
        ('{"rating": 4, "ground": "feeling"}', "unparsable"),
        ("I'm sorry, but I can't help with that.", "refused"),
        ("4", "unparsable"),
    ],
)
def test_a_reply_is_one_of_four_states(text: str, state: str) -> None:
    """A number in another form is that number; what is no point of the scale is no rating; a refusal is told apart."""
    assert RatingProtocol().interpret("rating", Reply(text), SHOWN).state is AnswerState(state)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run --items nowhere --model rated/truth", "there are no items at nowhere"),
        ("run --items ITEMS --model rated/best", "no rated respondent 'best'"),
        ("run --items ITEMS --model rated/truth --model-option noise=loud", "rated/truth: noise"),
        ("run --items ITEMS --model rated/truth --condition dark", "there is no 'dark'"),
        ("run --items ITEMS --model rated/truth --limit 0", "--limit takes a whole number from 1"),
        ("run --items ITEMS --model rated/truth --wordings 7", "--wordings takes a whole number from 1 to 6"),
        ("score nowhere", "nowhere"),
        ("run --items OPTIONS --model rated/truth", "options: a scenario is rated from 1 to 5 and has none"),
        ("run --items BARE --model rated/truth", "images: a scenario goes with one picture, not 0"),
        ("run --items SCORE --model rated/truth", "ratings 1, score: it has to be a whole number from 1 to 5, not 9"),
    ],
)
def test_a_mistake_is_one_line(items: Path, tmp_path: Path, command: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, what is wrong and what to do, and nothing is written."""
    bad: dict[str, dict[str, object]] = {"OPTIONS": {"options": ["a", "b"]}, "BARE": {}}
    bad["SCORE"] = {"images": ["bus.png"], "ratings": [{"rater": "a", "score": 9}]}
    places = {"ITEMS": str(items)}
    for name, fields in bad.items():
        places[name] = str(write_items(tmp_path / name, {"bus": ()}))
        row = json.dumps({"id": "q", "text": "?"} | fields)
        (tmp_path / name / "items.jsonl").write_text(row + "\n", encoding="utf-8")
    given = [places.get(word, word) for word in command.split()]
    more = ["--runs", str(tmp_path / "runs")] if given[0] == "run" else []
    assert main([*given, *more]) == 2
    assert told in (error := capsys.readouterr().err) and error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_runs_with_other_ratings_are_not_mixed(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs that hold different ratings of one item: told to score them apart; with --items one set of ratings holds for both."""
    other = write_items(tmp_path / "other", {**GRADED, "dog": ((5, 5, 5, 5), (1, 1, 1, 1))}, ("both", "text", "both"))
    for name, deck, model in (("one", items, "truth"), ("two", other, "constant")):
        command = ["run", "--items", str(deck), "--model", f"rated/{model}", "--runs", str(tmp_path), "--name", name, "--workers", "1"]
        assert main([*command, "--quiet", "--no-report"]) == 0
    capsys.readouterr()
    assert main(["score", str(tmp_path / "one"), str(tmp_path / "two")]) == 2
    assert "two runs hold different items called 'dog-1'" in capsys.readouterr().err
    assert main(["score", str(tmp_path / "one"), str(tmp_path / "two"), "--items", str(items), "--json"]) == 0
    rows = {row["who"]: row for row in json.loads(capsys.readouterr().out)["scores"]}
    assert rows["rated/truth"]["mae"] == pytest.approx(0, abs=1e-9) and rows["rated/constant"]["items"] == 14


def test_help_loads_nothing_heavy() -> None:
    """`--help` of the command and of a sub-command imports none of what runs."""
    code = (
        "import sys; from evals.mm_scale.__main__ import main\n"
        "try: main(['score', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'polars', 'numpy', 'pydantic', 'torch', 'PIL', 'starlette'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_synthetic_ratings_and_respondents_are_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Title and first sentence call the sample's ratings synthetic; two respondents in two conditions are no four respondents."""
    given = ["--model", "rated/truth,reader", "--condition", "shown,none", "--limit", "3", "--runs", str(tmp_path), "--name", "one"]
    assert main(["run", *given, "--no-report", "--quiet"]) == 0
    found = analyse([tmp_path / "one"])
    assert found.title.startswith("MM-SCALE, synthetic ratings: 2 respondents in 2 conditions, ")
    assert found.conclusions[0].startswith("The ratings are synthetic") and "rated/truth (from the people's own ratings)" in found.notes[0]
