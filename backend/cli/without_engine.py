"""A pytest plugin for `check`, which comes before the engine is compiled: llama.cpp cannot be imported.

On a machine that has compiled it before, a test without the mark `model` would pass here and fail on a new one.
"""

import sys

sys.modules["llama_cpp"] = None  # type: ignore[assignment]
