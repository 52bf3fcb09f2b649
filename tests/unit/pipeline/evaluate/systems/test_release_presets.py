from dataclasses import replace

from embeat_pipeline.evaluate.systems.base import FUSED, PRODUCT, SystemGroup
from embeat_pipeline.evaluate.systems.release_presets import changed_options, release_presets
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions


def test_every_channel_is_queried_alone_and_by_rank():
    presets = release_presets(RecallOptions())
    for channel in CHANNELS:
        assert presets[channel].group is SystemGroup.CHANNEL
        assert presets[channel].options.channels == (channel,)
        assert not presets[channel].options.diversify
        assert changed_options(presets[channel].options)["learned"] is False


def test_the_product_has_the_options_of_users_and_fused_has_no_rules():
    recall = replace(RecallOptions(), min_popularity=3)
    presets = release_presets(recall)
    assert presets[PRODUCT].options == recall
    assert presets[FUSED].options == replace(recall, diversify=False)


def test_presets_are_shown_unless_they_are_the_product():
    names = set(release_presets(PRESETS["default"]))
    assert "preset default" not in names
    assert {f"preset {name}" for name in PRESETS if name != "default"} <= names


def test_only_options_that_differ_are_named():
    assert changed_options(RecallOptions()) == {}
    assert changed_options(replace(RecallOptions(), diversify=False)) == {"diversify": False}
