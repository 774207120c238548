from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tiny_bundle import as_png, tiny_film, write_tiny_bundle

FILM = as_png(tiny_film(0.8))
CANARY = "ZZPHI^CANARY"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("served") / "bundle")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "hilum", "serve", *words]


@contextmanager
def started(*words: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run the server; yields it and the lines that it told until it took requests."""
    with subprocess.Popen(
        command(*words, "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ) as process:
        assert process.stderr
        told = []
        for line in process.stderr:
            told.append(line)
            if "http://" in line:
                break
        try:
            yield process, told
        finally:
            process.kill()


def address(told: list[str]) -> str:
    return "http://" + told[-1].partition("http://")[2].partition("/")[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_answers_and_stops_when_asked_to(
    bundle: Path, number: signal.Signals, tmp_path: Path
) -> None:
    with started(str(bundle), "--access-log", TMPDIR=str(tmp_path)) as (process, told):
        answer = httpx.post(
            address(told) + "/v1/predict", files={"files": (f"{CANARY}.png", FILM)}, timeout=20
        )
        assert answer.json()["films"][0]["call"] == "Disease"
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0
    assert stdout == ""
    assert "POST /v1/predict 200" in stderr
    assert stderr.endswith("Stopped.\n")
    assert CANARY not in "".join(told) + stderr + answer.text
    assert list(tmp_path.iterdir()) == []


def test_first_requests_may_come_all_at_once(bundle: Path) -> None:
    with started(str(bundle)) as (_, told), ThreadPoolExecutor(8) as pool:
        url = address(told) + "/v1/predict"
        asking = [pool.submit(httpx.post, url, files={"files": FILM}, timeout=20) for _ in range(8)]
        assert [future.result().status_code for future in asking] == [200] * 8


def test_a_port_that_is_taken_is_one_message(bundle: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            command(str(bundle), "--port", str(port)), capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_beyond_this_machine_a_token_is_drawn(bundle: Path) -> None:
    with started(str(bundle), "--host", "0.0.0.0") as (_, told):
        token = told[0].removeprefix("Token: ").strip()
        assert len(token) > 30
        here = address(told).replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(here + "/v1/model").status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(here + "/v1/model", headers=headers).status_code == 200


def test_a_token_from_a_file_is_not_printed(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("known-to-us\n", encoding="utf-8")
    with started(str(bundle), "--token-file", str(tmp_path / "token")) as (_, told):
        assert "known-to-us" not in "".join(told)
        assert httpx.get(address(told) + "/v1/model").status_code == 401
        headers = {"Authorization": "Bearer known-to-us"}
        assert httpx.get(address(told) + "/v1/model", headers=headers).status_code == 200


@pytest.mark.parametrize("token", ["two words", "Schlüssel", "\udcff"])
def test_a_token_that_no_header_can_hold_is_refused(bundle: Path, token: str) -> None:
    done = subprocess.run(
        command(str(bundle), "--port", "0"),
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"HILUM_SERVE_TOKEN": token},
    )
    assert done.returncode == 2
    assert "HILUM_SERVE_TOKEN holds no token" in done.stderr
    assert token not in done.stderr


def test_a_missing_extra_names_the_way_to_install_it(bundle: Path) -> None:
    code = (
        "import sys; sys.modules['fastapi'] = None; sys.argv = ['hilum', 'serve', 'bundle']\n"
        "from hilum.cli.main import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert 'pip install "hilum[serve]"' in done.stderr


def test_no_bundle_is_one_message(tmp_path: Path) -> None:
    started_at = time.monotonic()
    done = subprocess.run(
        command(str(tmp_path / "absent"), "--port", "0"), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started_at < 30
