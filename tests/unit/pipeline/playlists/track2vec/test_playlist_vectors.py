"""Playlist vectors on corpora whose themes are known."""

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import PLAYLIST_VECTORS, PLAYLISTS
from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
from embeat_pipeline.playlists.track2vec.svd_init import factorise, randomised_svd
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE

pytestmark = pytest.mark.slow

THEMES, TRACKS_PER_THEME = 12, 20


def write_playlists(lake: LakePaths, playlists: list[list[int]]) -> None:
    lake.tables.mkdir(parents=True, exist_ok=True)
    rows = [
        {**dict.fromkeys(PLAYLISTS.names), "playlist_code": i, "track_codes": codes}
        for i, codes in enumerate(playlists)
    ]
    pq.write_table(pa.Table.from_pylist(rows, PLAYLISTS), lake.table("playlists"))


def themed_playlists(seed: int = 3) -> list[list[int]]:
    """Each playlist draws nine in ten of its tracks from one theme; codes start at 100."""
    random = np.random.default_rng(seed)
    playlists = []
    for playlist in range(300):
        own = (playlist % THEMES) * TRACKS_PER_THEME + random.permutation(TRACKS_PER_THEME)[:9]
        other = random.integers(0, THEMES * TRACKS_PER_THEME, 1)
        playlists.append(list(dict.fromkeys((100 + np.concatenate([own, other])).tolist())))
    return playlists


@pytest.fixture(scope="module")
def themed_lake(tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    lake = LakePaths(tmp_path_factory.mktemp("themed"))
    write_playlists(lake, themed_playlists())
    return lake


def vectors_of(lake: LakePaths) -> tuple[np.ndarray, np.ndarray]:
    table = pq.read_table(lake.table("playlist_vectors"))
    column = table.column("playlist").combine_chunks()
    vectors = column.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
    return table.column("track_code").to_numpy(), vectors


def theme_precision(lake: LakePaths) -> float:
    """Share of each track's ten nearest neighbours that are of its theme."""
    codes, vectors = vectors_of(lake)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1)[:, :10]
    theme = (codes.astype(int) - 100) // TRACKS_PER_THEME
    return float((theme[nearest] == theme[:, None]).mean())


@pytest.mark.parametrize(
    "config",
    [
        Track2VecConfig(),
        Track2VecConfig(epochs=0),
        Track2VecConfig(initialise=False, epochs=30, learning_rate=0.05, window=20),
    ],
    ids=["both", "factorisation", "skip-gram"],
)
def test_tracks_of_a_theme_are_neighbours(themed_lake: LakePaths, config: Track2VecConfig) -> None:
    train_track2vec(themed_lake, config)
    assert theme_precision(themed_lake) > 0.9


def test_table_is_the_schemas_and_lengths_are_belief(themed_lake: LakePaths) -> None:
    config = Track2VecConfig(weight_shift=10.0, weight_exponent=1.0)
    metadata = train_track2vec(themed_lake, config)
    table = pq.read_table(themed_lake.table("playlist_vectors"))
    assert table.schema.equals(PLAYLIST_VECTORS)
    codes, vectors = vectors_of(themed_lake)
    entries = np.concatenate([np.asarray(codes) for codes in themed_playlists()])
    expected_codes, counts = np.unique(entries, return_counts=True)
    assert codes.tolist() == expected_codes.tolist()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(counts / (counts + 10), abs=1e-5)
    assert metadata["vocabulary"] == len(codes)
    assert metadata["entries"] == len(entries)


def test_same_seed_same_bytes_and_no_work_twice(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    write_playlists(lake, themed_playlists())
    train_track2vec(lake)
    output = lake.table("playlist_vectors")
    first = output.read_bytes()
    assert train_track2vec(lake)["unchanged"]
    output.unlink()
    train_track2vec(lake)
    assert output.read_bytes() == first
    train_track2vec(lake, Track2VecConfig(seed=8))
    assert output.read_bytes() != first


def test_rare_tracks_are_left_out(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    write_playlists(lake, [[1, 2, 3], [1, 2], [2, 1, 9]])
    train_track2vec(lake, Track2VecConfig(min_count=2))
    assert vectors_of(lake)[0].tolist() == [1, 2]


@pytest.mark.parametrize("playlists", [[], [[]], [[5]]])
def test_hardly_any_playlists(tmp_path: Path, playlists: list[list[int]]) -> None:
    lake = LakePaths(tmp_path)
    write_playlists(lake, playlists)
    metadata = train_track2vec(lake)
    codes, vectors = vectors_of(lake)
    assert metadata["vocabulary"] == len(codes) == len({c for row in playlists for c in row})
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("trainer", ["gensim", "torch"])
def test_tracks_that_are_not_trained_take_the_direction_of_their_playlists(
    tmp_path: Path, trainer: Literal["gensim", "torch"]
) -> None:
    lake = LakePaths(tmp_path)
    write_playlists(lake, themed_playlists())
    config = Track2VecConfig(trainer=trainer, max_tracks=120)
    metadata = train_track2vec(lake, config)
    assert (metadata["vocabulary"], metadata["trained"]) == (240, 120)
    codes, vectors = vectors_of(lake)
    assert len(codes) == 240
    assert np.linalg.norm(vectors, axis=1).min() > 0
    assert theme_precision(lake) > 0.8


def test_a_limit_above_the_vocabulary_changes_nothing(tmp_path: Path) -> None:
    files = []
    for name, limit in (("all", 1_000_000), ("exact", 240)):
        lake = LakePaths(tmp_path / name)
        write_playlists(lake, themed_playlists())
        train_track2vec(lake, Track2VecConfig(max_tracks=limit))
        files.append(vectors_of(lake)[1])
    assert np.array_equal(*files)


def test_corpus_keeps_the_order_of_a_playlist(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    write_playlists(lake, [[30, 10, 20], [20, 30]])
    corpus = Corpus.read(lake.table("playlists"), min_count=2)
    assert corpus.track_codes.tolist() == [20, 30]
    assert corpus.counts.tolist() == [2, 2]
    assert corpus.words.tolist() == [1, 0, 0, 1]
    assert corpus.lengths.tolist() == [2, 2]


def test_factorisation_is_the_svds() -> None:
    random = np.random.default_rng(1)
    words = np.concatenate([random.permutation(40)[:8] for _ in range(60)]).astype(np.int32)
    counts = np.bincount(words, minlength=40)
    corpus = Corpus(np.arange(40, dtype=np.uint32), counts, np.arange(0, 481, 8), words)
    matrix = corpus.matrix(random.random(480).astype(np.float32))
    directions, strengths = randomised_svd(matrix, 5, seed=2)
    _, exact, right = np.linalg.svd(matrix.toarray(), full_matrices=False)
    assert strengths == pytest.approx(exact[:5], rel=1e-2)
    overlap = np.abs(np.sum(directions[:, 0] * right[0]))
    assert overlap == pytest.approx(1, abs=1e-2)
    unit = factorise(corpus, VECTOR_SIZE, Track2VecConfig())
    assert np.linalg.norm(unit, axis=1) == pytest.approx(1, abs=1e-5)
    assert not unit[:, 40:].any()


def test_upstreams_parameters() -> None:
    config = Track2VecConfig.upstream()
    assert (config.window, config.negative, config.ns_exponent) == (100, 20, -0.5)
    assert (config.sample, config.min_count, config.epochs) == (1e-3, 10, 60)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        Track2VecConfig(window=0)
