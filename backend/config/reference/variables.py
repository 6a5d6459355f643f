"""The page of settings: every environment variable, and the keys of secrets.json. A test compares it with the code."""

from dataclasses import dataclass

from backend.config.reference.markdown import code, page, section, table


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable; an empty default means that it is unset, or that `note` says what happens then."""

    name: str
    default: str
    meaning: str


CHOSEN = (
    Variable(
        "ATELIER_HOME",
        "var",
        "The home folder with all data. `--home` goes before it; without both it is `var` in the repository.",
    ),
    Variable(
        "ATELIER_PUBLIC_URL",
        "http://127.0.0.1:8000",
        "The address that people open: it stands in invitations and links to files. Beginning with `https://` it also "
        "makes cookies secure, sends HSTS and believes the proxy's `X-Forwarded-Proto`. `up` sets it to the address "
        "that it listens on when it is unset.",
    ),
    Variable(
        "ATELIER_TRUSTED_ORIGINS",
        "",
        "Origins, with scheme, separated by commas, whose pages may write with a session cookie, besides the "
        "address that was asked itself.",
    ),
    Variable(
        "ATELIER_ALLOWED_HOSTS",
        "",
        "Host names, separated by commas, that are answered at all. Unset: the names of loopback when bound to "
        "loopback, else every name.",
    ),
    Variable("ATELIER_MAX_UPLOAD_MB", "100", "The size of the largest file that can be uploaded, in MiB."),
    Variable("ATELIER_DB_POOL", "12", "The most connections to PostgreSQL that each process keeps."),
    Variable(
        "DATABASE_URL",
        "",
        "A PostgreSQL of your own: `postgresql://user:password@host:port/name`. Unset: the embedded one.",
    ),
    Variable(
        "REDIS_URL",
        "",
        "A Redis of your own: `redis://host:port/0` or `unix:///path?db=0`. Unset: the embedded one.",
    ),
    Variable(
        "XDG_RUNTIME_DIR",
        "",
        "Where the sockets lie when the path of the home folder is too long for a socket; the folder for temporary "
        "files when it is unset.",
    ),
    Variable("MALLOC_ARENA_MAX", "2", "The C library's limit of memory arenas, for the processes of the platform."),
)
GIVEN = (
    Variable("ATELIER_HOST", "127.0.0.1", "The address that the web process listens on."),
    Variable(
        "ATELIER_PORT",
        "8000",
        "The web port. As a choice of yours only `doctor` and `docker compose` read it; `up` takes `--port`.",
    ),
    Variable(
        "ATELIER_INFERENCE_URL", "http://127.0.0.1:8001", "The inference server: `up` sets it to the web port + 1."
    ),
    Variable(
        "ATELIER_INFERENCE_KEY",
        "",
        "The key that is sent to the inference server. `up` needs none, since that server listens on loopback.",
    ),
    Variable(
        "ATELIER_SECRETS_FILE", "", "The file with the installation's keys. Unset: `secrets.json` in the home folder."
    ),
    Variable("DJANGO_SETTINGS_MODULE", "backend.config.settings", "Django's settings; never another module."),
    Variable("PYTHONPATH", "", "The repository, so that every process finds the packages."),
    Variable("PYTHONUNBUFFERED", "", "`1`, so that logs are written at once."),
    Variable("PYTHONDONTWRITEBYTECODE", "", "Removed: without byte code on disk every start compiles anew."),
)
CONTAINERS = (
    Variable("POSTGRES_PASSWORD", "", "Required: the password of the database."),
    Variable("ATELIER_BIND", "127.0.0.1", "The address of the host on which the web port is published."),
)
BUILD = (
    Variable("ATELIER_PYTHON", "", "A Python ≥ 3.11 that is not on the PATH, for the virtual environment."),
    Variable("CXX", "c++", "The C++ compiler for llama.cpp."),
    Variable("CC", "cc", "The C compiler for llama.cpp; with OpenMP, large batches are multiplied by OpenBLAS."),
    Variable("CMAKE_ARGS", "", "Further arguments for the build of llama.cpp."),
    Variable("XDG_CACHE_HOME", "", "Where the compiled wheel is kept: `atelier/wheels` below it, or below `~/.cache`."),
    Variable("PIP_FIND_LINKS", "", "A folder or page with wheels that the package installers look into as well."),
    Variable("UV_FIND_LINKS", "", "The same for uv alone; `PIP_FIND_LINKS` when it is unset."),
)
VARIABLES = (*CHOSEN, *GIVEN, *CONTAINERS, *BUILD)
SECRETS = {
    "secret_key": "Django's key, at least 50 characters: it signs sessions. Changing it signs everybody out.",
    "encryption_key": "The Fernet key of stored provider keys. `new,old` while keys are changed: the first encrypts, "
    "all decrypt.",
    "setup_code": "What the first visitor must enter unless the platform is bound to loopback.",
}


def _table(variables: tuple[Variable, ...]) -> str:
    return table(
        ("Variable", "Default", "Meaning"), ((code(item.name), code(item.default), item.meaning) for item in variables)
    )


def variables_page() -> str:
    """Return the page."""
    return page(
        "Settings",
        "Everything that can be set from outside: environment variables, read when a process starts, and the keys of "
        "an installation. Models, providers and all else is set in the console.",
        section("What you may set", _table(CHOSEN)),
        section(
            "What `./atelier up` sets for its processes",
            "Set these yourself only where you start the processes yourself, as `docker-compose.yml` does.",
            _table(GIVEN),
        ),
        section("What only `docker-compose.yml` reads", _table(CONTAINERS)),
        section("What only set-up reads", _table(BUILD)),
        section(
            "`secrets.json`",
            "Made at the first start, readable by its owner alone, different in every installation. Without it stored "
            "provider keys cannot be read: it is part of every backup.",
            table(("Key", "Meaning"), ((code(name), meaning) for name, meaning in SECRETS.items())),
        ),
    )
