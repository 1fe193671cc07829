"""The architectures of fixed size, one a file. Each is a frozen value that obeys the contracts of `dynlatch.maps`."""

from dynlatch.networks.additive import AdditiveNetwork as AdditiveNetwork
from dynlatch.networks.additive import LatchNeuron as LatchNeuron

NETWORKS = (AdditiveNetwork,)
