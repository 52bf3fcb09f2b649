import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.evaluate.blind.pairs import (
    PairSide,
    SkipReason,
    arrange,
    make_blind_test,
    skip_lines,
)
from embeat_pipeline.evaluate.blind.records import read_lists
from embeat_serve.errors import NoRelease, UsageError
from tests.support.blind_pairs import made_pair, made_test

groups = st.lists(
    st.tuples(st.sampled_from(["rival", "radio"]), st.sampled_from(["soul", "techno", None])),
    min_size=1,
    max_size=60,
)


@given(groups, st.integers(0, 1_000), st.randoms())
def test_sides_are_balanced_and_depend_on_the_seed_alone(groups, seed, random):
    pairs = [made_pair(number, *group) for number, group in enumerate(groups)]
    arranged = arrange(pairs, seed)
    random.shuffle(pairs)
    assert arrange(pairs, seed) == arranged
    assert sorted(pair.id for pair in arranged) == sorted(pair.id for pair in pairs)
    everywhere = Counter(pair.ours_side for pair in arranged)
    assert abs(everywhere[PairSide.A] - everywhere[PairSide.B]) <= 1
    for group in set(groups):
        sides = Counter(pair.ours_side for pair in arranged if (pair.system, pair.stratum) == group)
        assert abs(sides[PairSide.A] - sides[PairSide.B]) <= 1


def test_another_seed_gives_another_order_and_other_sides():
    pairs = [made_pair(number) for number in range(60)]
    orders = [[pair.id for pair in arrange(pairs, seed)] for seed in (0, 1)]
    sides = [{pair.id: pair.ours_side for pair in arrange(pairs, seed)} for seed in (0, 1)]
    assert orders[0] != orders[1]
    changed = sum(sides[0][pair.id] != sides[1][pair.id] for pair in pairs)
    assert 15 < changed < 45


def test_the_place_in_the_order_does_not_tell_the_side():
    arranged = arrange([made_pair(number) for number in range(400)], 3)
    same_as_before = sum(one.ours_side == two.ours_side for one, two in pairwise(arranged))
    assert 160 < same_as_before < 240


def test_the_id_covers_what_is_shown_and_the_key():
    test = made_test()
    turned = replace(test.pairs[0], ours_side=test.pairs[0].ours_side.opposite)
    renamed = replace(test.pairs[0], system="radio")
    others = [replace(test, pairs=(other, *test.pairs[1:])) for other in (turned, renamed)]
    assert len({test.id, made_test().id, *(other.id for other in others)}) == 3


def test_pairs_have_lists_of_one_length_in_the_order_given(published_lake, rival_lists, catalogue):
    test = make_blind_test(published_lake, read_lists(rival_lists), seed=1)
    assert len(test.pairs) == 8
    assert test.skipped == {}
    assert test.release == published_lake.current.read_text().strip()
    names = dict(catalogue.select("track_id", "track_name").iter_rows())
    lists = [json.loads(line)["tracks"][:3] for line in rival_lists.read_text().splitlines()]
    shown = {tuple(names[track] for track in of_record) for of_record in lists}
    for pair in test.pairs:
        assert len(pair.ours) == len(pair.other) == 5
        assert tuple(song.track_name for song in pair.other[:3]) in shown
        assert pair.other[4].track_name.startswith("Foreign")
        assert pair.list_on(pair.ours_side) == pair.ours
        assert pair.list_on(pair.ours_side.opposite) == pair.other


def test_the_same_file_makes_the_same_test(published_lake, rival_lists):
    records = read_lists(rival_lists)
    tests = [make_blind_test(published_lake, some) for some in (records, records[::-1])]
    assert tests[0].id == tests[1].id


def test_records_that_make_no_pair_are_counted(published_lake, rival_lists, catalogue):
    import embeat_serve

    first, second, third, *_ = read_lists(rival_lists)
    with embeat_serve.open(lake=published_lake.root) as recommender:
        own = recommender.recommend(first.seed, k=5).results
    ids = tuple(replace(first.songs[0], track_id=song.track_id) for song in own)
    records = [
        replace(first, songs=ids),
        replace(second, songs=(replace(second.songs[0], track_id="x" * 22),)),
        replace(third, seed="x" * 22),
        third,
    ]
    test = make_blind_test(published_lake, records)
    assert len(test.pairs) == 1
    assert test.skipped == {
        SkipReason.SEED: ["x" * 22],
        SkipReason.NAMES: [second.seed],
        SkipReason.IDENTICAL: [first.seed],
    }
    assert f"1 {SkipReason.SEED} ({'x' * 22})" in skip_lines(test.skipped)


def test_two_lists_of_one_system_for_one_seed_are_refused(published_lake, rival_lists):
    first, second, *_ = read_lists(rival_lists)
    again = replace(second, seed=first.seed)
    with pytest.raises(UsageError, match="line 2: a second list of rival"):
        make_blind_test(published_lake, [first, again])
    two = make_blind_test(published_lake, [first, replace(again, system="radio")])
    assert {pair.system for pair in two.pairs} == {"rival", "radio"}


def test_a_file_without_a_known_seed_says_how_to_look_one_up(published_lake, rival_lists):
    records = [replace(record, seed=f"{n:022}") for n, record in enumerate(read_lists(rival_lists))]
    with pytest.raises(UsageError, match=r"8 whose seed .*, …\).*python -m embeat_serve"):
        make_blind_test(published_lake, records)


def test_a_lake_without_a_release_says_so(tmp_path, rival_lists):
    from embeat_serve.contract.lake import LakePaths

    with pytest.raises(NoRelease):
        make_blind_test(LakePaths(tmp_path), read_lists(rival_lists))
