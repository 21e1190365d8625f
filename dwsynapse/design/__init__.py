"""Devices that meet a specification: what is asked for, the search, the verification, the report."""
