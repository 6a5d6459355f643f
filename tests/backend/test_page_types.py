"""The page's types of the API are those of the schema."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.backend.api_calls import schema

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


def needs(path: Path) -> None:
    if not path.exists():
        pytest.fail(f"{path} is not there: `./atelier up` or `npm ci && npm run build` in frontend/ makes it")


def test_the_types_are_as_the_schema_makes_them(tmp_path: Path) -> None:
    needs(FRONTEND / "node_modules" / "openapi-typescript")
    document, made = tmp_path / "openapi.json", tmp_path / "schema.d.ts"
    document.write_text(json.dumps(schema()), encoding="utf-8")
    node = shutil.which("node")
    assert node, "node is not on the PATH"
    subprocess.run([node, "scripts/api-types.mjs", document, made], cwd=FRONTEND, check=True, capture_output=True)
    kept = (FRONTEND / "src" / "shared" / "api" / "schema.d.ts").read_text(encoding="utf-8")
    again = "stale: `python -m django spectacular --format openapi-json --file /tmp/openapi.json`, then in frontend/ "
    assert kept == made.read_text(encoding="utf-8"), again + "`npm run api-types -- /tmp/openapi.json`"
