"""`python -m backend.cli`: what `./atelier` runs once the virtual environment is there."""

from backend.cli.app import main

main()
