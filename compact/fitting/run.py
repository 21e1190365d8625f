"""The whole fit of a table: closed form, goodness, spread between devices; and the choice of the form."""

import dataclasses
from collections.abc import Callable

import numpy as np

from compact.fitting.estimate import device_rows, fit_table
from compact.fitting.goodness import free_parameters, goodness_of_fit, untested, verdict
from compact.fitting.likelihood import log_likelihood
from compact.forms.model import FittedModel
from compact.forms.passage import to_displacement_counts
from compact.forms.registry import DEFAULT, FORMS
from compact.forms.result import Fit
from compact.forms.spread import Spread, find_spread
from compact.table.transition_table import TransitionTable
from dwcore.arguments import checked
from dwcore.errors import InputError, RunError

FOLDS = 3
LEAST_PROBABILITY = 1e-6
"""Held-out outcomes count as at least so probable, so that one surprise does not decide alone."""


@checked
def run_fit(
    table: TransitionTable, form: str = DEFAULT, *, progress: Callable[[int], None] = lambda rounds: None
) -> Fit:
    """Fit a closed form to a table and judge it.

    Args:
        table: the counts.
        form: name of the form.
        progress: called with 1 after each step.

    Raises:
        InputError: no such form, or nothing to fit.
        RunError: no convergence.
    """
    model = fit_table(table, form, progress=progress)
    goodness, free = goodness_of_fit(table, model), free_parameters(model)
    return Fit(
        model=model,
        deviance=goodness.deviance,
        expected_deviance=goodness.expected,
        residual=goodness.residual,
        free=free,
        verdict="; ".join([verdict(table, goodness, free), *untested(table, model)]),
        spread=device_spread(model),
    )


def device_spread(model: FittedModel) -> Spread | None:
    """Return the spread of the parameters that the devices of a model have on their own, None with too few devices."""
    own, shared = ~model.shared, model.shared
    both = model.covariance[:, own][:, :, shared]
    size = np.sqrt(np.diag(model.covariance[0])[shared])
    size = np.where(size > 0, size, 1.0)
    common = model.covariance[0][np.ix_(shared, shared)] / np.outer(size, size)
    lever = both / size
    # An error of the shared parameters shifts all devices alike: it does not scatter them.
    scatter = model.covariance[:, own][:, :, own] - lever @ np.linalg.pinv(common, hermitian=True) @ lever.transpose(
        0, 2, 1
    )
    known = np.isfinite(model.standard_error[:, own])
    return find_spread(tuple(np.array(model.names)[own].tolist()), model.value[:, own], scatter, known)


def with_fit(table: TransitionTable, fit: Fit | None) -> TransitionTable:
    """Return the same table with another fit."""
    return dataclasses.replace(table, fit=fit)


def folds(table: TransitionTable, number: int = FOLDS) -> list[np.ndarray]:
    """Return which grid points each fold holds out: every third along both axes, shape (T, A, D), bool."""
    _, T, A, D = table.counts.shape[:4]
    t, a, d = np.meshgrid(np.arange(T), np.arange(A), np.arange(D), indexing="ij")
    return [(t + a + d) % number == fold for fold in range(number)]


def held_out_score(table: TransitionTable, form: str) -> float:
    """Return the mean log likelihood per trajectory at grid points not fitted to, over all folds [1].

    Raises:
        RunError: a fit did not converge.
    """
    score, trials = 0.0, 0.0
    for held_out in folds(table):
        model = fit_table(table, form, use=~held_out)
        for k in range(table.counts.shape[0]):
            pulses, counts = device_rows(table, k, held_out)
            if pulses.n == 0:
                continue
            p = to_displacement_counts(model.rows(pulses, model.value[k]), pulses)
            score += log_likelihood(counts, np.maximum(p, LEAST_PROBABILITY)).sum()
            trials += counts.sum()
    return float(score / trials)


def compare_forms(table: TransitionTable, progress: Callable[[int], None] = lambda forms: None) -> dict[str, float]:
    """Return the held-out score of every form, best first; a form that does not converge scores minus infinity.

    Raises:
        InputError: the table has too few grid points, or nothing to fit.
    """
    if min(fold.sum() for fold in folds(table)) == 0:
        raise InputError(f"fit: comparing forms takes at least {FOLDS} grid points")
    scores = {}
    for name in FORMS:
        try:
            scores[name] = held_out_score(table, name)
        except RunError:
            scores[name] = -np.inf
        progress(1)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))
