import shutil

import numpy as np
import polars as pl

from embeat_pipeline.evaluate.inputs.playlist_names import read_named_split
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.interactions.playlists import id_keys
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.contract.lake import LakePaths
from embeat_serve.seeds.parsing import MAX_TEXT, check_text


def test_every_playlist_keeps_its_own_name(tables_lake):
    data = load_split(tables_lake, SplitOptions())
    split = read_named_split(tables_lake, data)
    table = pl.read_parquet(tables_lake.table("playlists"))
    name_of = dict(zip(id_keys(table["playlist_id"]).tolist(), table["name"], strict=True))
    for named in (split.train, split.validation, split.test):
        assert len(named) > 0
        assert named.names.to_list() == [name_of[key] for key in named.playlists.keys.tolist()]


def test_names_are_ones_that_a_release_can_be_asked_for(tables_lake, tmp_path):
    lake = LakePaths(tmp_path)
    shutil.copytree(tables_lake.tables, lake.tables)
    table = pl.read_parquet(lake.table("playlists"))
    odd = [None, "", "  \t\u2003", "\u0301", "\x1c", " sad songs ", "x" * 900]
    names = pl.Series(odd + table["name"].to_list()[len(odd) :])
    table.with_columns(name=names).write_parquet(lake.table("playlists"))
    data = load_split(lake, SplitOptions(test_share=0, validation_share=0))
    train = read_named_split(lake, data).train
    assert train.names.head(len(odd)).to_list() == [*[""] * 5, "sad songs", "x" * MAX_TEXT]
    assert train.is_named[: len(odd)].tolist() == [False] * 5 + [True] * 2
    assert all(check_text(name) for name in train.names if name)


def test_some_playlists_are_selected_with_their_names(tables_lake):
    train = read_named_split(tables_lake, load_split(tables_lake, SplitOptions())).train
    rows = np.array([5, 2])
    assert train.select(rows).names.to_list() == [train.names[5], train.names[2]]
    mask = np.arange(len(train)) == 2
    assert train.select(mask).names.to_list() == [train.names[2]]
    assert (train.select(mask).playlists.keys == train.playlists.keys[[2]]).all()
