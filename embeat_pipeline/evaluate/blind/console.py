"""Format what a blind test holds, and what judges say, as text for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any


def blind_test_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines on a blind test that was made: what to do with it.

    Args:
        result: see ``command.make_test``.
    """
    yield f"blind test {result['test']}: {result['pairs']} pairs of release {result['release']}"
    for line in result["skipped"]:
        yield f"left out: {line}"
    yield f"to judge:  open {result['files']['page']}, or read {result['files']['pairs']}"
    yield f"the key:   {result['files']['key']} (not for judges)"
    yield "to sum up: python -m embeat_pipeline evaluate --verdicts verdicts.json"


def summary_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines on what judges say; each names the judge.

    Args:
        result: see ``summary.summarise``.
    """
    yield f"blind test {result['test']}, {result['pairs']} pairs, ours: release {result['release']}"
    for kind in result["judges"]:
        judge = _judge(kind["judge"], kind["files"])
        for system, strata in kind["systems"].items():
            yield ""
            yield f"judged by {judge}: ours against {system}"
            for stratum, figures in strata.items():
                yield from _tally_lines(kind["judge"], stratum, figures)
    if result["agreement"]:
        yield ""
    for each in result["agreement"]:
        yield _agreement_line(each)


def _judge(judge: str, files: list[str]) -> str:
    count = f", the majority of {len(files)} files" if len(files) > 1 else f" ({files[0]})"
    return f"{judge}{count}"


def _tally_lines(judge: str, stratum: str, figures: Mapping[str, Any]) -> Iterator[str]:
    head = f"  {judge}, {stratum}:"
    yield (
        f"{head} {_count(figures['wins'], 'win')}, {_count(figures['losses'], 'loss', 'losses')}, "
        f"{_count(figures['ties'], 'tie')} of {_count(figures['pairs'], 'pair')}; "
        f"{_decided(figures['decided'])}"
    )
    unfit = figures["unfit"]
    yield (
        f"{head} songs that do not fit, in a list of ours {_interval(unfit['ours'])}, of theirs "
        f"{_interval(unfit['other'])}, difference {_interval(unfit['difference'], '+')}"
    )


def _decided(share: Mapping[str, Any]) -> str:
    if share["share"] is None:
        return "no pair is decided"
    return (
        f"{share['share']:.1%} of decided pairs won [{share['low']:.1%}, {share['high']:.1%}], "
        f"sign test p = {share['p_value']:.3g}"
    )


def _interval(cell: Mapping[str, float], sign: str = "") -> str:
    return f"{cell['mean']:{sign}.2f} [{cell['low']:{sign}.2f}, {cell['high']:{sign}.2f}]"


def _agreement_line(each: Mapping[str, Any]) -> str:
    one, two = (f"{each[name]['judge']} ({each[name]['file']})" for name in ("first", "second"))
    if not each["pairs"]:
        return f"{one} and {two}: no pair in common"
    kappa = "undefined" if each["kappa"] is None else f"{each['kappa']:.2f}"
    return (
        f"{one} and {two} agree on {each['agree']} of {_count(each['pairs'], 'pair')}: "
        f"{each['share']:.1%} [{each['low']:.1%}, {each['high']:.1%}], Cohen's kappa {kappa}"
    )


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
