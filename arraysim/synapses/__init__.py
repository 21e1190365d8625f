"""Arrays of stochastic synapses: what pulses do to them and what they weigh."""
