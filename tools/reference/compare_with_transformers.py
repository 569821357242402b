"""Loads a Qwen3-VL folder in transformers, unchanged, and says whether it computes what our `probe` wrote for the same conversation.

    dotnet run -c Release --project src/Inference -- probe --model models/nano --messages case.json --greedy 48 --out case.safetensors
    python3 tools/reference/compare_with_transformers.py --model models/nano --case case.json case.safetensors [--case ...]

Compared are the FP8 weights widened to float32, which is what `probe` computes on a CPU: ids, grids and greedy tokens must be the
same. With --native the folder is also run through transformers' own FP8 layers on a GPU (they need the `kernels` package), which
round activations to FP8 as well: the greedy tokens are counted up to the first that differs. Ends with status 1 where ids, grids or
the widened model's tokens differ.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoProcessor, FineGrainedFP8Config, Qwen3VLForConditionalGeneration


def inputs_of(processor, path: Path) -> dict:
    messages = json.loads(path.read_text(encoding="utf-8"))
    parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    images = [Image.open(path.parent / part["image"]).convert("RGB") for part in parts if part["type"] == "image"]
    text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return dict(processor(text=[text], images=images or None, return_tensors="pt"))


def greedy(model, inputs: dict, count: int) -> list[int]:
    """The likeliest token each time; stop tokens do not stop it."""
    moved = {name: value.to(model.device) for name, value in inputs.items()}
    with torch.no_grad():
        output = model.generate(**moved, do_sample=False, min_new_tokens=count, max_new_tokens=count, eos_token_id=-1, pad_token_id=0)
    return output[0, moved["input_ids"].shape[1]:].tolist()


def agreement(ours: list[int], theirs: list[int]) -> int:
    return next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), len(ours))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--case", nargs=2, action="append", type=Path, required=True, metavar=("MESSAGES", "PROBE"))
    parser.add_argument("--native", action="store_true", help="also transformers' own FP8 layers, on a GPU")
    arguments = parser.parse_args()
    print("transformers", transformers.__version__, "torch", torch.__version__)
    processor = AutoProcessor.from_pretrained(str(arguments.model))
    widened = Qwen3VLForConditionalGeneration.from_pretrained(
        str(arguments.model), dtype=torch.float32, quantization_config=FineGrainedFP8Config(dequantize=True)).float().eval()
    native = Qwen3VLForConditionalGeneration.from_pretrained(str(arguments.model), dtype="auto", device_map="cuda").eval() if arguments.native else None
    differs = False
    for messages, probe in arguments.case:
        ours = load_file(str(probe))
        inputs = inputs_of(processor, messages)
        count = ours["greedy"].shape[0]
        ids = torch.equal(inputs["input_ids"][0], ours["input_ids"])
        grids = "image_grid_thw" not in inputs or torch.equal(inputs["image_grid_thw"], ours["image_grid_thw"])
        line = f"{messages.name}: ids {'same' if ids else 'DIFFER'}, grids {'same' if grids else 'DIFFER'}"
        if "pixel_values" in inputs and grids:
            line += f", pixels at most {float((inputs['pixel_values'] - ours['pixel_values']).abs().max()) * 127.5:.2f} levels apart"
        same = agreement(ours["greedy"].tolist(), greedy(widened, inputs, count))
        with torch.no_grad():
            logits = widened(**inputs).logits[0].float()
        line += f", logits at most {float((logits[:, :ours['logits'].shape[1]] - ours['logits']).abs().max()):.1e} apart, greedy {same} of {count} the same"
        differs |= not (ids and grids and same == count)
        if native is not None:
            line += f"; FP8 layers of transformers: {agreement(ours['greedy'].tolist(), greedy(native, inputs, count))} of {count}"
        print(line)
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
