"""Source code: the text as it is; its format is named after its language, so that it is cut at definitions."""

from rag.extract.format import Format
from rag.extract.text import check, read

LABEL = "source code"

_EXTENSIONS = {
    "python": (".py", ".pyi"),
    "javascript": (".js", ".jsx", ".mjs", ".cjs"),
    "typescript": (".ts", ".tsx"),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "scala": (".scala",),
    "swift": (".swift",),
    "go": (".go",),
    "rust": (".rs",),
    "c": (".c", ".h"),
    "cpp": (".cpp", ".cc", ".cxx", ".hpp", ".hh"),
    "csharp": (".cs",),
    "ruby": (".rb",),
    "php": (".php",),
    "perl": (".pl", ".pm"),
    "lua": (".lua",),
    "r": (".r",),
    "shell": (".sh", ".bash", ".zsh"),
    "powershell": (".ps1",),
    "sql": (".sql",),
    "css": (".css", ".scss", ".less"),
    "vue": (".vue", ".svelte"),
    "yaml": (".yaml", ".yml"),
    "toml": (".toml",),
    "ini": (".ini", ".cfg", ".conf", ".properties"),
    "protobuf": (".proto",),
    "latex": (".tex",),
    "restructuredtext": (".rst",),
}

FORMATS = tuple(
    Format(
        name=language,
        label=LABEL,
        extensions=extensions,
        read=read,
        check=check,
        is_text=True,
        markup="code",
        language=language,
    )
    for language, extensions in _EXTENSIONS.items()
)
