"""Clip files are read in order, checked field by field, and explained in one line where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from environments.catalogue.specs import load_clips, read_clips, scene_hash, spec_hash

GOOD = """[[clip]]
id = "{id}"
topic = "food"
caption = "Nobody needs us anywhere before noon, so the second pot is on."
overlay = "second pot, no plans"
author = "mornings.with.ines"
hashtags = ["slowmorning"]
sound = "original sound - ines"
duration_s = 11
values = {{ HE = 1.0 }}
scene = {{ background = "kitchen", motion = "drift", pictograms = ["pancakes"] }}
"""


def _problems(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "a.toml").write_text(text, encoding="utf-8")
    return read_clips(folder).problems


def test_files_are_read_in_order_of_name(tmp_path: Path) -> None:
    """Clips come in order of file name and place, whatever order the folder lists them in."""
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.toml").write_text(GOOD.format(id=f"{name}-one") + GOOD.format(id=f"{name}-two"))
    assert [clip.id for clip in read_clips(tmp_path).clips] == ["a-one", "a-two", "b-one", "b-two", "c-one", "c-two"]


@pytest.mark.parametrize(
    ("old", "new", "field", "fix"),
    [
        ('"pancakes"', '"pancake"', "scene.pictograms", "use pancakes"),
        ('"kitchen"', '"kitchn"', "scene.background", "use kitchen"),
        ('"drift"', '"drifting"', "scene.motion", "use drift"),
        ('["pancakes"]', "[]", "scene.pictograms", "at least 1 item"),
        ('["pancakes"]', '["pancakes", "cake", "dog", "cat", "bird", "fish"]', "scene.pictograms", "at most 5 items"),
        ("HE = 1.0", "HD = 1.0", "values", "or HE"),
        ("HE = 1.0", "HE = 1.5", "values.HE", "less than or equal to 1"),
        ("HE = 1.0", "HE = 0", "values", "leave it out"),
        ("duration_s = 11", "duration_s = 3", "duration_s", "greater than or equal to 4"),
        ("duration_s = 11", 'duration = "long"', "duration", "remove it"),
        ('topic = "food"\n', "", "topic", "add it"),
        ('topic = "food"', 'topic = "Food"', "topic", "kebab-case"),
        ("second pot, no plans", "second pot 😀", "overlay", "plain punctuation"),
        ("second pot, no plans", "второй кофейник", "overlay", "Latin letters"),
        ("second pot, no plans", "x" * 45, "overlay", "at most 44"),
        ("so the second pot is on.", "so 🥞 it is", "caption", "leave it out"),
        ('["slowmorning"]', '["#slow"]', "hashtags", "without '#'"),
        ("values = {", 'twin = "plain"\nvalues = {', "cluster/twin", "give both or neither"),
    ],
)
def test_a_problem_names_file_clip_field_and_fix(tmp_path: Path, old: str, new: str, field: str, fix: str) -> None:
    """Each kind of mistake gives one line with the file, the clip's id, the field and what to do."""
    text = GOOD.format(id="he-late-breakfast")
    assert old in text
    lines = [line for line in _problems(tmp_path, text.replace(old, new)) if f"field {field}: " in line]
    assert len(lines) == 1
    assert lines[0].startswith("a.toml: clip 'he-late-breakfast', ")
    assert fix in lines[0]
    assert "\n" not in lines[0]


def test_broken_files_are_named(tmp_path: Path) -> None:
    """A file that is not TOML, has no clips, or repeats an id is named with what to do."""
    assert _problems(tmp_path, "[[clip]\n")[0].startswith("a.toml: not valid TOML")
    assert _problems(tmp_path, "") == ("a.toml: no [[clip]] table; add one",)
    assert "choose another id" in _problems(tmp_path, GOOD.format(id="same") * 2)[0]
    assert "[[clip]] tables only" in _problems(tmp_path, GOOD.format(id="one") + "\n[clips]\n")[0]


def test_stratum_is_the_leading_value_with_its_sign(make_clip) -> None:
    """The largest absolute loading names the stratum; ties go to the first in circular order; no loading is "none"."""
    assert make_clip().stratum == "HE+"
    assert make_clip(values={"HE": 0.4, "CO": -0.5}).stratum == "CO-"
    assert make_clip(values={"UN": 0.5, "SD": -0.5}).stratum == "SD-"
    assert make_clip(values={}).stratum == "none"


def test_accents_are_one_character_however_they_are_written(make_clip) -> None:
    """An overlay with combining accents is the same overlay as one with composed letters."""
    assert make_clip(overlay="mas cafe\u0301").overlay == "mas café"


def test_scene_hash_ignores_words_and_spec_hash_does_not(make_clip) -> None:
    """Caption and values change what a clip says, not what is drawn; overlay, scene and duration change both."""
    one = make_clip()
    for changes in ({"caption": "Everyone is expected before noon today."}, {"values": {}}, {"id": "other"}):
        assert scene_hash(make_clip(**changes)) == scene_hash(one)
        assert spec_hash(make_clip(**changes)) != spec_hash(one)
    for changes in ({"overlay": "third pot"}, {"duration_s": 5}, {"scene": {**one.scene.model_dump(), "motion": "sway"}}):
        assert scene_hash(make_clip(**changes)) != scene_hash(one)
    assert json.loads(one.model_dump_json())["duration_s"] == 4.0


def test_the_embedded_clips_load_alike_twice() -> None:
    """The catalogue is valid, and reading it again gives the same clips in the same order."""
    first = load_clips()
    load_clips.cache_clear()
    assert load_clips() == first
