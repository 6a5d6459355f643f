"""python -m rag.extract SOCKET IDLE_S: be the zygote of the process that has the socket's other end."""

import sys

from rag.extract.nursery import main

if __name__ == "__main__":
    main(sys.argv[1:])
