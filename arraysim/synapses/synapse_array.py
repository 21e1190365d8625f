"""An array of stochastic synapses: integer states, changed by pulses and by nothing else."""

import numpy as np

from arraysim.synapses import update_kernel
from arraysim.synapses.memory import refill
from arraysim.synapses.pulse_law import PulseLaw
from llg.errors import InputError
from llg.kernels.noise import stream_id

# Independent random streams of one array.
_WRITE, _CYCLE, _DEVICE = range(3)
MAX_SYNAPSES = 2**32


def stream_keys(seed: int, number: int, purpose: int) -> tuple[np.uint64, np.uint64]:
    """Return the two keys of one random stream of one array."""
    return stream_id(seed, number, purpose, 0), stream_id(seed, number, purpose, 1)


class SynapseArray:
    """Synapses that share their drivers, each one device instance of the law.

    A new array has every wall in its first state; send pulses to change that.

    Attributes:
        law: what pulses do.
        shape: of the array.
        state: ordinary states 0 to S-1, then the two lost ones, shape (n,), int8.
        instance: device instance of each synapse, shape (n,), uint16.
        pulses_received: wear of each device, shape (n,), uint32 [1].
        pulses_sent: by kind, shape (P,), int64 [1].
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
    ):
        """Build the array.

        Args:
            law: what pulses do.
            shape: of the array.
            seed: root seed [1].
            number: of this array among those with the same seed [1].
            instance: device instance of each synapse, of the given shape; default drawn evenly.
            conductance_std_dtod: spread of the devices' conductance, standard deviation of its logarithm [1].

        Raises:
            InputError: an instance the law does not have, a negative spread or an impossible size.
        """
        n = int(np.prod(shape, dtype=np.int64))
        if not 0 < n < MAX_SYNAPSES:
            raise InputError(f"array shape {shape} gives {n} synapses, there must be 1 to {MAX_SYNAPSES - 1}")
        if not 0 <= conductance_std_dtod < 1:
            raise InputError(f"conductance_std_dtod = {conductance_std_dtod} [1] must be >= 0 and < 1")
        self.law, self.shape = law, tuple(shape)
        self.instance = _instances(law, n, np.random.default_rng([seed, number]) if instance is None else instance)
        self.state = np.zeros(n, np.int8)
        self.pulses_received = np.zeros(n, np.uint32)
        self.pulses_sent = np.zeros(law.pulses, np.int64)
        self._reads = np.zeros(1, np.int64)
        self._write = stream_keys(seed, number, _WRITE)
        self._cycle = stream_keys(seed, number, _CYCLE)
        normals = np.empty(n)
        update_kernel.fill_normals(normals, *stream_keys(seed, number, _DEVICE))
        self._factor = np.exp(conductance_std_dtod * normals)
        self._spread = np.append(law.conductance_std_ctoc, law.conductance_std_ctoc[[0, -1]])
        self._conductance = np.empty(n)
        self._stale = True

    @property
    def size(self) -> int:
        """Number of synapses."""
        return self.state.size

    @property
    def conductance(self) -> np.ndarray:
        """Conductances as they are now, shape of the array, read-only view [S]."""
        self._settle_all()
        view = self._conductance.reshape(self.shape)
        view.flags.writeable = False
        return view

    @property
    def reads(self) -> int:
        """Conductances read one by one, for the choice of a device [1]."""
        return int(self._reads[0])

    @property
    def energy(self) -> float:
        """Energy of all pulses sent so far [J]."""
        return float(self.pulses_sent @ self.law.energy_per_pulse)

    @property
    def lost(self) -> int:
        """Number of devices whose wall has left the track [1]."""
        return int(np.count_nonzero(self.state >= self.law.states))

    def histogram(self) -> np.ndarray:
        """Return how many synapses are in each state, lost ones last, shape (S+1,), int64."""
        count = np.bincount(self.state, minlength=self.law.states + 2)
        return np.append(count[: self.law.states], count[self.law.states :].sum())

    def read(self, synapse: np.ndarray) -> np.ndarray:
        """Read the conductance of single synapses, which is counted.

        Args:
            synapse: flat indices, shape (m,).

        Returns:
            Shape (m,) [S].
        """
        self._settle_all()
        self._reads += synapse.size
        return self._conductance[synapse]

    def apply(self, synapse: np.ndarray, pulse: np.ndarray) -> None:
        """Send pulses to some synapses.

        Args:
            synapse: flat indices, shape (m,); one listed twice gets both pulses.
            pulse: kind of each pulse, shape (m,).

        Raises:
            InputError: a synapse or a pulse that does not exist.
        """
        synapse, pulse = np.asarray(synapse), np.asarray(pulse)
        if synapse.shape != pulse.shape or synapse.ndim != 1:
            raise InputError(f"synapse {synapse.shape} and pulse {pulse.shape} must be lists of one length")
        synapse = _checked("synapse", synapse, self.size, np.int64)
        pulse = _checked("pulse", pulse, self.law.pulses, np.uint8)
        update_kernel.pulse_some(
            self.state,
            self.pulses_received,
            self.pulses_sent,
            self.instance,
            synapse,
            pulse,
            self.law.alias_table,
            *self._write,
        )
        self._settle(synapse)

    def apply_all(self, pulse: np.ndarray) -> None:
        """Send one pulse to every synapse.

        Args:
            pulse: kind of each pulse, anything that broadcasts to the shape of the array.

        Raises:
            InputError: a pulse that does not exist.
        """
        pulse = _checked("pulse", np.asarray(pulse), self.law.pulses, np.uint8)
        update_kernel.pulse_all(
            self.state,
            self.pulses_received,
            self.pulses_sent,
            self.instance,
            np.ascontiguousarray(np.broadcast_to(pulse, self.shape)).ravel(),
            0,
            self.law.alias_table,
            *self._write,
        )
        self._stale = True

    def checkpoint(self) -> dict[str, np.ndarray]:
        """Return a copy of everything pulses and reads have changed."""
        return {name: values.copy() for name, values in self._memory().items()}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go back to a checkpoint of an array built alike; what follows is the same bit for bit.

        Raises:
            InputError: it belongs to another array.
        """
        refill(self._memory(), saved, "synapse array")
        self._stale = True

    def _memory(self) -> dict[str, np.ndarray]:
        return {
            "state": self.state,
            "pulses_received": self.pulses_received,
            "pulses_sent": self.pulses_sent,
            "reads": self._reads,
        }

    def _settle_all(self) -> None:
        """Bring all conductances up to date after pulses to the whole array."""
        if self._stale:
            self._stale = False
            self._settle(np.arange(self.size))

    def _settle(self, synapse: np.ndarray) -> None:
        update_kernel.fill_conductance(
            self._conductance,
            synapse,
            self.state,
            self.pulses_received,
            self.law.level,
            self._spread,
            self._factor,
            *self._cycle,
        )


def _checked(name: str, values: np.ndarray, end: int, dtype) -> np.ndarray:
    """Return integers 0 to end-1 in the type the kernels take; nothing wraps around."""
    if values.size and (values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= end):
        raise InputError(f"{name} must hold integers from 0 to {end - 1}")
    return values.astype(dtype, copy=False)


def _instances(law: PulseLaw, n: int, source) -> np.ndarray:
    """Return the device instance of each synapse, drawn if the source is a generator."""
    if isinstance(source, np.random.Generator):
        return source.integers(law.instances, size=n, dtype=np.uint16)
    instance = np.asarray(source)
    if instance.size != n:
        raise InputError(f"instance has {instance.size} values, one for each of {n} synapses is needed")
    return np.ascontiguousarray(_checked("instance", instance, law.instances, np.uint16)).ravel()
