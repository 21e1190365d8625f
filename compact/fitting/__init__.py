"""Closed-form transition model: its forms, maximum likelihood, goodness of fit, spread between devices."""
