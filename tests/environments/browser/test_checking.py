"""`python -m environments.browser check`: the table, its exit codes, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from environments.browser.__main__ import main
from environments.browser.sites import feed_site

Replicas = Callable[[str, str], str]


def table(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and state and detail by line."""
    code = main(["check", *options, "--json"])
    return code, {each["what"]: (each["state"], each["detail"]) for each in json.loads(capsys.readouterr().out)}


def test_a_working_site_is_a_table_of_what_was_read(replicas: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of the table, with what the page says; nothing was pressed."""
    code, found = table(capsys, "tiktok", "--base-url", replicas("tiktok", "ends"))
    assert code == 0
    assert found["item id"] == ("works", "7410000000000000010, 7410000000000000011, 7410000000000000012")
    assert found["counts"] == ("works", "comments 45, likes 1200000, saves 1100")
    assert found["duration"] == ("works", "0.6 s, 0.9 s, 1.2 s")
    assert found["ad mark"] == ("works", "1 of 3 items") and found["live mark"] == ("unseen", "on none of the items")
    assert found["like button"] == ("works", "found, not pressed") and "like" not in found
    assert found["advance"] == ("works", "3 of 3 swipes moved the feed") and found["blocked requests"] == ("note", "0")
    assert list(found)[:2] == ["reachable", "wall"] and {"caption", "author", "hashtags", "sound"} <= set(found)


def test_like_is_pressed_only_when_asked_for(
    replicas: Replicas, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --like the page's answer is told, also that it shows nothing."""
    monkeypatch.setattr("environments.browser.checking._SWIPE_S", 0.7)
    code, found = table(capsys, "youtube_shorts", "--like", "--items", "1", "--base-url", replicas("youtube_shorts", "endless"))
    assert (code, found["like"]) == (0, ("works", "the page shows it"))
    code, found = table(capsys, "instagram_reels", "--like", "--items", "1", "--base-url", replicas("instagram_reels", "ends@6"))
    assert (code, found["like"]) == (1, ("fails", "pressed, but the page does not show it"))


def test_a_wall_ends_the_check(replicas: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    """Which wall and what to do by hand, as text for people; exit code 1."""
    assert main(["check", "tiktok", "--base-url", replicas("tiktok", "captcha")]) == 1
    said = capsys.readouterr().out
    assert "wall              NO  captcha: TikTok asks whether you are a person" in said
    assert said.rstrip().endswith("tiktok: does not work: wall") and "item id" not in said


def test_a_page_that_changed_is_told(replicas: Replicas, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No item and no wall: the adapter no longer fits, or a login is needed."""
    monkeypatch.setattr(feed_site, "SETTLE_S", 0.3)
    monkeypatch.setattr("environments.browser.checking._SETTLE_S", 0.3)
    code, found = table(capsys, "instagram_reels", "--base-url", replicas("instagram_reels", "empty"))
    assert code == 1 and found["item id"] == ("fails", "no item on the screen: the page has changed, or needs a login")
    assert found["like button"][0] == found["advance"][0] == "fails"


def test_out_of_reach_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Offline: no table, no traceback."""
    assert main(["check", "tiktok", "--base-url", "http://127.0.0.1:60999"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err == "error: TikTok cannot be reached (net::ERR_CONNECTION_REFUSED): check the internet connection\n"


def test_the_local_page_works(capsys: pytest.CaptureFixture[str]) -> None:
    """`check local` serves the catalogue and finds all that a session needs."""
    code, found = table(capsys, "local", "--items", "2")
    assert (code, found["advance"]) == (0, ("works", "2 of 2 swipes moved the feed"))


def test_a_profile_folder_keeps_what_was_answered_by_hand(replicas: Replicas, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The folder is made and used; a file in its place is the user's to mend."""
    profile = tmp_path / "profiles" / "mine"
    options = ("youtube_shorts", "--items", "2", "--base-url", replicas("youtube_shorts", "plain"), "--profile")
    assert table(capsys, *options, str(profile))[0] == 0
    assert any(profile.iterdir())
    (tmp_path / "file").write_text("")
    assert main(["check", *options, str(tmp_path / "file")]) == 2
    assert "is no folder that can be used" in capsys.readouterr().err


@pytest.mark.parametrize("options", [("check", "vimeo"), ("check",), ("look", "tiktok"), ("check", "tiktok", "--items", "0")])
def test_bad_usage_is_two(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """One line on what is wrong and where help is."""
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_is_quick_and_loads_no_browser() -> None:
    """`--help` tells the sites, hides what is for tests, and imports neither Playwright nor pydantic."""
    script = "import sys, runpy; sys.argv = ['x', '--help']\ntry: runpy.run_module('environments.browser', run_name='__main__')\nexcept SystemExit: pass\nprint([m for m in ('playwright', 'pydantic', 'numpy', 'starlette') if m in sys.modules])"  # noqa: E501
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "youtube_shorts" in said and "--base-url" not in said and said.endswith("[]\n")
