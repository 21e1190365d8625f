"""Arithmetic that any package may use: noise as a function, compiled kernels, products on threads."""
