"""Figures of transition tables; computing is elsewhere, here is only drawing."""
