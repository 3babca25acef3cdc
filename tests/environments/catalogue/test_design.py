"""The embedded catalogue meets every requirement of its design, and each requirement can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from environments.catalogue.__main__ import main
from environments.catalogue.design import caption_overlaps, design_failures, is_control, twin_failures, twin_pairs, value_rows
from environments.catalogue.specs import load_clips

TWIN = {"cluster": "he-twin-01", "values": {"HE": 0.9}, "twin": "carries"}


def test_the_catalogue_meets_its_design() -> None:
    """480 clips, 30 that promote and 6 that oppose each value over 5 topics, 40 controls, 10 twin pairs a value, no near-copies."""
    assert design_failures(load_clips()) == []


def test_a_clip_less_is_noticed() -> None:
    """Without the clips of one value, the counts of that value fail and are named."""
    rest = [clip for clip in load_clips() if clip.values.get("TR", 0) <= 0]
    failures = design_failures(rest)
    assert "TR: 0 clips promote it; at least 30" in failures
    assert "TR: 0 twin pairs; at least 10" in failures


def test_controls_are_value_free_and_no_twins(make_clip) -> None:
    """A plain twin is value-free and still no control."""
    assert is_control(make_clip(values={}))
    assert not is_control(make_clip())
    assert not is_control(make_clip(values={}, cluster="he-twin-01", twin="plain"))


def test_near_copies_are_found_and_twins_excepted(make_clip) -> None:
    """Two captions that share more than half of the smaller one's 5-grams are named, unless they are twins."""
    caption = "one two three four five six seven eight nine ten"
    near = "ONE two, three four five six seven eight nine - and then something else entirely happened"
    far = "one two three four five six seven and then something else entirely happened here"
    a = make_clip(id="a", caption=caption)
    assert caption_overlaps([a, make_clip(id="b", caption=near)]) == [("a", "b", pytest.approx(5 / 6))]
    assert caption_overlaps([a, make_clip(id="b", caption=far)]) == []
    twins = [make_clip(id="a", caption=caption, **TWIN), make_clip(id="b", caption=near, **{**TWIN, "twin": "plain", "values": {}})]
    assert caption_overlaps(twins) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"overlay": "another text"}, "overlay differs"),
        ({"duration_s": 9}, "duration_s differs"),
        ({"author": "someone.else"}, "author differs"),
        ({"caption": "Nobody needs us anywhere before noon, so a second big pot is on."}, "words"),
        ({"caption": "Nobody needs us anywhere before midday, so the second kettle is on."}, "characters; at most 3"),
        ({"values": {"HE": 0.2}}, "carries HE too"),
        ({"twin": "carries"}, 'a pair is one "carries" and one "plain"'),
    ],
)
def test_unequal_twins_are_named(make_clip, changes: dict[str, object], message: str) -> None:
    """Twins differ in caption, id, values and hashtags only, and their captions are of equal length."""
    carries = make_clip(id="one", **TWIN)
    plain = {**TWIN, "id": "two", "twin": "plain", "values": {}, "hashtags": ["other"]}
    assert list(twin_failures([carries, make_clip(**plain)])) == []
    failures = list(twin_failures([carries, make_clip(**{**plain, **changes})]))
    assert len(failures) == 1
    assert message in failures[0]


def test_a_lone_twin_is_no_pair(make_clip) -> None:
    """A cluster with one clip is named and counts for no value."""
    lone = [make_clip(**TWIN)]
    assert twin_pairs(lone) == {}
    assert all(row.twin_pairs == 0 for row in value_rows(lone))
    assert len(list(twin_failures(lone))) == 1


def test_stats_prints_the_table_and_its_verdict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`stats` exits 0 on the embedded clips, 1 with the reasons on a poor set, 2 on a folder that is not there."""
    assert main(["stats"]) == 0
    out = capsys.readouterr().out
    assert "HE Hedonism" in out
    assert "Every requirement is met." in out
    (tmp_path / "a.toml").write_text("[[clip]]\nid = 'x'\n")
    assert main(["stats", "--clips", str(tmp_path)]) == 1
    assert "a.toml: clip 'x', field caption: is missing; add it" in capsys.readouterr().out
    assert main(["stats", "--clips", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_stats_loads_nothing_that_draws() -> None:
    """Counting needs neither the drawing library nor the encoder."""
    heavy = "sys.exit(len({'PIL', 'av', 'numpy'} & set(sys.modules)))"
    code = f"import sys; from environments.catalogue.__main__ import main; main(['stats']); {heavy}"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
