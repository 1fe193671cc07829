"""How a run of training moves through basins and reduced attracting sets: for every trial, any rule."""

from dynlatch.training.monitor.events import RegionEvent as RegionEvent
from dynlatch.training.monitor.events import RegionEventKind as RegionEventKind
from dynlatch.training.monitor.fate import fates as fates
from dynlatch.training.monitor.record import RegionTrace as RegionTrace
from dynlatch.training.monitor.record import joined as joined
from dynlatch.training.monitor.watch import RegionMonitor as RegionMonitor
from dynlatch.training.monitor.watch import Watch as Watch
