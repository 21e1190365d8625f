"""Figures of trainings, programming, accuracy and cost."""
