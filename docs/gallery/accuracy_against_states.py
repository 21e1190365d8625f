"""Goal: see how many states a synapse needs before a network learns with it as well as with ordinary numbers.

Physics: a pair of synapses with S states makes 2 S - 1 weights. A pulse cannot make a smaller change than one state, so
few states mean coarse weights, and the digital accumulators of the mixed-precision rule decide when a step is due. The
synapse here is idealized: a pulse misses in 10 % and doubles in 2 % of cases, as a notched track at room temperature
does.

Expected: two states lose two points or more; from three states on, the 8 x 8 digits are recognized within a point of
the float32 twin, about 98 %.
"""

from dwsynapse import vary


def main(states: tuple[int, ...] = (2, 3, 5, 9, 17), seeds: int = 3, epochs: int = 30):
    """Print the accuracy for each number of states; returns what was found for the tests."""
    found = vary("train", {"states": states}, settings={"epochs": epochs}, seeds=seeds, jobs=1)
    for count, accuracy in zip(states, found["test_accuracy"], strict=True):
        print(f"{count:3d} states: {accuracy.mean():.4f} on chip ({accuracy.min():.4f} to {accuracy.max():.4f})")
    print(f"float32 twin: {found['float32_test_accuracy'].mean():.4f}")
    return found


if __name__ == "__main__":
    main()
