"""Every task, model and learning rule with drawn settings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dynlatch import training as tr

FEW = st.integers(1, 3)
RADII = st.floats(0.01, 2.0)
RATES = st.floats(1e-4, 1.0)
LENGTHS = st.integers(8, 14)

TASKS = st.one_of(
    st.builds(lambda T, L: tr.Latch(T=T, L=L, std=0.2), LENGTHS, FEW),
    st.builds(lambda T, h: tr.TwoSequence(T=T, half_width=h), LENGTHS, st.floats(0.0, 0.5)),
    st.builds(lambda T, h: tr.Parity(T=T, half_width=h), LENGTHS, st.floats(0.0, 0.5)),
    st.builds(lambda T, v: tr.GaussianTwoSequence(T=T, variance=v), LENGTHS, st.floats(0.01, 1.0)),
    st.builds(lambda T: tr.Adding(T=T), LENGTHS),
    st.builds(lambda T: tr.TemporalOrder(T=T), st.integers(12, 16)),
    st.builds(lambda T: tr.LongLag(T=T), LENGTHS),
    st.builds(lambda T, g: tr.Tomita(T=T, grammar=g), LENGTHS, st.integers(1, 7)),
    st.builds(lambda T: tr.SymbolLag(T=T), LENGTHS),
    st.builds(lambda T: tr.Gap(T=T, gap=2), st.integers(14, 18)),
    st.builds(lambda T: tr.Reber(T=T), st.integers(10, 14)),
    st.builds(lambda T: tr.EmbeddedReber(T=T), st.integers(12, 16)),
    st.builds(lambda T: tr.ZeroOne(tr.TwoSequence(T=T)), LENGTHS),
)

TOPOLOGY = st.just(tr.Topology(successors=((0, 1), (0, 1)), thresholds=(0.0,), finals=(0, 1)))

MODELS = st.one_of(
    st.builds(lambda n, r: tr.Dense(n, radius=r), FEW, RADII),
    st.builds(lambda r: tr.ParityNet(radius=r), RADII),
    st.builds(lambda w, L, r: tr.LatchNet(w0=w, L=L, radius=r), st.floats(1.05, 3.0), FEW, RADII),
    st.builds(lambda n, r: tr.LocalFeedbackNet(n, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.FocusedNet(n, radius=r), FEW, RADII),
    st.builds(lambda n, m, r: tr.ElmanNet(n, input_dim=m, radius=r), FEW, FEW, RADII),
    st.builds(lambda t, r: tr.TimeConstants(tau=(0.0, t), radius=r), st.floats(0.0, 0.99), RADII),
    st.builds(lambda n, r: tr.LearnedTimeConstants(n, radius=r), FEW, RADII),
    st.builds(lambda k, n, r: tr.GammaMemory(taps=k, units_count=n, radius=r), FEW, FEW, RADII),
    st.builds(lambda n, k, r: tr.TimeDelayNet(n, window=k, radius=r), FEW, FEW, RADII),
    st.builds(lambda n, d, r: tr.NARX(n, delays=d, radius=r), FEW, FEW, RADII),
    st.builds(lambda d, L, r: tr.NARXNeuron(delays=d, L=L, radius=r), FEW, FEW, RADII),
    st.builds(lambda n, d, r: tr.EmbeddedMemory(n, delays=d, radius=r), FEW, FEW, RADII),
    st.builds(lambda n, r: tr.HierarchicalNet((1, 2), n, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.ClockedNet((1, 2), n, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.SecondOrderNet(n, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.RadialBasisNet(n, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.TimeWarpingNet(n, radius=r), FEW, RADII),
    st.builds(lambda k, r: tr.LSTM1997(blocks=k, radius=r), FEW, RADII),
    st.builds(lambda k, r: tr.ForgetGateLSTM(blocks=k, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.GuessingNetA1(n, radius=r), FEW, RADII),
    st.builds(lambda n, r: tr.GuessingNetA2(n, radius=r), FEW, RADII),
    st.builds(lambda r: tr.AnyWiring(("tanh",), ((0, 1, 0, 0), (0, 0, 1, 1)), radius=r), RADII),
    st.builds(lambda L, r: tr.FlipFlopLatch(L, radius=r, start=tr.Start.LOW), FEW, RADII),
    st.builds(lambda t: tr.StateTables(t), TOPOLOGY),
    st.builds(lambda t: tr.SoftmaxStates(t), TOPOLOGY),
    st.builds(lambda t: tr.InputOutputHMM(t), TOPOLOGY),
    st.builds(lambda t: tr.InputSubnets(t), TOPOLOGY),
    st.builds(lambda n, r: tr.SequentialNet((1, n), radius=r), FEW, RADII),
    st.builds(lambda s: tr.FirstOrderAutomaton(strength=s), st.floats(1.0, 8.0)),
    st.builds(lambda s: tr.SecondOrderAutomaton(strength=s), st.floats(2.0, 20.0)),
    st.builds(lambda n, r: tr.Latching(tr.ElmanNet(n, radius=r)), FEW, RADII),
    st.builds(lambda n, r: tr.Chunker(n, surprise=tr.Surprise.BY_INFORMATION, radius=r), FEW, RADII),
    st.builds(lambda k, n, r: tr.PredictorHierarchy(k, n, radius=r), st.integers(2, 3), FEW, RADII),
    st.builds(lambda k: tr.TransitionHierarchy(k), st.integers(5, 40)),
    st.builds(lambda n, r: tr.FreeNet(n, radius=r), FEW, RADII),
    st.builds(lambda n: tr.CascadeNet(n), FEW),
)

RULES = st.one_of(
    st.builds(lambda e: tr.BackPropagation(eta=e, momentum=0.5), RATES),
    st.builds(lambda e: tr.TruncatedBackPropagation(eta=e), RATES),
    st.builds(lambda e: tr.ClippedBackPropagation(eta=e), RATES),
    st.builds(lambda e: tr.RegularizedBackPropagation(eta=e), RATES),
    st.builds(lambda e: tr.RealTimeRecurrentLearning(eta=e), RATES),
    st.builds(lambda e: tr.LocalFeedback(eta=e), RATES),
    st.builds(lambda e: tr.FocusedBackPropagation(eta=e), RATES),
    st.builds(lambda e: tr.PseudoNewton(eta=e, mu=0.1), RATES),
    st.builds(lambda e: tr.TimeWeightedPseudoNewton(eta=e, mu=0.1), RATES),
    st.builds(lambda e: tr.MultigridRandomSearch(half_width=e), RATES),
    st.builds(lambda e: tr.SimulatedAnnealing(temperature=e), RATES),
    st.builds(lambda e: tr.WeightGuessing(half_width=e), RATES),
    st.builds(
        lambda e, d, s, f: tr.DiscreteErrorPropagation(eta=e, discretisation=d, slope=s, feedback=f),
        *(RATES, *(st.sampled_from(list(kind)) for kind in (tr.Discretisation, tr.Slope, tr.Feedback))),
    ),
    st.builds(lambda e, s: tr.FlipFlopRule(rate=e, share=s), RATES, st.sampled_from(list(tr.Share))),
    st.builds(lambda e: tr.ExpectationMaximization(gain=e), RATES),
    st.builds(lambda e: tr.GeneralizedEM(gain=e), RATES),
    st.builds(lambda e: tr.StochasticAscent(eta=e), RATES),
    st.builds(lambda e: tr.BaumWelch(gain=e), RATES),
    st.builds(lambda e: tr.HistoryCompression(eta=e), RATES),
    st.builds(lambda e: tr.HigherOrderLearning(eta=e), RATES),
    st.builds(lambda n: tr.GNARL(population=2 * n), st.integers(2, 25)),
    st.builds(lambda e: tr.CascadeCorrelation(eta=e), RATES),
)


def one_of_each(strategies: Any) -> list[Any]:
    """The members of a `one_of`, so that each can be a test of its own."""
    return list(strategies.original_strategies)
