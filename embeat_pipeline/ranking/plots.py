"""Plot how the trees grew and what they look at, for the Dagster UI."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from embeat_pipeline.common.plots import COLOURS, new_figure


def plot_ranking_model(curve: Sequence[float], importances: Mapping[str, float]) -> Figure:
    """Draw nDCG@20 by number of trees, above what each feature gained.

    Args:
        curve: one value per tree.
        importances: feature -> share of the gain, greatest first.
    """
    figure = new_figure(6.4, 7.2)
    above, below = figure.subplots(2, 1, height_ratios=(1, 2))
    above.plot(range(1, len(curve) + 1), curve, color=COLOURS["accent"])
    above.set_title("nDCG@20 on validation playlists, by number of trees", loc="left")
    names = list(importances)
    below.barh(names, [importances[name] for name in names], color=COLOURS["accent"])
    below.invert_yaxis()
    below.set_title("share of what all comparisons gained", loc="left")
    return figure
