using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Model.Probing;

/// <summary>
/// Runs one conversation straight through a checkpoint, without any service: what another implementation can be compared with,
/// number by number.
/// </summary>
public sealed class Probe : IDisposable
{
    private readonly ChatProcessor processor;
    private readonly Qwen3VL model;

    private Probe(ChatProcessor processor, Qwen3VL model)
    {
        this.processor = processor;
        this.model = model;
    }

    /// <summary>Loads a checkpoint folder.</summary>
    /// <param name="directory">With all files of a published checkpoint.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="computeType">float32 to compare with the reference.</param>
    public static Probe Load(string directory, Device device, ScalarType computeType) =>
        new(ChatProcessor.Load(directory), Qwen3VL.Load(directory, device, computeType));

    /// <summary>Runs the conversation of a file.</summary>
    /// <param name="messagesPath">See <see cref="MessagesFile"/>.</param>
    /// <param name="greedy">How many tokens to generate, the likeliest each time; stop tokens do not stop it.</param>
    /// <param name="layers">Whether the hidden states behind every layer are wanted too.</param>
    /// <returns>The caller owns it.</returns>
    /// <exception cref="ImageException">An image is refused.</exception>
    /// <exception cref="FormatException">The file is no conversation.</exception>
    public ProbeResult Run(string messagesPath, int greedy, bool layers = false)
    {
        var input = ProbeInput.Read(processor, messagesPath);
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        Device device = model.Text.Device;
        Prompt prompt = input.Prompt;
        Tensor pixels = input.PixelTensor(processor.Images.Config.PatchWidth);
        VisionOutput? vision = input.Images.Count == 0
            ? null
            : model.Vision.Forward(pixels.to(model.Text.ComputeType, device), [.. input.Images.Select(image => image.Grid)]);
        Tensor ids = prompt.IdTensor();
        Tensor positions = prompt.PositionTensor();
        using var cache = new KvCacheAttention(model.Config.Text, prompt.Length + greedy, device, model.Text.ComputeType);
        using ModelInput prepared = model.Prepare(ids.to(device), vision);
        List<Tensor> seen = [];
        Tensor hidden = model.Text.Forward(
            prepared.Hidden, model.Text.Rotary(positions.to(device)), cache, prepared.DeepStack,
            layers ? (_, state) => seen.Add(ProbeResult.Keep(state)) : null);
        Tensor logits = model.Text.Logits(hidden).to(ScalarType.Float32).cpu();
        long[] generated = Generate(cache, logits[-1], prompt.NextPosition, greedy);
        return new ProbeResult
        {
            InputIds = ids.MoveToOuterDisposeScope(),
            ImageGrids = input.GridTensor().MoveToOuterDisposeScope(),
            PixelValues = pixels.MoveToOuterDisposeScope(),
            PositionIds = positions.MoveToOuterDisposeScope(),
            Logits = logits.MoveToOuterDisposeScope(),
            Greedy = tensor(generated).MoveToOuterDisposeScope(),
            HiddenStates = layers ? ProbeResult.Stack(seen).MoveToOuterDisposeScope() : null,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private long[] Generate(KvCacheAttention cache, Tensor logits, int position, int count)
    {
        var tokens = new long[count];
        for (int i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            tokens[i] = logits.argmax().item<long>();
            if (i == count - 1)
            {
                break;
            }

            using ModelInput input = model.Prepare(tensor([tokens[i]], device: model.Text.Device), null);
            Tensor at = full([3, 1], position + i, ScalarType.Int64, model.Text.Device);
            Tensor hidden = model.Text.Forward(input.Hidden, model.Text.Rotary(at), cache);
            logits = model.Text.Logits(hidden)[0].MoveToOuterDisposeScope();
        }

        return tokens;
    }
}
