"""Batches drawn by upstream's recipe and by metadata."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from embeat_pipeline.acoustic.config import OtherPositives, TrainingConfig
from embeat_pipeline.acoustic.dataset import TrainingTracks, load_training_tracks
from embeat_pipeline.acoustic.pairs.metadata_pairs import MetadataPairSampler, related_artists
from embeat_pipeline.acoustic.pairs.sampler import PairSampler
from embeat_pipeline.acoustic.pairs.upstream_pairs import UpstreamPairSampler
from embeat_pipeline.acoustic.pairs.upstream_positives import PositiveTest
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError

ARTISTS = 60
CONFIG = TrainingConfig(batch_size=256, candidates=8, validation_artists=0.05, test_artists=0.05)


@pytest.fixture(scope="module")
def tracks(acoustic_lake: LakePaths) -> TrainingTracks:
    return load_training_tracks(
        acoustic_lake.table("tracks"),
        acoustic_lake.table("artist_genres"),
        CONFIG,
        torch.device("cpu"),
    )


@pytest.fixture(params=["upstream", "metadata"])
def new_sampler(
    request: pytest.FixtureRequest, tracks: TrainingTracks, acoustic_lake: LakePaths
) -> Callable[[TrainingConfig], PairSampler]:
    if request.param == "upstream":
        return lambda config: UpstreamPairSampler(tracks, config)
    return lambda config: MetadataPairSampler(tracks, config, acoustic_lake.table("playlists"))


def test_batches_are_full_and_repeat_under_their_seed(
    new_sampler: Callable[[TrainingConfig], PairSampler],
) -> None:
    first, again = new_sampler(CONFIG), new_sampler(CONFIG)
    other = new_sampler(TrainingConfig(batch_size=256, seed=8))
    batches = [sampler.draw() for sampler in (first, again, other)]
    assert [len(batch.anchors) for batch in batches] == [256] * 3
    assert [len(batch.positives) for batch in batches] == [256] * 3
    assert batches[0].anchors.equal(batches[1].anchors)
    assert batches[0].positives.equal(batches[1].positives)
    assert not batches[0].anchors.equal(batches[2].anchors)
    assert not batches[0].anchors.equal(first.draw().anchors)


def test_no_held_out_artist_and_no_re_release_is_drawn(
    new_sampler: Callable[[TrainingConfig], PairSampler], tracks: TrainingTracks
) -> None:
    assert tracks.held_out.any()
    sampler = new_sampler(CONFIG)
    for _ in range(5):
        pairs = sampler.draw()
        assert not tracks.held_out[pairs.anchors].any()
        assert not tracks.held_out[pairs.positives].any()
        assert (tracks.recording[pairs.anchors] != tracks.recording[pairs.positives]).all()


def test_other_positives_are_left_out(tracks: TrainingTracks, dense: Any) -> None:
    sampler = MetadataPairSampler(tracks, CONFIG)
    pairs = sampler.draw()
    assert sampler.relations(pairs)(slice(0, 256)).positives is None
    _, masked = dense(sampler.relations(pairs), 256)
    same = tracks.artist[pairs.anchors][:, None] == tracks.artist[pairs.positives]
    assert masked.equal(same & ~torch.eye(256, dtype=torch.bool))


@pytest.mark.parametrize("recipe", ["upstream", "metadata"])
def test_relations_are_those_of_every_pair_by_itself(
    recipe: str, tracks: TrainingTracks, dense: Any
) -> None:
    config = replace(CONFIG, other_positives="together")
    sampler = {"upstream": UpstreamPairSampler, "metadata": MetadataPairSampler}[recipe](
        tracks, config
    )
    pairs = sampler.draw()
    positive, masked = dense(sampler.relations(pairs), 256)
    left, right = pairs.anchors, pairs.positives

    def same(code: torch.Tensor) -> torch.Tensor:
        return (code[left][:, None] == code[right]) & (code[right] >= 0)

    artist, album, recording = map(same, (tracks.artist, tracks.album, tracks.recording))
    if recipe == "upstream":
        expected = PositiveTest(tracks, config)(left[:, None], right)[0].fill_diagonal_(True)
        expected_masked = (artist | album | recording) & ~expected
    else:
        expected = ((artist | album) & ~recording).fill_diagonal_(True)
        expected_masked = recording & ~torch.eye(256, dtype=torch.bool)
    assert positive.equal(expected)
    assert masked.equal(expected_masked)
    assert positive.sum() > 256
    assert masked.any()


def test_similar_pairs_pass_the_test_and_share_a_group(tracks: TrainingTracks) -> None:
    sampler = UpstreamPairSampler(tracks, CONFIG)
    pairs = sampler.draw()
    assert PositiveTest(tracks, CONFIG)(pairs.anchors, pairs.positives)[0].all()
    left, right = pairs.anchors, pairs.positives
    same_album = (tracks.album[left] == tracks.album[right]) & (tracks.album[left] >= 0)
    same_artist = tracks.artist[left] == tracks.artist[right]
    same_genre = tracks.genre[left] == tracks.genre[right]
    assert (same_album | same_artist | same_genre).all()
    # A fifth of the albums is unknown: those anchors fall back to the artist.
    assert 0.6 < same_album.float().mean() < 0.99


def test_without_fallback_only_albums_and_genres_are_drawn(tracks: TrainingTracks) -> None:
    config = TrainingConfig(batch_size=256, fallback="none", genre_share=0.0)
    pairs = UpstreamPairSampler(tracks, config).draw()
    assert (tracks.album[pairs.anchors] == tracks.album[pairs.positives]).all()
    assert (tracks.album[pairs.anchors] >= 0).all()


def test_genre_share_is_the_share_of_genre_draws(make_tracks: Any) -> None:
    # Albums of two; genre mates of all. Whoever is not the album mate came from the genre.
    tracks = make_tracks(400, album=np.arange(400) // 2, artist=np.arange(400) // 2)
    config = TrainingConfig(batch_size=4000, genre_share=0.25, candidates=4)
    pairs = UpstreamPairSampler(tracks, config).draw()
    from_genre = tracks.album[pairs.anchors] != tracks.album[pairs.positives]
    # Candidates that are the anchor itself fail: 1 in 16 album draws comes to nothing.
    assert abs(from_genre.float().mean() - 0.25 / (0.25 + 0.75 * 15 / 16)) < 0.03


def test_the_cheapest_candidate_wins(make_tracks: Any) -> None:
    energy = np.array([0.50, 0.60, 0.55, 0.52])
    popularity = np.array([0.0, 1.0, 0.0, 0.0])
    tracks = make_tracks(4, {"energy": energy}, popularity=popularity)
    config = TrainingConfig(batch_size=200, candidates=64)
    pairs = UpstreamPairSampler(tracks, config).draw()
    # From track 0: distance .1 at weight 1 beats .02 at weight .1.
    assert (pairs.positives[pairs.anchors == 0] == 1).all()


def test_bonuses_prefer_the_album(make_tracks: Any) -> None:
    energy = np.array([0.500, 0.550, 0.501])
    tracks = make_tracks(
        3, {"energy": energy}, album=[0, 0, 1], artist=[0, 0, 0], popularity=np.ones(3)
    )
    config = TrainingConfig(batch_size=300, candidates=64, genre_share=1.0)
    pairs = UpstreamPairSampler(tracks, config).draw()
    # .05 less the album's .08 costs less than .001.
    assert (pairs.positives[pairs.anchors == 0] == 1).all()


def test_missing_albums_and_artists_mask_nothing(make_tracks: Any, dense: Any) -> None:
    tracks = make_tracks(
        200, {"energy": np.linspace(0, 1, 200)}, album=-1, artist=-1, genre=np.arange(200) // 2
    )
    sampler = UpstreamPairSampler(tracks, TrainingConfig(batch_size=128, candidates=8))
    pairs = sampler.draw()
    _, masked = dense(sampler.relations(pairs), 128)
    same_track = pairs.anchors[:, None] == pairs.positives
    assert masked.equal(same_track)


def test_speech_is_neither_anchor_nor_positive(make_tracks: Any) -> None:
    speechiness = np.where(np.arange(100) % 2, 0.05, 0.25)
    tracks = make_tracks(100, {"speechiness": speechiness})
    pairs = UpstreamPairSampler(
        tracks, TrainingConfig(batch_size=256, max_difference=(1.0,) * 6)
    ).draw()
    assert (pairs.anchors % 2 == 1).all()
    assert (pairs.positives % 2 == 1).all()


@pytest.mark.parametrize("sampler", [UpstreamPairSampler, MetadataPairSampler])
def test_tracks_that_share_nothing_are_refused(
    sampler: type[PairSampler], make_tracks: Any
) -> None:
    alone = np.arange(50)
    tracks = make_tracks(50, album=alone, artist=alone, genre=alone)
    with pytest.raises(PipelineError, match="none of 50 tracks"):
        sampler(tracks, CONFIG)


def test_pairs_that_never_pass_are_given_up(make_tracks: Any) -> None:
    tracks = make_tracks(50, {"energy": np.linspace(0, 1, 50)})
    config = TrainingConfig(batch_size=8, max_distance=1e-6)
    with pytest.raises(PipelineError, match="found 0 of 8 training pairs"):
        UpstreamPairSampler(tracks, config).draw()


def test_one_supervision_source_alone_gives_all_pairs(
    tracks: TrainingTracks, acoustic_lake: LakePaths
) -> None:
    playlists, related = map(acoustic_lake.table, ("playlists", "related_artists"))

    def draw(*weights: float) -> tuple[torch.Tensor, torch.Tensor]:
        config = TrainingConfig(batch_size=256, supervision_weights=weights)
        pairs = MetadataPairSampler(tracks, config, playlists, related).draw()
        return pairs.anchors, pairs.positives

    left, right = draw(1, 0, 0)
    assert (tracks.album[left] == tracks.album[right]).all()
    left, right = draw(0, 1, 0)
    assert (tracks.artist[left] == tracks.artist[right]).all()
    left, right = draw(0, 0, 1)
    # The lake's playlists hold artists of one remainder modulo 6 each.
    assert (tracks.artist[left] % 6 == tracks.artist[right] % 6).all()
    assert (tracks.artist[left] != tracks.artist[right]).any()
    left, right = draw(0, 0, 0, 1)
    edges = {tuple(pair) for pair in zip(*map(Tensor.tolist, edges_of(acoustic_lake)), strict=True)}
    found = set(zip(tracks.artist[left].tolist(), tracks.artist[right].tolist(), strict=True))
    assert found <= edges
    assert len(found) > len(edges) / 3
    left, right = draw(0, 0, 0, 0, 1)
    assert (tracks.genre[left] == tracks.genre[right]).all()
    assert (tracks.artist[left] != tracks.artist[right]).any()


def edges_of(lake: LakePaths) -> tuple[Tensor, Tensor]:
    return related_artists(lake.table("related_artists"), torch.device("cpu"))


def test_related_artists_are_read_in_both_orders_and_once(acoustic_lake: LakePaths) -> None:
    left, right = edges_of(acoustic_lake)
    table = pq.read_table(acoustic_lake.table("related_artists"))
    ahead = zip(*(table[name].to_pylist() for name in table.column_names[:2]), strict=True)
    found = list(zip(left.tolist(), right.tolist(), strict=True))
    assert found == sorted({pair for one, two in ahead for pair in ((one, two), (two, one))})


@given(
    seed=st.integers(0, 2**31),
    weights=st.sampled_from([(1, 1, 1, 1, 0), (1, 1, 0, 0, 1), (1, 0, 0, 2, 0.5)]),
    form=st.sampled_from(["left out", "averaged"]),
)
@settings(max_examples=25)
def test_what_teaches_is_no_negative(
    seed: int,
    weights: tuple[float, ...],
    form: OtherPositives,
    tracks: TrainingTracks,
    acoustic_lake: LakePaths,
    dense: Any,
) -> None:
    config = replace(CONFIG, seed=seed, supervision_weights=weights, other_positives=form)
    sampler = MetadataPairSampler(tracks, config, None, acoustic_lake.table("related_artists"))
    pairs = sampler.draw()
    positive, masked = dense(sampler.relations(pairs), 256)
    left, right = tracks.artist[pairs.anchors], tracks.artist[pairs.positives]
    related = torch.zeros(ARTISTS, ARTISTS, dtype=torch.bool)
    if weights[3]:
        one, two = edges_of(acoustic_lake)
        related[one.long(), two.long()] = True
    kin = related[left.long()[:, None], right.long()]
    genre = tracks.genre[pairs.anchors][:, None] == tracks.genre[pairs.positives]
    expected = kin | (genre & bool(weights[4])) | (left[:, None] == right)
    # Kin that was held out of training is drawn by nobody.
    assert (positive | masked).equal(expected | torch.eye(256, dtype=torch.bool))


def test_anchors_crowd_into_a_few_genres(make_tracks: Any) -> None:
    count = 20_000
    genre = np.arange(count) % 500 - 1
    tracks = make_tracks(count, album=np.arange(count) // 2, artist=np.arange(count), genre=genre)
    config = TrainingConfig(batch_size=1000, genre_anchors=0.5)
    pairs = MetadataPairSampler(tracks, config).draw()
    sizes = torch.bincount(tracks.genre[pairs.anchors].long() + 1, minlength=501).sort().values
    # Found in one go, or in two of 4 genres each.
    assert 350 < sizes[-8:].sum() < 650
    assert sizes[-12] < 12
    assert (pairs.anchors // 2 == pairs.positives // 2).all()


def test_where_no_genre_is_known_anchors_stay(make_tracks: Any) -> None:
    tracks = make_tracks(100, album=np.arange(100) // 2, artist=np.arange(100), genre=-1)
    batches = [
        MetadataPairSampler(tracks, TrainingConfig(batch_size=50, genre_anchors=share)).draw()
        for share in (0.0, 0.5)
    ]
    assert batches[0].anchors.equal(batches[1].anchors)
