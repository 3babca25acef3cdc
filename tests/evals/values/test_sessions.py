"""From run folders to a study: every decision once, under a name that says all that varies."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from agent.models.base import Reply, Usage
from agent.people.record import PersonProtocol, WatchRecord
from agent.protocols.strategies.registry import asked_protocol
from agent.spec import Limits
from environments.base import Stimulus
from evals.values.decisions import COLUMNS, read_decisions
from evals.values.sessions import study
from personas.errors import UserError
from personas.persona import load_persona
from tests.agent.driving import GLANCE, GOOD, Spy, events, stimulus
from tests.evals.values.browsing import browse, catalogue

SIX = [
    stimulus(number, labels={"HE": 1.0 if number % 2 else -0.5}, labels_source="design", topic=f"topic {number % 3}") for number in range(6)
]


def answer(**fields: Any) -> Reply:
    return Reply(json.dumps(GOOD | fields), usage=Usage(input=10, output=2))


def respondents(runs: Path) -> set[str]:
    return set(study(runs).decisions["respondent"].to_list())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two personas by two seeds on twelve items of the catalogue."""
    folder = tmp_path_factory.mktemp("runs")
    items = catalogue(12)
    for persona in ("default", "hedonist"):
        for seed in (0, 1):
            browse(folder, items, persona=persona, seed=seed)
    return folder


def test_every_decision_is_in_the_table_once(runs: Path) -> None:
    """The table has a row for each step and channel, with the outcomes, cells and places that the traces hold."""
    decisions = study(runs).decisions
    assert list(COLUMNS) == decisions.columns[: len(COLUMNS)]
    assert decisions.height == 4 * 12 * 4  # sessions, items, channels; dwell was not measured
    assert read_decisions(decisions).equals(decisions)
    found = {(row["session"], row["item"], row["channel"]): row for row in decisions.iter_rows(named=True)}
    for session in (path for path in runs.iterdir() if path.name != "frames"):
        shown = {event["step"]: event["id"] for event in events(session) if event["type"] == "stimulus"}
        cells = {event["step"]: event["cell"] for event in events(session) if event["type"] == "ask"}
        for event in events(session):
            if event["type"] == "answer" and event["final"]:
                step, decision = event["step"], event["decision"]
                row = found[session.name, shown[step], "rating"]
                assert (row["y"], row["cell"], row["order"], row["position"]) == (decision["rating"], cells[step], cells[step] % 2, step)
                assert found[session.name, shown[step], "like"]["y"] == (decision["action"] == "like")
                assert found[session.name, shown[step], "skip"]["y"] == (decision["action"] == "skip")
                assert found[session.name, shown[step], "watch"]["y"] == decision["watch_fraction"]
                assert row["reason"] == decision["reason"]


def test_another_seed_is_another_repeat(runs: Path) -> None:
    """Sessions that differ in their seed alone are repeats of one respondent, named model · persona."""
    decisions = study(runs).decisions
    assert set(decisions["respondent"]) == {"planted/persona · default", "planted/persona · hedonist"}
    seeds = decisions.select("session", "repeat").unique().sort("session")["repeat"].to_list()
    assert sorted(seeds) == [0, 0, 1, 1]


def test_labels_targets_and_provenance_come_along(runs: Path) -> None:
    """Loadings are the traces' labels, targets those that the personas had, and the provenance says how each session went."""
    found = study(runs)
    labels = {item.id: dict(item.labels or {}) for item in catalogue(12)}
    assert found.loadings is not None
    assert found.loadings.source == "catalogue design"
    for row, item in enumerate(found.loadings.items):
        given = dict(zip(found.loadings.values, found.loadings.x[row], strict=True))
        assert {code: x for code, x in given.items() if x} == labels[item]
    assert set(found.loadings.covariates) == {"log_duration", "text_amount"}
    assert found.targets == {name: dict(load_persona(name).target) for name in ("default", "hedonist")}
    assert [session.status for session in found.provenance.sessions] == ["complete"] * 4
    assert found.provenance.answers == {"answered": 48, "refused": 0, "unparsable": 0, "failed": 0}
    assert found.provenance.each("protocol") == ("feed",)
    assert found.problems == ()


def test_a_twin_pair_lies_in_one_stratum(tmp_path: Path) -> None:
    """The plain twin, which the catalogue files under value-free items, is counted to the stratum of the twin that carries the value."""
    twins = [item for item in catalogue(600) if item.cluster == "ac-twin-01"]
    assert {item.stratum for item in twins} == {"AC+", "none"}
    browse(tmp_path, [*twins, *SIX])
    decisions = study(tmp_path).decisions.filter(pl.col("cluster") == "ac-twin-01")
    assert set(decisions["stratum"]) == {"AC+"}


def test_all_answer_states_are_kept_apart(tmp_path: Path) -> None:
    """Refused, unparsable and failed clips keep their state and have no outcome on any channel."""
    from personas.errors import Rejected

    replies = [answer(), Reply("", refusal="no"), Reply("hm"), Reply("hm"), Rejected("no such model"), answer(action="like", rating=5)]
    browse(tmp_path, SIX[:5], respondent=Spy(replies))
    decisions = study(tmp_path).decisions
    for channel in ("rating", "like", "skip", "watch"):
        rows = decisions.filter(pl.col("channel") == channel)
        assert rows["state"].to_list() == ["answered", "refused", "unparsable", "failed", "answered"]
        assert rows["y"].is_null().to_list() == [False, True, True, True, False]


def test_what_varies_is_never_merged(tmp_path: Path) -> None:
    """Protocol, memory, frames and the wording of the persona each make another respondent; the setting stands in the model's name."""
    browse(tmp_path, SIX, persona="hedonist")
    assert respondents(tmp_path) == {"planted/persona · hedonist"}
    browse(tmp_path, SIX, persona="hedonist", paraphrase=1)
    assert respondents(tmp_path) == {"planted/persona · hedonist · paraphrase 0", "planted/persona · hedonist · paraphrase 1"}
    browse(tmp_path, SIX, memory="recent:3")
    browse(tmp_path, SIX, memory="recent:3", protocol="staged")
    found = study(tmp_path).decisions.select("respondent", "model", "persona").unique().sort("respondent")
    assert found["model"].to_list() == [
        "planted/persona [feed, memory none]",
        "planted/persona [feed, memory none]",
        "planted/persona [feed, memory recent:3]",
        "planted/persona [staged, memory recent:3]",
    ]
    assert found["persona"].to_list() == ["hedonist", "hedonist", "default", "default"]


def test_strategy_and_placement_stand_in_the_name_where_they_vary(tmp_path: Path) -> None:
    """How and where the persona was told makes another respondent, under the model's name; alike in all sessions, it is not named."""
    fields = {"strategy": "isq", "placement": "user"}
    browse(tmp_path / "one", SIX, persona="hedonist", asking=asked_protocol("feed", "isq", "user"), **fields)
    assert respondents(tmp_path / "one") == {"planted/persona · hedonist"}
    for strategy, placement in (("isq", "user"), ("isq", "system"), ("narrative", "system"), ("none", "system")):
        asking = asked_protocol("feed", strategy, placement)
        browse(tmp_path / "four", SIX, persona="hedonist", asking=asking, strategy=strategy, placement=placement)
    assert respondents(tmp_path / "four") == {
        "planted/persona [strategy isq, persona in user message] · hedonist",
        "planted/persona [strategy isq, persona in system message] · hedonist",
        "planted/persona [strategy narrative, persona in system message] · hedonist",
        "planted/persona [strategy none, persona in system message] · hedonist",
    }


def test_wordings_that_were_not_told_are_repeats(tmp_path: Path) -> None:
    """With the strategy `none` the number of the wording changes nothing that was told: such sessions count as one respondent."""
    for paraphrase in (0, 1):
        browse(tmp_path, SIX, persona="hedonist", strategy="none", paraphrase=paraphrase)
    assert respondents(tmp_path) == {"planted/persona · hedonist"}


def test_an_equal_wording_under_another_number_is_a_repeat(tmp_path: Path) -> None:
    """Paraphrase numbers go round: 0 and 3 of a persona with three texts are one wording, so the sessions are repeats."""
    browse(tmp_path, SIX, persona="hedonist")
    browse(tmp_path, SIX, persona="hedonist", paraphrase=3, seed=5)
    assert respondents(tmp_path) == {"planted/persona · hedonist"}


def test_one_name_with_two_targets_is_two_personas(tmp_path: Path) -> None:
    """A persona whose file was edited between sessions does not pass for one, and a sentence says so."""
    own = dataclasses.replace(load_persona("hedonist"), name="me")
    browse(tmp_path, SIX, played=own)
    browse(tmp_path, SIX, played=dataclasses.replace(own, target={**own.target, "HE": -1.0}))
    found = study(tmp_path)
    assert set(found.decisions["persona"]) == {"me (version 1)", "me (version 2)"}
    assert found.targets["me (version 2)"]["HE"] == -1.0
    assert any("2 different targets" in problem for problem in found.problems)


def test_the_same_seed_twice_is_said(tmp_path: Path) -> None:
    """Two sessions of one spec and seed are repeats, and a sentence warns that they may hold nothing new."""
    for name in ("a", "b"):
        browse(tmp_path, SIX, name=name)
    found = study(tmp_path)
    assert sorted(found.decisions["repeat"].unique()) == [0, 1]
    assert any("2 sessions with the same seed" in problem for problem in found.problems)


@pytest.mark.parametrize("settings", [{"cell": 1}, {"repeat": 1}])
def test_sessions_that_ask_in_another_way_are_no_mere_copies(tmp_path: Path, settings: dict[str, int]) -> None:
    """Where the prompt cell or the number of the repeat sets sessions of one seed apart, nothing is said of equal seeds."""
    for own in ({"cell": 0, "repeat": 0}, {"cell": 0, "repeat": 0} | settings):
        browse(tmp_path, SIX, name=f"{own['cell']}-{own['repeat']}", **own)
    assert not any("seed" in problem for problem in study(tmp_path).problems)


def test_one_video_under_two_names_is_one_cluster(tmp_path: Path) -> None:
    """Items with the same pictures share a cluster and are named; others have none."""
    browse(tmp_path, [*SIX[:5], dataclasses.replace(SIX[5], frames=SIX[0].frames)])
    found = study(tmp_path)
    clusters = dict(found.decisions.select("item", "cluster").iter_rows())
    assert clusters[SIX[0].id] == clusters[SIX[5].id] is not None
    assert sum(cluster is None for cluster in clusters.values()) == 4
    assert any("2 items have the same pictures as another" in problem for problem in found.problems)


def test_a_copied_folder_counts_once(tmp_path: Path) -> None:
    """The same session under another folder name adds no decisions, and is named."""
    folder = browse(tmp_path, SIX)
    before = study(tmp_path).decisions.height
    shutil.copytree(folder, tmp_path / "copy-of-it")
    found = study(tmp_path)
    assert found.decisions.height == before
    assert any("stands there twice" in problem for problem in found.problems)
    assert study([folder, tmp_path]).decisions.height == before


def test_an_incomplete_session_is_used_and_said(tmp_path: Path) -> None:
    """A session stopped by a limit gives the decisions it has, and a sentence names it."""
    folder = browse(tmp_path, SIX, limits=Limits(max_steps=4))
    found = study(tmp_path)
    assert found.decisions.filter(pl.col("channel") == "rating").height == 4
    assert any("not complete" in problem and folder.name in problem for problem in found.problems)


def test_broken_lines_are_counted_and_the_rest_is_used(tmp_path: Path) -> None:
    """A damaged answer costs its clip, and the sentence says how many lines and clips were lost."""
    folder = browse(tmp_path, SIX)
    lines = (folder / "trace.jsonl").read_bytes().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if b'"type":"answer"' in line.replace(b" ", b""))
    lines[first] = b"{broken\n"
    (folder / "trace.jsonl").write_bytes(b"".join(lines))
    found = study(folder)
    assert found.decisions.filter(pl.col("channel") == "rating").height == 5
    assert found.provenance.sessions[0].broken_lines == 1
    assert any("1 line of its trace" in problem for problem in found.problems)
    assert any("1 clip without a final answer" in problem for problem in found.problems)


def test_a_damaged_neighbour_stops_nobody(tmp_path: Path) -> None:
    """A session.json that cannot be read leaves out its session with a sentence; alone it is an error in one line."""
    folder = browse(tmp_path, SIX)
    for name, text in (("half", "{"), ("other", '{"schema_version": 1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "session.json").write_text(text)
    found = study(tmp_path)
    assert set(found.decisions["session"]) == {folder.name}
    assert len(found.problems) == 2
    with pytest.raises(UserError, match="no session can be read"):
        study(tmp_path / "other")


def test_a_skip_at_a_glance_has_no_rating(tmp_path: Path) -> None:
    """In staged sessions no rating is asked for after a skip: it has no row and is not missing; a sentence says what that means."""
    glances = [Reply(json.dumps({**GLANCE, "action": "skip"})), Reply(json.dumps(GLANCE)), answer(action="watch", rating=2)]
    browse(tmp_path, SIX[:2], respondent=Spy(glances), protocol="staged")
    found = study(tmp_path)
    channels = {name: found.decisions.filter(pl.col("channel") == name)["y"].to_list() for name in ("rating", "skip")}
    assert channels == {"rating": [2.0], "skip": [1.0, 0.0]}
    assert any("skipped at a glance" in problem for problem in found.problems)


def test_dwell_is_there_where_it_was_measured(tmp_path: Path) -> None:
    """In a browser the measured share of the clip is a channel beside the declared one; a clip that played twice was seen whole."""
    folder = browse(tmp_path, SIX, environment="browser")
    found = study(tmp_path).decisions
    assert set(found["channel"]) == {"rating", "like", "skip", "watch", "dwell"}
    dwell = found.filter(pl.col("channel") == "dwell")
    assert (dwell["y"] == dwell["dwell_s"] / dwell["duration_s"]).all()
    (folder / "trace.jsonl").write_text(re.sub(r'"dwell_s":[0-9.]+', '"dwell_s":9.0', (folder / "trace.jsonl").read_text()))
    replayed = study(tmp_path).decisions.filter(pl.col("channel") == "dwell")
    assert (set(replayed["y"]), set(replayed["dwell_s"])) == ({1.0}, {9.0})


def test_a_person_declares_nothing(tmp_path: Path) -> None:
    """Of a person there is the measured dwell, at most the whole clip, none declared; a rating where they gave one; no option order."""
    watched = [WatchRecord(dwell=((0.0, 1000.0),), ratings=((900.0, 4),)), WatchRecord(dwell=((0.0, 9000.0),), likes=(1.0,))]
    person = Spy([Reply(record.model_dump_json()) for record in watched], name="human/ann")
    spec = {"model": "human/ann", "environment": "browser", "persona": "empty", "model_options": {"rating": "0-5", "study_seed": "1"}}
    browse(tmp_path, SIX[:2], respondent=person, asking=PersonProtocol("look"), **spec)
    found = study(tmp_path).decisions
    held = {name: found.filter(pl.col("channel") == name)["y"].to_list() for name in found["channel"].unique()}
    assert held == {"rating": [4.0], "like": [0.0, 1.0], "skip": [0.0, 0.0], "dwell": [0.25, 1.0]}
    assert set(found["respondent"]) == {"human/ann · empty"}
    assert found["order"].null_count() == found.height


def test_a_clip_shown_twice_is_two_decisions(tmp_path: Path) -> None:
    """What a live feed repeats within a session becomes another repeat, not a duplicate."""
    again = [*SIX[:3], dataclasses.replace(SIX[0], position=3)]
    browse(tmp_path, again, cell=0)
    rows = study(tmp_path).decisions.filter((pl.col("item") == "clip-0") & (pl.col("channel") == "rating"))
    assert rows["repeat"].to_list() == [0, 1]


def other(**changes: Any) -> list[Stimulus]:
    return [dataclasses.replace(item, **changes) for item in SIX]


def test_feeds_are_pooled_only_when_their_items_agree(tmp_path: Path) -> None:
    """Sessions of another feed join when what they share is the same; an id with two meanings, and feeds without a common item, do not."""
    browse(tmp_path, SIX, name="one")
    browse(tmp_path, [*SIX[:3], stimulus(9, labels={})], name="two", fingerprint="e" * 64)
    assert study(tmp_path).decisions["item"].n_unique() == 7
    browse(tmp_path, other(labels={"PO": 1.0}), name="three", fingerprint="d" * 64)
    with pytest.raises(UserError, match=r"sessions one and three .*'clip-0' is not the same .*labels"):
        study(tmp_path)
    browse(tmp_path, [stimulus(20, labels={}), stimulus(21, labels={})], name="zz", fingerprint="c" * 64)
    with pytest.raises(UserError, match="2 feeds that share no item"):
        study([tmp_path / "one", tmp_path / "zz"])


def test_videos_without_labels_are_told_what_to_do(tmp_path: Path) -> None:
    """Decisions about unlabelled videos make a study without loadings; asking for them is an error that names the ways out."""
    browse(tmp_path, other(labels=None), respondent=Spy())
    found = study(tmp_path)
    assert found.loadings is None
    with pytest.raises(UserError, match=r"no value labels.*--loadings"):
        found.required_loadings()


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_sessions_is_an_error_in_one_line(tmp_path: Path, make: bool) -> None:
    """No folder, and a folder with nothing in it."""
    if make:
        (tmp_path / "runs").mkdir()
    with pytest.raises(UserError) as error:
        study(tmp_path / "runs")
    assert "\n" not in str(error.value)


def test_costs_and_tokens_are_counted(tmp_path: Path) -> None:
    """The provenance holds the tokens and the money of all sessions, and how many answers had no known price."""
    from decimal import Decimal

    priced = [Reply(json.dumps(GOOD), usage=Usage(input=7, output=3), cost_usd=Decimal("0.01"), model_version="m-1"), answer()]
    browse(tmp_path, SIX[:2], respondent=Spy(priced))
    found = study(tmp_path).provenance
    assert found.cost_usd == Decimal("0.01")
    assert found.tokens == {"input": 17, "output": 5}
    assert (found.sessions[0].unpriced, found.sessions[0].model_versions) == (1, ("m-1",))
