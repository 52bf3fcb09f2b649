from typing import Any

import pytest

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import MOST_SHARED
from embeat_serve.explanation import explain
from embeat_serve.ranking.candidates import Candidate, Evidence
from embeat_serve.seeds.models import Seed
from tests.support.payloads import track_payload

SEED: TrackPayload = {
    "track_name": "The Seed",
    "artist_names": ["One", "Two"],
    "genres": ["mandopop", "c-pop"],
    "tempo": 120.0,
    "key": 0,
    "mode": 1,
}


def said(*evidence: tuple[str, float | None], blocked_by: str | None = None, **track: Any) -> str:
    items = [Evidence(channel, 0, cosine, 0.5) for channel, cosine in evidence]
    return explain(Candidate(1, items, blocked_by, track_payload(**track)), [Seed(SEED, code=0)])


def test_every_channel_has_its_words():
    assert said(("playlist", 0.9)) == "Often in the same playlists (0.90)."
    assert said(("acoustic", 0.95)) == "Sounds very much alike (0.95)."
    assert said(("same_artist", None), artist_names=["Two", "One"]) == "By Two, too."
    assert said(("related_artist", None)) == "By an artist related to One."
    assert said(("genre_popular", None), genres=["c-pop"]) == "Popular in the genre; both c-pop."


@pytest.mark.parametrize(
    ("cosine", "words"),
    [(0.9, "very much alike"), (0.8, "alike"), (0.6, "somewhat alike"), (0.2, "different")],
)
def test_weak_evidence_is_called_weak(cosine: float, words: str):
    assert said(("acoustic", cosine)).startswith(f"Sounds {words} (")


@pytest.mark.parametrize(
    ("track", "words"),
    [
        ({"tempo": 121.0}, "with the same tempo (121 bpm)"),
        ({"tempo": 128.0}, "with a close tempo (128 bpm)"),
        ({"tempo": 90.0}, ""),
        ({"key": 0, "mode": 1}, "with the same key (C major)"),
        ({"key": 9, "mode": 0}, "with the relative key (A minor)"),
        ({"key": 7, "mode": 1}, "with a neighbouring key (G major)"),
        ({"key": 6, "mode": 1}, ""),
        ({"key": 0, "mode": 0}, ""),
        ({"tempo": 120.0, "key": 0, "mode": 1}, "tempo (120 bpm) and the same key (C major)"),
    ],
)
def test_tempo_and_key(track: dict[str, Any], words: str):
    sentence = said(("acoustic", 0.95), **track)
    assert words in sentence
    assert words or sentence == "Sounds very much alike (0.95)."


@pytest.mark.parametrize(
    ("strength", "confidence", "words"),
    [
        (0.8, 0.9, "Often in the same playlists (0.80)."),
        (0.3, 0.9, "In the same or similar playlists (0.30)."),
        (0.1, 0.9, "Now and then in similar playlists (0.10)."),
        (0.8, 0.1, "Often in the same playlists (0.80), of which there are few."),
        (0.8, 0.0, "Goes with songs of One, or of artists like it (0.80)."),
    ],
)
def test_neighbours_are_said_to_be_as_sure_as_they_are(
    strength: float, confidence: float, words: str
):
    item = Evidence("playlist", 0, None, 0.5, strength, confidence)
    assert explain(Candidate(1, [item]), [Seed(SEED, code=0)]) == words


@pytest.mark.parametrize(
    ("shared", "confidence", "words"),
    [
        (12, 0.9, "12 playlists share it with The Seed."),
        (1, 0.1, "1 playlist shares it with The Seed."),
        (1_200, 0.0, "1,200 playlists share it with songs of One."),
        (MOST_SHARED, 0.9, "65,535 or more playlists share it with The Seed."),
        (0, 0.9, "Played with songs like The Seed (0.30), never yet with it."),
        (0, 0.0, "Goes with songs of One, or of artists like it (0.30)."),
    ],
)
def test_playlists_are_counted_where_they_can_be(shared: int, confidence: float, words: str):
    item = Evidence("playlist", 0, None, 0.5, 0.3, confidence, shared)
    assert explain(Candidate(1, [item]), [Seed(SEED, code=0)]) == words


def test_tempo_and_key_are_said_of_songs_that_were_not_found_by_sound():
    item = Evidence("playlist", 0, None, 0.5, 0.3, 0.9, 12)
    track = track_payload(tempo=120.0, key=0, mode=1, genres=["mandopop"])
    assert explain(Candidate(1, [item], None, track), [Seed(SEED, code=0)]) == (
        "12 playlists share it with The Seed; the same tempo (120 bpm) and the same key (C major); "
        "both mandopop."
    )


def test_a_song_from_outside_the_genre_says_so():
    sentence = said(("acoustic", 0.95), blocked_by="genre", genres=["polka"])
    assert sentence == "Sounds very much alike (0.95); of another genre."


def test_agreement_of_several_seeds():
    seeds = [Seed({**SEED, "track_name": f"Seed {i}"}, code=i) for i in range(3)]
    items = [Evidence("playlist", 0, 0.8, 0.1), Evidence("playlist", 2, 0.9, 0.2)]
    assert explain(Candidate(1, items), seeds) == (
        "Often in the same playlists (0.90); closest to Seed 2, found for 2 of 3 seeds."
    )
