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
    Variable(
        "ATELIER_TRUSTED_PROXIES",
        "",
        "Networks, separated by commas (`127.0.0.1/32,10.0.0.0/8`), of the proxies in front of the web process. What "
        "their `X-Forwarded-For` says is the address in the audit log; of anybody else it is not believed.",
    ),
    Variable("ATELIER_MAX_UPLOAD_MB", "100", "The size of the largest file that can be uploaded, in MiB."),
    Variable(
        "ATELIER_EGRESS_NETWORKS",
        "",
        "Private networks, separated by commas (`10.1.0.0/16,192.168.7.9/32`), that every workspace reaches. Addresses "
        "that people enter otherwise lead to the public internet only, and to what their workspace lists.",
    ),
    Variable("ATELIER_HUB_ENDPOINT", "https://huggingface.co", "The hub that models are pulled from, or a mirror."),
    Variable("ATELIER_HUB_TOKEN", "", "A token of that hub, for models that it does not hand out to everybody."),
    Variable(
        "ATELIER_MODEL_MEMORY_MB", "0", "What loaded models may take together; 0 is 70 % of the machine's memory."
    ),
    Variable("ATELIER_MODEL_KEEP_ALIVE_S", "1800", "How long an added model stays loaded unasked; 0 is for ever."),
    Variable("ATELIER_RUN_MAX_STEPS", "500", "How many nodes one run may start, those of containers' rounds included."),
    Variable("ATELIER_RUN_MAX_TOKENS", "0", "How many tokens one run may use; 0 is no limit."),
    Variable("ATELIER_RUN_MAX_PARALLEL", "10", "How many nodes of one run may work at the same time."),
    Variable(
        "ATELIER_METRICS_TOKEN",
        "",
        "Whoever sends it as a bearer token reads `/metrics`. Unset: this machine alone, and nobody through a proxy.",
    ),
    Variable(
        "ATELIER_OTLP_ENDPOINT",
        "",
        "Where traces of runs go, by OTLP over HTTP with JSON (`http://127.0.0.1:4318`); unset is nowhere.",
    ),
    Variable("ATELIER_OTLP_HEADERS", "", "Headers for it, as `name=value,name=value`: a key, say."),
    Variable(
        "ATELIER_OTLP_CONTENT",
        "",
        "`1` also sends what people wrote and models said: inputs, prompts, answers, arguments, end users.",
    ),
    Variable("ATELIER_SMTP_HOST", "", "The mail server that alerts go out by; without it none is mailed."),
    Variable("ATELIER_SMTP_PORT", "587", "Its port."),
    Variable("ATELIER_SMTP_USER", "", "The user there; empty is without signing in."),
    Variable("ATELIER_SMTP_PASSWORD", "", "The user's password."),
    Variable("ATELIER_SMTP_SECURITY", "starttls", "`starttls`, `tls` (from the first byte, port 465) or `none`."),
    Variable("ATELIER_SMTP_FROM", "atelier@localhost", "The sender's address."),
    Variable("ATELIER_LOG_MAX_MB", "5", "How large a process's log grows, in MiB, before it is moved away."),
    Variable("ATELIER_LOG_FILES", "2", "How many older files of each log are kept."),
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
    Variable(
        "ATELIER_METRICS_DIR",
        "",
        "The folder in which processes count for `/metrics` together; each alone when it is unset.",
    ),
    Variable("PROMETHEUS_MULTIPROC_DIR", "", "The same for the client library; our processes set it when they start."),
    Variable("DJANGO_SETTINGS_MODULE", "backend.config.settings", "Django's settings; never another module."),
    Variable(
        "ATELIER_TEST_ENGINES", "", "For the tests: the folder of the engines that `./atelier test --vllm` installed."
    ),
    Variable(
        "TORCHDYNAMO_DISABLE",
        "1",
        "Of torch, in vLLM's processes without a GPU: nothing is compiled at the first request. `0` lets it compile.",
    ),
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
