"""The library's own rules, which are stricter than those for a user's file."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from importlib.resources import files
from itertools import combinations

import pytest

from personas import Persona, load_library, load_persona, persona_names
from personas.persona import KINDS
from personas.schwartz import HIGHER_ORDER, NAMES, VALUES
from tests.each import each

# Word forms that name a value. A biography shows its value through life facts and has none of them.
NAMING = {
    "SD": r"self.?direct|autonom|independen|freedom|\bfree\b|creativ|\bcurio|original",
    "ST": r"stimulat|excit|novel|thrill|adventur|daring|\bdares?\b",
    "HE": r"hedon|pleasur|enjoy|indulg|delight|\bfun\b",
    "AC": r"achiev|ambiti|success|succeed|accomplish|\bgoals?\b|\bexcel",
    "PO": r"\bpower|dominan|wealth|\brich|authorit|prestig|\bstatus|influence",
    "SE": r"secur|\bsafe|\bstab(le|ility)\b|protect",
    "CO": r"conform|obedi|\bobey|complian|polite|\bmanners\b|\brules?\b",
    "TR": r"tradition|\bcustom(s|ary)?\b|heritage|devout|\bhumble|humility",
    "BE": r"benevol|helpful|\bhelp(s|ed|ing)?\b|\bcar(e|es|ed|ing)\b|\bloyal|\bkind(ness)?\b|forgiv",
    "UN": r"universal|toleran|\bequal|justice|\bnature\b|environment|broad.?mind",
}
GROUP_NAMING = r"openness|open.minded|\bopen to\b|self.?enhanc|conserv|transcend"

HIGH = {
    "SD": "self-director",
    "ST": "thrill-seeker",
    "HE": "hedonist",
    "AC": "achiever",
    "PO": "power-seeker",
    "SE": "guardian",
    "CO": "conformist",
    "TR": "traditionalist",
    "BE": "caretaker",
    "UN": "universalist",
}
GROUPS = {
    "open-minded": "OPENNESS",
    "self-enhancer": "SELF_ENHANCEMENT",
    "conserver": "CONSERVATION",
    "self-transcender": "SELF_TRANSCENDENCE",
}
LIBRARY = load_library()
WORDED = [persona for persona in LIBRARY if persona.name != "empty"]

each_worded = each("persona", WORDED, lambda persona: persona.name)


def sparse(**weights: float) -> dict[str, float]:
    return {code: weights.get(code, 0.0) for code in VALUES}


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def test_the_library_has_every_kind_in_its_number() -> None:
    """One default, four controls, ten high, ten low, four higher-order and six trait-list personas, listed in this order."""
    assert Counter(persona.kind for persona in LIBRARY) == {
        "default": 1,
        "control": 4,
        "high": 10,
        "low": 10,
        "higher-order": 4,
        "trait-list": 6,
    }
    assert [persona.kind for persona in LIBRARY] == sorted((persona.kind for persona in LIBRARY), key=KINDS.index)


def test_a_library_file_carries_the_name_it_is_loaded_by() -> None:
    """The file's own name key, its file name and the loaded name are one."""
    for name in persona_names():
        declared = re.search(r'^name = "(.+)"$', files("personas").joinpath("library", f"{name}.toml").read_text("utf-8"), re.M)
        assert declared is not None
        assert declared[1] == name == load_persona(name).name


def test_default_and_controls_aim_at_nothing() -> None:
    """Default and the controls exist under their names with a target of ten zeros."""
    for name in ("default", "empty", "neutral", "irrelevant", "consistent"):
        assert load_persona(name).target == sparse()


@each("code", VALUES)
def test_each_value_has_a_high_and_a_low_persona(code: str) -> None:
    """The high persona has +1 on its value and 0 elsewhere, the low one -1 and 0 elsewhere."""
    high, low = load_persona(HIGH[code]), load_persona(f"low-{NAMES[code].lower()}")
    assert (high.kind, high.target) == ("high", sparse(**{code: 1}))
    assert (low.kind, low.target) == ("low", sparse(**{code: -1}))


@each("name", GROUPS)
def test_a_higher_order_persona_aims_at_its_group(name: str) -> None:
    """A higher-order persona has +1 on the values of its group and 0 elsewhere."""
    assert load_persona(name).target == sparse(**dict.fromkeys(HIGHER_ORDER[GROUPS[name]], 1))


def test_trait_lists_are_short_first_person_sentences() -> None:
    """A trait-list persona has 4 or 5 first-person sentences of at most 16 words, shows them in one text, and has a mixed target."""
    for persona in (persona for persona in LIBRARY if persona.kind == "trait-list"):
        assert len(persona.traits) in (4, 5)
        for trait in persona.traits:
            assert re.search(r"\b(I|my|My|me)\b", trait), trait
            assert trait.endswith(".")
            assert len(trait.split()) <= 16, trait
        listed = [wording.text for wording in persona.texts if wording.form == "traits"]
        assert len(listed) == 1
        assert all(trait in listed[0] for trait in persona.traits)
        assert 3 <= sum(weight != 0 for weight in persona.target.values()) <= 5
    assert not any(persona.traits for persona in LIBRARY if persona.kind != "trait-list")


def test_the_traits_of_the_library_reach_over_the_circle() -> None:
    """Between them the trait-list personas promote or oppose all ten values."""
    aimed = {code for persona in LIBRARY if persona.kind == "trait-list" for code, weight in persona.target.items() if weight}
    assert aimed == set(VALUES)


@each_worded
def test_at_least_three_wordings_of_which_one_is_a_biography(persona: Persona) -> None:
    """Every persona but `empty` has at least three different texts with their own ids, exactly one of them a biography."""
    assert len({wording.text for wording in persona.texts}) == len({wording.id for wording in persona.texts}) == len(persona.texts) >= 3
    assert sum(wording.form == "biography" for wording in persona.texts) == 1


@each_worded
def test_a_biography_never_names_its_values(persona: Persona) -> None:
    """No word form of a value in the target occurs in the biography, nor a group's name; without a target, none of any value's."""
    biography = next(wording.text for wording in persona.texts if wording.form == "biography")
    codes = [code for code in VALUES if persona.target[code]] or list(VALUES)
    for pattern in [*(NAMING[code] for code in codes), GROUP_NAMING]:
        assert not re.search(pattern, biography, re.I), (re.search(pattern, biography, re.I), biography)


@each_worded
def test_person_and_form(persona: Persona) -> None:
    """Descriptions speak to "You are …"; a biography gives a name and an age: "You are Ines, 34."."""
    for wording in persona.texts:
        if wording.form == "biography":
            assert re.match(r"You are [A-ZÀ-Ý]\w+, \d\d\. ", wording.text), wording.text
        elif wording.form == "description":
            assert wording.text.startswith("You are "), wording.text
        assert "  " not in wording.text
        assert "\n" not in wording.text


@each_worded
def test_descriptions_that_steer_say_what_is_liked(persona: Persona) -> None:
    """Each description with a target says what the person enjoys or looks at, for baselines that compare texts with captions."""
    if any(persona.target.values()):
        for wording in persona.texts:
            if wording.form == "description":
                assert re.search(r"\b(enjoy|like|love|prefer|watch|look at)\b", wording.text), wording.text


def test_texts_are_matched_in_length() -> None:
    """Every text has 30-90 words and lies within 25 % of the library's median, so that length cannot explain an effect."""
    lengths = {(persona.name, wording.id): len(wording.text.split()) for persona in WORDED for wording in persona.texts}
    median = statistics.median(lengths.values())
    assert not {key: n for key, n in lengths.items() if not (30 <= n <= 90 and 0.75 * median <= n <= 1.25 * median)}


def test_texts_are_not_one_template() -> None:
    """No two texts share more than a fifth of the shorter one's five-word sequences."""
    grams = {}
    for persona in WORDED:
        for wording in persona.texts:
            tokens = words(wording.text)
            grams[persona.name, wording.id] = {tuple(tokens[i : i + 5]) for i in range(len(tokens) - 4)}
    near = [(a, b) for a, b in combinations(grams, 2) if len(grams[a] & grams[b]) > 0.2 * min(len(grams[a]), len(grams[b]))]
    assert near == []


def test_names_and_ages_vary() -> None:
    """No biography shares its first name with another, and the ages reach from the twenties to the seventies."""
    openings = [
        re.match(r"You are (\w+), (\d\d)\.", wording.text) for persona in WORDED for wording in persona.texts if wording.form == "biography"
    ]
    people = [opening.groups() for opening in openings if opening]
    assert len({name for name, _ in people}) == len(people) == len(WORDED)
    assert {int(age) // 10 for _, age in people} >= {2, 3, 4, 5, 6, 7}


def test_empty_says_nothing() -> None:
    """The control `empty` has one text, and it is the empty string, whatever the paraphrase."""
    empty = load_persona("empty")
    assert {empty.text(number) for number in range(4)} == {""}


def test_summaries_fit_one_line() -> None:
    """Every summary is different and fits into a terminal beside the other columns."""
    summaries = [persona.summary for persona in LIBRARY]
    assert len(set(summaries)) == len(summaries)
    assert all(5 <= len(summary) <= 80 for summary in summaries)


def test_paraphrases_count_around() -> None:
    """`text` counts paraphrases from 0 and around again, and refuses a negative number."""
    hedonist = load_persona("hedonist")
    assert [hedonist.text(number) for number in range(3)] == [wording.text for wording in hedonist.texts]
    assert hedonist.text(3) == hedonist.text(0)
    with pytest.raises(ValueError, match="from 0"):
        hedonist.text(-1)
