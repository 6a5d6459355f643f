"""`backup` and `restore`: the terminal side of backend.embedded.backup."""

from pathlib import Path

from backend.cli.screen import say, step
from backend.embedded.backup import backup, restore
from backend.embedded.home import Home


def backup_write(home: Home, file: str) -> None:
    target = Path(file).absolute()
    with step("Writing the backup"):
        backup(home, target)
    say(
        f"{target} ({target.stat().st_size / 1e6:.1f} MB) holds the data and the secret keys: keep it as safe as those."
    )


def backup_restore(home: Home, file: str, *, force: bool) -> None:
    with step("Restoring"):
        aside = restore(Path(file).absolute(), home, force=force)
    if aside is not None:
        say(f"What was there before lies in {aside}: delete it when you no longer need it.")
    say("Restored: `./atelier up` starts it.")
