"""Say what music is played in playlists of a title: open this file to see how a title is read.

A title is a sum of terms (``contract.title_terms``), and every term has a place in the spaces that
songs have a place in: playlist vectors, sound, genres. ``embeat_pipeline.playlists.titles`` learns
the places by ridge regression from the titles of a lake's playlists. So a title that nobody has
used finds its kin, and songs in no playlist are reached through their sound.
"""

import zipfile
from dataclasses import dataclass, fields
from io import BytesIO
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import GENRE_VECTOR_SIZE, VECTOR_SIZE
from embeat_serve.contract.title_terms import title_terms
from embeat_serve.titles.phrase_tracks import NO_MATCHES, PhraseTracks, TitleMatches

SPACES = {"playlist": VECTOR_SIZE, "acoustic": VECTOR_SIZE, "genre": GENRE_VECTOR_SIZE}
"""Space -> dimensions, in the order of the columns of ``TitleModel.weights``."""

COLUMNS = sum(SPACES.values())

LEAST_KNOWLEDGE = 0.25
"""Share of a title that must be known terms for it to say anything."""

_ARRAYS = ("terms", "rarity", "unknown_rarity", "weights", "mean")
_PREFIX = "phrase_"

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading bytes raises that are not those of a model."""


@dataclass(frozen=True)
class TitleProfile:
    """What a title says of the songs of its playlist."""

    title: str
    knowledge: float
    """0..1: share of the title that titles of the lake's playlists know."""
    playlist: NDArray[np.float32]
    """(64,) unit vector: its dot product with a playlist vector of length w is how well a track
    fits, divided by w."""
    acoustic: NDArray[np.float32]
    """(64,) unit vector: the mean sound."""
    genre: NDArray[np.float32]
    """(32,) unit vector: the mean genre."""
    matches: TitleMatches = NO_MATCHES
    """What playlists with phrases of the title in their names hold."""

    @property
    def is_known(self) -> bool:
        """Whether the title says enough to find songs by."""
        return self.knowledge >= LEAST_KNOWLEDGE


@dataclass(frozen=True)
class TitleModel:
    """The place of every term.

    With t terms it takes 350 bytes a term: 35 MB for the 100,000 terms that it has at most; and up
    to 24 MB for the tracks of phrases.

    Attributes:
        terms: (t,) text of up to six characters, ascending.
        rarity: (t,) float32, weight of a term: the rarer in titles, the more it says.
        unknown_rarity: weight of a term that no two titles have.
        weights: (t, 160) float16, what a term adds in each of ``SPACES``.
        mean: (160,) float32, the place of a title without terms.
        phrases: tracks of playlists whose names hold a phrase.
    """

    terms: NDArray[np.str_]
    rarity: NDArray[np.float32]
    unknown_rarity: NDArray[np.float32]
    weights: NDArray[np.float16]
    mean: NDArray[np.float32]
    phrases: PhraseTracks

    @classmethod
    def empty(cls) -> Self:
        """A model that knows no title."""
        return cls(
            np.zeros(0, "U6"),
            np.zeros(0, np.float32),
            np.ones(1, np.float32),
            np.zeros((0, COLUMNS), np.float16),
            np.zeros(COLUMNS, np.float32),
            PhraseTracks.empty(),
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: these are not the bytes of a title model.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            of_phrases = {
                field.name: arrays[_PREFIX + field.name] for field in fields(PhraseTracks)
            }
            phrases = PhraseTracks(**of_phrases)
            model = cls(**{name: arrays[name] for name in _ARRAYS}, phrases=phrases)
        except _UNREADABLE as error:
            raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None
        phrases.validate()
        shape = (len(model.terms), COLUMNS)
        if model.weights.shape != shape or model.rarity.shape != shape[:1]:
            raise ValueError(f"weights of shape {model.weights.shape}, expected {shape}")
        if model.mean.shape != (COLUMNS,) or model.unknown_rarity.shape != (1,):
            raise ValueError(f"mean of shape {model.mean.shape}, expected {(COLUMNS,)}")
        return model

    def to_bytes(self) -> bytes:
        """An uncompressed ``.npz`` file without dates: the same bytes for the same model."""
        arrays = {name: getattr(self, name) for name in _ARRAYS} | {
            _PREFIX + field.name: getattr(self.phrases, field.name)
            for field in fields(PhraseTracks)
        }
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, array in arrays.items():
                content = BytesIO()
                np.save(content, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
        return buffer.getvalue()

    def profile(self, title: str) -> TitleProfile:
        """What a title says; the less of it is known, the nearer it is to any playlist."""
        counts = title_terms(title)
        texts = np.array(list(counts), "U6")
        place = np.minimum(np.searchsorted(self.terms, texts), max(len(self.terms) - 1, 0))
        is_known = np.append(self.terms, "")[place] == texts
        rarity = np.append(self.rarity, self.unknown_rarity)
        rarity = rarity[np.where(is_known, place, len(self.terms))]
        weights = term_weights(np.array(list(counts.values()), np.float32)) * rarity
        length = max(float(np.linalg.norm(weights)), 1e-9)
        shares = (weights / length)[is_known]
        of_terms = self.weights[place[is_known]].astype(np.float32)
        point = self.mean + shares.astype(np.float32) @ of_terms
        ends = np.cumsum(list(SPACES.values()))[:-1]
        playlist, acoustic, genre = map(_unit, np.split(point, ends))
        knowledge, matches = float((shares**2).sum()), self.phrases.matches(title)
        return TitleProfile(title, knowledge, playlist, acoustic, genre, matches)


def term_weights(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights of terms that come up so often in one title, before their rarity: 1 + log(count)."""
    return 1 + np.log(counts)


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
