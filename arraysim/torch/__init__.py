"""Arrays as layers of PyTorch: modules, the optimizer that writes them by pulses, conversion of models (extra `torch`)."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"arrays as layers of PyTorch need the extra `torch` (dwsynapse[torch]): {error}"
    ) from None
