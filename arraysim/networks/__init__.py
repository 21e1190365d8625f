"""Networks whose weights may live in arrays: layers, forward and backward pass."""
