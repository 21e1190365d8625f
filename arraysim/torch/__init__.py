"""Arrays as layers of PyTorch."""
