"""A folder of videos as a feed: what is shown, what is named, and the words from videos.csv."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from environments import decoding
from environments.captions import parse_hashtags, read_captions
from environments.folder import folder_items
from personas.errors import FeedError


def write_csv(folder: Path, text: str | bytes) -> None:
    (folder / "videos.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def refused(folder: Path, cache: Path) -> str:
    with pytest.raises(FeedError) as caught:
        folder_items(folder, cache)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sound_videos_are_items_and_broken_ones_are_named(video_folder, tmp_path):
    """Each sound file is an item called by its file name; each broken one is named with a reason; other files pass without a word."""
    (video_folder / "broken.mp4").write_text("no video")
    (video_folder / "empty.webm").write_bytes(b"")
    (video_folder / "loop.mkv").symlink_to(video_folder / "loop.mkv")
    (video_folder / "folder.mp4").mkdir()
    (video_folder / "sub").mkdir()
    for quiet in ("notes.txt", "README", "cover.jpg", ".hidden.mp4", "table.csv", "subtitles.srt"):
        (video_folder / quiet).write_text("words")
    items, problems = folder_items(video_folder, tmp_path / "cache")
    assert [item.id for item in items] == ["a.mp4", "b.mkv", "c.avi", "d.webm"]
    assert [item.locate() for item in items] == [video_folder / item.id for item in items]
    assert all(item.duration_s == pytest.approx(2.0, abs=0.11) for item in items)
    assert {problem.name for problem in problems} == {"broken.mp4", "empty.webm", "loop.mkv", "folder.mp4"}
    assert all(problem.reason and "\n" not in str(problem) for problem in problems)


def test_second_opening_does_not_check_again(video_folder, tmp_path):
    """Answers are remembered until a file changes; a broken cache is done without."""
    cache = tmp_path / "cache"
    first = folder_items(video_folder, cache)
    store = cache / "checked-videos.json"
    store.write_text(store.read_text().replace('"duration_s":2.0', '"duration_s":77.0'))
    assert 77.0 in {item.duration_s for item in folder_items(video_folder, cache)[0]}
    for path in video_folder.iterdir():
        os.utime(path, (1, 1))
    assert folder_items(video_folder, cache)[0] == first[0]
    store.write_text("{ not json")
    assert folder_items(video_folder, cache)[0] == first[0]


def test_slow_files_are_tried_again(video_folder, tmp_path, monkeypatch):
    """That a file took too long is not remembered: it may have been the machine."""
    with monkeypatch.context() as hurry:
        hurry.setattr(decoding.Deadline.__init__, "__defaults__", (-1.0,))
        assert "too long to decode" in refused(video_folder, tmp_path / "cache")
    assert len(folder_items(video_folder, tmp_path / "cache")[0]) == 4


def test_a_cache_that_cannot_be_written_is_done_without(video_folder, tmp_path):
    """A cache folder whose place is taken by a file changes nothing but the time it takes."""
    (tmp_path / "taken").write_text("")
    assert len(folder_items(video_folder, tmp_path / "taken" / "cache")[0]) == 4


def test_words_survive_exactly(video_folder, tmp_path):
    """Quotes, commas, line breaks, accents, emoji and a byte order mark: the caption is what was written."""
    captions = {
        "a.mp4": 'She said "no", twice',
        "b.mkv": "La prairie au réveil 🌅 — déjà vu",
        "c.avi": " two\r\nlines ",
        "d.webm": "=1+1; <b>'",
    }
    rows = "".join(
        '{},"{}",me,"#nature #été",tiktok,https://example.org/1\r\n'.format(name, text.replace('"', '""'))
        for name, text in captions.items()
    )
    write_csv(video_folder, "\ufefffile,caption,author,hashtags,platform,url\r\n" + rows)
    items, problems = folder_items(video_folder, tmp_path)
    assert {item.id: item.text.caption for item in items} == captions
    assert not problems
    assert items[0].text.hashtags == ("nature", "été")
    assert (items[0].text.author, items[0].source, items[0].url) == ("me", "tiktok", "https://example.org/1")


def test_columns_may_be_missing_or_divided_by_semicolons(video_folder, tmp_path):
    """Only `file` is needed; spreadsheets that write semicolons, and capital letters, are understood."""
    write_csv(video_folder, "Caption;FILE\nhello, world;a.mp4\n")
    items, problems = folder_items(video_folder, tmp_path)
    assert items[0].text.caption == "hello, world"
    assert items[1].text.caption == ""
    assert items[1].source == "folder"
    assert not problems


def test_rows_that_cannot_be_used_are_named_by_number(video_folder, tmp_path):
    """Missing files, ways out of the folder, second rows, rows without a name or with too many cells are named by the row's number."""
    (tmp_path / "outside.mp4").write_bytes((video_folder / "a.mp4").read_bytes())
    rows = [
        "a.mp4,first",
        "gone.mp4,x",
        "../outside.mp4,x",
        "/etc/passwd,x",
        "C:\\secret.mp4,x",
        "a.mp4,second",
        ",nameless",
        "b.mkv,one,two,three",
        "",
    ]
    write_csv(video_folder, "file,caption\n" + "\n".join(rows) + "\nd.webm,na\0me\n")
    items, problems = folder_items(video_folder, tmp_path / "cache")
    assert [item.id for item in items] == ["a.mp4", "b.mkv", "c.avi", "d.webm"]
    assert [item.text.caption for item in items] == ["first", "", "", "name"]
    assert {problem.name for problem in problems} == {f"videos.csv row {number}" for number in (3, 4, 5, 6, 7, 8, 9)}
    assert any("outside the folder" in problem.reason for problem in problems)


def test_rows_may_name_videos_in_sub_folders(video_folder, tmp_path):
    """A video in a sub-folder is shown when a row names it."""
    (video_folder / "sub").mkdir()
    shutil.copy(video_folder / "a.mp4", video_folder / "sub" / "z.mp4")
    write_csv(video_folder, "file,caption\nsub/z.mp4,below\n")
    items, problems = folder_items(video_folder, tmp_path)
    assert [(item.id, item.text.caption) for item in items][-1] == ("sub/z.mp4", "below")
    assert not problems


@pytest.mark.parametrize(
    "content,said",
    [
        (b"file,caption\na.mp4,\xe9t\xe9\n", "UTF-8"),
        (b"name,caption\na.mp4,x\n", "column 'file'"),
        (b"", "column 'file'"),
        (b"file,caption,caption\na.mp4,x,y\n", "twice"),
        (b'file,caption\na.mp4,"' + b"x" * 200_000 + b'"\n', "line"),
    ],
)
def test_a_table_that_cannot_be_understood_stops_the_feed(video_folder, tmp_path, content, said):
    """Words that would silently be lost are an error of one line instead, whatever limits other readers of the process have set."""
    csv.field_size_limit(2**24)
    write_csv(video_folder, content)
    message = refused(video_folder, tmp_path)
    assert said in message
    assert "videos.csv" in message


def test_folders_without_videos_say_what_to_do(tmp_path, make_video):
    """No folder, a file instead, an empty folder, only broken files, videos one level below: one line each."""
    cache = tmp_path / "cache"
    assert "does not exist" in refused(tmp_path / "nowhere", cache)
    (tmp_path / "file.mp4").write_text("x")
    assert "not a folder" in refused(tmp_path / "file.mp4", cache)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no videos" in refused(empty, cache)
    (empty / "below").mkdir()
    make_video(empty / "below" / "a.mp4")
    assert "'below'" in refused(empty, cache)
    (empty / "bad.mp4").write_text("x")
    assert "bad.mp4: it is no video" in refused(empty, cache)


def test_strange_names_stay_readable_and_unique(tmp_path, make_video):
    """Emoji and accents stay; control characters and broken UTF-8 do not get into ids or messages."""
    folder = tmp_path / "feed"
    folder.mkdir()
    source = make_video(tmp_path / "v.mp4", seconds=0.5).read_bytes()
    for name in (b'\xf0\x9f\x8c\x85 caf\xc3\xa9, "x".mp4', b"two\nlines.mp4", b"\x1b[31mred.mp4", b"latin-\xe9.mp4"):
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_bytes(source)
    items, problems = folder_items(folder, tmp_path / "cache")
    names = [item.id for item in items] + [problem.name for problem in problems]
    assert '🌅 café, "x".mp4' in names
    assert len(set(names)) == 4
    assert all(name.encode() and "\n" not in name and "\x1b" not in name for name in names)
    assert all(item.locate().exists() for item in items)


def test_hashtags():
    """Tags are divided by spaces, commas or '#', kept once each, without '#'."""
    assert parse_hashtags("#a #b") == ("a", "b")
    assert parse_hashtags("#a#b, c;#a  ") == ("a", "b", "c")
    assert parse_hashtags("") == ()


def test_real_footage(footage, tmp_path):
    """All 16 sound videos with the captions written for them; the two broken ones named."""
    items, problems = folder_items(footage, tmp_path)
    assert len(items) == 16
    assert {problem.name for problem in problems} == {"broken-not-a-video.mp4", "broken-truncated.mp4"}
    text = {item.id: item.text for item in items}
    assert text["bunny-5.webm"].caption == "La prairie au réveil 🌅"
    assert text["bunny-5.webm"].hashtags == ("nature", "été")
    assert text["person-walks-past-3.mp4"].caption == '"Late again" - third person this morning'
    assert len(read_captions(footage).rows) == 16
