"""Training on chip and of the float32 twin: configuration, data sets, runs, files."""
