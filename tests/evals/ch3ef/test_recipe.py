"""Recipes: what they choose, what becomes of it, and what cannot be asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from environments.decks.questions import QuestionDeck, read_questions
from evals.benchmark.asking import plan_of, run_name, write_decks
from evals.ch3ef.asking import run_of
from evals.ch3ef.recipe import Recipe, chosen, read_recipe
from evals.ch3ef.sample_items import sample_folder, sample_items
from evals.running import Asked
from personas.errors import SpecError


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> QuestionDeck:
    few = [item for item in sample_items() if item.task in {"Art", "OCR", "Noisy QA", "Theft"}]
    return read_questions(sample_folder(few, tmp_path_factory.mktemp("few")))


def recipe(folder: Path, text: str) -> Recipe:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return read_recipe(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('inferencer = "guess"', "inferencer: there is no inferencer 'guess'; the choices are direct, chain-of-thought"),
        ('metrics = ["rouge"]', "metrics: there is no metric 'rouge'; the choices are accuracy, positions, ece"),
        ('metrics = ["bleu"]', "metric 'bleu' does not go with inferencer 'direct', which has accuracy, positions"),
        (
            'inferencer = "open"\nmetrics = ["ece"]',
            "metric 'ece' does not go with inferencer 'open', which has bleu, cider, exact, f1, judge",
        ),
        ('normalise = "pmi"', "normalise goes with inferencer 'likelihood' only"),
        ('inferencer = "likelihood"\nnormalise = "max"', "normalise: Input should be 'mean', 'sum' or 'pmi'"),
        ('inferencer = "chain"\n[instruction]\nexamples = "random:1"', "examples do not go with inferencer 'chain'"),
        ('metric = "ece"', "metric: there is no such key; the choices are scenario, instruction, inferencer, normalise, metrics, repeats"),
        ("[scenario]\nh = ['Kind']", "scenario.h: there is no h 'Kind'; the choices are Helpful, Honest, Harmless"),
        ("[scenario]\ndomains = ['Art']", "scenario.domains: there is no domain 'Art'; the choices are Cross-domain"),
        ("[scenario]\ntasks = ['Painting']", "scenario.tasks: there is no task 'Painting'; the choices are Art, "),
        ("[instruction]\nquery = 'long'", "instruction.query: there is no query 'long'; the choices are standard, pool"),
        ("[instruction]\nexamples = 'best:2'", "instruction.examples: use none, or random:K, similar:K or fixed:K"),
        ("[instruction]\ncondition = 'dark'", "instruction.condition: "),
        ("[instruction]\nshots = 3", "instruction.shots: there is no such key; the choices are query, examples, condition"),
        ("repeats = 0", "repeats: "),
        ("repeats = ", "is not valid TOML"),
    ],
)
def test_unknown_names_are_one_line_with_the_choices(tmp_path: Path, text: str, told: str) -> None:
    """File, key, what is wrong, what fits."""
    with pytest.raises(SpecError) as caught:
        recipe(tmp_path, text)
    assert told in str(caught.value) and "\n" not in str(caught.value)
    assert "recipe.toml" in str(caught.value)


def test_a_scenario_chooses_items(deck: QuestionDeck, tmp_path: Path) -> None:
    """By h, domain, task and id, all that are named together; a task is found however it is written."""
    ids = [item.id for item in chosen(deck.items, recipe(tmp_path, "[scenario]\ntasks = ['ocr', 'noisy-qa']\nh = ['Honest']").scenario)]
    assert ids == ["noisy-qa-1", "noisy-qa-2"]
    assert len(chosen(deck.items, recipe(tmp_path, "[scenario]\nlimit = 3").scenario)) == 3
    with pytest.raises(SpecError, match="no item 'art-9'"):
        chosen(deck.items, recipe(tmp_path, "[scenario]\nitems = ['art-9']").scenario)
    with pytest.raises(SpecError, match="leaves no item"):
        chosen(deck.items, recipe(tmp_path, "[scenario]\ndomains = ['Privacy']").scenario)


def test_a_recipe_becomes_sessions(deck: QuestionDeck, tmp_path: Path) -> None:
    """Models × conditions × wordings × repeats, with the protocol of the inferencer; the decks hold the chosen items and their pictures."""
    text = 'inferencer = "chain-of-thought"\nrepeats = 2\n[instruction]\nquery = "pool"\nexamples = "fixed:2"'
    asked, steps = Asked(("keyed/right", "reader")), recipe(tmp_path, text)
    wanted = run_of(asked, steps, deck, items=deck.items[:5], conditions=("shown", "none"), seed=3)
    plan = plan_of(run_name(None, wanted), wanted, tmp_path / "x")
    specs = [planned.spec for planned in plan.sessions]
    assert len(specs) == 2 * 2 * 3 * 2
    assert {(spec.protocol, spec.examples, spec.videos, spec.seed, spec.strategy) for spec in specs} == {
        ("choice-steps", "fixed:2", 5, 3, "none")
    }
    write_decks(wanted, tmp_path / "x")
    made = read_questions(Path(specs[0].feed))
    assert [item.id for item in made.items] == [item.id for item in deck.items[:5]]
    write_decks(wanted, tmp_path / "x")
    with pytest.raises(SpecError, match="begun with other items"):
        write_decks(replace(wanted, items=deck.items[:4]), tmp_path / "x")


def test_many_items_are_dealt_into_decks(deck: QuestionDeck) -> None:
    """At most a hundred a session, nearly as many in each, each item once; where examples are drawn from the deck, all stand in it."""
    many = tuple(deck.items[0].model_copy(update={"id": f"i{n}"}) for n in range(250))
    wanted = run_of(Asked(("m/x",)), Recipe(), deck, items=many, conditions=("shown",))
    assert [len(batch.items) for batch in wanted.batches] == [84, 83, 83]
    assert {item.id for batch in wanted.batches for item in batch.items} == {item.id for item in many}
    fixed = replace(wanted, examples="fixed:2")
    assert len(fixed.batches) == 1
