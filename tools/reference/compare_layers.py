"""Says, layer by layer, how far our hidden states are from those of transformers for the same conversation.

    dotnet run -c Release --project src/Inference -- probe --model DIR --messages case.json --layers --device cuda --out case.safetensors
    python3 tools/reference/compare_layers.py --model DIR --case case.json case.safetensors [--case ...] [--dtype float32]

transformers computes with the FP8 weights widened, in float32 if that fits the GPU (or, without one, this machine's memory), else in
BF16, and from the very pixels that the probe saw. Compared is the stream behind each decoder layer, with what DeepStack adds: what the
next layer gets, and the last norm. Printed are relative errors (length of the difference over length of theirs), over all tokens, over
text and image tokens apart, and of the worst token. Ends with status 1 where one over all tokens is above --limit, or ids differ.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import torch
import transformers
from compare_with_transformers import inputs_of
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoProcessor, FineGrainedFP8Config, Qwen3VLForConditionalGeneration

BLOCK = 128
SCALE = "_scale_inv"
# Room for activations beside the weights.
SPARE = 1.25


def shards_of(folder: Path) -> dict[str, Path]:
    """Every tensor's file."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        return {name: folder / file for name, file in json.loads(index.read_text(encoding="utf-8"))["weight_map"].items()}
    single = folder / "model.safetensors"
    with safe_open(str(single), framework="pt") as file:
        return {name: single for name in file.keys()}


def parameters_of(files: dict[str, Path]) -> int:
    count = 0
    for path in set(files.values()):
        with safe_open(str(path), framework="pt") as file:
            for name in file.keys():
                if not name.endswith(SCALE):
                    size = 1
                    for side in file.get_slice(name).get_shape():
                        size *= side
                    count += size
    return count


def place_for(parameters: int, wanted: str) -> tuple[torch.device, torch.dtype]:
    """Where and in which type transformers computes."""
    if torch.cuda.is_available():
        device, free = torch.device("cuda"), torch.cuda.mem_get_info()[0]
    else:
        device, free = torch.device("cpu"), os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if wanted != "auto":
        return device, getattr(torch, wanted)
    return device, torch.float32 if parameters * 4 * SPARE < free else torch.bfloat16


@torch.no_grad()
def widen(model: torch.nn.Module, files: dict[str, Path]) -> None:
    """Puts the FP8 matrices in once more, multiplied in float32: transformers multiplies in the type of the scales, which is BF16."""
    parameters = dict(model.named_parameters())
    handles = {path: safe_open(str(path), framework="pt") for path in set(files.values())}
    for name in files:
        if name + SCALE not in files:
            continue
        weight = handles[files[name]].get_tensor(name).float()
        scales = handles[files[name + SCALE]].get_tensor(name + SCALE).float()
        spread = scales.repeat_interleave(BLOCK, 0)[: weight.shape[0]].repeat_interleave(BLOCK, 1)[:, : weight.shape[1]]
        parameters[name].copy_(weight * spread)


class Stream:
    """Notes what each layer but the first gets, and what the last norm gets: hidden states whatever the version makes of its outputs."""

    def __init__(self, text: torch.nn.Module):
        self.states: list[torch.Tensor] = []
        for module in [*list(text.layers)[1:], text.norm]:
            module.register_forward_pre_hook(self.note, with_kwargs=True)

    def note(self, module, positional, named) -> None:
        state = positional[0] if positional else named["hidden_states"]
        # A copy: some versions add to image tokens in place.
        self.states.append(state.detach()[0].float().cpu().clone())


def relative(difference: torch.Tensor, reference: torch.Tensor) -> float:
    return float(difference.norm() / reference.norm()) if reference.numel() else 0.0


def compare(ours: torch.Tensor, theirs: torch.Tensor, image: torch.Tensor) -> tuple[float, str]:
    """Of one layer: the error over all tokens, and a line."""
    difference = ours - theirs
    each = difference.norm(dim=-1) / theirs.norm(dim=-1)
    worst = int(each.argmax())
    error = relative(difference, theirs)
    return error, (f"{error:.2e}  text {relative(difference[~image], theirs[~image]):.2e}  image {relative(difference[image], theirs[image]):.2e}"
                   f"  worst {float(each[worst]):.2e} (token {worst}, {'image' if image[worst] else 'text'})")


def run_case(model, processor, stream: Stream, messages: Path, probe: Path, limit: float) -> bool:
    """Prints a case; true if all of it holds."""
    ours = load_file(str(probe))
    if "hidden_states" not in ours:
        raise SystemExit(f"{probe} has no hidden states; run probe with --layers.")
    inputs = inputs_of(processor, messages)
    if not torch.equal(inputs["input_ids"][0], ours["input_ids"]):
        print(f"{messages.name}: ids DIFFER")
        return False
    if "pixel_values" in inputs:
        print(f"{messages.name}: pixels at most {float((inputs['pixel_values'] - ours['pixel_values']).abs().max()) * 127.5:.2f} levels apart; the probe's are used")
        inputs["pixel_values"] = ours["pixel_values"].to(model.dtype)
    stream.states.clear()
    with torch.no_grad():
        model.model(**{name: value.to(model.device) for name, value in inputs.items()}, use_cache=False)
    layers = ours["hidden_states"].shape[0]
    if len(stream.states) != layers:
        print(f"{messages.name}: {layers} layers of ours, {len(stream.states)} of theirs")
        return False
    image = ours["input_ids"] == model.config.image_token_id
    print(f"{messages.name}: {len(image)} tokens, {int(image.sum())} of them of images")
    holds = True
    for layer, (own, their) in enumerate(zip(ours["hidden_states"].float(), stream.states)):
        error, line = compare(own, their, image)
        # A number that is none is no small error.
        good = error <= limit
        holds &= good
        print(f"  layer {layer:3d}: {line}{'' if good else '  ABOVE ' + format(limit, '.0e')}")
    return holds


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--case", nargs=2, action="append", type=Path, required=True, metavar=("MESSAGES", "PROBE"))
    parser.add_argument("--limit", type=float, default=2e-2)
    parser.add_argument("--dtype", choices=["auto", "float32", "bfloat16"], default="auto")
    arguments = parser.parse_args()
    # Full precision where it is float32: the tensor cores' shortened products would be the largest error.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    files = shards_of(arguments.model)
    device, dtype = place_for(parameters_of(files), arguments.dtype)
    print("transformers", transformers.__version__, "torch", torch.__version__, "in", str(dtype).removeprefix("torch."), "on", device, flush=True)
    processor = AutoProcessor.from_pretrained(str(arguments.model))
    model = Qwen3VLForConditionalGeneration.from_pretrained(str(arguments.model), dtype=dtype, quantization_config=FineGrainedFP8Config(dequantize=True))
    # What stays BF16 in the files is widened as well.
    model = (model.float() if dtype == torch.float32 else model).eval()
    widen(model, files)
    model = model.to(device)
    stream = Stream(model.model.language_model)
    holds = [run_case(model, processor, stream, messages, probe, arguments.limit) for messages, probe in arguments.case]
    return int(not all(holds))


if __name__ == "__main__":
    sys.exit(main())
