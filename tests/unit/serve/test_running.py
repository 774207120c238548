from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hilum.classifier.classifier import Classifier
from hilum.errors import ServeError
from hilum.serve.server import run_server, take_port
from hilum.serve.settings import ServeSettings
from tiny_bundle import write_tiny_bundle


class Mute(Classifier):
    """A classifier that can be loaded, and never answers."""

    def judge(self, *_: Any) -> Any:
        """Fail."""
        raise RuntimeError


def test_a_port_belongs_to_the_first_who_takes_it() -> None:
    with closing(take_port("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port}"):
            take_port("127.0.0.1", port)


def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle")
    told: list[int] = []
    with pytest.raises(ServeError, match="could not start"):
        run_server(
            lambda: Mute.load(bundle), ServeSettings(port=0), lambda _, port: told.append(port)
        )
    assert told == []
