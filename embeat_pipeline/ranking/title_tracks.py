"""Find the tracks that fit the name of a held-out playlist: candidates that lists may lack."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.ranking.folds import Fold
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.ranking.title_features import title_fits
from embeat_serve.titles.title_model import TitleModel, TitleProfile


class TitleCandidates(NamedTuple):
    """Tracks that a title finds."""

    title: TitleProfile
    ids: NDArray[np.int64]
    """(n,) track codes, ascending."""


@dataclass(frozen=True)
class TitleTracks:
    """Playlist vectors of v tracks, 256 bytes each: 256 MB for a million, the most there are."""

    model: TitleModel
    codes: NDArray[np.int64]
    """(v,) track codes, ascending."""
    vectors: NDArray[np.float32]
    """(v, 64), 0 where a track has none."""

    @classmethod
    def of(cls, fold: Fold) -> Self:
        """What a fold knows of titles."""
        inputs = fold.model.inputs
        return cls(fold.title_model, inputs.track_codes.astype(np.int64), inputs.vectors)

    def candidates(self, title: str, number: int) -> TitleCandidates | None:
        """Up to ``number`` tracks that fit a title best, and as many that most playlists of such
        names hold; None where nothing is known of the title."""
        profile = self.model.profile(title)
        if not profile.is_known:
            return None
        fits = title_fits(profile, self.vectors)
        best = np.argpartition(-fits, number)[:number] if len(fits) > number else slice(None)
        return TitleCandidates(profile, np.union1d(self.codes[best], profile.matches.best(number)))

    def vectors_of(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, 64) vectors of tracks (n,), 0 where one has none."""
        vectors = np.zeros((len(codes), VECTOR_SIZE), np.float32)
        places = np.searchsorted(self.codes, codes)
        is_known = np.append(self.codes, -1)[places] == codes
        vectors[is_known] = self.vectors[places[is_known]]
        return vectors
