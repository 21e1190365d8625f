"""Quantized states of a device, their conductances, retention and pulse energy."""
