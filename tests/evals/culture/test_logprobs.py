"""Log-probabilities of a real server, of which some lack an option: what is made of that, and that it is said."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from evals.scoring.distributions import js_divergence
from tests.agent.models.provider_server import Behaviour, ProviderServer, Recorded, ok
from tests.evals.culture.surveys import SHARES, command, picked, results, run

pytestmark = pytest.mark.usefixtures("own_cache")


class Answering:
    """Always the first place, with log-probabilities of .5, .3, .2 by place; of one reply about "choice" in Alfa, C is not listed."""

    def __init__(self) -> None:
        self.told = False

    def __call__(self, request: Recorded) -> Behaviour:
        words = json.dumps(request.body)
        lacking = "About choice?" in words and "lives in Alfa" in words and not self.told
        self.told = self.told or lacking
        return _reply(lacking)


def _reply(lacking: bool) -> Behaviour:
    top = [{"token": letter, "logprob": math.log(share)} for letter, share in zip("ABC", (0.5, 0.3, 0.2), strict=True)]
    tokens = [
        {"token": '{"answer": "', "logprob": 0.0},
        {"token": "A", "logprob": math.log(0.5), "top_logprobs": top[: 2 if lacking else 3]},
    ]
    return ok('{"answer": "A", "reason": "x"}', logprobs=tuple(tokens))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    with ProviderServer(Answering()) as server:
        folder = run(tmp_path_factory.mktemp("served"), f"compatible/m@{server.url('chat')}", "--conditions", "text,none")
    return folder, results(folder)


def test_a_question_of_which_a_reply_lacks_an_option_is_counted(told: tuple[Path, dict[str, Any]]) -> None:
    """A letter without a log-probability in a single reply is not taken as impossible: that question is counted from repeats, in all
    conditions and countries alike; the others keep their log-probabilities."""
    _, found = told
    methods = {(row["question"], row["condition"], row["method"]) for row in found["cells"]}
    expected = {("choice", condition, "counts") for condition in ("text", "none")}
    assert methods == expected | {(name, condition, "log-probabilities") for name in ("scale", "two") for condition in ("text", "none")}
    (cell,) = picked(found["cells"], question="scale", condition="text", country="Alfa")
    both_orders = [(0.5 + 0.2) / 2, 0.3, (0.2 + 0.5) / 2]
    assert cell["jsd"] == pytest.approx(js_divergence(both_orders, SHARES["scale"]["Alfa"]), abs=1e-9)


def test_what_is_counted_for_want_of_log_probabilities_is_said(
    told: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The notes name respondent, question and the fewest answers; where only log-probabilities are wanted, what is left out is named."""
    folder, found = told
    (note,) = (each for each in found["notes"] if "lacked the log-probability of an option" in each)
    assert "1 question counted from repeated answers in all conditions (2 answers" in note and ": choice." in note
    assert command("score", folder, "--answers", "logprobs", "--json") == 0
    alone = json.loads(capsys.readouterr().out)
    assert any("lack the log-probability of an option are left out, of 1 question" in each for each in alone["notes"])
    left = picked(alone["exclusions"], question="choice", condition="text")
    assert [(row["country"], row["reason"]) for row in left] == [("Alfa", "answered in one order of its options alone")]
