"""How the film depends on the temperature: Ms(T), K_u(T), A(T), D(T) by scaling laws or from a table.

    m(T) = Ms(T)/Ms(0) = [1 - (T/T_C)^a]^b,      K_u ~ m^n_K,    A ~ m^n_A,    D ~ m^n_D

a = 3/2, b = 1 is Bloch's law of spin waves [1]; a of 2 to 3 and b = 1/3 hold up to the Curie temperature [2, 3].
n_K = 3 is that of single ions with uniaxial anisotropy [4], 2 that of two-ion (exchange) anisotropy. n_A and n_D are 2
in mean field, for both energies are products of two spins; correlations make them 1.5 to 1.8 [5, 6]. A table replaces
what it holds; only ratios of its values count. The values of [material] and [wall] belong to the temperature
`measured_at`.

The shape anisotropy -mu0 Ms^2/2 follows from Ms(T), and so do the spin-orbit and spin-transfer torques, ~ 1/Ms. Given
Delta, sigma_0 and H_K of [wall] change by the factors of their formulas. Damping, spin Hall angle, resistivities and
the junction are kept.

References:
    [1] F. Bloch, Z. Phys. 61, 206 (1930).
    [2] M. D. Kuz'min, Phys. Rev. Lett. 94, 107204 (2005).
    [3] R. F. L. Evans, U. Atxitia, R. W. Chantrell, Phys. Rev. B 91, 144425 (2015).
    [4] H. B. Callen, E. Callen, J. Phys. Chem. Solids 27, 1271 (1966).
    [5] U. Atxitia et al., Phys. Rev. B 82, 134440 (2010): A.
    [6] L. Rozsa, U. Atxitia, U. Nowak, Phys. Rev. B 96, 094436 (2017): D.
"""

import dataclasses
from collections.abc import Iterator

from dwcore.errors import InputError
from dwcore.parameters import Parameters, descent, numbers, quantity
from llg.device.material import LARGEST_TEMPERATURE, Material

_POWERS = {"Ms": None, "K_u": "K_u_exponent", "A": "A_exponent", "D": "D_exponent"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TemperatureLaws(Parameters):
    """Laws of the film; give T_C, or a table with table_T and table_Ms."""

    measured_at: float = quantity(
        "temperature that [material] and [wall] hold for", "K", default=300.0, gt=0, lt=LARGEST_TEMPERATURE
    )
    T_C: float | None = quantity("Curie temperature of the law of Ms", "K", default=None, gt=0, lt=LARGEST_TEMPERATURE)
    a: float = quantity("exponent of T/T_C: Ms ~ [1 - (T/T_C)^a]^b", "1", default=1.5, gt=0, le=10, needs="T_C > 0")
    b: float = quantity(
        "exponent of the bracket; 1 with a = 1.5 is Bloch's law", "1", default=1.0, gt=0, le=10, needs="T_C > 0"
    )
    K_u_exponent: float = quantity("n of K_u ~ Ms^n", "1", default=3.0, ge=0, le=10, needs="table_K_u = none")
    A_exponent: float = quantity("n of A ~ Ms^n", "1", default=2.0, ge=0, le=10, needs="table_A = none")
    D_exponent: float = quantity(
        "n of D ~ Ms^n", "1", default=2.0, ge=0, le=10, needs="table_D = none and material.D != 0"
    )
    table_T: tuple[float, ...] = numbers("table instead of T_C: temperatures, ascending", "K")
    table_Ms: tuple[float, ...] = numbers("table: Ms at table_T; only ratios count here and below", "A/m")
    table_K_u: tuple[float, ...] = numbers("table: K_u at table_T, instead of its exponent", "J/m^3")
    table_A: tuple[float, ...] = numbers("table: A at table_T, instead of its exponent", "J/m")
    table_D: tuple[float, ...] = numbers(
        "table: D at table_T, instead of its exponent", "J/m^2", needs="material.D != 0"
    )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong: one law of Ms, a whole table, and a film that is magnetic where it was measured."""
        given = {name: len(getattr(self, f"table_{name}")) for name in _POWERS if getattr(self, f"table_{name}")}
        n = len(self.table_T)
        if (self.T_C is None) == ("Ms" not in given):
            yield "either T_C or table_Ms must be given"
        for name, size in given.items():
            values = getattr(self, f"table_{name}")
            if size != n or n < 2:
                yield f"table_T ({n}) and table_{name} ({size}) must have the same length >= 2"
            elif not (min(values) > 0 or (name == "D" and max(values) < 0)):
                yield f"table_{name} must be > 0" + (", or < 0 throughout" if name == "D" else "")
        if n and (not given or self.table_T[0] < 0):
            yield "table_T must be >= 0 and come with a table"
        elif wrong := descent("table_T", self.table_T):
            yield wrong
        elif self.T_C is not None and self.measured_at >= self.T_C:
            yield f"measured_at = {self.measured_at:g} [K] must be < T_C = {self.T_C:g}"
        elif n and not self.table_T[0] <= self.measured_at <= self.table_T[-1]:
            yield f"measured_at = {self.measured_at:g} [K] must lie within table_T, {self._range}"

    @property
    def _range(self) -> str:
        return f"{self.table_T[0]:g} to {self.table_T[-1]:g} K"

    @property
    def hottest(self) -> float:
        """Temperature [K] below which the laws hold."""
        ends = [end for end in (self.T_C, self.table_T[-1] if self.table_T else None) if end is not None]
        return min(ends)

    def film(self, material: Material, temperature: float) -> Material:
        """Return the film at a temperature [K].

        Args:
            material: the film at `measured_at`.
            temperature: temperature [K].

        Raises:
            InputError: at or above T_C, outside the table, or no longer a perpendicular film there.
        """
        factor = self._factors(temperature)
        values = {name: getattr(material, name) * factor[name] for name in _POWERS}
        try:
            return dataclasses.replace(material, **values)
        except InputError as error:
            raise InputError(f"[temperature_laws] at {temperature:g} K: {error}") from None

    def _factors(self, temperature: float) -> dict[str, float]:
        """Return Ms, K_u, A and D at a temperature over those at `measured_at`."""
        if self.T_C is not None and not temperature < self.T_C:
            raise InputError(f"temperature = {temperature:g} [K] must be < T_C = {self.T_C:g} of [temperature_laws]")
        if self.table_T and not self.table_T[0] <= temperature <= self.table_T[-1]:
            rule = f"must lie within table_T of [temperature_laws], {self._range}"
            raise InputError(f"temperature = {temperature:g} [K] {rule}")
        m = self._ratio("Ms", temperature) if self.table_Ms else self._law(temperature) / self._law(self.measured_at)
        powers = {name: 1.0 if n is None else float(getattr(self, n)) for name, n in _POWERS.items()}
        return {
            name: self._ratio(name, temperature) if getattr(self, f"table_{name}") else m**power
            for name, power in powers.items()
        }

    def _law(self, temperature: float) -> float:
        return float((1 - (temperature / float(self.T_C or 1.0)) ** self.a) ** self.b)

    def _ratio(self, name: str, temperature: float) -> float:
        """Return a tabulated value over that at `measured_at`, between the rows by a monotone cubic."""
        from scipy.interpolate import PchipInterpolator  # slow to import, and few devices need it

        at = PchipInterpolator(self.table_T, getattr(self, f"table_{name}"))
        return float(at(temperature) / at(self.measured_at))
