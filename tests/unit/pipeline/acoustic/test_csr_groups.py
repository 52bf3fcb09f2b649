"""Draws from CSR groups."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.acoustic.csr_groups import Groups


@given(st.lists(st.integers(-1, 6), min_size=1, max_size=60), st.integers(0, 2**31))
def test_draws_are_members_and_sizes_are_right(codes: list[int], seed: int) -> None:
    group = torch.tensor(codes, dtype=torch.int32)
    groups = Groups(group, torch.arange(len(codes), dtype=torch.int32))
    asked = torch.arange(-1, 9)
    sizes = groups.size(asked)
    assert sizes.tolist() == [codes.count(code) if code >= 0 else 0 for code in asked.tolist()]
    filled = asked[sizes > 0]
    drawn = groups.draw(filled, 5, torch.Generator().manual_seed(seed))
    assert drawn.shape == (len(filled), 5)
    assert (group[drawn] == filled[:, None]).all()


@given(st.lists(st.integers(-1, 6), max_size=60), st.lists(st.integers(-1, 9), max_size=20))
def test_all_members_are_read_in_order(codes: list[int], asked: list[int]) -> None:
    members = torch.arange(len(codes), dtype=torch.int32)
    place, member = Groups(torch.tensor(codes, dtype=torch.int32), members).members_of(
        torch.tensor(asked, dtype=torch.int32)
    )
    expected = [
        (number, index)
        for number, group in enumerate(asked)
        for index, code in enumerate(codes)
        if code == group >= 0
    ]
    assert list(zip(place.tolist(), member.tolist(), strict=True)) == expected


def test_every_member_is_drawn_about_equally_often() -> None:
    groups = Groups(torch.tensor([1, 0, 1, 1, 1]), torch.tensor([10, 11, 12, 13, 14]).int())
    drawn = groups.draw(torch.tensor([1]), 40_000, torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn[0], minlength=15)[[10, 12, 13, 14]] / 40_000
    assert (shares - 0.25).abs().max() < 0.02
