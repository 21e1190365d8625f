"""Style of figures, and figure and movie files."""
