"""From a TOML file to sessions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from agent.experiments.estimate import estimates
from agent.experiments.plan import make_plan
from agent.session import run_session
from agent.spec import make_spec
from personas.errors import SpecError
from tests.agent.models.bigram_server import BigramServer
from tests.agent.models.provider_server import ProviderServer, ok


def test_lists_are_crossed_and_fields_that_go_together_are_not(plan):
    """2 models × 2 personas × 2 pairs of cell and seed are eight sessions."""
    made = plan()
    assert len(made.sessions) == 8
    assert {(each.spec.cell, each.spec.seed) for each in made.sessions} == {(0, 7), (1, 8)}
    assert made.variables["model"] == ["scripted/like", "planted/persona"]
    assert made.constants["videos"] == 3
    assert "cell" not in made.constants


def test_names_are_unique_readable_and_the_same_every_time(plan):
    """A session's folder says who and how, and does not depend on the run."""
    names = [each.name for each in plan().sessions]
    assert len(set(names)) == 8
    assert names == [each.name for each in plan().sessions]
    assert any(name.startswith("hedonist_scripted-like_c0_s7-") for name in names)


def test_repeats_are_sessions_of_their_own(plan):
    """Each repeat is asked with other seeds, on the same clips."""
    made = plan('[[cross]]\nmodel = "planted/persona"\nvideos = 3\nrepeats = 3\n')
    assert [each.spec.repeat for each in made.sessions] == [0, 1, 2]
    assert len({each.spec_hash for each in made.sessions}) == 3


def test_a_cell_that_two_blocks_name_runs_once(plan):
    """Overlapping blocks add nothing twice."""
    block = '[[cross]]\nmodel = "scripted/like"\nvideos = 3\n'
    assert len(plan(block + block).sessions) == 1


def test_groups_of_personas(plan):
    """@high is the ten high personas, @high:2 the first two."""
    assert len(plan('[[cross]]\nmodel="scripted/like"\npersona = ["@high"]\n').sessions) == 10
    assert len(plan('[[cross]]\nmodel="scripted/like"\npersona = ["default", "@high:2"]\n').sessions) == 3


def test_what_has_no_partner_is_counted(plan):
    """A persona that meets other clips than the contrast persona has no steering effect."""
    text = (
        '[[cross]]\nmodel="scripted/like"\npersona="default"\nseed=1\n[[cross]]\nmodel="scripted/like"\npersona="hedonist"\nseed=[1, 2]\n'
    )
    assert plan(text).unpaired() == 1


def test_a_path_beside_the_file_is_found(tmp_path: Path):
    """A persona file may be named relative to the experiment file."""
    (tmp_path / "me.toml").write_text('name = "me"\nsummary = "x"\n[[texts]]\nid = "a"\nform = "description"\ntext = "You like trams."\n')
    path = tmp_path / "e.toml"
    path.write_text('[[cross]]\nmodel = "scripted/like"\npersona = "./me.toml"\n')
    assert make_plan(path).sessions[0].spec.persona == str(tmp_path.resolve() / "me.toml")


def test_an_experiment_is_the_same_from_wherever_it_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A path in the file means one file, whatever the working folder."""
    (tmp_path / "me.toml").write_text('name = "me"\nsummary = "x"\n[[texts]]\nid = "a"\nform = "description"\ntext = "You like trams."\n')
    path = tmp_path / "e.toml"
    path.write_text('contrast = "me"\n[[cross]]\nmodel = "scripted/like"\npersona = ["./me.toml", "hedonist"]\n')
    here = make_plan(path)
    monkeypatch.chdir(tmp_path)
    there = make_plan(Path("e.toml"))
    assert (there.hash, there.unpaired()) == (here.hash, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "cross"),
        ("cross = 3", "cross"),
        ("[[cross]]\nvidoes = 3", "no session field 'vidoes'"),
        ("[[cross]]\nbase_url = 'http://x'", 'under [models."PROVIDER/NAME"]'),
        ("[[cross]]\nrepeat = 2", "write repeats"),
        ("[[cross]]\nrepeats = 0", "repeats takes"),
        ("[[cross]]\npersona = []", "empty list"),
        ("[[cross]]\npersona = 'nobody'", 'no persona "nobody"'),
        ("[[cross]]\npersona = '@nobody'", "no group of personas"),
        ("[[cross]]\npersona = '@high:99'", "@high has 10 personas"),
        ("[[cross]]\nmodel = 'nope/x'", "unknown model provider"),
        ("[[cross]]\ncell = 9", "prompt cells 0 to 5"),
        ("[[cross]]\nvideos = -1", "videos"),
        ("[[cross]]\ntogether = [['seed', 'cell']]\nseed = [1, 2]\ncell = [1]", "one length"),
        ("[[cross]]\ntogether = [['seed', 'cell']]\nseed = [1, 2]", "which the block does not give"),
        ("[[cross]]\ncontrol = 'default'", "phases"),
        ("[[cross]]\n[limits]\nmax_usd = -1", "limits.max_usd"),
        ("name = '../x'\n[[cross]]\n", "name"),
        ("[[cross\n", "not valid TOML"),
        (f"[[cross]]\nseed = {'[' * 2000}", "too deeply"),
        (f"[[cross]]\nseed = {[1] * 20000}\nvideos = {[1] * 20000}\nrepeats = 10000", "4,000,000,000,000 combinations"),
        ("[[cross]]\nmodel = [['a']]", "model"),
        ("[[cross]]\ntogether = [[['a']]]", "together takes"),
        (f"[[cross]]\npersona = '{'a' * 5000}/x.toml'", "File name too long"),
        ("[[cross]]\nmodel = 'planted/persona'\n[models.'planted/perosna'.limits]\nmax_usd = 1", "no session has this model"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(experiment, text: str, told: str):
    """Whatever is wrong in the file is named, with its place and the cure, before anything runs."""
    with pytest.raises(SpecError) as error:
        make_plan(experiment(text))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_said(tmp_path: Path):
    """No traceback for a wrong path."""
    with pytest.raises(SpecError, match="there is no experiment file"):
        make_plan(tmp_path / "none.toml")


def test_a_questionnaire_costs_more_than_a_decision(plan, monkeypatch):
    """The estimate knows that strategies ask for more words, and answer with more."""
    monkeypatch.setenv("AXIOFEED_API_KEY", "x" * 20)
    text = '[[cross]]\nmodel = "compatible/m"\nvideos = 3\nstrategy = "narrative"\n[models."compatible/m"]\nbase_url = "http://127.0.0.1:9/v1"\n'
    [short] = estimates(plan(text))
    [both] = estimates(plan(text, **{'"narrative"': '["narrative", "isq"]'}))
    assert short.output_tokens == 3 * 80
    assert both.output_tokens > 2 * short.output_tokens
    assert both.input_tokens > 2 * short.input_tokens


CHAIN = ({"description": "a room. " * 100}, {"answer": "a table. " * 100}, {"answer": "A", "reason": "so"})


@pytest.mark.parametrize("protocol", ["choice-chain", "likelihood"])
def test_all_calls_of_an_item_are_in_the_estimate(plan, tmp_path, protocol):
    """Every turn of a conversation, with its pictures again, and every text that is scored: no fewer tokens than are then sent."""
    rows = [{"id": f"q{n}", "text": "What is it?", "images": ["a.png"], "options": ["a cat", "a dog"], "key": [0]} for n in range(2)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Image.new("RGB", (300, 300), "red").save(tmp_path / "a.png")
    scoring = BigramServer()
    with ProviderServer([ok(each) for each in CHAIN * 2]) as asking, scoring:
        url = scoring.url if protocol == "likelihood" else asking.url("chat")
        spec = {
            "protocol": protocol,
            "feed": str(tmp_path),
            "environment": "deck",
            "videos": 2,
            "model": "compatible/m",
            "persona": "hedonist",
        }
        given = "".join(f"{name} = {json.dumps(value)}\n" for name, value in spec.items())
        [found] = estimates(plan(f'[[cross]]\n{given}[models."compatible/m"]\nbase_url = "{url}"\n'))
        result = run_session(make_spec(base_url=url, **spec), runs=tmp_path / "runs")
        sent = [json.dumps(body["messages"]) for body in scoring.requests] or [
            json.dumps(each.body["messages"]) for each in asking.requests
        ]
    assert result.reason == "complete" and result.totals["answers"]["answered"] == 2
    texts, pictures = zip(*(_read(json.loads(body)) for body in sent), strict=True)
    assert len(sent) == result.totals["calls"] == (2 * 2 * 3 if scoring.requests else 2 * 3)
    least = sum(texts) // 4 + sum(pictures) * 300 * 300 // 750
    assert least <= found.input_tokens < 3 * least
    written = sum(len(json.dumps(each)) // 4 for each in CHAIN * 2) if protocol == "choice-chain" else len(sent)
    assert written <= found.output_tokens


def _read(messages):
    """Letters and pictures of a conversation."""
    parts = [part for each in messages for part in (each["content"] if isinstance(each["content"], list) else [{"text": each["content"]}])]
    return sum(len(part.get("text", "")) for part in parts), sum("image_url" in part for part in parts)
