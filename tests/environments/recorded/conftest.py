"""A folder that a session over the seven clips was recorded into."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from environments.feeds import open_feed
from environments.recorded.recording import Recording
from environments.simulated.environment import SimulatedFeed
from tests.environments.recorded.sessions import watch


@pytest.fixture(scope="session")
def live(clips: Path, cache_folder: Path):
    """Builds the simulated feed over the seven clips."""

    def build(**options) -> SimulatedFeed:
        return open_feed(str(clips), cache_dir=cache_folder, **{"policy": "shuffled", "seed": 4} | options)

    return build


@pytest.fixture(scope="session")
def kept(live, tmp_path_factory) -> Path:
    """A recording of all seven clips, three pictures each. Not to be changed: `recorded` is a copy."""
    folder = tmp_path_factory.mktemp("kept") / "recording"
    asyncio.run(watch(Recording(live(), folder)))
    return folder


@pytest.fixture
def recorded(kept: Path, tmp_path: Path) -> Path:
    """A copy of the recording, to be damaged."""
    return Path(shutil.copytree(kept, tmp_path / "recorded"))
