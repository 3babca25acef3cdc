"""Feeds from the words a user types."""

from __future__ import annotations

import subprocess
import sys

import pytest

from environments.catalogue.specs import load_clips
from environments.feeds import KINDS, POLICIES, default_cache_dir, load_feed, open_feed
from environments.simulated.policies import build_policy
from personas.errors import FeedError


def refused(*args, **options) -> str:
    with pytest.raises(FeedError) as caught:
        open_feed(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_wrong_options_are_one_clear_line(video_folder, tmp_path):
    """Policy, frames, videos, feed names and missing labels: the message says what to use."""
    folder, cache = str(video_folder), tmp_path / "cache"
    assert "balanced, shuffled, adaptive" in refused(folder, policy="random", cache_dir=cache)
    assert "at least 1" in refused(folder, frames=0, cache_dir=cache)
    assert "at least 2" in refused(folder, frames=1, first_moment=True, cache_dir=cache)
    assert "at least 1" in refused(folder, videos=0, cache_dir=cache)
    assert "does not exist" in refused("catalog", cache_dir=cache)
    assert "no name" in refused(" ", cache_dir=cache)
    assert "no name" in refused("a\0b", cache_dir=cache)
    assert "nothing after the colon" in refused("catalogue:x", cache_dir=cache)
    assert "no value labels" in refused(folder, labels_required=True, cache_dir=cache)


def test_a_folder_called_like_a_named_feed(video_folder, tmp_path, monkeypatch):
    """`./catalogue` is the folder, `catalogue` the embedded feed."""
    video_folder.rename(tmp_path / "catalogue")
    monkeypatch.chdir(tmp_path)
    assert len(load_feed("./catalogue", tmp_path / "cache").items) == 4


def test_catalogue_items_carry_their_design(tmp_path):
    """Every clip is an item with its words, labels, stratum and cluster, and nothing is rendered before it is shown."""
    items = load_feed("catalogue", tmp_path / "cache").items
    clips = load_clips()
    assert [item.id for item in items] == [clip.id for clip in clips]
    for item, clip in zip(items, clips, strict=True):
        assert (item.text.caption, item.text.hashtags, item.text.sound) == (clip.caption, clip.hashtags, clip.sound)
        assert (item.labels, item.stratum, item.cluster, item.topic) == (dict(clip.values), clip.stratum, clip.cluster, clip.topic)
        assert (item.duration_s, item.labels_source, item.source) == (clip.duration_s, "design", "catalogue")
    assert not (tmp_path / "cache").exists()


def test_every_policy_and_kind_exists(video_folder, tmp_path):
    """The names that are listed can be built."""
    items = load_feed(str(video_folder), tmp_path).items
    assert [build_policy(name, items, 0).name for name in POLICIES] == list(POLICIES)
    assert set(KINDS) == {"catalogue"}


def test_cache_folder(monkeypatch, tmp_path):
    """XDG_CACHE_HOME is heeded when it is a full path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "axiofeed"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_cache_dir() == tmp_path / "home" / ".cache" / "axiofeed"


def test_nothing_heavy_loads_before_it_is_used():
    """Importing the feeds imports no decoder, no numpy, no embeddings, no pydantic."""
    modules = "base", "feeds", "folder", "catalogue_feed", "simulated.environment"
    imports = ", ".join(f"environments.{module}" for module in modules)
    code = f"import sys, {imports}; print([m for m in ('av', 'PIL', 'numpy', 'wordllama', 'pydantic') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
