"""Model servers that people are likely to have: where they listen, and whether they want a key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """A server to start from in the form; `hint` says what to do first."""

    id: str
    name: str
    base_url: str
    needs_key: bool
    hint: str


PRESETS = (
    Preset("ollama", "Ollama", "http://127.0.0.1:11434/v1", False, "Start it with `ollama serve`, then pull a model."),
    Preset("vllm", "vLLM", "http://127.0.0.1:8080/v1", False, "Start it with `vllm serve MODEL --port 8080`."),
    Preset("sglang", "SGLang", "http://127.0.0.1:30000/v1", False, "Start `sglang.launch_server --model-path MODEL`."),
    Preset("lm-studio", "LM Studio", "http://127.0.0.1:1234/v1", False, "Start the server in its Developer tab."),
    Preset(
        "llama-cpp", "llama.cpp server", "http://127.0.0.1:8080/v1", False, "Start `llama-server -m FILE.gguf --jinja`."
    ),
    Preset("llamafile", "llamafile", "http://127.0.0.1:8080/v1", False, "Start the file with `--server --nobrowser`."),
    Preset(
        "tgi",
        "Text Generation Inference",
        "http://127.0.0.1:3000/v1",
        False,
        "Start it with `--model-id MODEL --port 3000`; it lists one model, named tgi.",
    ),
    Preset("lmdeploy", "LMDeploy", "http://127.0.0.1:23333/v1", False, "Start it with `lmdeploy serve api_server`."),
    Preset("xinference", "Xinference", "http://127.0.0.1:9997/v1", False, "Launch a model in its page first."),
    Preset("mlc-llm", "MLC LLM", "http://127.0.0.1:8000/v1", False, "Start it with `mlc_llm serve MODEL`."),
    Preset(
        "deepspeed-mii",
        "DeepSpeed-MII",
        "http://127.0.0.1:8000/v1",
        False,
        "Start `mii.entrypoints.openai_api_server --model MODEL --port 8000`.",
    ),
    Preset("openllm", "OpenLLM", "http://127.0.0.1:3000/v1", False, "Start it with `openllm serve MODEL`."),
    Preset(
        "ray-serve-llm",
        "Ray Serve LLM",
        "http://127.0.0.1:8000/v1",
        False,
        "Deploy `ray.serve.llm:build_openai_app` with `serve run`.",
    ),
    Preset(
        "tensorrt-llm",
        "TensorRT-LLM",
        "http://127.0.0.1:8000/v1",
        False,
        "Start it with `trtllm-serve MODEL --port 8000`.",
    ),
    Preset("openai", "OpenAI", "https://api.openai.com/v1", True, "Make a key at platform.openai.com."),
    Preset("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", True, "Make a key at openrouter.ai."),
    Preset("deepseek", "DeepSeek", "https://api.deepseek.com/v1", True, "Make a key at platform.deepseek.com."),
    Preset("mistral", "Mistral", "https://api.mistral.ai/v1", True, "Make a key at console.mistral.ai."),
    Preset("together", "Together", "https://api.together.xyz/v1", True, "Make a key at api.together.ai."),
    Preset("groq", "Groq", "https://api.groq.com/openai/v1", True, "Make a key at console.groq.com."),
    Preset(
        "gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        True,
        "Make a key at aistudio.google.com; this is its address for OpenAI's protocol.",
    ),
    Preset(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        True,
        "Make a key at console.anthropic.com; this is its address for OpenAI's protocol.",
    ),
    Preset(
        "dashscope",
        "Qwen (Model Studio)",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        True,
        "Make a key in Model Studio; in China the host is dashscope.aliyuncs.com.",
    ),
    Preset("moonshot", "Moonshot", "https://api.moonshot.ai/v1", True, "Make a key at platform.moonshot.ai."),
    Preset("other", "Another server", "http://127.0.0.1:8080/v1", False, "Any server that speaks OpenAI's protocol."),
)
