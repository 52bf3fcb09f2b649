from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import UsageError
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.settings import Settings
from embeat_serve.upstream_options import UpstreamOptions


def test_upstreams_merge_is_a_preset():
    options = PRESETS["upstream"]
    assert not options.uses_neighbour_lists
    upstream = options.upstream
    assert upstream is not None
    assert upstream.playlist_min_cosine == 0.75
    assert options.min_popularity == 10
    assert upstream.weights("acoustic") == (1.7, 1.0)
    assert upstream.weights("genre_popular") == (1.0, 0.8)
    assert upstream.weights("same_artist") == (1.9, 1.0)
    assert upstream.weights("related_artist") == (1.8, 1.0)
    assert upstream.weights("playlist") == (2.0, 1.2)
    assert options.limits("acoustic") == (10, 512)
    assert {options.limits(name) for name in CHANNELS if name != "acoustic"} == {(2, 128)}
    assert (options.same_artist_min_share, options.same_artist_max_share) == (0.15, 0.20)


def test_options_are_frozen():
    with pytest.raises(FrozenInstanceError):
        RecallOptions().min_popularity = 3  # type: ignore[misc]


def test_channels_have_one_order_and_no_repetition():
    options = RecallOptions(channels=("playlist", "acoustic", "playlist"))
    assert options.channels == ("acoustic", "playlist")
    assert options == RecallOptions(channels=("acoustic", "playlist"))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"channels": ("sound",)}, "sound"),
        ({"channels": ()}, "none"),
        ({"acoustic_limit": 0}, "acoustic_limit"),
        ({"acoustic_factor": 2.5}, "acoustic_factor"),
        ({"playlist_min_cosine": 1.1}, "playlist_min_cosine"),
        ({"playlist_weight_first": float("nan")}, "playlist_weight_first"),
        ({"playlist_weight_first": float("inf")}, "playlist_weight_first"),
        ({"min_popularity": -1}, "min_popularity"),
        ({"min_popularity": "10"}, "min_popularity"),
        ({"other_artist_max_share": 1.5}, "other_artist_max_share"),
        ({"same_artist_min_share": 0.5}, "same_artist_min_share"),
        ({"diversify": 1}, "diversify"),
        ({"max_artist_run": True}, "max_artist_run"),
    ],
)
def test_values_that_mean_nothing_are_refused(changed: dict, named: str):
    with pytest.raises(UsageError, match=named):
        RecallOptions().with_values(changed)


def test_every_option_has_a_variable():
    for name, default in RecallOptions().to_dict().items():
        text = ",".join(default) if isinstance(default, tuple) else str(default)
        settings = Settings.from_environment({f"EMBEAT_{name.upper()}": text})
        assert settings.recall == RecallOptions()


@given(st.floats(-1, 1))
def test_numbers_are_read(cosine: float):
    settings = Settings.from_environment({"EMBEAT_PLAYLIST_MIN_COSINE": repr(cosine)})
    assert settings.recall.to_dict()["playlist_min_cosine"] == cosine


def test_options_of_upstream_leave_the_product_alone_unless_one_is_changed():
    assert RecallOptions().upstream is None
    assert RecallOptions().with_values({"learned": True}).upstream is None
    changed = RecallOptions().with_values({"genre_vote": True, "max_genres": 2})
    assert changed == RecallOptions(max_genres=2, upstream=UpstreamOptions(genre_vote=True))
    assert RecallOptions().with_values(changed.to_dict()) == changed
    with pytest.raises(TypeError):
        RecallOptions().with_values({"genre_votes": True})


def test_lists_and_switches_are_read():
    given = {"EMBEAT_CHANNELS": " playlist, acoustic ,", "EMBEAT_DIVERSIFY": "No"}
    settings = Settings.from_environment(given)
    assert settings.recall.channels == ("acoustic", "playlist")
    assert settings.recall.diversify is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMBEAT_DIVERSIFY", "maybe"),
        ("EMBEAT_MIN_POPULARITY", "ten"),
        ("EMBEAT_MIN_POPULARITY", "1.5"),
        ("EMBEAT_MIN_POPULARITY", "1000"),
        ("EMBEAT_PLAYLIST_MIN_COSINE", "nan"),
        ("EMBEAT_CHANNELS", "playlist,radio"),
        ("EMBEAT_PRESET", "best"),
    ],
)
def test_variables_that_cannot_be_read_are_refused(name: str, value: str):
    with pytest.raises(UsageError):
        Settings.from_environment({name: value})


def test_where_to_look():
    environment = {
        "EMBEAT_LAKE": "lakes/one",
        "EMBEAT_QDRANT_URL": "http://qdrant:6333",
        "EMBEAT_QDRANT_API_KEY": "secret",
        "EMBEAT_UNKNOWN": "ignored",
        "EMBEAT_MIN_POPULARITY": "",
    }
    settings = Settings.from_environment(environment)
    assert settings.lake.root == Path("lakes/one")
    assert settings.qdrant_url == "http://qdrant:6333"
    assert "secret" not in repr(settings)
    assert Settings.from_environment({}).lake.root == Path("data_lake")


def test_what_a_caller_says_goes_before_the_environment():
    settings = Settings.from_environment({"EMBEAT_QDRANT_URL": "http://one:6333"})
    assert settings.with_overrides(lake="here").qdrant_url is None
    assert settings.with_overrides(lake="here").lake.root == Path("here")
    assert settings.with_overrides(url="http://two:6333").qdrant_url == "http://two:6333"
    assert settings.with_overrides() == settings


def test_presets_are_valid_and_the_first_is_the_default():
    assert Settings.from_environment({}).recall == next(iter(PRESETS.values()))
    for name, preset in PRESETS.items():
        assert Settings.from_environment({"EMBEAT_PRESET": name}).recall == preset
        assert set(preset.channels) <= set(CHANNELS)
