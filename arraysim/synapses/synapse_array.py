"""An array of stochastic synapses: integer states, changed by pulses and by nothing else.

A synapse takes one byte for its state, one or two for its device instance, and one more where the law has a spread from
cycle to cycle; conductances are computed where they are needed. So a billion synapses fit in 2 to 4 GB.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from arraysim.synapses import conductance_kernel, update_kernel
from arraysim.synapses.devices import break_devices, conductance_levels
from arraysim.synapses.faults import Faults
from arraysim.synapses.memory import Checkpointed
from arraysim.synapses.pulse_law import PulseLaw
from arraysim.synapses.update_kernel import find_again
from dwcore.errors import InputError
from dwcore.numerics.noise import stream_id
from dwcore.numerics.threads import array_threads

# Independent random streams of one array.
_WRITE, _CYCLE, _DEVICE, _FAULT = 0, 1, 2, 4
MAX_SYNAPSES = 2**32
MAX_EVENTS = 2**32


def stream_keys(seed: int, number: int, purpose: int) -> tuple[np.uint64, np.uint64]:
    """Return the two keys of one random stream of one array."""
    return stream_id(seed, number, purpose, 0), stream_id(seed, number, purpose, 1)


class SynapseArray(Checkpointed):
    """Synapses that share their drivers, each one device instance of the law.

    A new array has every wall in its first state; send pulses to change that.

    Attributes:
        law: what pulses do.
        shape: of the array.
        state: ordinary states 0 to S-1, then lost (S, S+1), open (S+2) and short (S+3), shape (n,), int8.
        instance: device instance of each synapse, K for those that never move, shape (n,), uint8 or uint16.
        settled: how each wall has settled, shape (n,), uint8; empty if the law has no spread from cycle to cycle.
        pulses_received: wear of each device, shape (n,), uint32; empty if it is not counted [1].
        pulses_sent: by kind, shape (P,), int64 [1].
        levels: conductance by device instance, state and settling, see ``devices.py``, float32 [S].
    """

    def __init__(
        self,
        law: PulseLaw,
        *,
        shape: tuple[int, ...],
        seed: int,
        number: int = 0,
        instance: np.ndarray | None = None,
        conductance_std_dtod: float = 0.0,
        faults: Faults | None = None,
        count_wear: bool = False,
    ):
        """Build the array.

        Args:
            law: what pulses do.
            shape: of the array.
            seed: root seed [1].
            number: of this array among those with the same seed [1].
            instance: device instance of each synapse, of the given shape; default drawn evenly.
            conductance_std_dtod: spread of the devices' conductance, standard deviation of its logarithm [1].
            faults: shares of broken devices; default none.
            count_wear: count the pulses each device receives, for four more bytes per synapse.

        Raises:
            InputError: an instance the law does not have, a negative spread or an impossible size.
        """
        n = int(np.prod(shape, dtype=np.int64))
        if not 0 < n < MAX_SYNAPSES:
            raise InputError(f"array shape {shape} gives {n} synapses, there must be 1 to {MAX_SYNAPSES - 1}")
        if not 0 <= conductance_std_dtod < 1:
            raise InputError(f"conductance_std_dtod = {conductance_std_dtod} [1] must be >= 0 and < 1")
        faults = Faults() if faults is None else faults
        self.law, self.shape = law, tuple(shape)
        self.instance = _instances(law, n, np.random.default_rng([seed, number]) if instance is None else instance)
        self.state = np.zeros(n, np.int8)
        break_devices(
            faults,
            self.state,
            self.instance,
            states=law.states,
            immovable=law.instances,
            keys=stream_keys(seed, number, _FAULT),
        )
        self.settled = np.empty(n if law.spread.any() else 0, np.uint8)
        cycle = stream_keys(seed, number, _CYCLE)
        in_blocks(self.settled.size, lambda part: update_kernel.fill_bytes(self.settled[part], part.start, *cycle))
        self.pulses_received = np.zeros(n if count_wear else 0, np.uint32)
        self.pulses_sent = np.zeros(law.pulses, np.int64)
        self._events, self._reads = np.zeros(1, np.int64), np.zeros(1, np.int64)
        self._write = stream_keys(seed, number, _WRITE)
        self._table = law.alias_table
        self.levels = conductance_levels(law, faults)
        self._device = float(conductance_std_dtod), *stream_keys(seed, number, _DEVICE)

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.shape))
        return (
            f"<SynapseArray {size}: {self.law.states} states, {self.pulses_sent.sum()} pulses sent, "
            f"{self.lost} lost, {self.broken} broken>"
        )

    @property
    def size(self) -> int:
        """Number of synapses."""
        return self.state.size

    @property
    def conductance(self) -> np.ndarray:
        """Conductances as they are now, computed for this call, shape of the array, float32 [S]."""
        out = np.empty(self.size, np.float32)
        in_blocks(self.size, lambda part: self._fill(out[part], part))
        return out.reshape(self.shape)

    @property
    def reads(self) -> int:
        """Conductances read one by one, for the choice of a device [1]."""
        return int(self._reads[0])

    @property
    def events(self) -> int:
        """Pulses sent to the array one after another; those sent to many synapses at once count as one [1]."""
        return int(self._events[0])

    @property
    def energy(self) -> float:
        """Energy of all pulses sent so far [J]."""
        return float(self.pulses_sent @ self.law.energy_per_pulse)

    @property
    def lost(self) -> int:
        """Number of devices whose wall has left the track [1]."""
        return int(np.count_nonzero((self.state >= self.law.states) & (self.state < self.law.states + 2)))

    @property
    def broken(self) -> int:
        """Number of devices that are open or short [1]."""
        return int(np.count_nonzero(self.state >= self.law.states + 2))

    def histogram(self) -> np.ndarray:
        """Return how many synapses are in each state, those lost, open or short last, shape (S+1,), int64."""
        size = self.law.states + 4
        count = np.sum(in_blocks(self.size, lambda part: np.bincount(self.state[part], minlength=size)), axis=0)
        return np.append(count[: self.law.states], count[self.law.states :].sum())

    def read(self, synapse: np.ndarray) -> np.ndarray:
        """Read the conductance of single synapses, which is counted.

        Args:
            synapse: flat indices, shape (m,).

        Returns:
            Shape (m,), float32 [S].

        Raises:
            InputError: a synapse that does not exist.
        """
        synapse = checked("synapse", np.asarray(synapse), self.size, np.int64)
        out = np.empty(synapse.size, np.float32)
        conductance_kernel.fill_some(out, synapse, self.state, self.settled, self.instance, self.levels, *self._device)
        self.count_reads(synapse.size)
        return out

    def device_factors(self) -> np.ndarray:
        """Return what each device's conductance is multiplied by, shape (n,), float32; empty if there is no spread [1]."""
        out = np.empty(self.size if self._device[0] > 0 else 0, np.float32)
        conductance_kernel.fill_factors(out, *self._device)
        return out

    def apply(self, synapse: np.ndarray, pulse: np.ndarray | int) -> None:
        """Send pulses to some synapses.

        Args:
            synapse: flat indices, shape (m,); one listed twice gets both pulses in the listed order.
            pulse: kind of each pulse, shape (m,), or one for all.

        Raises:
            InputError: a synapse or a pulse that does not exist.
        """
        synapse, pulse = np.asarray(synapse), np.asarray(pulse)
        if synapse.ndim != 1 or pulse.shape not in ((), synapse.shape):
            raise InputError(f"synapse {synapse.shape} and pulse {pulse.shape} must be lists of one length")
        synapse = checked("synapse", synapse, self.size, np.int64)
        pulse = np.atleast_1d(checked("pulse", pulse, self.law.pulses, np.uint8))
        turn = turns(synapse, self.state)
        event = self.take_events(int(turn.max(initial=0)) + 1)
        update_kernel.pulse_some(
            *self.devices, self.pulses_sent, self.instance, synapse, pulse, turn, *self.writing, event, *self._write
        )

    def apply_all(self, pulse: np.ndarray | int) -> None:
        """Send one pulse to every synapse.

        Args:
            pulse: kind of each pulse, of the shape of the array, or one for all.

        Raises:
            InputError: a pulse that does not exist.
        """
        pulse = checked("pulse", np.asarray(pulse), self.law.pulses, np.uint8)
        if pulse.ndim:
            pulse = np.ascontiguousarray(np.broadcast_to(pulse, self.shape))
        self.pulses_sent += self._to_all(pulse.ravel(), self._table, count=True)

    def rest(self, seconds: float) -> None:
        """Leave the array without pulses for a time, during which walls may escape.

        Args:
            seconds: [s].

        Raises:
            InputError: the law has no escape rates, or the time is negative.
        """
        self._to_all(np.zeros(1, np.uint8), self.law.waiting_table(seconds), count=False)

    def memory(self) -> dict[str, np.ndarray]:
        """Return the arrays that pulses and reads change, themselves, not copies."""
        optional: dict[str, np.ndarray] = {"settled": self.settled, "pulses_received": self.pulses_received}
        return {
            "state": self.state,
            **{name: values for name, values in optional.items() if values.size},
            "pulses_sent": self.pulses_sent,
            "events": self._events,
            "reads": self._reads,
        }

    def take_events(self, number: int) -> int:
        """Reserve event numbers and return the first, for kernels that send pulses themselves.

        Raises:
            InputError: the array has had its 2**32 events.
        """
        first = self.events
        if first + number > MAX_EVENTS:
            raise InputError(f"an array takes at most {MAX_EVENTS} events, make a new one")
        self._events += number
        return first

    def count_reads(self, number: int) -> None:
        """Note that conductances were read one by one, for kernels that read themselves."""
        self._reads += number

    @property
    def devices(self) -> tuple:
        """State, settling and wear, as the kernels take them."""
        return self.state, self.settled, self.pulses_received

    @property
    def writing(self) -> tuple:
        """Alias tables, as the kernels take them."""
        return _flat(self._table)

    @property
    def write_keys(self) -> tuple[np.uint64, np.uint64]:
        """Keys of the stream that draws next states."""
        return self._write

    def _to_all(self, pulse: np.ndarray, table: np.ndarray, *, count: bool) -> np.ndarray:
        """Draw every synapse's next state and return the number of pulses of each kind."""
        event, flat = self.take_events(1), _flat(table)

        def work(part: slice) -> np.ndarray:
            sent = np.zeros(table.shape[1], np.int64)
            update_kernel.pulse_block(
                self.state[part],
                self.settled[part],
                self.pulses_received[part] if count else self.pulses_received[:0],
                sent,
                self.instance[part],
                pulse if pulse.size == 1 else pulse[part],
                part.start,
                *flat,
                event,
                *self._write,
            )
            return sent

        return np.sum(in_blocks(self.size, work), axis=0)

    def _fill(self, out: np.ndarray, part: slice) -> None:
        conductance_kernel.fill_block(
            out, self.state[part], self.settled[part], self.instance[part], part.start, self.levels, *self._device
        )


def _flat(table: np.ndarray) -> tuple:
    """Return the alias tables of shape (K+1, P, S+4, C), flattened, with P, S+4 and the logarithm of C to base 2."""
    _, kinds, states, columns = table.shape
    return table.ravel(), kinds, states, np.uint64(columns.bit_length() - 1)


def _instances(law: PulseLaw, n: int, source) -> np.ndarray:
    """Return the device instance of each synapse, drawn if the source is a generator."""
    dtype = np.uint8 if law.instances < 2**8 else np.uint16
    if isinstance(source, np.random.Generator):
        return np.zeros(n, dtype) if law.instances == 1 else source.integers(law.instances, size=n, dtype=dtype)
    instance = np.asarray(source)
    if instance.size != n:
        raise InputError(f"instance has {instance.size} values, one for each of {n} synapses is needed")
    return np.array(checked("instance", instance, law.instances, dtype)).ravel()


def checked(name: str, values, end: int, dtype) -> np.ndarray:
    """Return integers 0 to end-1 in the type the kernels take; nothing wraps around.

    Raises:
        InputError: a value is none of them.
    """
    values = np.asarray(values)
    if values.size and (values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= end):
        raise InputError(f"{name} must hold integers from 0 to {end - 1}")
    return values.astype(dtype, copy=False)


def turns(synapse: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Return how often each entry's synapse has been listed before it, or nothing if none is listed twice.

    Args:
        synapse: which synapses, shape (m,), int64.
        state: of the whole array, used for marks and left as it was, shape (n,), int8.
    """
    if np.all(synapse[1:] > synapse[:-1]):
        return np.empty(0, np.int64)
    again = np.empty(synapse.size, np.int64)
    again = again[: find_again(state, synapse, again)]
    if not again.size:
        return again
    turn = np.zeros(synapse.size, np.int64)
    turn[again] = 1 + _occurrence(synapse[again])
    return turn


def _occurrence(listed: np.ndarray) -> np.ndarray:
    """Return how often each entry of a list has been listed before it."""
    order = np.argsort(listed, kind="stable")
    in_order = listed[order]
    first = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
    number = np.empty(listed.size, np.int64)
    number[order] = np.arange(listed.size) - np.repeat(first, np.diff(np.append(first, listed.size)))
    return number


BLOCK = 1 << 18  # synapses: one block's states and pulses fit a second-level cache


def in_blocks(n: int, work: Callable[[slice], Any]) -> list:
    """Call `work` for consecutive parts of 0 to n and return what it returns, in order.

    The kernels release the interpreter's lock; what a block does must not depend on another. The number of threads
    is ``dwcore.numerics.threads.array_threads()``.
    """
    parts = [slice(first, min(first + BLOCK, n)) for first in range(0, n, BLOCK)]
    threads = min(array_threads(), len(parts))
    if threads <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))
