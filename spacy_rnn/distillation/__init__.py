"""Learning from raw text: trained pipelines label it, and a smaller one learns from gold and soft labels together."""

from .label import DistillSettings, DistillStats, distill
from .teachers import Teacher

__all__ = ["DistillSettings", "DistillStats", "Teacher", "distill"]
