"""How often tests find a difference: where there is none, and where there is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from hilum.evaluation.comparison import (
    delong_test,
    films_for_delong,
    films_for_mcnemar,
    mcnemar_test,
)
from hilum.evaluation.discrimination import delong_aurocs
from hilum.evaluation.subgroups import compare_levels
from scored import score_films
from simulations.counting import compare_both, count_findings, draw_scores, middle_between
from simulations.drawing import SimulatedRow, patients_of_films
from simulations.learners import simulate_learners

# Films of the cohort from which a difference's true variance is taken.
_MANY_FILMS = 20_000


def simulate_given(
    films: int, n_simulations: int = 2000, aurocs: Sequence[float] = (0.7, 0.85, 0.95)
) -> list[SimulatedRow]:
    """Two equally good scores that were given in advance, films of different patients."""
    rows = []
    for auroc in aurocs:
        for mix, share in {"balanced": 0.5, "14 to 18": 14 / 32}.items():
            is_positive = np.arange(films) < round(share * films)

            def p_values(
                rng: np.random.Generator,
                is_positive: Bool[np.ndarray, " films"] = is_positive,
                auroc: float = auroc,
            ) -> dict[str, float]:
                groups = np.arange(len(is_positive))
                scores = draw_scores(is_positive, groups, (auroc, auroc), rng)
                return compare_both(is_positive, scores, groups)

            setting = f"AUROC {auroc}, {mix}"
            rows += count_findings(p_values, films, setting, n_simulations)
    return rows


def simulate_patients(n_patients: int, n_simulations: int = 2000) -> list[SimulatedRow]:
    """The same where patients have one to four films that are alike."""
    groups = patients_of_films(n_patients)
    is_positive = groups % 2 == 0
    films = np.arange(len(groups))

    def p_values(rng: np.random.Generator) -> dict[str, float]:
        scores = draw_scores(is_positive, groups, (0.85, 0.85), rng)
        over_groups = compare_both(is_positive, scores, groups)
        as_if = compare_both(is_positive, scores, films)
        return {
            **{f"{name}, over patients": p for name, p in over_groups.items()},
            **{f"{name}, films as independent": p for name, p in as_if.items()},
        }

    return count_findings(
        p_values, len(groups), f"{n_patients} patients, AUROC 0.85", n_simulations
    )


def simulate_subgroups(
    n_patients: int, n_simulations: int = 2000, n_permutations: int = 199
) -> list[SimulatedRow]:
    """Levels that mean nothing: of two or three, even or small, of patients or of films."""
    rng = np.random.default_rng(n_patients)
    mixes = {"two even levels": (0.5, 0.5), "levels of 80, 15 and 5 %": (0.8, 0.15, 0.05)}
    singles = np.arange(n_patients)
    rows = []
    for mix, shares in mixes.items():
        levels = rng.choice(len(shares), p=shares, size=n_patients)
        for cohort, groups in {
            "single films": singles,
            "1 to 4 films a patient": patients_of_films(n_patients),
        }.items():
            rows += count_findings(
                lambda draw, groups=groups, levels=levels: _test_levels(
                    draw.permutation(levels)[groups], groups, n_permutations, draw
                ),
                len(groups),
                f"{cohort}, {mix}",
                n_simulations,
            )
    # A tenth of the patients with one film each, on a level of their own; four films elsewhere.
    is_single = singles % 20 < 2
    groups = np.repeat(singles, np.where(is_single, 1, 4))
    setting = "4 films a patient, and single films of a tenth on a level of their own"
    return rows + count_findings(
        lambda draw: {
            f"{name}, unlike patients": p
            for name, p in _test_levels(
                is_single[groups].astype(int), groups, n_permutations, draw
            ).items()
        },
        len(groups),
        setting,
        n_simulations,
    )


def simulate_power(n_simulations: int = 2000) -> list[SimulatedRow]:
    """As many films as are said to be needed, and the difference is as large as was said."""
    rows = []
    for n_ahead, n_behind, n_groups in ((5, 2, 32), (12, 6, 160), (8, 1, 60)):
        needed = films_for_mcnemar(n_ahead, n_behind, n_groups, n_groups)
        assert needed is not None
        shares = n_ahead / n_groups, n_behind / n_groups

        def by_calls(
            rng: np.random.Generator, films: int = needed, shares: tuple[float, float] = shares
        ) -> dict[str, float]:
            lot = rng.random(films)
            is_ahead, is_behind = lot < shares[0], lot > 1 - shares[1]
            return {"McNemar": mcnemar_test(is_ahead, is_behind, np.arange(films))}

        setting = f"{n_ahead} of {n_groups} against {n_behind}"
        rows += count_findings(by_calls, needed, setting, n_simulations, question="power")
    for aurocs in ((0.9, 0.85), (0.95, 0.85), (0.8, 0.75)):
        rows += _power_of_delong(aurocs, n_simulations)
    return rows


def simulate() -> list[SimulatedRow]:
    """All rows of the table in docs/statistics.md; takes about ten minutes."""
    rows = [row for films in (32, 160, 600) for row in simulate_given(films)]
    rows += [row for n_patients in (44, 64) for row in simulate_patients(n_patients)]
    rows += [row for films in (32, 60, 160) for row in simulate_learners(films)]
    rows += simulate_learners(60, strength=0.0)
    rows += simulate_learners(60, share_positive=0.2)
    rows += simulate_learners(120, per_patient=3)
    return rows + simulate_subgroups(64) + simulate_power()


def _power_of_delong(aurocs: tuple[float, float], n_simulations: int) -> list[SimulatedRow]:
    many = np.arange(_MANY_FILMS)
    truth = delong_aurocs(
        many % 2 == 0,
        draw_scores(many % 2 == 0, many, aurocs, np.random.default_rng(0)),
        many,
    )
    covariance = truth.covariance
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    films = films_for_delong(aurocs[0] - aurocs[1], variance, _MANY_FILMS)
    assert films is not None

    def by_ranking(rng: np.random.Generator) -> dict[str, float]:
        groups = np.arange(films)
        scores = draw_scores(groups % 2 == 0, groups, aurocs, rng)
        return {"DeLong": delong_test(delong_aurocs(groups % 2 == 0, scores, groups), 0, 1)}

    setting = f"AUROC {aurocs[0]} against {aurocs[1]}"
    return count_findings(by_ranking, films, setting, n_simulations, question="power")


def _test_levels(
    levels: Int[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    n_permutations: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    is_positive = groups % 2 == 0
    (score,) = draw_scores(is_positive, groups, (0.85,), rng)
    films = score_films(is_positive, score, groups, threshold=middle_between(0.85))
    tests = compare_levels(levels, films, rng=rng, n_permutations=n_permutations)
    return {
        "subgroups, AUROC": tests.auroc,
        "subgroups, sensitivity": tests.sensitivity,
        "subgroups, specificity": tests.specificity,
    }
