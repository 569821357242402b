"""Writes a checkpoint folder of a published model's sizes with random weights: to run and to compare a large model without its files.

    python3 tools/reference/random_checkpoint.py --like qwen3-vl-8b --tokenizer models/nano --out DIR [--layers N] [--seed N]

The layout is the published FP8 one: config.json, shards with an index, `weight` (F8_E4M3) and `weight_scale_inv` (BF16, one for each
128 x 128 block) in every text layer's linears, everything else BF16. Tokenizer, template and processor settings are copied from the
tokenizer's folder, and with them the ids of image, vision and end tokens; the vocabulary keeps the published size, so most of its rows
belong to no token. Weights are drawn such that hidden states keep their size: normal with variance 1 / fan-in, what is added to the
residual stream less by the number of additions. Made on the GPU if there is one, a tensor at a time.
"""

import argparse
import json
import shutil
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

BLOCK = 128
SHARD_BYTES = 4 << 30
ITEM = {"BF16": 2, "F8_E4M3": 1}
COPIED = ["tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
          "chat_template.json", "preprocessor_config.json", "video_preprocessor_config.json", "generation_config.json"]

SIZES = {
    "qwen3-vl-8b": {
        "text_config": {
            "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8,
            "head_dim": 128, "max_position_embeddings": 262144, "rope_theta": 5000000, "mrope_section": [24, 20, 20],
        },
        "vision_config": {
            "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16, "out_hidden_size": 4096, "num_position_embeddings": 2304,
            "deepstack_visual_indexes": [8, 16, 24],
        },
    },
}


@dataclass(frozen=True)
class Spec:
    """A tensor to make: normal numbers of that mean and deviation."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    deviation: float
    mean: float = 0.0
    # The matrix whose scales these are.
    scales_of: str | None = None

    @property
    def bytes(self) -> int:
        count = ITEM[self.dtype]
        for size in self.shape:
            count *= size
        return count


def configuration(sizes: dict, source: dict, layers: int | None) -> dict:
    """config.json as published, with both names of the rotary settings; ids are those of the tokenizer's own config.json."""
    text, vision = dict(sizes["text_config"]), dict(sizes["vision_config"])
    if layers is not None:
        if layers < len(vision["deepstack_visual_indexes"]):
            raise SystemExit(f"--layers is at least {len(vision['deepstack_visual_indexes'])}: DeepStack adds to as many.")
        text["num_hidden_layers"] = layers
    rope = {"rope_type": "default", "mrope_interleaved": True, "mrope_section": text.pop("mrope_section")}
    theta = text.pop("rope_theta")
    of = source["text_config"]
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl", "dtype": "bfloat16",
        **{name: source[name] for name in ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")},
        "tie_word_embeddings": False,
        "text_config": {
            "model_type": "qwen3_vl_text", "dtype": "bfloat16", **text, "hidden_act": "silu", "rms_norm_eps": 1e-6, "attention_bias": False, "attention_dropout": 0.0,
            "initializer_range": 0.02, "use_cache": True, "tie_word_embeddings": False,
            **{name: of.get(name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")},
            "rope_theta": theta, "rope_scaling": rope, "rope_parameters": {**rope, "rope_theta": theta},
        },
        "vision_config": {
            "model_type": "qwen3_vl", **vision, "hidden_act": "gelu_pytorch_tanh", "in_channels": 3, "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2,
            "initializer_range": 0.02,
        },
        "quantization_config": {
            "quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [BLOCK, BLOCK], "modules_to_not_convert": ["lm_head", "model.visual"],
        },
    }


def text_specs(text: dict) -> list[Spec]:
    hidden, inner, layers, dim = text["hidden_size"], text["intermediate_size"], text["num_hidden_layers"], text["head_dim"]
    queries, keys = text["num_attention_heads"] * dim, text["num_key_value_heads"] * dim
    root = "model.language_model"
    specs = [Spec(f"{root}.embed_tokens.weight", "BF16", (text["vocab_size"], hidden), 1.0)]

    def norm(name: str, width: int) -> None:
        specs.append(Spec(name, "BF16", (width,), 0.1, 1.0))

    def matrix(name: str, rows: int, columns: int, gain: float = 1.0) -> None:
        specs.append(Spec(name, "F8_E4M3", (rows, columns), gain * columns ** -0.5))
        specs.append(Spec(f"{name}_scale_inv", "BF16", (-(-rows // BLOCK), -(-columns // BLOCK)), 0.0, scales_of=name))

    # Two additions a layer: together they leave the stream about as large as the embeddings.
    added = (2 * layers) ** -0.5
    for layer in range(layers):
        name = f"{root}.layers.{layer}"
        norm(f"{name}.input_layernorm.weight", hidden)
        matrix(f"{name}.self_attn.q_proj.weight", queries, hidden)
        matrix(f"{name}.self_attn.k_proj.weight", keys, hidden)
        matrix(f"{name}.self_attn.v_proj.weight", keys, hidden)
        norm(f"{name}.self_attn.q_norm.weight", dim)
        norm(f"{name}.self_attn.k_norm.weight", dim)
        matrix(f"{name}.self_attn.o_proj.weight", hidden, queries, added)
        norm(f"{name}.post_attention_layernorm.weight", hidden)
        matrix(f"{name}.mlp.gate_proj.weight", inner, hidden)
        matrix(f"{name}.mlp.up_proj.weight", inner, hidden)
        matrix(f"{name}.mlp.down_proj.weight", hidden, inner, added)
    norm(f"{root}.norm.weight", hidden)
    # Logits twice as far apart as the stream's numbers: the likeliest token is clear.
    specs.append(Spec("lm_head.weight", "BF16", (text["vocab_size"], hidden), 2 * hidden ** -0.5))
    return specs


def vision_specs(vision: dict) -> list[Spec]:
    width, inner, out = vision["hidden_size"], vision["intermediate_size"], vision["out_hidden_size"]
    merged = width * vision["spatial_merge_size"] ** 2
    root = "model.visual"
    patch = (vision["in_channels"], vision["temporal_patch_size"], vision["patch_size"], vision["patch_size"])
    fan = patch[0] * patch[1] * patch[2] * patch[3]
    specs: list[Spec] = []

    def linear(name: str, rows: int, columns: int, gain: float = 1.0) -> None:
        specs.append(Spec(f"{name}.weight", "BF16", (rows, columns), gain * columns ** -0.5))
        specs.append(Spec(f"{name}.bias", "BF16", (rows,), 0.02))

    def norm(name: str, size: int) -> None:
        specs.append(Spec(f"{name}.weight", "BF16", (size,), 0.1, 1.0))
        specs.append(Spec(f"{name}.bias", "BF16", (size,), 0.02))

    # Pixels lie between -1 and 1, so they are about 0.6 in the mean.
    specs.append(Spec(f"{root}.patch_embed.proj.weight", "BF16", (width, *patch), 1.7 * fan ** -0.5))
    specs.append(Spec(f"{root}.patch_embed.proj.bias", "BF16", (width,), 0.02))
    specs.append(Spec(f"{root}.pos_embed.weight", "BF16", (vision["num_position_embeddings"], width), 0.5))
    added = (2 * vision["depth"]) ** -0.5
    for block in range(vision["depth"]):
        name = f"{root}.blocks.{block}"
        norm(f"{name}.norm1", width)
        linear(f"{name}.attn.qkv", 3 * width, width)
        linear(f"{name}.attn.proj", width, width, added)
        norm(f"{name}.norm2", width)
        linear(f"{name}.mlp.linear_fc1", inner, width)
        linear(f"{name}.mlp.linear_fc2", width, inner, added)
    # Behind a gelu numbers are about 0.65 in the mean; image tokens are as large as embeddings, and what DeepStack adds a third of it.
    norm(f"{root}.merger.norm", width)
    linear(f"{root}.merger.linear_fc1", merged, merged)
    linear(f"{root}.merger.linear_fc2", out, merged, 1.5)
    for tap in range(len(vision["deepstack_visual_indexes"])):
        name = f"{root}.deepstack_merger_list.{tap}"
        norm(f"{name}.norm", merged)
        linear(f"{name}.linear_fc1", merged, merged)
        linear(f"{name}.linear_fc2", out, merged, 0.5)
    return specs


def plan(config: dict) -> list[Spec]:
    """Every tensor of the checkpoint, scales right behind their matrix."""
    specs = text_specs(config["text_config"]) + vision_specs(config["vision_config"])
    ragged = [spec.name for spec in specs if spec.dtype == "F8_E4M3" and any(size % BLOCK for size in spec.shape)]
    if ragged:
        raise SystemExit(f"{ragged[0]} has a side that is no multiple of {BLOCK}; transformers reads no ragged blocks.")
    return specs


def shards(specs: list[Spec], limit: int = SHARD_BYTES) -> list[list[Spec]]:
    """Runs of tensors of at most that many bytes; a matrix and its scales stay together."""
    groups: list[list[Spec]] = []
    for spec in specs:
        groups[-1].append(spec) if spec.scales_of else groups.append([spec])
    result: list[list[Spec]] = [[]]
    for group in groups:
        if result[-1] and sum(spec.bytes for spec in result[-1] + group) > limit:
            result.append([])
        result[-1].extend(group)
    return result


def write_shard(path: Path, specs: list[Spec], make) -> None:
    """A safetensors file. `make` gives a matrix's bytes and its scales' in one go, or None for the latter."""
    header: dict = {"__metadata__": {"format": "pt"}}
    offset = 0
    for spec in specs:
        header[spec.name] = {"dtype": spec.dtype, "shape": list(spec.shape), "data_offsets": [offset, offset + spec.bytes]}
        offset += spec.bytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        scales = None
        for spec in specs:
            if spec.scales_of:
                data = scales
            else:
                data, scales = make(spec)
            if len(data) != spec.bytes:
                raise ValueError(f"{spec.name}: {len(data)} bytes instead of {spec.bytes}")
            file.write(data)
    temporary.rename(path)


class TorchMaker:
    """Draws tensors with torch; each depends on its name and the seed alone."""

    def __init__(self, seed: int):
        import torch

        self.torch = torch
        self.seed = seed
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    def __call__(self, spec: Spec) -> tuple[memoryview, memoryview | None]:
        torch = self.torch
        generator = torch.Generator(device=self.device).manual_seed(self.seed * 1_000_003 + zlib.crc32(spec.name.encode()))
        values = torch.randn(spec.shape, generator=generator, device=self.device, dtype=torch.float32).mul_(spec.deviation).add_(spec.mean)
        if spec.dtype == "BF16":
            return self.bytes_of(values.to(torch.bfloat16)), None
        rows, columns = spec.shape
        blocks = values.view(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
        # The scale as it is stored: rounded to BF16 first, so that bytes times scales are what was meant.
        scales = (blocks.abs().amax(dim=(1, 3)) / 448.0).to(torch.bfloat16)
        codes = (blocks / scales.float()[:, None, :, None]).clamp_(-448.0, 448.0).to(torch.float8_e4m3fn)
        return self.bytes_of(codes.view(rows, columns)), self.bytes_of(scales)

    def bytes_of(self, tensor) -> memoryview:
        return memoryview(tensor.contiguous().view(self.torch.uint8).cpu().numpy().reshape(-1))


def write(out: Path, config: dict, tokenizer: Path, make, limit: int = SHARD_BYTES) -> None:
    """The whole folder. The index comes last: without it a folder is no checkpoint."""
    out.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (tokenizer / name).exists():
            shutil.copyfile(tokenizer / name, out / name)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    specs = plan(config)
    parts = shards(specs, limit)
    names = [f"model-{number:05d}-of-{len(parts):05d}.safetensors" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts):
        write_shard(out / name, part, make)
        print(f"{name}: {len(part)} tensors, {sum(spec.bytes for spec in part):,} bytes", flush=True)
    index = {"metadata": {"total_size": sum(spec.bytes for spec in specs)}, "weight_map": {spec.name: name for name, part in zip(names, parts) for spec in part}}
    (out / "model.safetensors.index.json").write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def check_processor(tokenizer: Path, config: dict) -> None:
    processor = json.loads((tokenizer / "preprocessor_config.json").read_text(encoding="utf-8"))
    vision = config["vision_config"]
    for ours, theirs in (("patch_size", "patch_size"), ("temporal_patch_size", "temporal_patch_size"), ("merge_size", "spatial_merge_size")):
        if processor[ours] != vision[theirs]:
            raise SystemExit(f"preprocessor_config.json has a {ours} of {processor[ours]}, the model one of {vision[theirs]}.")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--like", choices=sorted(SIZES), required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="a checkpoint folder whose tokenizer, template and processor settings are taken")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--layers", type=int, help="fewer text layers than the model has")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    source = json.loads((arguments.tokenizer / "config.json").read_text(encoding="utf-8"))
    config = configuration(SIZES[arguments.like], source, arguments.layers)
    check_processor(arguments.tokenizer, config)
    make = TorchMaker(arguments.seed)
    print(f"{arguments.like} with {config['text_config']['num_hidden_layers']} layers, made on {make.device}", flush=True)
    write(arguments.out, config, arguments.tokenizer, make)
    return 0


if __name__ == "__main__":
    sys.exit(main())
