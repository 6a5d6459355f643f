"""What vLLM's own processes on a processor need from us: imported in each of them, as its `worker_extension_cls`.

vLLM computes attention in tiles (AMX) where it finds them, and never asks Linux for their registers: the process would
end at its first product. Source: Linux, Documentation/arch/x86/xstate.rst.
"""

import ctypes
import platform
import sys
from typing import Final

_ARCH_PRCTL: Final = 158
_REQUEST_PERMISSION: Final = 0x1023
_TILE_DATA: Final = 18


def tiles_request() -> None:
    """Ask for the registers of tiles; where there are none, Linux refuses and nobody uses them."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA)


tiles_request()


class TiledWorker:
    """Adds nothing to a worker: that this module was imported is all."""
