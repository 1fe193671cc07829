"""Network architectures that are trained: shapes without weights, one a file."""

from dynlatch.training.models.any_wiring import AnyWiring as AnyWiring
from dynlatch.training.models.dense import Dense as Dense
from dynlatch.training.models.flip_flop import FlipFlopLatch as FlipFlopLatch
from dynlatch.training.models.flip_flop import Start as Start
from dynlatch.training.models.focused import FocusedNet as FocusedNet
from dynlatch.training.models.latch_net import LatchNet as LatchNet
from dynlatch.training.models.local_feedback import LocalFeedbackNet as LocalFeedbackNet
from dynlatch.training.models.parity_net import ParityNet as ParityNet
from dynlatch.training.models.state_network import SoftmaxStates as SoftmaxStates
from dynlatch.training.models.state_network import StateTables as StateTables
from dynlatch.training.models.topology import Topology as Topology

ARCHITECTURES = (Dense, ParityNet, LatchNet, LocalFeedbackNet, FocusedNet, AnyWiring, FlipFlopLatch, StateTables, SoftmaxStates)
