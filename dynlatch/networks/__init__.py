"""The architectures of fixed size, one a file. Each is a frozen value that obeys the contracts of `dynlatch.maps`."""

from dynlatch.networks.additive import AdditiveNetwork as AdditiveNetwork
from dynlatch.networks.additive import LatchNeuron as LatchNeuron
from dynlatch.networks.elman import ElmanNetwork as ElmanNetwork
from dynlatch.networks.flip_flop import FlipFlop as FlipFlop
from dynlatch.networks.gru import GRU as GRU
from dynlatch.networks.leaky import LeakyNetwork as LeakyNetwork
from dynlatch.networks.lstm import LSTM as LSTM
from dynlatch.networks.projected_lstm import ProjectedLSTM as ProjectedLSTM
from dynlatch.networks.reset_before_gru import ResetBeforeGRU as ResetBeforeGRU
from dynlatch.networks.stacked import StackedNetwork as StackedNetwork
from dynlatch.networks.state_network import StateNetwork as StateNetwork
from dynlatch.networks.subnets import SubnetNetwork as SubnetNetwork
from dynlatch.networks.threshold import ThresholdNetwork as ThresholdNetwork
from dynlatch.networks.wired import WiredNetwork as WiredNetwork

NETWORKS = (AdditiveNetwork, LeakyNetwork, ElmanNetwork, GRU, ResetBeforeGRU, LSTM, ProjectedLSTM, StackedNetwork, WiredNetwork)
