from .calibration.depinning_curve import read_depinning_curve as read_depinning_curve
from .calibration.fit import Calibration as Calibration
from .calibration.fit import calibrate as calibrate
from .calibration.mumax3 import save_mumax3 as save_mumax3
from .calibration.pinning_map import read_pinning_map as read_pinning_map
from .calibration.potential_map import read_potential_map as read_potential_map
from .calibration.potential_map import with_potential as with_potential
from .calibration.snapshots import SnapshotWall as SnapshotWall
from .calibration.snapshots import as_trajectory as as_trajectory
from .calibration.snapshots import walls_of as walls_of
from .calibration.ubermag import save_ubermag as save_ubermag
from .calibration.velocity_curve import read_velocity_curve as read_velocity_curve
from .calibration.wall_trace import read_wall_trace as read_wall_trace
from .device.device import Device as Device
from .device.device_file import device_from_mapping as device_from_mapping
from .device.device_file import load_device as load_device
from .device.device_file import save_device as save_device
from .device.device_file import shipped_devices as shipped_devices
from .device.pulse import Pulse as Pulse
from .device.pulse import Waveform as Waveform
from .device.pulse import read_waveform as read_waveform
from .drawing.animation import WallScene as WallScene
from .drawing.calibration_plots import plot_calibration as plot_calibration
from .drawing.calibration_plots import plot_fit as plot_fit
from .drawing.calibration_plots import plot_potential as plot_potential
from .drawing.calibration_plots import plot_residuals as plot_residuals
from .drawing.curve_plots import plot_retention as plot_retention
from .drawing.curve_plots import plot_velocity_against_current as plot_velocity_against_current
from .drawing.curve_plots import plot_velocity_against_field as plot_velocity_against_field
from .drawing.device_plots import plot_landscape as plot_landscape
from .drawing.device_plots import plot_outline as plot_outline
from .drawing.device_plots import plot_waveform as plot_waveform
from .drawing.energy_surface import energy_surface as energy_surface
from .drawing.flow import flow as flow
from .drawing.motion_plots import motion_figure as motion_figure
from .drawing.motion_plots import plot_motion as plot_motion
from .drawing.motion_plots import pulses_figure as pulses_figure
from .drawing.surface_plots import plot_energy_surface as plot_energy_surface
from .drawing.surface_plots import plot_phase_portrait as plot_phase_portrait
from .drawing.trajectory_plots import plot_trajectories as plot_trajectories
from .drawing.trajectory_plots import trajectory_figure as trajectory_figure
from .fokker_planck.run import DensityRun as DensityRun
from .fokker_planck.run import run_pulse_density as run_pulse_density
from .landscape.fixed_points import fixed_points as fixed_points
from .landscape.minimum_energy_path import minimum_energy_path as minimum_energy_path
from .landscape.wells import Well as Well
from .landscape.wells import find_wells as find_wells
from .landscape.wells import valley as valley
from .landscape.wells import well_index as well_index
from .rates.rate_matrix import RateMatrix as RateMatrix
from .rates.rate_matrix import rate_matrix as rate_matrix
from .rates.retention_curve import RetentionCurves as RetentionCurves
from .rates.retention_curve import retention_against_temperature as retention_against_temperature
from .rates.summary import WellRates as WellRates
from .rates.summary import well_rates as well_rates
from .runs.depinning import depinning_current as depinning_current
from .runs.drive import Drive as Drive
from .runs.ensemble import Ensemble as Ensemble
from .runs.ensemble import simulate as simulate
from .runs.models import with_model as with_model
from .runs.simulation import PulseRun as PulseRun
from .runs.simulation import run_pulse as run_pulse
from .runs.step_check import StepCheck as StepCheck
from .runs.step_check import check_step as check_step
from .runs.trajectories import Trajectories as Trajectories
from .runs.trajectories import load_trajectories as load_trajectories
from .runs.trajectories import record as record
from .runs.trajectories import save_trajectories as save_trajectories
from .runs.velocity import SimulatedVelocities as SimulatedVelocities
from .runs.velocity import velocity_against_current as velocity_against_current
from .runs.velocity import velocity_against_field as velocity_against_field
from .walls.q_phi import Field as Field
from .walls.q_phi import QPhiModel as QPhiModel

__all__ = [
    "Calibration",
    "DensityRun",
    "Device",
    "Drive",
    "Ensemble",
    "Field",
    "Pulse",
    "PulseRun",
    "QPhiModel",
    "RateMatrix",
    "RetentionCurves",
    "SimulatedVelocities",
    "SnapshotWall",
    "StepCheck",
    "Trajectories",
    "WallScene",
    "Waveform",
    "Well",
    "WellRates",
    "as_trajectory",
    "calibrate",
    "check_step",
    "depinning_current",
    "device_from_mapping",
    "energy_surface",
    "find_wells",
    "fixed_points",
    "flow",
    "load_device",
    "load_trajectories",
    "minimum_energy_path",
    "motion_figure",
    "plot_calibration",
    "plot_energy_surface",
    "plot_fit",
    "plot_landscape",
    "plot_motion",
    "plot_outline",
    "plot_phase_portrait",
    "plot_potential",
    "plot_residuals",
    "plot_retention",
    "plot_trajectories",
    "plot_velocity_against_current",
    "plot_velocity_against_field",
    "plot_waveform",
    "pulses_figure",
    "rate_matrix",
    "read_depinning_curve",
    "read_pinning_map",
    "read_potential_map",
    "read_velocity_curve",
    "read_wall_trace",
    "read_waveform",
    "record",
    "retention_against_temperature",
    "run_pulse",
    "run_pulse_density",
    "save_device",
    "save_mumax3",
    "save_trajectories",
    "save_ubermag",
    "shipped_devices",
    "simulate",
    "trajectory_figure",
    "valley",
    "velocity_against_current",
    "velocity_against_field",
    "walls_of",
    "well_index",
    "well_rates",
    "with_model",
    "with_potential",
]

__version__: str
