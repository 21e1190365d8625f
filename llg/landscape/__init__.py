"""Wells, fixed points, paths of least energy, and when a wall has settled."""
