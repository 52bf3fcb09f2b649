from embeat_serve.filters.compiled import NO_FILTER, compile_filters
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.reranking.constraints import ListRequest
from embeat_serve.reranking.relaxation import RELAXATION_ORDER, constraints_of, relaxations
from embeat_serve.seeds.models import Seed


def names(*seeds: Seed, filters: Filters | None = None, drop_remixes: bool = True) -> list[str]:
    compiled = NO_FILTER
    if filters:
        compiled = compile_filters(filters, genre_codes={}, artist_codes=[], languages=[])
    options = RecallOptions(drop_remixes=drop_remixes)
    return [rule.name for rule in constraints_of(ListRequest(seeds, options, compiled))]


def test_rules_give_way_before_filters():
    assert [rule.name for rule in RELAXATION_ORDER] == [
        "playlist_min_cosine",
        "min_popularity",
        "unique_titles",
        "drop_remixes",
        "album_max_share",
        "other_artist_max_share",
        "same_artist_max_share",
        "spoken",
        "genre",
        "tempo",
        "energy",
        "popularity",
        "year",
        "same_language",
        "instrumental",
        "languages",
        "genres",
        "without_genres",
    ]


def test_a_list_has_only_the_filters_of_its_request():
    filters = Filters(year_min=1990, tempo_max=120, explicit=False)
    assert names(filters=filters)[-3:] == ["genre", "tempo", "year"]


def test_remixes_may_be_listed_if_a_seed_is_one_or_the_option_is_off():
    assert "drop_remixes" in names(Seed({"track_name": "Song"}))
    assert "drop_remixes" not in names(Seed({"track_name": "Song - Remix"}))
    assert "drop_remixes" not in names(drop_remixes=False)


def test_talk_may_be_listed_if_the_seed_is_talk_or_the_list_is_upstreams():
    assert "spoken" in names(Seed({"track_name": "Song"}))
    assert "spoken" not in names(Seed({"track_name": "Song - Commentary"}))
    upstream = ListRequest([], PRESETS["upstream"], NO_FILTER)
    assert "spoken" not in [rule.name for rule in constraints_of(upstream)]


def test_constraints_give_way_one_after_the_other():
    rules = RELAXATION_ORDER[:2]
    steps = [(len(step.enforced), len(step.relaxed)) for step in relaxations(rules)]
    assert steps == [(2, 0), (1, 1), (0, 2)]
