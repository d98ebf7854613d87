"""Training configs for any of the components, with the settings that the project's own configs have."""

from .init_config import COMPONENTS, init_config
from .settings import SIZES

__all__ = ["COMPONENTS", "SIZES", "init_config"]
