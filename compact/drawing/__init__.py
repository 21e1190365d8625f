"""Figures of transition tables; this room only draws."""
