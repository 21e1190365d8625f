"""The models of one wall in SI units, readable, and closed forms."""
