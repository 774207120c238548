"""Tiers from paired comparisons."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.comparison import rank_tiers
from hilum.evaluation.results import PairedComparison


def pair(a, b, tied):
    return PairedComparison(
        a=a, b=b, accuracy_difference=0.1, auroc_difference=0.1, mcnemar_p=0.5, delong_p=0.5,
        adjusted_p=1.0, tied=tied,
    )  # fmt: skip


def pairs(names, apart):
    return [pair(a, b, {a, b} not in apart) for a, b in combinations(names, 2)]


def test_all_tied_are_one_tier():
    assert rank_tiers("abc", pairs("abc", [])) == (("a", "b", "c"),)


def test_all_apart_are_tiers_of_one():
    apart = [set(both) for both in combinations("abc", 2)]
    assert rank_tiers("abc", pairs("abc", apart)) == (("a",), ("b",), ("c",))


def test_a_chain_of_ties_is_cut_where_the_first_is_better():
    """A ties b and b ties c, and a is better than c: c opens the second tier."""
    assert rank_tiers("abc", pairs("abc", [{"a", "c"}])) == (("a", "b"), ("c",))


def test_one_of_the_middle_may_fall_behind_a_worse_one():
    assert rank_tiers("abcd", pairs("abcd", [{"a", "b"}])) == (("a", "c", "d"), ("b",))


def test_pairs_may_be_given_either_way_round():
    turned = [pair("c", "a", False), pair("b", "a", True), pair("c", "b", True)]
    assert rank_tiers("abc", turned) == (("a", "b"), ("c",))


def test_one_backbone_is_one_tier_and_none_is_none():
    assert rank_tiers(["only"], []) == (("only",),)
    assert rank_tiers([], []) == ()


def test_refuses_what_was_not_compared_and_who_is_named_twice():
    with pytest.raises(ValueError, match="a was not compared with c"):
        rank_tiers("abc", pairs("ab", []))
    with pytest.raises(ValueError, match="one place"):
        rank_tiers("aab", pairs("ab", []))


@given(st.sets(st.sampled_from([frozenset(both) for both in combinations("abcdef", 2)])))
def test_everybody_has_one_place_and_is_tied_with_the_first_of_the_tier(apart):
    tiers = rank_tiers("abcdef", pairs("abcdef", apart))
    assert sorted(name for tier in tiers for name in tier) == list("abcdef")
    for index, (first, *others) in enumerate(tiers):
        assert all({first, other} not in apart for other in others)
        later = [name for tier in tiers[index + 1 :] for name in tier]
        assert all({first, name} in apart for name in later)
