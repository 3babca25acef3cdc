"""Sessions: what is run, recorded, limited, resumed."""

from __future__ import annotations

import asyncio
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent import Limits, SessionResult, SessionSpec, arun_session, run_session
from agent.browsing import FAILURES_IN_A_ROW
from agent.spec import make_spec
from environments.base import ActionKind
from personas.errors import EnvironmentFailed, ModelError, ModelSetupError, SpecError, Unreachable, UserError
from tests.agent.driving import GLANCE, GOOD, REACT, check_whole, decisions, events, of, script, timeless
from tests.agent.models.provider_server import ProviderServer, Tokens, dropped, failing, ok, slow
from tests.conftest import CAPTIONS, make_video, write_captions

pytestmark = pytest.mark.usefixtures("own_cache")
GARBAGE = "well, {it moves"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def own_clips(clips: Path, tmp_path: Path) -> Path:
    """A copy of the clips that a test may change."""
    return Path(shutil.copytree(clips, tmp_path / "feed"))


def spec(clips: Path, model: str = "scripted/mixed", **fields: Any) -> SessionSpec:
    return make_spec(feed=str(clips), model=model, **{"videos": 7} | fields)


def frames_open(runs: Path) -> int:
    """How many frames are stored; each has to open."""
    from PIL import Image

    found = list((runs / "frames").rglob("*.jpg"))
    for path in found:
        with Image.open(path, formats=["JPEG"]) as picture:
            picture.load()
    return len(found)


def test_a_session_shows_every_clip_once_and_records_it(clips: Path, runs: Path) -> None:
    """The folder holds the spec, resolved, and a trace in which each clip was shown, asked about, answered and acted on; frames open."""
    result = run_session(spec(clips, persona="hedonist"), runs=runs)
    assert (result.reason, result.exit_code, result.resumed) == ("complete", 0, False)
    check_whole(result.path, 7)
    assert {shown["id"] for shown in of(result.path, "stimulus")} == set(CAPTIONS)
    record = json.loads((result.path / "session.json").read_text())
    assert record["session"] == result.name == "hedonist-scripted-mixed-001"
    assert record["spec"]["persona"] == record["persona"]["name"] == "hedonist"
    assert record["persona"]["text"]
    assert record["persona"]["target"]["HE"] == 1
    assert events(result.path)[0]["spec_hash"] == record["spec_hash"]
    assert len(record["feed_fingerprint"]) == 64
    shown = {frame["sha256"] for event in of(result.path, "stimulus") for frame in event["frames"]}
    assert frames_open(runs) == len(shown) > 7
    assert sorted(path.name for path in result.path.iterdir()) == ["session.json", "trace.jsonl"]


@pytest.mark.parametrize("fields", [{}, {"protocol": "staged", "memory": "recent:3"}, {"policy": "adaptive", "cell": 2}], ids=repr)
def test_the_same_seed_and_script_give_the_same_trace(clips: Path, runs: Path, fields: dict[str, Any]) -> None:
    """Two runs of one spec differ in nothing but times; another seed gives another order."""
    one, two = (run_session(spec(clips, seed=3, **fields), runs=runs / name) for name in "ab")
    assert timeless(one.path) == timeless(two.path)
    assert [event["id"] for event in of(one.path, "stimulus")] != [
        event["id"] for event in of(run_session(spec(clips, seed=4, **fields), runs=runs / "c").path, "stimulus")
    ]


def test_two_personas_meet_the_same_clips_in_the_same_words(clips: Path, runs: Path) -> None:
    """Under one seed, order, prompt cells and seeds do not depend on the persona, nor on what it does; a fixed order has no propensity."""
    likes, skips = (
        run_session(spec(clips, model, persona=persona, seed=5), runs=runs)
        for persona, model in (("hedonist", "scripted/like"), ("traditionalist", "scripted/skip"))
    )
    for kind, names in (("stimulus", ("id", "request_id", "frames")), ("ask", ("cell", "prompt", "seed"))):
        assert [[event[name] for name in names] for event in of(likes.path, kind)] == [
            [event[name] for name in names] for event in of(skips.path, kind)
        ]
    assert not [event for event in of(likes.path, "stimulus") if "propensity" in event]
    assert likes.totals["actions"]["like"] == skips.totals["actions"]["skip"] == 7


def test_the_prompt_cells_are_balanced(clips: Path, runs: Path) -> None:
    """Every block of six steps meets each of the six cells once; a fixed cell is the only one asked."""
    rotated = of(run_session(spec(clips), runs=runs).path, "ask")
    assert sorted(ask["cell"] for ask in rotated[:6]) == list(range(6))
    assert {ask["cell"] for ask in of(run_session(spec(clips, cell=4), runs=runs).path, "ask")} == {4}


MIXED = (
    {"default": True, "answer": GOOD, "usage": {"input": 10, "output": 2}},
    {"stimulus": "b.mp4", "refusal": "I would rather not"},
    {"stimulus": "c.mp4", "answer": GARBAGE, "usage": {"input": 100, "output": 20}},
    {"stimulus": "d.mp4", "turns": 1, "answer": GARBAGE, "usage": {"input": 100, "output": 20}},
    {"stimulus": "d.mp4", "turns": 3, "answer": REACT},
    {"stimulus": "e.mp4", "error": "unavailable"},
    {"stimulus": "f.mp4", "error": "rejected"},
    {"stimulus": "g.mp4", "answer": "I'm sorry, I can't judge this."},
)


def test_each_stimulus_ends_in_exactly_one_of_four_states(clips: Path, runs: Path, tmp_path: Path) -> None:
    """Refusals by mark or in words are refused, garbage is unparsable after one repair question, an outage is failed, the rest answered;
    the counts add up, nothing but answers acts on the feed, and every attempt that was paid for is kept."""
    result = run_session(spec(clips, script(tmp_path / "mixed.jsonl", *MIXED)), runs=runs)
    check_whole(result.path, 7)
    shown = {event["step"]: event["id"] for event in of(result.path, "stimulus")}
    answers = {(shown[event["step"]], event["attempt"]): event for event in of(result.path, "answer")}
    assert {key: (answer["outcome"], answer["final"]) for key, answer in answers.items()} == {
        ("a.mp4", 0): ("answered", True),
        ("b.mp4", 0): ("refused", True),
        ("c.mp4", 0): ("unparsable", False),
        ("c.mp4", 1): ("unparsable", True),
        ("d.mp4", 0): ("unparsable", False),
        ("d.mp4", 1): ("answered", True),
        ("e.mp4", 0): ("failed", True),
        ("f.mp4", 0): ("failed", True),
        ("g.mp4", 0): ("refused", True),
    }
    assert answers["c.mp4", 0]["raw"] == answers["c.mp4", 1]["raw"] == GARBAGE
    assert answers["c.mp4", 0]["fault"]
    assert result.totals["answers"] == {"answered": 2, "refused": 2, "unparsable": 1, "failed": 2}
    assert result.totals["asks"] == 9
    assert result.totals["tokens"] == {"input": 310, "output": 62}
    acted = {shown[event["step"]]: event["done"] for event in of(result.path, "action")}
    assert acted == {"a.mp4": "watch", "d.mp4": "like"} | dict.fromkeys(("b.mp4", "c.mp4", "e.mp4", "f.mp4", "g.mp4"), "pass")


def test_the_staged_protocol_asks_on_only_after_watching(clips: Path, runs: Path, tmp_path: Path) -> None:
    """A skip at the glance ends the step; watching leads to the reaction, and each stage has a repair question of its own."""
    model = script(
        tmp_path / "staged.jsonl",
        {"task": "staged.glance", "answer": GLANCE},
        {"task": "staged.react", "answer": REACT},
        {"stimulus": "a.mp4", "task": "staged.glance", "answer": {"action": "skip", "reason": "no"}},
        {"stimulus": "b.mp4", "task": "staged.glance", "turns": 1, "answer": GARBAGE},
        {"stimulus": "b.mp4", "task": "staged.glance", "turns": 3, "answer": GLANCE},
        {"stimulus": "b.mp4", "task": "staged.react", "turns": 3, "answer": GARBAGE},
        {"stimulus": "b.mp4", "task": "staged.react", "turns": 5, "answer": REACT},
        {"stimulus": "c.mp4", "task": "staged.react", "refusal": "no more"},
    )
    result = run_session(spec(clips, model, protocol="staged"), runs=runs)
    check_whole(result.path, 7)
    steps = {event["id"]: event["step"] for event in of(result.path, "stimulus")}

    def asked(name: str) -> list[tuple[str, int]]:
        return [(ask["stage"], ask["attempt"]) for ask in of(result.path, "ask") if ask["step"] == steps[name]]

    assert asked("a.mp4") == [("glance", 0)]
    assert asked("b.mp4") == [("glance", 0), ("glance", 1), ("react", 0), ("react", 1)]
    assert asked("d.mp4") == [("glance", 0), ("react", 0)]
    for step in range(7):
        assert len({ask["cell"] for ask in of(result.path, "ask") if ask["step"] == step}) == 1, "one cell a step, in both stages"
    finals = {answer["step"]: answer for answer in of(result.path, "answer") if answer["final"]}
    assert "rating" not in finals[steps["a.mp4"]]["decision"]
    assert finals[steps["c.mp4"]]["outcome"] == "refused"
    assert result.totals["actions"] == {"skip": 1, "watch": 0, "like": 5, "pass": 1}


def test_memory_tells_the_last_actions_and_only_answers(clips: Path, runs: Path, tmp_path: Path) -> None:
    """With recent:2 a question holds the two last things that were done, oldest first, quoted; refusals are not among them."""
    entries = ({"default": True, "answer": GOOD}, {"stimulus": "b.mp4", "refusal": "no"})
    model = script(tmp_path / "memory.jsonl", *entries)
    session = run_session(spec(clips, model, memory="recent:2"), runs=runs).path
    order = [event["id"] for event in of(session, "stimulus")]
    for ask in of(session, "ask"):
        before = [name for name in order[: ask["step"]] if name != "b.mp4"][-2:]
        said = ask.get("slots", {}).get("memory", "")
        lines = [json.loads(line) for line in said.split("\n")[1:]]
        assert [line.split("): ", 1)[1] for line in lines] == [CAPTIONS[name] for name in before]
        assert all(line.startswith("watched (50% seen)") for line in lines)
    assert not any(ask["slots"] for ask in of(run_session(spec(clips, model), runs=runs).path, "ask"))


def test_the_adaptive_feed_learns_and_logs_propensities(clips: Path, runs: Path) -> None:
    """What is shown depends on what was done, each clip comes once, and its chance is a probability with an exploration floor."""
    likes, skips = (run_session(spec(clips, f"scripted/{do}", policy="adaptive"), runs=runs) for do in ("mixed", "skip"))
    for session in (likes.path, skips.path):
        check_whole(session, 7)
        shown = of(session, "stimulus")
        assert all(0.15 / (7 - event["step"]) <= event["propensity"] <= 1 for event in shown)
        assert shown[0]["propensity"] == pytest.approx(1 / 7)
        assert shown[-1]["propensity"] == pytest.approx(1)
    chances = [[event["propensity"] for event in of(session, "stimulus")] for session in (likes.path, skips.path)]
    assert chances[0] != chances[1]


@pytest.mark.parametrize("fields", [{}, {"policy": "adaptive", "memory": "recent:5", "protocol": "staged"}], ids=repr)
def test_a_session_in_pieces_equals_an_uninterrupted_one(clips: Path, runs: Path, fields: dict[str, Any]) -> None:
    """Stopped by a limit after every step and resumed: the same clips, propensities, prompts, answers and actions; exit code 3 between."""
    whole = run_session(spec(clips, **fields), runs=runs / "whole")
    for steps in range(1, 8):
        piece = run_session(spec(clips, **fields), runs=runs / "pieces", limits=Limits(max_steps=steps))
        if steps < 7:
            assert (piece.reason, piece.exit_code, piece.totals["steps"]) == ("limit", 3, steps)
            assert piece.detail == f"--max-steps {steps} is reached"
    assert piece.reason == "complete"
    check_whole(piece.path, 7)
    assert decisions(piece.path) == decisions(whole.path)
    for kind in ("stimulus", "ask", "answer", "action", "prompt"):
        assert [event for event in timeless(piece.path) if event["type"] == kind] == [
            event for event in timeless(whole.path) if event["type"] == kind
        ]


def test_a_time_limit_stops_and_does_not_start_again_from_zero(clips: Path, runs: Path) -> None:
    """Working time adds up over processes; with a limit that has passed, not one more question is asked."""
    first = run_session(spec(clips), runs=runs, limits=Limits(max_minutes=1e-7))
    assert (first.reason, first.exit_code) == ("limit", 3)
    assert first.detail == "--max-minutes 1e-07 is reached"
    again = run_session(spec(clips), runs=runs, limits=Limits(max_minutes=1e-7))
    assert again.resumed
    assert again.totals["asks"] == first.totals["asks"]
    assert again.totals["seconds"] >= first.totals["seconds"]
    done = run_session(spec(clips), runs=runs, limits=Limits(max_minutes=60))
    assert done.path == first.path
    check_whole(done.path, 7)


DEAR = Tokens(7000, 2000, 1000, 500, 200)


def paid(clips: Path, server: ProviderServer, **options: str) -> SessionSpec:
    """A spec whose answers cost 1.05 USD each, and `DEAR` ones 10.50: 1050 or 10500 tokens at 1000 USD per million."""
    prices = {"price_input": "1000", "price_output": "1000", "max_attempts": "1"} | options
    return spec(clips, "compatible/paid", base_url=server.url(), model_options=prices)


def test_a_cost_limit_is_kept_over_all_processes(clips: Path, runs: Path) -> None:
    """No question goes out that might pass the limit; raising it goes on from what was spent, and asks nothing twice."""
    with ProviderServer(ok(tokens=DEAR)) as server:
        first = run_session(paid(clips, server), runs=runs, limits=Limits(max_usd=Decimal(25)))
        assert (first.reason, first.exit_code, first.totals["spent_usd"], first.totals["steps"]) == ("limit", 3, "21.0", 2)
        assert first.detail == "21.0000 USD are spent, and the next answer might pass --max-usd 25"
        again = run_session(paid(clips, server), runs=runs, limits=Limits(max_usd=Decimal(25)))
        assert (again.totals["spent_usd"], len(server.requests)) == ("21.0", 2)
        more = run_session(paid(clips, server), runs=runs, limits=Limits(max_usd=Decimal(45)))
        assert (more.totals["spent_usd"], more.totals["steps"], len(server.requests)) == ("42.0", 4, 4)
        limited, free = of(first.path, "ask"), run_session(paid(clips, server), runs=runs)
        assert free.totals["spent_usd"] == "73.5"
        assert len(server.requests) == 7
    check_whole(free.path, 7)
    assert all(Decimal(ask["most_usd"]) > Decimal("10.5") for ask in limited)
    assert not [ask for ask in of(free.path, "ask")[len(limited) :] if "most_usd" in ask], "no bound without a limit"


def test_a_question_is_budgeted_with_the_most_it_can_cost(clips: Path, runs: Path) -> None:
    """Also the first one: its bound has to fit the limit. At the bound it goes out, just below it does not; and after cheap answers the
    next one may still be as dear as its bound."""
    with ProviderServer(ok()) as server:
        limits = Limits(max_usd=Decimal(1000), max_steps=1)
        most = Decimal(of(run_session(paid(clips, server), runs=runs / "a", limits=limits).path, "ask")[0]["most_usd"])
        server.requests.clear()
        below = run_session(paid(clips, server), runs=runs / "b", limits=Limits(max_usd=most - Decimal("0.000001")))
        assert (below.reason, below.totals["asks"], server.requests) == ("limit", 0, [])
        assert below.detail.startswith("0.0000 USD are spent, and the next answer might pass --max-usd ")
        at = run_session(paid(clips, server), runs=runs / "b", limits=Limits(max_usd=most))
        assert (at.path, at.reason, at.totals["spent_usd"], len(server.requests)) == (below.path, "limit", "1.05", 1)


def test_a_question_that_was_lost_is_budgeted_with_the_most_it_can_have_cost(clips: Path, runs: Path) -> None:
    """An answer that never arrived may have been billed: it counts as much as the dearest question could cost, in every later run."""
    with ProviderServer([ok(tokens=DEAR), dropped(), ok()]) as server:
        first = run_session(paid(clips, server), runs=runs, limits=Limits(max_usd=Decimal(31)))
        assert (first.totals["spent_usd"], first.totals["possibly_paid"], len(server.requests)) == ("10.5", 1, 2)
        most = max(Decimal(ask["most_usd"]) for ask in of(first.path, "ask"))
        assert first.detail == f"{Decimal('10.5') + most:.4f} USD are spent, and the next answer might pass --max-usd 31"
        more = Decimal("10.5") + 2 * most + Decimal("0.5")
        again = run_session(paid(clips, server), runs=runs, limits=Limits(max_usd=more))
        assert (again.path, again.totals["spent_usd"], len(server.requests)) == (first.path, "11.55", 3)
        most = max(Decimal(ask["most_usd"]) for ask in of(first.path, "ask"))
        assert again.detail.startswith(f"{Decimal('11.55') + most:.4f} USD are spent")


def test_answers_of_unknown_price_cannot_slip_past_a_cost_limit(clips: Path, runs: Path) -> None:
    """When the server names no token counts, what was spent is unknown: a session with a limit in USD stops and says so."""
    with ProviderServer(ok(tokens=None)) as server:
        for _ in range(2):
            result = run_session(paid(clips, server), runs=runs, limits=Limits(max_usd=Decimal(1000)))
            assert (result.reason, result.exit_code) == ("limit", 3)
            assert result.detail == "--max-usd 1000 cannot be kept: the price of 1 answer(s) is unknown"
            assert len(server.requests) == 1


def test_a_cost_limit_with_an_unknown_price_refuses_to_start(clips: Path, runs: Path) -> None:
    """It says what to give, and nothing is written."""
    unknown = spec(clips, "compatible/unheard-of", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(SpecError, match=r"price of compatible/unheard-of is unknown.*price_input"):
        run_session(unknown, runs=runs, limits=Limits(max_usd=Decimal(1)))
    assert not runs.exists()


def test_a_finished_session_says_so(clips: Path, runs: Path) -> None:
    """Asked for by name again, a finished session changes nothing and exits 0; without a name a new number begins."""
    first = run_session(spec(clips), runs=runs, session="mine")
    trace = (first.path / "trace.jsonl").read_bytes()
    again = run_session(spec(clips), runs=runs, session="mine")
    assert (again.already_complete, again.exit_code, again.totals) == (True, 0, first.totals)
    assert (first.path / "trace.jsonl").read_bytes() == trace
    numbered = [run_session(spec(clips), runs=runs).name for _ in range(2)]
    assert numbered == ["default-scripted-mixed-001", "default-scripted-mixed-002"]


def test_without_a_name_the_unfinished_session_is_taken_up(clips: Path, runs: Path) -> None:
    """The unfinished one with the same spec goes on; one with another spec is left alone."""
    other = run_session(spec(clips, seed=1), runs=runs, limits=Limits(max_steps=1))
    stopped = run_session(spec(clips), runs=runs, limits=Limits(max_steps=1))
    resumed = run_session(spec(clips), runs=runs)
    assert (resumed.path, resumed.resumed, resumed.reason) == (stopped.path, True, "complete")
    assert other.path != stopped.path
    assert len(of(other.path, "action")) == 1


def test_a_name_taken_by_another_spec_is_refused_with_the_difference(clips: Path, runs: Path) -> None:
    """Every field that differs is named with both values, and the session stays as it was."""
    first = run_session(spec(clips), runs=runs, session="mine")
    before = (first.path / "trace.jsonl").read_bytes()
    with pytest.raises(SpecError, match=r"persona 'default', now 'hedonist'; seed 0, now 9.*another --session"):
        run_session(spec(clips, seed=9, persona="hedonist"), runs=runs, session="mine")
    assert (first.path / "trace.jsonl").read_bytes() == before


def test_an_edited_persona_file_is_another_session(clips: Path, runs: Path, tmp_path: Path) -> None:
    """A persona's text belongs to the spec: after an edit the unfinished session is not resumed with another persona."""
    persona = tmp_path / "me.toml"
    wording = 'summary = "s"\n[[texts]]\nid = "one"\nform = "description"\ntext = "You like {}."\n[target]\nHE = 1.0\n'
    persona.write_text(wording.format("soup"))
    first = run_session(spec(clips, persona=str(persona)), runs=runs, session="mine", limits=Limits(max_steps=1))
    persona.write_text(wording.format("bread"))
    with pytest.raises(SpecError, match="persona's text has changed"):
        run_session(spec(clips, persona=str(persona)), runs=runs, session="mine")
    assert run_session(spec(clips, persona=str(persona)), runs=runs).path != first.path


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", ".hidden", "a b", "x" * 200, "a\n", "a\x00b", "é"])
def test_a_session_name_is_no_path(clips: Path, runs: Path, name: str) -> None:
    """Names that could leave the run folder or hide in it are refused before anything is written."""
    with pytest.raises(SpecError, match="use letters, digits"):
        run_session(spec(clips), runs=runs, session=name)
    assert not [path for path in runs.rglob("*") if path.is_file()]


def test_the_folder_of_the_frames_is_no_session(clips: Path, runs: Path) -> None:
    """A session cannot have the name under which all sessions keep their frames; the message says that."""
    with pytest.raises(SpecError, match="'frames' would lie where the frames are kept: choose another name"):
        run_session(spec(clips), runs=runs, session="frames")
    assert not [path for path in runs.rglob("*") if path.is_file()]


def test_a_runs_folder_that_is_a_file_is_the_users_to_mend(clips: Path, runs: Path) -> None:
    """It is a mistake in an option (exit code 2), and the file stays as it was."""
    runs.write_text("in the way")
    with pytest.raises(SpecError, match=r"--runs '.*runs' is a file, not a folder"):
        run_session(spec(clips), runs=runs)
    assert runs.read_text() == "in the way"


def test_a_model_that_fails_again_and_again_stops_the_session(clips: Path, runs: Path, tmp_path: Path) -> None:
    """After five failed clips in a row the rest is not marked as failed: the session stops with exit code 1, and resumes once mended."""
    model = script(tmp_path / "down.jsonl", {"error": "unavailable"})
    stopped = run_session(spec(clips, model), runs=runs)
    assert (stopped.reason, stopped.exit_code, stopped.totals["steps"]) == ("failed", 1, FAILURES_IN_A_ROW)
    assert isinstance(stopped.error, ModelError)
    script(tmp_path / "down.jsonl", {"answer": GOOD})
    done = run_session(spec(clips, model), runs=runs)
    assert (done.path, done.totals["answers"]["answered"], done.totals["answers"]["failed"]) == (stopped.path, 2, 5)
    check_whole(done.path, 7)


def test_failures_that_are_not_in_a_row_do_not_stop_it(clips: Path, runs: Path, tmp_path: Path) -> None:
    """A refusal or an answer between them shows that the model can be reached."""
    entries = [{"stimulus": name, "error": "throttled"} for name in list(CAPTIONS)[:6]]
    model = script(tmp_path / "shaky.jsonl", {"answer": GOOD}, *entries)
    for seed in range(20):
        shown = of(run_session(spec(clips, seed=seed), runs=runs / "order").path, "stimulus")
        if [event["id"] for event in shown].index("g.mp4") in range(2, 5):
            break
    else:
        pytest.fail("no seed puts the answer between the failures")
    result = run_session(spec(clips, model, seed=seed), runs=runs)
    assert (result.reason, result.exit_code, result.totals["answers"]["failed"]) == ("complete", 0, 6)


def test_a_session_in_which_every_clip_failed_has_failed(clips: Path, runs: Path, tmp_path: Path) -> None:
    """It went to its end, and says nothing: exit code 1. One clip that was refused, or answered, is something."""
    entries = [{"default": True, "error": "throttled"}]
    for other, code in (({}, 1), ({"refusal": "no"}, 0), ({"answer": GOOD}, 0)):
        last = [{"stimulus": "g.mp4", **other}] if other else []
        model = script(tmp_path / "failing.jsonl", *entries, *last)
        feed = tmp_path / "two"
        if not feed.exists():
            feed.mkdir()
            for name in ("f.mp4", "g.mp4"):
                shutil.copy(clips / name, feed / name)
        result = run_session(spec(feed, model), runs=runs / str(other))
        assert (result.reason, result.totals["steps"], result.exit_code) == ("complete", 2, code)
        assert result.totals["answers"]["failed"] == (1 if other else 2)


def test_a_feed_that_is_shorter_than_asked_is_complete(clips: Path, runs: Path) -> None:
    """The session ends as complete and says how many clips there were."""
    result = run_session(spec(clips, videos=40), runs=runs)
    assert (result.reason, result.exit_code, result.detail) == ("complete", 0, "the feed was over after 7 clips")
    check_whole(result.path, 7)


def test_damaged_files_are_named_once_and_skipped(own_clips: Path, runs: Path) -> None:
    """What cannot be shown stands in the trace once, also over a resume; the sound clips are all shown."""
    (own_clips / "broken.mp4").write_bytes(b"no video")
    whole = (own_clips / "a.mp4").read_bytes()
    (own_clips / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    run_session(spec(own_clips, videos=20), runs=runs, limits=Limits(max_steps=3))
    result = run_session(spec(own_clips, videos=20), runs=runs)
    check_whole(result.path, 7)
    assert sorted(event["name"] for event in of(result.path, "problem")) == ["broken.mp4", "cut.mp4"]


def test_a_clip_that_turns_out_damaged_does_not_derail_a_resume(own_clips: Path, runs: Path) -> None:
    """A file that vanishes after the feed was checked is skipped by name; the session in pieces shows what the whole one showed."""

    def run(where: Path, pieces: range) -> SessionResult:
        for steps in pieces:
            shutil.copy(own_clips / "a.mp4", own_clips / "h.mp4")

            def vanish(event: Any, _: Any) -> None:
                (own_clips / "h.mp4").unlink(missing_ok=True)

            result = run_session(spec(own_clips, videos=20, frames=1), runs=where, limits=Limits(max_steps=steps), observer=vanish)
            assert result.error is None, result.detail
        return result

    whole = run(runs / "whole", range(20, 21))
    assert [event["name"] for event in of(whole.path, "problem")] == ["h.mp4"]
    pieces = run(runs / "pieces", range(1, 9))
    assert decisions(pieces.path) == decisions(whole.path)


@pytest.mark.parametrize("change", ["removed", "removed unseen", "longer", "recaptioned", "added", "repainted"])
@pytest.mark.parametrize("named", [True, False])
def test_a_feed_that_changed_is_not_gone_on_with(own_clips: Path, runs: Path, change: str, named: bool) -> None:
    """A session that was stopped in the middle of a step does not mix what it showed with a feed that is another one now.

    What the feed's fingerprint holds (which clips, their words, their lengths) is the user's to restore, and nothing is written; other
    pictures of the same length are found when the clip is shown again."""
    name = "mine" if named else None
    with ProviderServer(slow(0.0)) as server:
        answers = iter([ok(), ok(), failing(402)])
        server.behave(lambda _: next(answers, failing(402)))
        asked = spec(own_clips, "compatible/x", base_url=server.url(), model_options={"max_attempts": "1"})
        stopped = run_session(asked, runs=runs, session=name)
        assert isinstance(stopped.error, ModelSetupError), "an account without credit stops in the middle of a step"
        before = (stopped.path / "trace.jsonl").read_bytes()
        shown = [event["id"] for event in of(stopped.path, "stimulus")]
        assert len(shown) == 3
        assert stopped.totals["steps"] == 2
        if change == "removed":
            (own_clips / shown[0]).unlink()
        elif change == "removed unseen":
            (own_clips / next(iter(set(CAPTIONS) - set(shown)))).unlink()
        elif change == "longer":
            make_video(own_clips / shown[2], 222, 3.0)
        elif change == "repainted":
            make_video(own_clips / shown[2], 222, 1.0 + list(CAPTIONS).index(shown[2]) / 4)
        elif change == "recaptioned":
            write_captions(own_clips, CAPTIONS | {shown[2]: "something else altogether"})
        else:
            for number in range(20):
                shutil.copy(own_clips / shown[0], own_clips / f"new-{number}.mp4")
        server.behave(ok())
        if change != "repainted":
            with pytest.raises(SpecError, match=f"the feed has changed since session '{stopped.name}' began: restore it") as caught:
                run_session(asked, runs=runs, session=name)
            assert caught.value.exit_code == 2
            assert (stopped.path / "trace.jsonl").read_bytes() == before
        else:
            again = run_session(asked, runs=runs, session=name)
            assert (again.path, again.exit_code) == (stopped.path, 1)
            assert isinstance(again.error, EnvironmentFailed)
            assert "pictures or words" in again.detail
        assert len(server.requests) == 3
    assert len(of(stopped.path, "answer")) == 2
    assert len(list(runs.glob("*/session.json"))) == 1


def test_a_key_that_is_not_accepted_costs_no_clip(clips: Path, runs: Path) -> None:
    """What the user can mend stops the session at once, with exit code 2, and the clip it happened on is asked again afterwards."""
    with ProviderServer(failing(401)) as server:
        asked = spec(clips, "compatible/x", base_url=server.url())
        stopped = run_session(asked, runs=runs)
        assert (stopped.exit_code, stopped.totals["steps"]) == (2, 0)
        assert of(stopped.path, "end")[0]["asked_unpaid"] is True
        server.behave(ok())
        done = run_session(asked, runs=runs)
    check_whole(done.path, 7)
    assert done.totals["answers"]["answered"] == 7
    assert done.totals["possibly_paid"] == 0, "a request that is turned away is not billed"


def test_a_server_that_is_not_there_costs_no_clip(clips: Path, runs: Path) -> None:
    """Without a connection nothing was sent: the session stops with exit code 1, no clip is marked as failed, and once the server is there
    the same clip is asked about, with nothing possibly paid."""
    with ProviderServer(ok()) as server:
        asked = spec(clips, "compatible/x", base_url=server.url(), model_options={"max_attempts": "1", "retry_wait_s": "0.01"})
        port = server.port
    stopped = run_session(asked, runs=runs)
    assert (stopped.reason, stopped.exit_code, stopped.totals["steps"]) == ("failed", 1, 0)
    assert isinstance(stopped.error, Unreachable)
    assert [event["type"] for event in events(stopped.path)][-2:] == ["ask", "end"]
    with ProviderServer(ok(), port=port):
        done = run_session(asked, runs=runs)
    check_whole(done.path, 7)
    assert (done.path, done.totals["possibly_paid"], done.totals["asks"]) == (stopped.path, 0, 8)
    assert done.totals["answers"]["answered"] == 7


CANARY = "sk-canary-5b1d0c7e9f2a4433"


def test_a_key_never_reaches_the_run_folder(
    clips: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also a server that echoes the key in its errors gets it into no file and no output."""
    monkeypatch.setenv("AXIOFEED_API_KEY", CANARY)
    with ProviderServer([ok(), failing(500, f"Incorrect key {CANARY}"), failing(400, f"Bearer {CANARY}"), ok()]) as server:
        asked = spec(clips, "compatible/x", base_url=server.url(), model_options={"max_attempts": "1"})
        result = run_session(asked, runs=runs)
        assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert result.totals["answers"]["failed"] == 2
    assert not [path for path in runs.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert CANARY not in "".join(capfd.readouterr())


async def test_a_session_runs_where_an_event_loop_runs_already(clips: Path, runs: Path) -> None:
    """In a notebook, whose loop is running, `run_session` returns the result as elsewhere, and raises what it raises elsewhere."""
    result = run_session(spec(clips), runs=runs)
    assert (result.reason, result.exit_code) == ("complete", 0)
    check_whole(result.path, 7)
    with pytest.raises(SpecError, match="another spec"):
        run_session(spec(clips, seed=1), runs=runs, session=result.name)
    assert asyncio.get_running_loop().is_running()


def test_a_resume_says_under_which_versions_it_runs(clips: Path, runs: Path) -> None:
    """A session that was begun under one version and finished under another can be told from its trace."""
    begun = run_session(spec(clips), runs=runs, limits=Limits(max_steps=1))
    run_session(spec(clips), runs=runs)
    record = json.loads((begun.path / "session.json").read_text())
    (resumed,) = of(begun.path, "resume")
    assert resumed["versions"] == record["versions"]
    assert {"axiofeed", "python", "langgraph"} <= set(resumed["versions"])


async def test_cancelling_in_flight_keeps_the_session_whole(clips: Path, runs: Path) -> None:
    """A task that is cancelled while the model thinks writes how it ended; the question is asked again, and may have been paid."""
    with ProviderServer([ok(), slow(60)]) as server:
        asked = paid(clips, server)
        task = asyncio.create_task(arun_session(asked, runs=runs))
        while len(server.requests) < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        result = await task
        assert (result.reason, result.exit_code) == ("interrupted", 130)
        server.behave(ok())
        done = await arun_session(asked, runs=runs)
    check_whole(done.path, 7)
    assert done.totals["possibly_paid"] == 1
    assert len(server.requests) == 8


async def test_two_sessions_run_side_by_side_in_one_process(clips: Path, runs: Path) -> None:
    """Sessions of one run folder, on the same clips, share its frames without disturbing each other."""
    specs = [spec(clips, persona=persona, seed=seed) for persona in ("default", "hedonist") for seed in range(3)]
    results = await asyncio.gather(*(arun_session(each, runs=runs) for each in specs))
    assert len({result.path for result in results}) == 6
    for result in results:
        check_whole(result.path, 7)
    assert not list(runs.rglob("*.part"))


def test_one_session_cannot_be_run_twice_at_once(clips: Path, runs: Path) -> None:
    """While one process has a session, a second run of it is told so, and changes nothing."""
    errors: list[UserError] = []

    def second(event: Any, progress: Any) -> None:
        if event.type == "action" and not errors:
            with pytest.raises(UserError, match="is being run by another process") as caught:
                _run_elsewhere(spec(clips), runs)
            errors.append(caught.value)

    result = run_session(spec(clips), runs=runs, session="mine", observer=second)
    assert len(errors) == 1
    check_whole(result.path, 7)


def _run_elsewhere(asked: SessionSpec, runs: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: run_session(asked, runs=runs, session="mine")).result()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"persona": "hedonsit"}, "did you mean hedonist"),
        ({"persona": "/nowhere/me.toml"}, "there is no such file"),
        ({"model": "opnai/x"}, "unknown model provider 'opnai'"),
        ({"model": "scripted/nowhere.jsonl"}, "no script"),
        ({"feed": "/nowhere"}, "does not exist"),
        ({"cell": 6}, "prompt cells 0 to 5"),
        ({"protocol": "staged", "frames": 1}, "number of frames must be at least 2, not 1"),
        ({"model": "planted/persona"}, "carries no value labels"),
    ],
)
def test_what_the_user_got_wrong_is_told_before_anything_is_written(clips: Path, runs: Path, fields: dict[str, Any], says: str) -> None:
    """One line, the right class of error, and no run folder."""
    with pytest.raises(UserError, match=says) as caught:
        run_session(make_spec(**{"feed": str(clips), "model": "scripted/like"} | fields), runs=runs)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert not runs.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"seed": -1}, "^seed: must be 0 or more, not '-1'$"),
        ({"seed": 2**63}, f"^seed: must be less than {2**63}, not '{2**63}'$"),
        ({"videos": 0}, "^videos: must be 1 or more, not '0'$"),
        ({"videos": 100_001}, "^videos: must be 100000 or less, not '100001'$"),
        ({"frames": 33}, "^frames: must be 32 or less, not '33'$"),
        ({"persona": ""}, "^persona: must not be empty, not ''$"),
        ({"memory": "recent:0"}, "memory: use none, or recent:N"),
        ({"memory": "recent:101"}, "memory: use none"),
        ({"memory": "all"}, "memory: use none"),
        ({"policy": "best"}, r"^policy: choose one of: balanced, shuffled, adaptive(, \w+)*, not 'best'$"),
        ({"protocol": "chat"}, "^protocol: choose one of: feed, staged, .*, not 'chat'$"),
        ({"cell": "x"}, "^cell: use rotate, or a whole number from 0, not 'x'$"),
        ({"base_url": "http://user:hunter2@host/v1"}, "leave out user, password"),
        ({"base_url": "http://host/v1?key=hunter2"}, "leave out user, password"),
        ({"base_url": "ftp://host"}, "use a URL such as"),
        ({"base_url": "http://[::1"}, "use a URL such as"),
        ({"model_options": {"api_key": "hunter2"}}, "keys? in environment variables"),
        ({"feed": "a.mp4"}, "give the folder that holds it"),
        ({"persona": "\udcff"}, "persona: "),
        ({"environment": "phone"}, r"^environment: choose one of: simulated(, \w+)*, not 'phone'$"),
        ({"policy": "recorded"}, "policy recorded is for --environment recorded"),
        ({"sed": 1}, "sed: Extra inputs"),
        ({"seed": "zero", "videos": "many"}, "videos: .*seed: "),
    ],
    ids=repr,
)
def test_a_wrong_spec_is_one_line_that_names_the_field(fields: dict[str, Any], says: str) -> None:
    """Field, what fits and what was given; a password is not repeated."""
    with pytest.raises(SpecError, match=says) as caught:
        make_spec(**fields)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    str(caught.value).encode()


def test_the_actions_of_the_contract_are_counted() -> None:
    """The totals name all four actions, so that a new one is a decision here too."""
    assert [kind.value for kind in ActionKind] == ["skip", "watch", "like", "pass"]
