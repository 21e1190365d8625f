"""Honest intervals of transition probabilities: Dirichlet posterior of the counts, with the closed form as prior where there is one.

Outcomes of a row are multinomial; with a Dirichlet prior of weights alpha the posterior is Dirichlet with weights counts + alpha, and
each probability has the Beta(c + alpha, n + sum(alpha) - c - alpha) posterior. Without a fit every outcome has the same prior weight,
`UNIFORM` in all per row spread over the outcomes. With a fit the prior is centred on the fitted row, with a weight in trials that says how
far the closed form is trusted: the prior is worth as many trials as make its misfit, the overdispersion, one standard error.

References:
    L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 101 (2001): intervals of this kind, their coverage.
    A. Gelman et al., Bayesian Data Analysis, 3rd ed. (2013), section 3.4: the multinomial model.
"""

UNIFORM = 1.0
"""Sum of the prior weights of a row without a fit (Perks' prior: 1 over the number of outcomes each)."""
