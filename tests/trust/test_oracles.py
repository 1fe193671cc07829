"""What checks each file of compiled kernels: a slow, independent computation of the same thing, named test by test.

A new file of kernels fails here until it has one; a test that is renamed or taken away fails here too.
"""

import ast
import re
from pathlib import Path

import pytest

import dynlatch

PACKAGE = Path(dynlatch.__file__).parent
TESTS = Path(__file__).parents[1]
KERNEL = re.compile(r"^@(kernel\b|numba\.njit)", re.MULTILINE)
PORTRAITS = "training/test_monitor.py::test_portraits_are_fixed_points_and_reduced_attracting_sets"  # the analysis layer, NumPy
DUAL = "analysis/test_escape_dual.py::test_whatever_the_multipliers_no_trajectory_exceeds_the_bound"

# The file of kernels -> the test, and what it is held against.
ORACLES = {
    "analysis/escape/exact/kernels.py": (
        "analysis/test_escape_exact.py::test_random_ordered_nets_against_simulated_corners",
        "simulation",
    ),
    "analysis/escape/lower/dual/kernels.py": (DUAL, "simulated trajectories"),
    "analysis/escape/lower/dual/probes.py": (
        "analysis/test_escape_dual.py::test_the_derivative_by_the_faces_is_that_of_differences",
        "differences",
    ),
    "analysis/escape/lower/dual/units.py": (
        "analysis/test_escape_dual.py::test_the_maximum_of_a_unit_is_the_best_point_of_a_grid",
        "a grid",
    ),
    "analysis/fixed_points/search/kernels.py": (
        "analysis/test_fixed_points_search.py::test_the_search_agrees_with_proof",
        "proof",
    ),
    "analysis/morse/kernels.py": ("analysis/test_morse.py::test_components_and_reach_against_networkx", "networkx"),
    "analysis/noise/kernels.py": (
        "analysis/test_noise_cells.py::test_coupled_units_and_correlated_noise_against_simulation",
        "simulation",
    ),
    "lanes/contraction.py": (PORTRAITS, "analysis"),
    "lanes/descent.py": ("training/test_gradients.py::test_one_step_is_the_formula", "the formula"),
    "lanes/escape.py": ("training/test_monitor.py::test_the_margin_of_several_units_is_a_lower_bound", "escape_threshold"),
    "lanes/evaluation.py": (
        "training/test_search.py::test_cost_errors_and_early_end_are_those_of_a_sequential_learner",
        "oracles_search",
    ),
    "lanes/flip_flop.py": ("training/test_flip_flop.py::test_updates_are_those_of_the_formulas", "oracles_discrete"),
    "lanes/gates.py": ("training/test_gradients.py::test_gradient_is_that_of_central_differences", "oracles_gradients"),
    "lanes/influence.py": (
        "training/test_gradients.py::test_influences_carried_forward_give_the_gradient",
        "oracles_gradients",
    ),
    "lanes/instances.py": (
        "training/test_gradients.py::test_curvature_is_the_recursion_of_becker_and_le_cun",
        "oracles_gradients",
    ),
    "lanes/known.py": (PORTRAITS, "analysis"),
    "lanes/orbits.py": (PORTRAITS, "analysis"),
    "lanes/packs.py": ("training/test_lanes.py::test_a_lane_has_the_same_bits_in_whatever_pack", "one lane alone"),
    "lanes/points.py": (PORTRAITS, "analysis"),
    "lanes/portraits.py": (PORTRAITS, "analysis"),
    "lanes/products.py": ("training/test_monitor.py::test_log_norm_is_gradient_decay", "gradient_decay"),
    "lanes/random.py": ("training/test_lanes.py::test_random_numbers_are_those_of_numpy", "NumPy"),
    "lanes/shares.py": (
        "training/test_monitor.py::test_share_and_horizon_are_gradient_contributions",
        "gradient_contributions",
    ),
    "lanes/show.py": ("training/test_steps.py::test_every_presentation_is_judged_as_by_a_plain_loop", "a plain loop"),
    "lanes/softmax_states.py": (
        "training/test_expectation_maximization.py::test_ascent_follows_the_gradient",
        "oracles_states, differences",
    ),
    "lanes/solving.py": (PORTRAITS, "analysis"),
    "lanes/stage.py": (
        "training/test_search.py::test_cost_errors_and_early_end_are_those_of_a_sequential_learner",
        "oracles_search",
    ),
    "lanes/state_epochs.py": (
        "training/test_expectation_maximization.py::test_em_epochs_agree_with_every_path_listed",
        "oracles_states",
    ),
    "lanes/state_network.py": ("training/test_state_networks.py::test_sweeps_agree_with_every_path_listed", "oracles_states"),
    "lanes/trace.py": ("training/test_recording.py::test_rows_are_those_of_single_steps", "single steps"),
    "lanes/traces.py": ("training/test_gradients.py::test_traces_give_the_gradient", "oracles_gradients"),
    "lanes/units.py": ("training/test_lanes.py::test_tanh_is_right_to_four_units_in_the_last_place", "NumPy"),
    "lanes/wiring.py": ("training/test_gradients.py::test_gradient_is_that_of_central_differences", "oracles_gradients"),
    "training/models/input_output_hmm.py": (
        "training/test_input_output_hmm.py::test_exact_em_is_that_of_all_paths",
        "all paths",
    ),
    "training/rules/back_propagation.py": ("training/test_gradients.py::test_one_step_is_the_formula", "the formula"),
    "training/rules/cascade_correlation.py": (
        "training/test_cascade_correlation.py::test_the_derivative_of_the_correlation_goes_through_the_self_loop",
        "differences",
    ),
    "training/rules/clipped_back_propagation.py": (
        "training/test_gradient_rules.py::test_steps_are_clipped_at_the_threshold_and_otherwise_plain",
        "oracles_remedies",
    ),
    "training/rules/discrete_error_propagation.py": (
        "training/test_discrete_error_propagation.py::test_updates_are_those_of_the_formulas",
        "oracles_discrete",
    ),
    "training/rules/expectation_maximization.py": (
        "training/test_expectation_maximization.py::test_em_epochs_agree_with_every_path_listed",
        "oracles_states",
    ),
    "training/rules/flip_flop_rule.py": (
        "training/test_flip_flop.py::test_updates_are_those_of_the_formulas",
        "oracles_discrete",
    ),
    "training/rules/generalized_em.py": (
        "training/test_expectation_maximization.py::test_slow_generalised_em_never_falls",
        "the likelihood",
    ),
    "training/rules/gnarl.py": ("training/test_gnarl.py::test_weights_move_by_normal_numbers_of_the_temperature", "NumPy"),
    "training/rules/higher_order_learning.py": (
        "training/test_transition_hierarchy.py::test_the_rule_is_its_transcription",
        "a transcription",
    ),
    "training/rules/history_kernels.py": (
        "training/test_history_compression.py::test_the_last_change_is_the_gradient",
        "differences",
    ),
    "training/rules/local_feedback.py": ("training/test_gradients.py::test_one_step_is_the_formula", "the formula"),
    "training/rules/multigrid_random_search.py": (
        "training/test_search.py::test_multigrid_search_is_that_of_a_sequential_learner",
        "oracles_search",
    ),
    "training/rules/pseudo_newton.py": ("training/test_gradients.py::test_one_step_is_the_formula", "the formula"),
    "training/rules/real_time_recurrent_learning.py": (
        "training/test_gradients.py::test_one_step_is_the_formula",
        "the formula",
    ),
    "training/rules/regularized_back_propagation.py": (
        "training/test_gradient_rules.py::test_the_regularised_step_is_the_immediate_derivative_of_what_is_lost",
        "oracles_remedies",
    ),
    "training/rules/simulated_annealing.py": (
        "training/test_search.py::test_every_move_of_annealing_is_that_of_the_transcription",
        "oracles_search",
    ),
    "training/rules/stochastic_ascent.py": (
        "training/test_expectation_maximization.py::test_ascent_follows_the_gradient",
        "oracles_states",
    ),
    "training/models/input_subnets.py": (
        "training/test_input_subnets.py::test_sweeps_agree_with_every_path_listed",
        "oracles_states",
    ),
    "training/rules/subnets.py": ("training/test_input_subnets.py::test_slopes_agree_with_differences", "differences"),
    "training/rules/time_weighted_pseudo_newton.py": (
        "training/test_gradients.py::test_one_step_is_the_formula",
        "the formula",
    ),
    "training/rules/truncated_back_propagation.py": (
        "training/test_gradient_rules.py::test_the_truncated_step_is_the_published_one",
        "oracles_remedies",
    ),
    "training/rules/weight_guessing.py": (
        "training/test_search.py::test_guesses_are_those_of_a_sequential_learner",
        "oracles_search",
    ),
}
# Not compiled, but what the compiled and the proved is held against.
REFERENCES = {"analysis/scalar_kernels.py": ("analysis/test_scalar.py::test_closed_forms_to_12_digits", "mpmath, 50 digits")}


def with_kernels():
    files = (path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "compiling.py")
    return {path.relative_to(PACKAGE).as_posix() for path in files if KERNEL.search(path.read_text())}


def test_every_file_of_kernels_has_an_oracle():
    assert set(ORACLES) == with_kernels()


@pytest.mark.parametrize("source", [*ORACLES, *REFERENCES])
def test_the_oracle_is_a_test_of_the_suite(source):
    place, against = (ORACLES | REFERENCES)[source]
    file, name = place.split("::")
    tree = ast.parse((TESTS / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert (PACKAGE / source).exists()
    if against.startswith("oracles_"):
        assert re.search(rf"(import|from) {against.split(',')[0]}\b", (TESTS / file).read_text())
