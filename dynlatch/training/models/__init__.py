"""Network architectures that are trained: shapes without weights, one a file."""

from dynlatch.training.models.any_wiring import AnyWiring as AnyWiring
from dynlatch.training.models.automaton_nets import FirstOrderAutomaton as FirstOrderAutomaton
from dynlatch.training.models.automaton_nets import SecondOrderAutomaton as SecondOrderAutomaton
from dynlatch.training.models.cascade import CascadeNet as CascadeNet
from dynlatch.training.models.chunker import Chunker as Chunker
from dynlatch.training.models.chunker import Surprise as Surprise
from dynlatch.training.models.dense import Dense as Dense
from dynlatch.training.models.elman import ElmanNet as ElmanNet
from dynlatch.training.models.embedded_memory import EmbeddedMemory as EmbeddedMemory
from dynlatch.training.models.flip_flop import FlipFlopLatch as FlipFlopLatch
from dynlatch.training.models.flip_flop import Start as Start
from dynlatch.training.models.focused import FocusedNet as FocusedNet
from dynlatch.training.models.forget_gates import ForgetGateLSTM as ForgetGateLSTM
from dynlatch.training.models.free_net import FreeNet as FreeNet
from dynlatch.training.models.gamma_memory import GammaMemory as GammaMemory
from dynlatch.training.models.guessing import GuessingNetA1 as GuessingNetA1
from dynlatch.training.models.guessing import GuessingNetA2 as GuessingNetA2
from dynlatch.training.models.hierarchical import ClockedNet as ClockedNet
from dynlatch.training.models.hierarchical import HierarchicalNet as HierarchicalNet
from dynlatch.training.models.input_output_hmm import InputOutputHMM as InputOutputHMM
from dynlatch.training.models.input_subnets import InputSubnets as InputSubnets
from dynlatch.training.models.latch_net import LatchNet as LatchNet
from dynlatch.training.models.latching import Latching as Latching
from dynlatch.training.models.local_feedback import LocalFeedbackNet as LocalFeedbackNet
from dynlatch.training.models.lstm_1997 import LSTM1997 as LSTM1997
from dynlatch.training.models.narx import NARX as NARX
from dynlatch.training.models.narx import NARXNeuron as NARXNeuron
from dynlatch.training.models.parity_net import ParityNet as ParityNet
from dynlatch.training.models.predictor_hierarchy import PredictorHierarchy as PredictorHierarchy
from dynlatch.training.models.radial_basis import RadialBasisNet as RadialBasisNet
from dynlatch.training.models.second_order import SecondOrderNet as SecondOrderNet
from dynlatch.training.models.sequential import SequentialNet as SequentialNet
from dynlatch.training.models.state_network import SoftmaxStates as SoftmaxStates
from dynlatch.training.models.state_network import StateTables as StateTables
from dynlatch.training.models.time_constants import LearnedTimeConstants as LearnedTimeConstants
from dynlatch.training.models.time_constants import TimeConstants as TimeConstants
from dynlatch.training.models.time_delay import TimeDelayNet as TimeDelayNet
from dynlatch.training.models.time_warping import TimeWarpingNet as TimeWarpingNet
from dynlatch.training.models.topology import Topology as Topology
from dynlatch.training.models.transition_hierarchy import TransitionHierarchy as TransitionHierarchy

ARCHITECTURES = (
    Dense,
    ParityNet,
    LatchNet,
    LocalFeedbackNet,
    FocusedNet,
    ElmanNet,
    TimeConstants,
    LearnedTimeConstants,
    GammaMemory,
    TimeDelayNet,
    NARX,
    NARXNeuron,
    EmbeddedMemory,
    HierarchicalNet,
    ClockedNet,
    SecondOrderNet,
    RadialBasisNet,
    TimeWarpingNet,
    LSTM1997,
    ForgetGateLSTM,
    GuessingNetA1,
    GuessingNetA2,
    AnyWiring,
    FlipFlopLatch,
    StateTables,
    SoftmaxStates,
    InputSubnets,
    InputOutputHMM,
    SequentialNet,
    FirstOrderAutomaton,
    SecondOrderAutomaton,
    Latching,
    Chunker,
    PredictorHierarchy,
    TransitionHierarchy,
    FreeNet,
    CascadeNet,
)
