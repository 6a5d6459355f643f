"""Our ends of a sandbox's pipes: each is closed once, whatever loop it is given to."""

import asyncio
import os


class PipeEnd:
    """A descriptor until a loop's transport takes it over.

    asyncio's transports close the file that they were given. uvloop's close the descriptor and then the file: by then
    its number may belong to a connection that another thread has opened. So what is lent to uvloop, uvloop closes.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_ours = True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def lent_to(self, loop: asyncio.AbstractEventLoop) -> "PipeEnd":
        """Return what `connect_read_pipe` and `connect_write_pipe` of that loop may be given."""
        self._is_ours = isinstance(loop, asyncio.BaseEventLoop)
        return self

    def close(self) -> None:
        """Close the descriptor unless that was done, or is another's to do."""
        if self._is_ours:
            self._is_ours = False
            os.close(self._descriptor)
