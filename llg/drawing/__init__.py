"""Figures and animations of one device, its landscape, its wall; the look that the figures of all packages share."""
