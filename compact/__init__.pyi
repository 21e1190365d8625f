from .bulk.gather import merge as merge
from .bulk.plan import Grid as Grid
from .bulk.plan import SweepPlan as SweepPlan
from .bulk.run import run_shard as run_shard
from .bulk.run import run_to_table as run_to_table
from .bulk.sweep import build_table as build_table
from .bulk.sweep import reference_grid as reference_grid
from .bulk.sweep import run_in_memory as run_in_memory
from .bulk.sweep_file import check_sweep as check_sweep
from .drawing.fit_plots import fit_figure as fit_figure
from .drawing.fit_plots import plot_fit as plot_fit
from .drawing.fit_plots import plot_residuals as plot_residuals
from .drawing.phase_plots import plot_phase_diagram as plot_phase_diagram
from .drawing.spread_plots import plot_correlation as plot_correlation
from .drawing.spread_plots import plot_thresholds as plot_thresholds
from .drawing.spread_plots import spread_figure as spread_figure
from .drawing.staircase_plots import plot_staircase as plot_staircase
from .drawing.staircase_plots import plot_state_retention as plot_state_retention
from .drawing.staircase_plots import staircase_figure as staircase_figure
from .drawing.transition_plots import plot_conductance_states as plot_conductance_states
from .drawing.transition_plots import plot_move_probability as plot_move_probability
from .drawing.transition_plots import plot_transition_matrix as plot_transition_matrix
from .drawing.transition_plots import transition_figure as transition_figure
from .exchange.aihwkit import aihwkit_device as aihwkit_device
from .exchange.crosssim_export import export_crosssim as export_crosssim
from .exchange.crosssim_import import PulseFacts as PulseFacts
from .exchange.crosssim_import import import_crosssim as import_crosssim
from .exchange.neurosim import neurosim_parameters as neurosim_parameters
from .exchange.neurosim_import import import_neurosim as import_neurosim
from .exchange.pulse_data import PulseData as PulseData
from .exchange.pulse_data import read_pulse_data as read_pulse_data
from .exchange.pulse_import import import_pulses as import_pulses
from .exchange.pulse_rows import PulseRows as PulseRows
from .exchange.pulse_rows import pulse_rows as pulse_rows
from .exchange.synapse_file import Synapse as Synapse
from .exchange.synapse_file import SynapseFile as SynapseFile
from .exchange.synapse_file import load_synapse as load_synapse
from .exchange.synapse_file import shipped_synapses as shipped_synapses
from .exchange.synapse_table import synapse_table as synapse_table
from .exchange.synapse_table import table_of as table_of
from .exchange.verilog_a import save_module as save_module
from .exchange.verilog_a import synapse_module as synapse_module
from .exchange.write_line import write_line as write_line
from .fitting.intervals import intervals as intervals
from .fitting.prediction import prediction_error as prediction_error
from .fitting.run import compare_forms as compare_forms
from .fitting.run import run_fit as run_fit
from .fitting.run import with_fit as with_fit
from .forms.model import FittedModel as FittedModel
from .forms.result import Fit as Fit
from .states.energy import pulse_energy as pulse_energy
from .states.states import States as States
from .states.states import find_states as find_states
from .table.interpolate import transition_matrix as transition_matrix
from .table.moves import move_probability as move_probability
from .table.operating_point import OperatingPoint as OperatingPoint
from .table.operating_point import best_points as best_points
from .table.operating_point import write_points as write_points
from .table.phase_diagram import PhaseDiagram as PhaseDiagram
from .table.phase_diagram import phase_diagram as phase_diagram
from .table.staircase import Staircase as Staircase
from .table.staircase import staircase as staircase
from .table.table_file import check_table as check_table
from .table.table_file import load_table as load_table
from .table.table_file import save_table as save_table
from .table.transition_table import InstanceStates as InstanceStates
from .table.transition_table import TransitionTable as TransitionTable

__all__ = [
    "Fit",
    "FittedModel",
    "Grid",
    "InstanceStates",
    "OperatingPoint",
    "PhaseDiagram",
    "PulseData",
    "PulseFacts",
    "PulseRows",
    "Staircase",
    "States",
    "SweepPlan",
    "Synapse",
    "SynapseFile",
    "TransitionTable",
    "aihwkit_device",
    "best_points",
    "build_table",
    "check_sweep",
    "check_table",
    "compare_forms",
    "export_crosssim",
    "find_states",
    "fit_figure",
    "import_crosssim",
    "import_neurosim",
    "import_pulses",
    "intervals",
    "load_synapse",
    "load_table",
    "merge",
    "move_probability",
    "neurosim_parameters",
    "phase_diagram",
    "plot_conductance_states",
    "plot_correlation",
    "plot_fit",
    "plot_move_probability",
    "plot_phase_diagram",
    "plot_residuals",
    "plot_staircase",
    "plot_state_retention",
    "plot_thresholds",
    "plot_transition_matrix",
    "prediction_error",
    "pulse_energy",
    "pulse_rows",
    "read_pulse_data",
    "reference_grid",
    "run_fit",
    "run_in_memory",
    "run_shard",
    "run_to_table",
    "save_module",
    "save_table",
    "shipped_synapses",
    "spread_figure",
    "staircase",
    "staircase_figure",
    "synapse_module",
    "synapse_table",
    "table_of",
    "transition_figure",
    "transition_matrix",
    "with_fit",
    "write_line",
    "write_points",
]

__version__: str
