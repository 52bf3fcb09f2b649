"""Query a release under every preset, and under each channel alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import RecommendBatch
from embeat_pipeline.evaluate.systems.base import FUSED, PRODUCT, System, SystemGroup
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions


@dataclass(frozen=True)
class Preset:
    """Options that a release is queried with, and the group the result is shown in."""

    group: SystemGroup
    options: RecallOptions


def release_presets(recall: RecallOptions) -> dict[str, Preset]:
    """What a release is queried with: name of the system -> preset.

    Args:
        recall: the options of users who set nothing.
    """
    no_rules = replace(recall, diversify=False)
    presets = {
        PRODUCT: Preset(SystemGroup.RELEASE, recall),
        FUSED: Preset(SystemGroup.RELEASE, no_rules),
    }
    for name, options in PRESETS.items():
        if options != recall:
            presets[f"preset {name}"] = Preset(SystemGroup.RELEASE, options)
    # By rank, so that the report shows the channel's own order.
    by_rank = no_rules.with_values({"learned": False})
    for channel in CHANNELS:
        presets[channel] = Preset(SystemGroup.CHANNEL, replace(by_rank, channels=(channel,)))
    if recall.uses_neighbour_lists:
        vectors = by_rank.with_values(
            {
                "channels": ("playlist",),
                "playlist_neighbours": False,
                "playlist_min_cosine": -1.0,
            }
        )
        presets["playlist vectors"] = Preset(SystemGroup.CHANNEL, vectors)
    return presets


def evaluate_presets(
    recommend: RecommendBatch,
    presets: Mapping[str, Preset],
    catalogue: Catalogue,
    *,
    queries: Mapping[int, QuerySet],
    k: int,
) -> Iterator[System]:
    """Query a release with each preset.

    Args:
        recommend: client of the release.
        presets: name -> preset, see ``release_presets``.
        catalogue: of the release's lake.
        queries: number of seeds -> queries.
        k: length of the lists.
    """
    for name, preset in presets.items():
        ranked = {}
        for count, query_set in queries.items():
            label = f"{name}, {count} seed{'s' if count > 1 else ''}"
            lists = recommend(catalogue.ids(query_set.seeds), preset.options, k, label)
            ranked[count] = catalogue.codes(lists, k)
        yield System(name, preset.group, ranked, changed_options(preset.options))


def changed_options(options: RecallOptions) -> dict[str, Any]:
    """Options that differ from the defaults: name -> value."""
    default = RecallOptions().to_dict()
    return {name: value for name, value in options.to_dict().items() if value != default[name]}
