"""Shipped devices and data sets, read through importlib.resources."""
