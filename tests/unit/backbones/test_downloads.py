"""Weights are fetched whole and proven, whatever the server and the network do."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilum.backbones.downloads import Fetched, Patience, check_address, fetch_weights
from hilum.backbones.records import HostedWeights
from hilum.backbones.weights import HDF5_SIGNATURE
from hilum.errors import DownloadError, OutputError, UntrustedModelError
from weights_server import CERTIFICATE, WeightsServer, serving

AT_ONCE = Patience(pauses_seconds=(0.0, 0.0))
OFFICIAL = "https://weights.invalid/official/"


def noise(seed: int) -> bytes:
    return HDF5_SIGNATURE + np.random.default_rng(seed).bytes(300_000)


DATA, OTHER = noise(0), noise(1)
SOURCE = HostedWeights(
    file="net.h5",
    digest=f"md5:{hashlib.md5(DATA).hexdigest()}",
    size_bytes=len(DATA),
    licence="MIT",
    trained_on="noise",
    address=OFFICIAL,
)
UNPROVABLE = replace(SOURCE, digest="")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with serving() as server:
        server.files["net.h5"] = DATA
        server.versions["net.h5"] = '"one"'
        yield server


def fetch(
    server: WeightsServer,
    folder: Path,
    source: HostedWeights = SOURCE,
    patience: Patience = AT_ONCE,
    **options: object,
) -> Fetched:
    return fetch_weights(source, folder, mirror=server.address, patience=patience, **options)


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name[0] != "."}


def asked(server: WeightsServer, header: str) -> list[str | None]:
    return [request.get(header) for request in server.requests]


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_file_is_fetched_and_proven(server: WeightsServer, tmp_path: Path, kind: str) -> None:
    source = replace(SOURCE, digest=f"{kind}:{hashlib.new(kind, DATA).hexdigest()}")
    seen: list[tuple[int, int | None]] = []
    fetched = fetch(
        server, tmp_path / "new" / "folder", source, on_progress=lambda *p: seen.append(p)
    )
    assert fetched.is_new
    assert fetched.weights.is_verified
    assert fetched.weights.path.read_bytes() == DATA
    assert fetched.weights.sha256 == hashlib.sha256(DATA).hexdigest()
    assert visible(tmp_path / "new" / "folder") == {"net.h5"}
    assert seen[-1] == (len(DATA), len(DATA))
    assert [here for here, _ in seen] == sorted(here for here, _ in seen)


def test_nothing_is_sent_but_the_request(server: WeightsServer, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    (request,) = server.requests
    assert request["path"] == "/net.h5"
    assert request["User-Agent"].startswith("hilum/")
    assert request["Accept-Encoding"] == "identity"
    assert set(request) <= {"path", "User-Agent", "Host", "Accept-Encoding", "Connection"}


def test_bytes_are_kept_as_they_are_sent(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["packed"]  # whoever unpacked it would make another file of it, or a huge one
    assert fetch(server, tmp_path).weights.path.read_bytes() == DATA


def test_what_is_here_under_any_name_is_not_fetched(server: WeightsServer, tmp_path: Path) -> None:
    (tmp_path / "from a colleague.bin").write_bytes(DATA)
    fetched = fetch(server, tmp_path)
    assert not fetched.is_new
    assert fetched.weights.path.name == "from a colleague.bin"
    assert server.requests == []


def test_a_broken_download_goes_on_where_it_stopped(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["cut", "cut"]
    fetched = fetch(server, tmp_path)
    assert fetched.weights.path.read_bytes() == DATA
    half, quarter = len(DATA) // 2, len(DATA) - (len(DATA) - len(DATA) // 2) // 2
    assert asked(server, "Range")[:2] == [None, f"bytes={half}-"]
    assert abs(int(asked(server, "Range")[2][6:-1]) - quarter) <= 1
    assert asked(server, "If-Range") == [None, '"one"', '"one"']


@pytest.mark.parametrize("trouble", ["500", "503", "429", "hang up", "cut"])
def test_passing_trouble_is_overcome(server: WeightsServer, tmp_path: Path, trouble: str) -> None:
    server.plan = [trouble, trouble]
    assert fetch(server, tmp_path).weights.path.read_bytes() == DATA
    assert len(server.requests) == 3


def test_what_came_is_kept_for_the_next_time(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["cut", "500", "500"]
    with pytest.raises(DownloadError, match="broke off: the server answered 500") as caught:
        fetch(server, tmp_path)
    assert "running again goes on from there" in caught.value.message
    assert f"{OFFICIAL}net.h5" in caught.value.fix
    assert str(tmp_path) in caught.value.fix
    assert (tmp_path / "net.h5.part").read_bytes() == DATA[: len(DATA) // 2]
    assert fetch(server, tmp_path).weights.path.read_bytes() == DATA
    assert asked(server, "Range")[-1] == f"bytes={len(DATA) // 2}-"
    assert visible(tmp_path) == {"net.h5"}


def test_a_truncated_file_is_told_as_such(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["cut"] * 3
    with pytest.raises(DownloadError, match=r"0\.3 of 0\.3 MB came|broke off"):
        fetch(server, tmp_path)
    assert len(DATA) // 2 < (tmp_path / "net.h5.part").stat().st_size < len(DATA)
    assert not (tmp_path / "net.h5").exists()


@pytest.mark.parametrize("answer", ["no range", "416", "wrong place"])
def test_a_server_that_cannot_go_on_gives_the_whole(
    server: WeightsServer, tmp_path: Path, answer: str
) -> None:
    server.plan = ["cut", answer]
    assert fetch(server, tmp_path).weights.path.read_bytes() == DATA
    assert visible(tmp_path) == {"net.h5"}


@pytest.mark.parametrize("source", [SOURCE, UNPROVABLE], ids=["md5", "no hash"])
@pytest.mark.parametrize("behaviour", ["well", "deaf"])
def test_two_versions_are_never_pieced_together(
    server: WeightsServer, tmp_path: Path, behaviour: str, source: HostedWeights
) -> None:
    server.files["net.h5"], server.versions["net.h5"] = OTHER, '"zero"'
    server.plan = ["cut", "500", "500"]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path, source)
    server.files["net.h5"], server.versions["net.h5"] = DATA, '"one"'
    server.plan = [behaviour]
    assert fetch(server, tmp_path, source).weights.path.read_bytes() == DATA


def test_pieces_that_do_not_fit_get_one_fresh_try(server: WeightsServer, tmp_path: Path) -> None:
    server.versions.clear()  # nothing tells the two versions apart
    (tmp_path / "net.h5.part").write_bytes(OTHER[:1000])
    assert fetch(server, tmp_path).weights.path.read_bytes() == DATA
    assert asked(server, "Range") == ["bytes=1000-", None]


def test_without_hash_and_version_every_try_is_fresh(server: WeightsServer, tmp_path: Path) -> None:
    server.versions.clear()
    server.plan = ["cut"]
    assert fetch(server, tmp_path, UNPROVABLE).weights.path.read_bytes() == DATA
    assert asked(server, "Range") == [None, None]


def test_a_whole_part_needs_no_network(server: WeightsServer, tmp_path: Path) -> None:
    """As a power cut may leave it between the last byte and the name."""
    (tmp_path / "net.h5.part").write_bytes(DATA)
    assert fetch(server, tmp_path).weights.is_verified
    assert server.requests == []
    assert visible(tmp_path) == {"net.h5"}


def test_another_file_is_deleted_and_both_hashes_named(
    server: WeightsServer, tmp_path: Path
) -> None:
    server.files["net.h5"] = OTHER
    with pytest.raises(UntrustedModelError) as caught:
        fetch(server, tmp_path)
    assert hashlib.md5(OTHER).hexdigest() in caught.value.message
    assert SOURCE.digest[4:] in caught.value.message
    assert visible(tmp_path) == set()
    assert len(server.requests) == 1


def test_a_web_page_is_no_weight_file(server: WeightsServer, tmp_path: Path) -> None:
    server.files["net.h5"] = b"<html>Please log in to the hospital's network.</html>"
    with pytest.raises(UntrustedModelError, match="is no weight file at all"):
        fetch(server, tmp_path)
    with pytest.raises(UntrustedModelError, match="is no weight file"):
        fetch(server, tmp_path, UNPROVABLE)
    assert visible(tmp_path) == set()


def test_without_a_hash_nothing_is_proven_and_that_is_said(
    server: WeightsServer, tmp_path: Path
) -> None:
    first, second = (fetch(server, tmp_path, UNPROVABLE) for _ in range(2))
    assert (first.is_new, second.is_new) == (True, False)
    assert first.weights == second.weights
    assert not first.weights.is_verified
    assert len(server.requests) == 1


def test_without_a_hash_a_short_file_is_refused(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["no length cut"]
    with pytest.raises(UntrustedModelError, match="too short for its weights"):
        fetch(server, tmp_path, UNPROVABLE)
    assert visible(tmp_path) == set()


def test_a_file_without_end_is_cut_off(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["endless"]
    with pytest.raises(DownloadError, match="more than 16 MB"):
        fetch(server, tmp_path)
    assert visible(tmp_path) == set()


def test_a_file_that_says_it_is_too_long_is_not_taken(
    server: WeightsServer, tmp_path: Path
) -> None:
    server.files["net.h5"] = bytes(17_000_000)
    with pytest.raises(DownloadError, match="another file"):
        fetch(server, tmp_path)
    assert not (tmp_path / "net.h5.part").exists()


def test_another_file_of_the_name_is_set_aside_not_lost(
    server: WeightsServer, tmp_path: Path
) -> None:
    (tmp_path / "net.h5").write_bytes(OTHER)
    fetched = fetch(server, tmp_path)
    assert fetched.weights.path == tmp_path / "net.h5"
    assert fetched.weights.path.read_bytes() == DATA
    assert fetched.set_aside is not None
    assert fetched.set_aside.read_bytes() == OTHER


def test_two_at_once_download_once(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["wait"]
    done: list[Fetched] = []
    threads = [
        threading.Thread(target=lambda: done.append(fetch(server, tmp_path))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    server.released.wait(0.2)
    server.released.set()
    for thread in threads:
        thread.join()
    assert sorted(fetched.is_new for fetched in done) == [False, True]
    assert asked(server, "Range") in ([None], [None, f"bytes={len(DATA) // 2}-"])


def test_an_interrupt_keeps_what_came(server: WeightsServer, tmp_path: Path) -> None:
    def interrupt(here: int, whole: int | None) -> None:
        if here > len(DATA) // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path, on_progress=interrupt)
    kept = (tmp_path / "net.h5.part").read_bytes()
    assert len(kept) > len(DATA) // 2
    assert DATA.startswith(kept)
    assert fetch(server, tmp_path).weights.is_verified
    assert asked(server, "Range") == [None, f"bytes={len(kept)}-"]


@pytest.mark.parametrize("status", ["401", "403", "404", "451"])
def test_a_refusal_is_not_asked_again(server: WeightsServer, tmp_path: Path, status: str) -> None:
    server.plan = [status]
    with pytest.raises(DownloadError, match=f"127.0.0.1 answered {status}") as caught:
        fetch(server, tmp_path)
    assert len(server.requests) == 1
    assert f"ownload {OFFICIAL}net.h5 elsewhere" in caught.value.fix


def test_a_server_that_stalls_is_not_waited_for(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["wait", "wait"]
    patience = Patience(stall_seconds=0.2, pauses_seconds=(0.0,))
    with pytest.raises(DownloadError, match=r"broke off: timed out\. 0 MB are kept"):
        fetch(server, tmp_path, patience=patience)
    assert fetch(server, tmp_path).weights.is_verified
    half, quarter = len(DATA) // 2, len(DATA) // 4
    assert asked(server, "Range") == [None, f"bytes={half}-", f"bytes={len(DATA) - quarter}-"]


def test_an_absent_server_is_a_clear_error(tmp_path: Path) -> None:
    with serving() as gone:
        address = gone.address
    with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: Connection refused"):
        fetch_weights(SOURCE, tmp_path, mirror=address)


def test_an_encrypted_server_has_to_prove_who_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(is_encrypted=True) as server:
        server.files["net.h5"] = DATA
        with pytest.raises(DownloadError, match="could not prove who it is: self-signed") as caught:
            fetch(server, tmp_path)
        assert "SSL_CERT_FILE" in caught.value.fix
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert fetch(server, tmp_path).weights.is_verified


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_proxy_of_the_environment_is_asked(
    server: WeightsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    place = f"reader:secret@127.0.0.1:{server.server_port}"
    monkeypatch.setenv("https_proxy", f"{scheme}{place}")
    server.plan = ["407"]
    with pytest.raises(DownloadError, match=r"weights\.invalid cannot be reached") as caught:
        fetch_weights(SOURCE, tmp_path)
    assert "the proxy answered 407 Proxy Authentication Required" in caught.value.message
    assert "secret" not in str(caught.value)
    assert asked(server, "path") == ["weights.invalid:443"]
    assert asked(server, "Proxy-Authorization") == ["Basic cmVhZGVyOnNlY3JldA=="]  # reader:secret


@pytest.mark.parametrize("excepted", ["weights.invalid", ".invalid", "*"])
def test_hosts_excepted_from_the_proxy_are_asked_directly(
    server: WeightsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, excepted: str
) -> None:
    monkeypatch.setenv("https_proxy", server.address)
    monkeypatch.setenv("no_proxy", excepted)
    with pytest.raises(DownloadError, match=r"weights\.invalid cannot be reached"):
        fetch_weights(SOURCE, tmp_path)
    assert server.requests == []


def test_no_proxy_stands_before_this_machine(
    server: WeightsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.invalid:3128")
    assert fetch(server, tmp_path).weights.is_verified


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:9", "ftp://secret@127.0.0.1", "http://a:b:c"]
)
def test_a_proxy_that_cannot_be_spoken_to_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(DownloadError, match="proxy that this machine is set to use") as caught:
        fetch_weights(SOURCE, tmp_path)
    assert "HTTPS_PROXY" in caught.value.fix
    assert "secret" not in str(caught.value)


def test_credentials_reach_the_server_and_no_message(server: WeightsServer, tmp_path: Path) -> None:
    mirror = server.address.replace("//", "//reader:p%40ss@")
    server.plan = ["404"]
    with pytest.raises(DownloadError) as caught:
        fetch_weights(SOURCE, tmp_path, mirror=mirror)
    assert "reader" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)
    assert fetch_weights(SOURCE, tmp_path, mirror=mirror).is_new
    assert asked(server, "Authorization") == ["Basic cmVhZGVyOnBAc3M="] * 2  # reader:p@ss


def test_credentials_are_not_sent_on(server: WeightsServer, tmp_path: Path) -> None:
    with serving() as other:
        other.files["net.h5"] = DATA
        server.plan = [f"to {other.address}net.h5"]
        mirror = server.address.replace("//", "//reader:secret@")
        assert fetch_weights(SOURCE, tmp_path, mirror=mirror).weights.is_verified
        assert asked(other, "Authorization") == [None]
        assert asked(other, "Cookie") == [None]


def test_redirects_are_followed_a_few_times(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["to /net.h5", "to net.h5", f"to {server.address}net.h5"]
    assert fetch(server, tmp_path).weights.is_verified
    assert asked(server, "Cookie") == [None] * 4
    server.plan = ["to /net.h5"] * 20
    with pytest.raises(DownloadError, match="sends on more than 10 times"):
        fetch(server, tmp_path / "again")
    assert len(server.requests) == 4 + 11


def test_what_comes_with_a_redirect_is_not_read(server: WeightsServer, tmp_path: Path) -> None:
    server.plan = ["endless to /net.h5"]
    assert fetch(server, tmp_path).weights.is_verified


@pytest.mark.parametrize("target", ["https://host:secret/", "https://secret" + "a" * 60 + ".org/"])
def test_a_redirect_to_no_address_is_told_without_it(
    server: WeightsServer, tmp_path: Path, target: str
) -> None:
    server.plan = [f"to {target}"]
    with pytest.raises(DownloadError, match="sends on to none") as caught:
        fetch(server, tmp_path)
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "target", ["http://weights.invalid/net.h5", "ftp://127.0.0.1/net.h5", "file:///etc/hostname"]
)
def test_no_redirect_leaves_encryption(server: WeightsServer, tmp_path: Path, target: str) -> None:
    server.plan = [f"to {target}"]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)
    assert visible(tmp_path) == set()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://weights.example.org/", "without encryption"),
        ("http://127.0.0.1.example.org/", "without encryption"),
        ("ftp://weights.example.org/", "not that of a folder"),
        ("file:///srv/weights/", "not that of a folder"),
        ("/srv/weights", "not that of a folder"),
        ("https:///weights/", "not that of a folder"),
        ("https://host:port/", "not that of a folder"),
        ("https://host/?key=secret", "not that of a folder"),
        ("https://host/\nX-Evil: 1", "not that of a folder"),
    ],
)
def test_addresses_that_are_not_asked(address: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=why) as caught:
        fetch_weights(SOURCE, tmp_path / "new", mirror=address)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "127.1.2.3", "[::1]:80"])
def test_this_machine_may_be_asked_without_encryption(host: str) -> None:
    check_address(f"http://{host}/weights/")


def test_a_full_disk_is_found_before_the_first_byte(server: WeightsServer, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"needs 1000000000000 MB .* MB are free"):
        fetch(server, tmp_path, replace(SOURCE, size_bytes=10**18))
    assert server.requests == []


def test_space_is_asked_for_what_is_still_to_come(
    server: WeightsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.h5.part").write_bytes(DATA[:100_000])
    usage = shutil.disk_usage(tmp_path)
    to_come = len(DATA) - 100_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=to_come - 1))
    with pytest.raises(OutputError, match="needs 0 MB"):
        fetch(server, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=to_come))
    assert fetch(server, tmp_path).weights.path.read_bytes() == DATA


def test_a_folder_that_cannot_be_is_a_clear_error(server: WeightsServer, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError) as caught:
        fetch(server, tmp_path / "taken" / "weights")
    assert "--weights-dir" in caught.value.fix
