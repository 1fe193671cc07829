"""Import every public name of the installed package and do one small piece of work with it."""

import dynlatch as dl
from dynlatch import analysis, training

for name in dl.__all__:
    getattr(dl, name)
for name in analysis.__all__:
    getattr(analysis, name)
for name in training.__all__:
    getattr(training, name)
learned = training.train(training.BackPropagation(), None, training.TwoSequence(T=5), trials=2, rng=0)
report = analysis.audit(dl.LatchNeuron(2.0))
report.to_html("report.html")
print(
    f"{len(dl.__all__)} + {len(analysis.__all__)} + {len(training.__all__)} public names; the latch holds {report.bits:.0f} bit"
)
