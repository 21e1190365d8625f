"""What a chip of synapse arrays takes: area, energy and latency of training and inference, block by block."""
