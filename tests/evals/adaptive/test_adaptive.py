"""From sessions with phases to changes on probes, stain and scrub, and a report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import run_session
from agent.protocols.base import AnswerState
from agent.spec import make_spec
from evals.adaptive.__main__ import main
from evals.adaptive.analysis import analyse
from evals.adaptive.drift import drift_of, higher_order
from evals.adaptive.reading import PhaseRun, Player, SessionRun, Shown
from evals.adaptive.scrub import scrub_of
from evals.adaptive.twins import find_pairs, groups_of, probe_changes, two_rates
from evals.values.sessions import study

pytestmark = pytest.mark.usefixtures("own_cache")
HEDONIST, DEFAULT = Player("hedonist", "text", {"HE": 1.0, "BE": 0.0}), Player("default", "plain", {"HE": 0.0})


def phase(name: str, start: int, player: Player, he: Callable[[int], float], likes: float = 0.5, *, learn: bool = True) -> PhaseRun:
    """A phase of 40 clips: loading on HE by step of the phase, the first share of them liked."""
    shown = tuple(
        Shown(start + n, f"{name}-{n}", None, 0.1, {"HE": he(n)}, AnswerState.ANSWERED, float(n < 40 * likes), 2.0 + n % 2, frozenset())
        for n in range(40)
    )
    return PhaseRun(name, start, 40, learn, False, "adaptive", player, shown)


def session(seed: int, phases: list[PhaseRun], **fields: Any) -> SessionRun:
    given = {"name": f"s{seed}-{'-'.join(one.player.name for one in phases)}", "model": "m", "seed": seed, "feed": "x", "fingerprint": None}
    given |= {"memory": "none", "synthetic": False, "complete": True, "phased": True, "phases": tuple(phases)}
    given |= {"design": f"{seed}", "study": "all", "created_at": 0.0}
    return SessionRun(**given | fields)


def pair(seed: int, treated: float, control: float, half_life: float = 10.0) -> list[SessionRun]:
    """Stain, scrub, probe: the stain adds .4 to the loading of what is shown, which halves every `half_life` clips of scrub."""
    noise = np.random.default_rng(seed).normal(0, 0.02, 200)
    scrub = [0.4 * 2 ** (-(n + 1) / half_life) + noise[n] for n in range(40)]
    one = [phase("stain", 0, HEDONIST, lambda n: 0.5 + noise[100 + n]), phase("scrub", 40, DEFAULT, lambda n: 0.1 + scrub[n])]
    other = [phase("stain", 0, DEFAULT, lambda n: 0.1), phase("scrub", 40, DEFAULT, lambda n: 0.1)]
    probes = [phase("probe", 80, HEDONIST, lambda n: 0.1, rate, learn=False) for rate in (treated, control)]
    return [session(seed, [*one, probes[0]]), session(seed, [*other, probes[1]])]


def test_twins_share_everything_but_the_personas_that_browsed() -> None:
    """A pair has one seed and the same probe persona; a session whose control is missing is named, and never paired with another seed."""
    runs = [*pair(1, 0.5, 0.25), *pair(2, 0.6, 0.25), pair(3, 0.5, 0.5)[0]]
    stranger = pair(4, 0.5, 0.5)
    stranger[1] = session(4, [*stranger[1].phases[:2], phase("probe", 80, DEFAULT, lambda n: 0.1, learn=False)])
    pairs, alone = find_pairs([*runs, *stranger], "default")
    assert [(one.treated.seed, one.control.seed) for one in pairs] == [(1, 1), (2, 2)]
    assert [one.stained for one in pairs] == [(0,), (0,)]
    assert "2 sessions without a control twin" in alone[0]


def test_the_change_of_a_probe_is_over_pairs() -> None:
    """Like rates of the probes are compared pair by pair, and the interval is Student's t over pairs, not over clips."""
    runs = [*pair(1, 0.5, 0.25), *pair(2, 0.6, 0.25), *pair(3, 0.4, 0.2)]
    (group,) = groups_of(find_pairs(runs, "default")[0])
    like, rating = probe_changes(group, 0.95)
    assert (like.phase, like.channel, like.pairs, like.change.method) == ("probe", "like", 3, "t over pairs")
    assert like.change.estimate == pytest.approx(np.mean([0.25, 0.35, 0.2]))
    assert like.change.high is not None
    half = 4.3027 * np.std([0.25, 0.35, 0.2], ddof=1) / np.sqrt(3)
    assert like.change.high - like.change.estimate == pytest.approx(half, rel=1e-4)
    assert rating.change.estimate == pytest.approx(0.0)


def test_one_pair_gets_an_interval_given_its_feeds() -> None:
    """With one pair the interval is that of two binomial rates (Newcombe 1998: 56/70 − 48/80 is .2 [.0524, .3339])."""
    (group,) = groups_of(find_pairs(pair(1, 0.5, 0.25), "default")[0])
    like = probe_changes(group, 0.95)[0]
    assert (like.pairs, like.change.method) == (1, "within one pair")
    interval = two_rates(56, 70, 48, 80)
    assert interval is not None
    assert (interval.estimate, interval.low, interval.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_what_is_left_of_a_stain_and_its_half_life_are_found() -> None:
    """A stain of .4 that halves every ten clips has a half-life near ten and little left; without a stain nothing is said."""
    (group,) = groups_of(find_pairs([run for seed in range(6) for run in pair(seed, 0.5, 0.5)], "default")[0])
    found = scrub_of(group, 0.95)
    assert found is not None
    assert found.before.estimate == pytest.approx(0.4, abs=0.03)
    assert found.half_life is not None
    assert found.half_life.estimate == pytest.approx(10, rel=0.15)
    assert found.half_life.low is not None
    assert found.remaining is not None
    assert found.remaining.estimate == pytest.approx(np.mean([2 ** (-n / 10) for n in range(21, 41)]), abs=0.05)
    clean = [session(seed, [phase("stain", 0, who, lambda n: 0.1), *run.phases[1:]]) for seed in range(3) for who, run in
             zip((HEDONIST, DEFAULT), pair(seed, 0.5, 0.5), strict=True)]  # fmt: skip
    nothing = scrub_of(groups_of(find_pairs(clean, "default")[0])[0], 0.95)
    assert nothing is not None
    assert (nothing.remaining, nothing.half_life) == (None, None)
    assert nothing.note


def test_drift_is_told_by_window_and_higher_order_value() -> None:
    """Each window holds the mean loading of what was shown in it, and of what was liked of that."""
    run = session(1, [phase("a", 0, HEDONIST, lambda n: n / 40, 0.25), phase("b", 40, DEFAULT, lambda n: 0.3)])
    windows = drift_of(run)
    assert [(one.phase, one.first, one.last, one.likes) for one in windows[:2]] == [("a", 0, 9, 10), ("a", 10, 19, 0)]
    assert windows[0].shown["HE"] == pytest.approx(4.5 / 40)
    assert windows[0].liked["HE"] == pytest.approx(4.5 / 40)
    assert windows[1].liked == {}
    assert higher_order(windows[-1].shown)["OPENNESS"] == pytest.approx(0.1)


@pytest.fixture(scope="module")
def runs(clips: Path, cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real sessions on unlabelled clips, treated and control."""
    place = tmp_path_factory.mktemp("adaptive")
    for persona in ("hedonist", "default"):
        probe = {"name": "probe", "videos": 3, "persona": "hedonist", "learn": False}
        phases = [{"name": "train", "videos": 4}, probe]
        spec = make_spec(model="scripted/mixed", feed=str(clips), policy="adaptive", frames=1, persona=persona, phases=phases)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(cache_folder))
            run_session(spec, runs=place)
    return place


def test_the_command_reads_sessions_and_writes_a_report(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a run folder come a self-contained page, tables and JSON with one pair, its probe, and off-policy estimates without labels."""
    assert main([str(runs), "--out", str(tmp_path / "out"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["pairs"] for row in data["probes"] if row["channel"] == "like"] == [1]
    assert any("conditional on the two feeds" in note for note in data["notes"])
    assert any("has used that up" in note for note in data["notes"])
    assert {row["phase"] for row in data["offpolicy"]} == {"train", "probe"}
    assert all(row["snips"] is not None and row["doubly_robust"] is None for row in data["offpolicy"] if row["channel"] == "like")
    assert [row["pool"] for row in data["offpolicy"] if row["phase"] == "probe"] == [3] * 4
    page = (tmp_path / "out" / "adaptive.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "src=" not in page
    assert len(list(csv.DictReader((tmp_path / "out" / "phases.csv").open(encoding="utf-8")))) == 4
    assert main([str(runs), "--out", str(tmp_path / "out")]) == 0
    assert "Probes against control twins" in capsys.readouterr().out


def test_a_feed_that_changed_gives_no_off_policy_estimate(runs: Path, clips: Path, tmp_path: Path) -> None:
    """Where the feed is not what was shown, a sentence says so and the rest is told."""
    copy = tmp_path / "runs"
    for source in runs.glob("*/session.json"):
        (copy / source.parent.name).mkdir(parents=True)
        record = json.loads(source.read_text()) | {"feed_fingerprint": "0" * 64}
        (copy / source.parent.name / "session.json").write_text(json.dumps(record))
        (copy / source.parent.name / "trace.jsonl").write_bytes((source.parent / "trace.jsonl").read_bytes())
    found = analyse([copy])
    assert not found.offline
    assert found.rates
    assert any("has changed since it was shown" in note for note in found.notes)


def test_without_adaptive_sessions_it_says_what_to_run(clips: Path, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No folder, no session, a plain session, or a folder of something else for the report: one line, exit code 2."""
    run_session(make_spec(model="scripted/mixed", feed=str(clips), videos=2, frames=1), runs=tmp_path / "plain")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    for given, words in (
        ([str(tmp_path / "no")], "no folder"),
        ([str(tmp_path / "plain")], "run sessions with phases"),
        ([str(runs), "--out", str(tmp_path / "other")], "holds something else"),
    ):
        assert main(given) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1


def test_phases_are_respondents_of_their_own_in_a_study(runs: Path) -> None:
    """evals.values takes each phase as its persona: the probe after another history is not merged with the train phase."""
    found = study(runs)
    names = set(found.decisions["respondent"])
    assert len(names) == 4
    assert any("phase probe after default" in name and name.endswith("hedonist") for name in names)
    assert found.decisions.filter(found.decisions["channel"] == "like").height == 14
    assert sum(fact.steps for fact in found.provenance.sessions) == 14
