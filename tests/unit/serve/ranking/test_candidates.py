import numpy as np
import pytest

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import Candidate, CandidateTable, Evidence
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.scoring import ScoringContext, score_channels
from tests.support.payloads import track_payload
from tests.support.plain_scoring import result_of


@pytest.fixture
def table() -> CandidateTable:
    results = [
        result_of("playlist", 0, {3: 0.9, 5: 0.4}, confidence=0.5),
        result_of("acoustic", 0, {5: None}, cosine=0.25),
        result_of("acoustic", 0, {8: None}, blocked_by="genre"),
    ]
    scorer = ScoringContext(RecallOptions(), DEFAULT_MODEL).scorer(results)
    return score_channels(results, scorer)


def test_evidence_says_what_each_channel_found(table: CandidateTable):
    candidates = {one.id: one for one in table.candidates({3: {}, 5: {}, 8: {}})}
    assert [one.evidence for one in candidates.values()] == [[], [], []]
    table.attach_evidence(candidates.values())
    (playlist,) = candidates[3].evidence
    assert playlist == Evidence(
        "playlist", 0, None, candidates[3].score, strength=0.9, confidence=0.5, shared=None
    )
    of_both = {item.channel: item for item in candidates[5].evidence}
    assert set(of_both) == {"acoustic", "playlist"}
    assert (of_both["acoustic"].cosine, of_both["acoustic"].strength) == (0.25, None)
    assert candidates[8].blocked_by == "genre"
    assert candidates[3].blocked_by is None


def test_scaled_scores_come_with_scaled_contributions(table: CandidateTable):
    candidates = table.candidates({3: {}, 5: {}, 8: {}})
    for candidate in candidates:
        candidate.scale(0.25)
    table.attach_evidence(candidates)
    for candidate, whole in zip(candidates, table.scores, strict=True):
        assert candidate.score == pytest.approx(whole / 4)
        assert sum(item.contribution for item in candidate.evidence) == pytest.approx(whole / 4)


def test_selected_rows_keep_their_scores_and_evidence(table: CandidateTable):
    selected = table.select(np.array([2, 0]))
    assert selected.ids.tolist() == table.ids[[2, 0]].tolist()
    assert selected.scores.tolist() == table.scores[[2, 0]].tolist()
    candidates = selected.candidates({id: {} for id in selected.ids.tolist()})
    selected.attach_evidence(candidates)
    assert all(candidate.evidence for candidate in candidates)


def test_evidence_for_no_candidate_is_no_error(table: CandidateTable):
    table.attach_evidence([])


def test_channels_are_summed_greatest_first():
    evidence = [
        Evidence("acoustic", 0, 0.5, 0.1),
        Evidence("playlist", 0, None, 0.3),
        Evidence("acoustic", 1, 0.4, 0.1),
        Evidence("same_artist", 0, None, 0.0),
    ]
    channels = Candidate(1, evidence, score=0.5).channels()
    assert list(channels.items()) == [("playlist", 0.3), ("acoustic", 0.2)]
    assert set(channels) <= set(CHANNELS)


def test_payload_that_is_not_there_is_none():
    assert Candidate(1).popularity is None
    assert list(Candidate(1).artist_codes) == []
    known = Candidate(1, payload=track_payload(popularity=0, artist_codes=[4, 2]))
    assert (known.popularity, list(known.artist_codes)) == (0, [4, 2])
