"""Goal: see how many states a synapse needs before a network learns with it as well as with ordinary numbers.

Physics: a pair of synapses with S states makes 2 S - 1 weights. A pulse cannot make a smaller change than one state, so
few states mean coarse weights, and the digital accumulators of the mixed-precision rule decide when a step is due. The
synapse here is idealized: a pulse misses in 10 % and doubles in 2 % of cases, as a notched track at room temperature
does.

Expected: two states lose two points or more; from three states on, the 8 x 8 digits are recognized within a point of
the float32 twin, about 98 %.
"""

from arraysim.datasets.datasets import load_dataset
from arraysim.training.config import TrainingConfig
from arraysim.training.series import vary


def main(states: tuple[int, ...] = (2, 3, 5, 9, 17), seeds: tuple[int, ...] = (1, 2, 3), epochs: int = 30):
    """Print the accuracy for each number of states. Return the series."""
    config = TrainingConfig(epochs=epochs)
    series = vary("states", states, load_dataset("digits"), table=None, seeds=seeds, config=config, jobs=1)
    for count, accuracy in zip(series.value, series.on_chip, strict=True):
        print(f"{count:3.0f} states: {accuracy.mean():.4f} on chip ({accuracy.min():.4f} to {accuracy.max():.4f})")
    print(f"float32 twin: {series.float32.mean():.4f}")
    return series


if __name__ == "__main__":
    main()
