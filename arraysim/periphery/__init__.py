"""What lies around the synapses of a chip: tiles, wires, converters, and reading through them."""
