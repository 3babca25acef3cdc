"""The full profiles: what they aim at, what they say, and that they are always the same."""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import asdict
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from environments.canonical import content_hash
from personas import Persona, load_library, load_persona, persona_names
from personas.__main__ import main
from personas.errors import PersonaError
from personas.profiles import LEAST, PROFILES, STRONG, load_profiles, make_profile, profile_names, strength
from personas.schwartz import ANGLES, VALUES
from tests.each import each
from tests.personas.test_library import GROUP_NAMING, NAMING

WORDS = tomllib.loads(files("personas").joinpath("profiles.toml").read_text("utf-8"))
STRENGTHS = {"strong_for", "mild_for", "mild_against", "strong_against"}
LOADED = load_profiles()

each_profile = each("persona", LOADED, lambda persona: persona.name)


def biography(persona: Persona) -> str:
    return next(wording.text for wording in persona.texts if wording.form == "biography")


def direction(persona: Persona) -> float:
    """Where the target's first harmonic points, degrees."""
    x, y = (sum(w * f(math.radians(ANGLES[v])) for v, w in persona.target.items()) for f in (math.cos, math.sin))
    return math.degrees(math.atan2(y, x)) % 360


def test_there_are_forty_eight_and_each_loads_by_name() -> None:
    """`profile-01` to `profile-48` load by name, are of the kind `profile`, and do not stand among the library's files."""
    assert len(LOADED) == PROFILES == 48
    assert [load_persona(name) for name in profile_names()] == list(LOADED)
    assert {persona.kind for persona in LOADED} == {"profile"}
    assert not set(profile_names()) & set(persona_names())
    assert not any(persona.kind == "profile" for persona in load_library())


def test_they_are_always_the_same() -> None:
    """Targets and texts are frozen: a change of any makes other personas of all sessions that used them."""
    assert content_hash([asdict(persona) for persona in LOADED])[:12] == "5ac545585c69"


@each_profile
def test_a_target_is_full(persona: Persona) -> None:
    """All ten values have a target in [-1, 1], at least eight of them other than 0, none so small that nothing is told of it."""
    assert list(persona.target) == list(VALUES)
    assert all(-1 <= weight <= 1 for weight in persona.target.values())
    assert sum(weight != 0 for weight in persona.target.values()) >= 8
    assert not [weight for weight in persona.target.values() if 0 < abs(weight) < LEAST]


def test_targets_are_waves_with_noise() -> None:
    """A wave explains most of the variance of the ten targets of a profile, and not all of it."""
    shares = []
    for persona in LOADED:
        angle = math.radians(direction(persona))
        wave = [math.cos(math.radians(ANGLES[v]) - angle) for v in VALUES]
        target = list(persona.target.values())
        mean = sum(target) / 10
        covariance = sum(w * (t - mean) for w, t in zip(wave, target, strict=True))
        shares.append(covariance**2 / (sum(w * w for w in wave) * sum((t - mean) ** 2 for t in target)))
    assert 0.8 < sum(shares) / len(shares) < 0.97


@pytest.mark.parametrize("count", [30, 48])
def test_the_first_of_them_lie_round_the_circle(count: int) -> None:
    """However many are taken from the front, no part of the circle as wide as one value is left out, for all the noise."""
    angles = sorted(direction(persona) for persona in LOADED[:count])
    gaps = [after - before for before, after in pairwise([*angles, angles[0] + 360])]
    assert max(gaps) < 36


def test_every_value_has_all_its_sentences() -> None:
    """Ten values in four strengths: at least three sentences of description and two facts each, no sentence twice."""
    for form, least in (("description", 3), ("fact", 2)):
        assert list(WORDS[form]) == list(VALUES)
        for levels in WORDS[form].values():
            assert set(levels) == STRENGTHS
            assert all(len(sentences) >= least for sentences in levels.values())
    flat = [s for form in ("description", "fact") for levels in WORDS[form].values() for told in levels.values() for s in told]
    assert len(set(flat)) == len(flat)
    assert all(sentence.endswith(".") and "  " not in sentence for sentence in flat)
    assert len(set(WORDS["names"])) == PROFILES


@each_profile
def test_a_text_says_of_each_value_what_the_target_says(persona: Persona) -> None:
    """Each text has exactly one sentence for each value with a target, of the right strength, and nothing besides its opening."""
    for wording in persona.texts:
        pool = WORDS["fact" if wording.form == "biography" else "description"]
        rest = wording.text
        for code in VALUES:
            for level, sentences in pool[code].items():
                told = [sentence for sentence in sentences if sentence in wording.text]
                assert len(told) == (level == strength(persona.target[code])), (code, level, told)
                for sentence in told:
                    rest = rest.replace(sentence, "")
        opening = " ".join(rest.split())
        assert opening in WORDS["leads"] or re.fullmatch(r"You are \w+, \d\d\.", opening), opening


@each_profile
def test_three_wordings_that_share_no_sentence(persona: Persona) -> None:
    """Two descriptions and a biography, no sentence in two of them; the first description begins with the strongest target."""
    assert [wording.form for wording in persona.texts] == ["description", "description", "biography"]
    told = [set(re.split(r"(?<=\.) ", wording.text)) for wording in persona.texts]
    assert not (told[0] & told[1] or told[0] & told[2] or told[1] & told[2])
    strongest = max(VALUES, key=lambda code: abs(persona.target[code]))
    second = re.split(r"(?<=\.) ", persona.text(0))[1]
    assert second in WORDS["description"][strongest][strength(persona.target[strongest])]


@each_profile
def test_a_biography_names_no_value(persona: Persona) -> None:
    """No word form of any of the ten values, nor a group's name, occurs in a biography."""
    for pattern in (*NAMING.values(), GROUP_NAMING):
        assert not re.search(pattern, biography(persona), re.I), re.search(pattern, biography(persona), re.I)


def test_no_sentence_claims_the_first_place() -> None:
    """No sentence says "above all" or "most": with several strong values in one text, they would contradict each other."""
    text = " ".join(s for levels in WORDS["description"].values() for told in levels.values() for s in told)
    assert not re.search(r"\babove all|\bfirst of all|\bmost\b|\bcomes? first\b|\bdearest\b", text, re.I)


def test_texts_are_of_similar_length() -> None:
    """Within a form, no text is more than 1.4 times or less than 0.6 times as long as the median one."""
    for number in range(3):
        lengths = sorted(len(persona.texts[number].text.split()) for persona in LOADED)
        median = lengths[len(lengths) // 2]
        assert 0.6 * median <= lengths[0] <= lengths[-1] <= 1.4 * median


def test_people_differ() -> None:
    """Every biography has a first name of its own, none of the library's, and ages reach from the twenties to the seventies."""
    found = [re.match(r"You are (\w+), (\d\d)\. ", biography(persona)) for persona in LOADED]
    people = [match.groups() for match in found if match]
    library = {w.text.split(",")[0] for persona in load_library() for w in persona.texts if w.form == "biography"}
    assert len({name for name, _ in people}) == PROFILES
    assert not {f"You are {name}" for name, _ in people} & library
    assert {int(age) // 10 for _, age in people} >= {2, 3, 4, 5, 6, 7}


@pytest.mark.parametrize(
    ("weight", "level"),
    [(0.0, None), (0.09, None), (LEAST, "mild_for"), (-0.54, "mild_against"), (STRONG, "strong_for"), (-1.0, "strong_against")],
)
def test_strength(weight: float, level: str | None) -> None:
    """Strong from .55 on, mild from .1 on, by size; below it nothing is told."""
    assert strength(weight) == level


def test_unknown_numbers(tmp_path: Path) -> None:
    """A number that does not exist is told with those that do; a file of one's own cannot take a profile's name."""
    for name in ("profile-49", "profile-00", "profile-7", "profile-x"):
        with pytest.raises(PersonaError, match="profile-01 to profile-48"):
            load_persona(name)
    with pytest.raises(ValueError, match="from 1 to 48"):
        make_profile(49)
    mine = tmp_path / "profile-07.toml"
    mine.write_text('text = "You are an owl."')
    with pytest.raises(PersonaError, match="is a persona of the library"):
        load_persona(str(mine))


def test_the_command_lists_and_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    """`list` has one line for all, `list --json` one entry each, and `show` prints any of them."""
    assert main(["list"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()][-1] == ["profile-01..48", "profile"]
    assert main(["list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)][-PROFILES:] == list(profile_names())
    assert main(["show", "profile-07"]) == 0
    assert make_profile(7).text(2) in capsys.readouterr().out
