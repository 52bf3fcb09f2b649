"""Uploads and answers through a server that fails in the ways servers do."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeat_pipeline.cli import main
from embeat_pipeline.index.qdrant_retry import RetryPolicy
from embeat_pipeline.index.qdrant_upload import FILES, UploadOptions, upload_to_server
from embeat_pipeline.settings import PipelineSettings
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import NoRelease, StoreUnreachable, UsageError
from embeat_serve.settings import Settings
from embeat_serve.stores.qdrant_connection import connect
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.qdrant_server import ServerStore
from embeat_serve.stores.query import Query
from tests.support.qdrant_stand_in import StandIn, standing_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Api key is used with an insecure"),
]

KEY = "s3cret"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as state:
        yield state


@pytest.fixture
def pauses() -> list[float]:
    """Pauses between attempts, recorded instead of waited for."""
    return []


@pytest.fixture
def options(pauses: list[float]) -> UploadOptions:
    """Six batches for the 600 tracks, and no waiting between attempts."""
    return UploadOptions(batch_points=100, retry=RetryPolicy(sleep=pauses.append))


Upload = Callable[..., dict[str, Any]]


@pytest.fixture
def upload(options: UploadOptions) -> Upload:
    """``upload_to_server`` with those options."""
    return partial(upload_to_server, options=options)


def settings(state: StandIn, **others: Any) -> Settings:
    return Settings(qdrant_url=state.url, **others)


def served(state: StandIn, **others: Any) -> ServerStore:
    return ServerStore.connect(settings(state, **others))


@pytest.mark.parametrize("failure", ["429", "503", "drop before", "drop after", "timeout after"])
def test_every_request_may_fail_once(
    built: tuple[LakePaths, str],
    stand_in: StandIn,
    failure: str,
    pauses: list[float],
    options: UploadOptions,
) -> None:
    lake, release = built
    slow = failure == "timeout after"

    def once_of_each_kind(kind: str, number: int) -> str | None:
        # Slow ones are slow: one of them shows it.
        return failure if number == 2 and (not slow or kind == "PUT /points") else None

    stand_in.fails = once_of_each_kind
    options = replace(options, timeout=1 if slow else options.timeout)
    done = upload_to_server(lake, release, settings(stand_in), options=options)
    assert done == {"release": release, "previous": None, "points": 1020}
    repeated = 1 if slow else len([number for number in stand_in.requests.values() if number > 1])
    assert len(pauses) >= repeated
    assert (3 if failure == "429" else options.retry.first_pause) in pauses
    stand_in.fails = lambda *_: None
    with served(stand_in) as store, EdgeStore(lake.release(release)) as edge:
        for collection in Collection.ALL:
            assert store.count(collection) == edge.count(collection)
        (ours,), (theirs,) = (
            one.query([Query(Collection.TRACKS, 20, like=1, payload=True)]) for one in (edge, store)
        )
        assert [(hit.id, hit.payload) for hit in ours] == [(hit.id, hit.payload) for hit in theirs]


def test_a_server_that_stays_away_is_given_up(
    built: tuple[LakePaths, str],
    stand_in: StandIn,
    upload: Upload,
    pauses: list[float],
    options: UploadOptions,
) -> None:
    stand_in.fails = lambda kind, _: "503" if kind == "PUT /points" else None
    with pytest.raises(StoreUnreachable, match="503 Service Unavailable; try again"):
        upload(*built, settings(stand_in))
    assert stand_in.requests["PUT /points"] == options.retry.attempts
    assert pauses == [1, 2, 4, 8, 16, 32, 60]
    assert stand_in.client.get_aliases().aliases == []
    with pytest.raises(NoRelease):
        served(stand_in)


def test_an_upload_goes_on_where_it_broke_off(
    built: tuple[LakePaths, str], stand_in: StandIn, upload: Upload
) -> None:
    lake, release = built
    # 600 tracks are six batches, so this is the second of tracks_playlist.
    stand_in.fails = lambda kind, number: "503" if kind == "PUT /points" and number > 7 else None
    with pytest.raises(StoreUnreachable):
        upload(lake, release, settings(stand_in))
    stand_in.fails = lambda *_: None
    stand_in.requests.clear()
    assert upload(lake, release, settings(stand_in))["points"] == 320
    assert stand_in.requests["PUT /points"] == 2 + 2 + len(FILES)  # one by one
    with served(stand_in) as store:
        assert store.count(Collection.TRACKS_PLAYLIST) == 300
    assert upload(lake, release, settings(stand_in))["points"] == 0


def test_points_that_got_lost_are_not_served(
    built: tuple[LakePaths, str], stand_in: StandIn, upload: Upload
) -> None:
    lake, release = built
    answer = stand_in.answer

    def losing(method: str, path: str, body: Any) -> Any:
        lost = path.endswith("_tracks/points") and method == "PUT"
        return answer(method, path, {"points": body["points"][1:]} if lost else body)

    stand_in.answer = losing  # type: ignore[method-assign]
    with pytest.raises(StoreUnreachable, match=r"holds 594 points in .*, expected 600"):
        upload(lake, release, settings(stand_in))
    assert stand_in.client.get_aliases().aliases == []


def test_one_batch_is_on_its_way_at_a_time(
    built: tuple[LakePaths, str], stand_in: StandIn, upload: Upload
) -> None:
    running, most = [0], [0]
    answer = stand_in.answer

    def counting(method: str, path: str, body: Any) -> Any:
        running[0] += 1
        most[0] = max(most[0], running[0])
        try:
            return answer(method, path, body)
        finally:
            running[0] -= 1

    stand_in.answer = counting  # type: ignore[method-assign]
    upload(*built, settings(stand_in))
    assert most == [1]


def test_going_back_moves_the_aliases_back(
    built: tuple[LakePaths, str],
    stand_in: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    upload: Upload,
) -> None:
    lake, names = LakePaths(tmp_path), ("a" * 12, "b" * 12)
    for name in names:
        copy_release(*built, lake.release(name))
        upload(lake, name, settings(stand_in))
    lake.tables.symlink_to(built[0].tables)
    (lake.index / "PREVIOUS").write_text(f"{names[0]}\n")
    lake.current.write_text(f"{names[1]}\n")
    stand_in.requests.clear()
    monkeypatch.setenv("EMBEAT_QDRANT_URL", stand_in.url)
    assert main(["rollback", "--lake", str(lake.root)]) == 0
    assert lake.current.read_text() == f"{names[0]}\n"
    with served(stand_in) as store:
        assert store.release == names[0]
    assert stand_in.requests["PUT /points"] == 0


def copy_release(lake: LakePaths, release: str, target: Path) -> None:
    target.mkdir(parents=True)
    for item in lake.release(release).iterdir():
        if item.name != "manifest.json":
            (target / item.name).symlink_to(item)
    replace(Manifest.read(lake.release(release)), release=target.name).write(target)


def test_shards_and_replicas_are_as_set(built: tuple[LakePaths, str], stand_in: StandIn) -> None:
    options = UploadOptions.of(PipelineSettings(qdrant_shards=6, qdrant_replicas=2))
    upload_to_server(*built, settings(stand_in), options=options)
    collections = {
        name: made for name, made in stand_in.created.items() if not name.endswith("_meta")
    }
    assert len(collections) == 3
    for made in stand_in.created.values():
        assert made["replication_factor"] == 2
    for name, made in collections.items():
        assert (made["shard_number"], made["write_consistency_factor"]) == (6, 2)
        (vectors,) = made["vectors"].values()
        weighted = name.endswith("_tracks_playlist")
        assert vectors["distance"] == ("Dot" if weighted else "Cosine")
        assert made["hnsw_config"]["m"] == (0 if weighted else 16)


def test_a_key_is_sent_and_never_shown(
    built: tuple[LakePaths, str], stand_in: StandIn, upload: Upload
) -> None:
    stand_in.key = KEY
    with pytest.raises(StoreUnreachable, match="401 Unauthorized; check EMBEAT_QDRANT_API_KEY"):
        upload(*built, settings(stand_in))
    with pytest.raises(StoreUnreachable) as told:
        upload(*built, settings(stand_in, qdrant_api_key=f"{KEY}x"))
    assert KEY not in str(told.value)
    upload(*built, settings(stand_in, qdrant_api_key=KEY))
    with served(stand_in, qdrant_api_key=KEY) as store:
        assert store.release == built[1]


def test_certificates_are_checked(built: tuple[LakePaths, str], tmp_path: Path) -> None:
    once = UploadOptions(retry=RetryPolicy(attempts=1))
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with standing_in(context) as state:
        with pytest.raises(StoreUnreachable, match="does not answer"):
            upload_to_server(*built, settings(state), options=once)
        assert upload_to_server(*built, settings(state, qdrant_ca=certificate))["points"] == 1020
        with served(state, qdrant_ca=certificate) as store:
            assert store.count(Collection.TRACKS) == 600
    for unreadable in (key, tmp_path / "none.pem"):
        with pytest.raises(UsageError, match=r"EMBEAT_QDRANT_CA names .*; expected a PEM file"):
            connect(Settings(qdrant_url="https://127.0.0.1:1", qdrant_ca=unreadable))


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("429", "has too much to do; try again"),
        ("503", "refused: 503 Service Unavailable; try again"),
        ("drop before", "does not answer"),
        ("timeout after", "does not answer"),
    ],
)
def test_a_query_that_fails_is_one_line_and_the_next_one_works(
    built: tuple[LakePaths, str],
    stand_in: StandIn,
    failure: str,
    told: str,
    upload: Upload,
) -> None:
    upload(*built, settings(stand_in))
    query = Query(Collection.TRACKS, 5, vector=np.ones(64, np.float32))
    client = connect(settings(stand_in), timeout=1)
    with ServerStore(client, stand_in.url) as store:
        stand_in.fails = lambda kind, _: failure if kind.endswith("batch") else None
        with pytest.raises(StoreUnreachable, match=told) as error:
            store.query([query])
        assert "\n" not in str(error.value)
        stand_in.fails = lambda *_: None
        assert len(store.query([query])[0]) == 5
