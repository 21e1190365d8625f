"""A chip in training as tensors of PyTorch, on its processor or on a GPU (extra `torch`)."""
