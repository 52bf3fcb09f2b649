"""Spelling variants of genre names."""

from pathlib import Path

import polars as pl
import pytest

from embeat_pipeline.genres.spelling_variants import genre_key, spelling_variants


def keys(*names: str) -> list[str]:
    return pl.DataFrame({"name": names}).select(genre_key(pl.col("name"))).to_series().to_list()


@pytest.mark.parametrize(
    "spellings",
    [
        ("R&B", "r & b", "r and b"),
        ("hip-hop", "Hip Hop", "hiphop"),
        ("drum & bass", "Drum and Bass", "drum'n'bass", "drum n bass"),
        ("música mexicana", "Musica Mexicana"),
        ("children's music", "childrens music", "children s music"),
    ],
)
def test_one_key_for_every_spelling(spellings: tuple[str, ...]) -> None:
    assert len(set(keys(*spellings))) == 1


def test_other_genres_keep_their_own_key() -> None:
    names = ("hip hop", "trip hop", "n", "and", "新世紀", "???", "k-pop", "pop")
    found = keys(*names)
    assert len(set(found)) == len(names)
    assert all(found)


def write_map(path: Path, rows: list[tuple[str, float | None]]) -> Path:
    frame = pl.DataFrame(
        {"genre": [name for name, _ in rows], "x": [place for _, place in rows]},
        schema={"genre": pl.String, "x": pl.Float32},
    )
    codes = pl.int_range(pl.len(), dtype=pl.UInt32)
    frame.with_columns(genre_code=codes, y="x").write_parquet(path)
    return path


def test_only_labels_off_the_map_become_others(tmp_path: Path) -> None:
    path = write_map(
        tmp_path / "map.parquet",
        [
            ("hip hop", 0.1),
            ("new-wave", 0.2),
            ("new wave", 0.3),
            ("Hip-Hop", None),
            ("newwave", None),  # which of the two?
            ("doom jazz", None),
            ("Doom-Jazz", None),
        ],
    )
    found = spelling_variants(path)
    assert found.rows() == [(3, 0, "Hip-Hop", "hip hop"), (6, 5, "Doom-Jazz", "doom jazz")]


def test_an_empty_map_has_no_variants(tmp_path: Path) -> None:
    assert spelling_variants(write_map(tmp_path / "map.parquet", [])).is_empty()
