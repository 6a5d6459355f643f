"""What vLLM's own processes on a processor need from us: imported in each of them, as its `worker_extension_cls`."""

import torch

# vLLM computes attention in tiles (AMX) where it finds them and never asks the kernel of Linux for them: the process
# would end at its first product. Where there are none this does nothing.
torch.cpu._init_amx()


class TiledWorker:
    """Adds nothing to a worker: that this module was imported is all."""
