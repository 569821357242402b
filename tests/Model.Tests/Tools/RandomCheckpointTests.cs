using System.Diagnostics;
using EduVision.Model.Chat;
using EduVision.Model.Probing;
using EduVision.Model.Tests.Parity;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Tools;

/// <summary>
/// The folder that <c>tools/reference/random_checkpoint.py</c> lays out is one that our reader takes: names, shapes, types, shards, ids. Its
/// numbers are drawn here without torch, as a machine that runs these tests need not have it; where there is no Python, it is skipped.
/// </summary>
public sealed class RandomCheckpointTests
{
    private const string Script = """
        import json, math, random, struct, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from random_checkpoint import configuration, check_processor, write
        sizes = {
            "text_config": {"vocab_size": 2048, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 5, "num_attention_heads": 4, "num_key_value_heads": 2,
                            "head_dim": 64, "max_position_embeddings": 4096, "rope_theta": 5000000, "mrope_section": [12, 10, 10]},
            "vision_config": {"depth": 4, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 128, "num_position_embeddings": 64,
                              "deepstack_visual_indexes": [0, 1, 2]},
        }
        numbers = random.Random(1)
        def bf16(value):
            return struct.pack("<f", value)[2:]
        def make(spec):
            if spec.dtype == "BF16":
                return b"".join(bf16(numbers.gauss(spec.mean, spec.deviation)) for _ in range(spec.bytes // 2)), None
            codes = bytes(byte if byte & 0x7F < 0x78 else byte & 0x8F for byte in numbers.randbytes(spec.bytes))
            # Such bytes have a root mean square of about 60.
            return codes, bf16(spec.deviation / 60) * math.prod(size // 128 for size in spec.shape)
        tokenizer, out = Path(sys.argv[2]), Path(sys.argv[3])
        config = configuration(sizes, json.loads((tokenizer / "config.json").read_text()), 3)
        check_processor(tokenizer, config)
        write(out, config, tokenizer, make, limit=300_000)
        """;

    [Fact]
    public void What_it_writes_is_a_checkpoint_with_the_tokenizers_ids_that_keeps_hidden_states_their_size()
    {
        using var folder = new TemporaryFolder();
        var nano = RepositoryFiles.Find("models/nano");
        Run(RepositoryFiles.Find("tools/reference"), nano, folder.Path);

        var chat = ChatProcessor.Load(folder.Path);
        Assert.Equal(chat.TurnEndId, EduVision.Model.Configuration.ModelConfig.Load(folder.Path).Text.EosTokenId);
        using (var checkpoint = Checkpoint.Open(folder.Path))
        {
            Assert.True(Directory.GetFiles(folder.Path, "model-*-of-*.safetensors").Length > 2);
            Assert.Equal((StoredType.F8E4M3, StoredType.BF16), (checkpoint.Describe("model.language_model.layers.2.mlp.down_proj.weight").Type, checkpoint.Describe("model.language_model.layers.2.mlp.down_proj.weight_scale_inv").Type));
            Assert.False(checkpoint.Contains("model.language_model.layers.3.mlp.down_proj.weight"));
        }

        using var scope = NewDisposeScope();
        using var probe = Probe.Load(folder.Path, CPU, ScalarType.Float32);
        File.Copy(Path.Combine(RepositoryFiles.Fixture("tiny-fp8"), "a.png"), folder.File("a.png"));
        File.WriteAllText(folder.File("case.json"), """[{"role":"user","content":[{"type":"image","image":"a.png"},{"type":"text","text":"What is this?"}]}]""");
        using var result = probe.Run(folder.File("case.json"), greedy: 2, layers: true);
        for (var layer = 0; layer < 3; layer++)
        {
            var size = result.HiddenStates![layer].square().mean([-1]).sqrt();
            Assert.InRange(size.min().item<float>(), 0.4f, 2.5f);
            Assert.InRange(size.max().item<float>(), 0.4f, 2.5f);
        }
    }

    private static void Run(params string[] arguments)
    {
        Process python;
        try
        {
            python = Process.Start(new ProcessStartInfo("python3", ["-B", "-c", Script, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("There is no python3 here.");
            return;
        }

        using (python)
        {
            var said = python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            python.StandardOutput.ReadToEnd();
            python.WaitForExit();
            Assert.True(python.ExitCode == 0, said.Result);
        }
    }
}
