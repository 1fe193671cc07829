"""`audit`: what a trained network remembers, and where its gradients go, in one call."""

from dynlatch.analysis.audit.diff import AuditDiff as AuditDiff
from dynlatch.analysis.audit.diff import MemoryChange as MemoryChange
from dynlatch.analysis.audit.finding import Finding as Finding
from dynlatch.analysis.audit.result import Audit as Audit
from dynlatch.analysis.audit.result import Memory as Memory
from dynlatch.analysis.audit.sequences import SEQUENCES as SEQUENCES
from dynlatch.analysis.audit.sequences import STEPS as STEPS
from dynlatch.analysis.audit.verb import audit as audit
from dynlatch.analysis.audit.verb import audit_until_interrupted as audit_until_interrupted
