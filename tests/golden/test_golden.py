"""Tables, payloads and lists of the sample lake are those recorded before the house was rebuilt.

``EMBEAT_RECORD_GOLDEN=1`` records them anew. Release names, which follow from the code, and
timings are left out.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

import embeat_serve
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import EmbeatError
from embeat_serve.recommender import Recommender
from tests.golden.questions import questions
from tests.support.recommenders import recommender_on_server

# The client's in-memory mode tells what it does without.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
RECORD = bool(os.environ.get("EMBEAT_RECORD_GOLDEN"))
SERVER_STEP = int(os.environ.get("EMBEAT_GOLDEN_SERVER_STEP", "20"))
"""Every so many questions are asked of the server: the in-memory client takes 3 s each."""
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def on_server(published_lake: LakePaths) -> Iterator[Recommender]:
    """The same release on a server."""
    with recommender_on_server(published_lake) as opened:
        yield opened


def recorded(name: str, found: Any, read_only: bool = False) -> Any:
    path = FOLDER / f"{name}.json.gz"
    text = json.dumps(found, ensure_ascii=False, indent=0)
    if RECORD and not read_only:
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return json.loads(gzip.decompress(path.read_bytes()))


def answer(recommender: Recommender, question: dict[str, Any]) -> dict[str, Any]:
    try:
        found = dict(recommender.recommend(**question).to_dict())
    except EmbeatError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    del found["release"], found["timings_ms"]
    return found


def test_lists_are_those_recorded(published_lake: LakePaths) -> None:
    with embeat_serve.open(lake=published_lake.root) as recommender:
        found = [answer(recommender, question) for question in questions(published_lake)]
    assert sum("error" in one for one in found) < 20
    for number, (ours, before) in enumerate(zip(found, recorded("lists", found), strict=True)):
        assert ours == before, number


def test_lists_from_a_server_are_those_recorded(
    published_lake: LakePaths, on_server: Recommender
) -> None:
    asked = questions(published_lake)
    if RECORD:
        recorded("server", [answer(on_server, question) for question in asked])
    before = recorded("server", None, read_only=True)
    for number in range(0, len(asked), SERVER_STEP):
        assert answer(on_server, asked[number]) == before[number], number


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def test_tables_and_payloads_are_those_recorded(published_lake: LakePaths) -> None:
    digests = {
        path.name: digest(str(parquet.read_table(path).to_pylist()).encode())
        for path in sorted(published_lake.tables.glob("*.parquet"))
    }
    with (
        embeat_serve.open(lake=published_lake.root) as recommender,
        recommender.opened() as release,
    ):
        for collection in (Collection.TRACKS, Collection.TRACKS_PLAYLIST, Collection.ARTISTS):
            ids = range(max(release.store.count(Collection.TRACKS), 10_000))
            hits = sorted(release.store.retrieve(collection, ids, True), key=lambda hit: hit.id)
            content = [[hit.id, sorted(hit.payload.items())] for hit in hits]
            digests[collection] = digest(json.dumps(content, ensure_ascii=False).encode())
    assert digests == recorded("digests", digests)
