using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Training.Evaluation;

/// <summary>A photo with an instruction.</summary>
public sealed record ReadingRequest(PatchedImage Photo, string Instruction);

/// <summary>What the model made of it.</summary>
/// <param name="Reasoning">Up to <c>&lt;/think&gt;</c>.</param>
/// <param name="Answer">After it.</param>
/// <param name="Confidence">
/// The probability the model gives all it wrote: the product over the tokens of reasoning and answer. The answer alone is nearly
/// certain once the reasoning stands, so what the photo left in doubt shows in the reasoning.
/// </param>
/// <param name="Ended">False if it was cut at the token limit.</param>
public sealed record Reading(string Reasoning, string Answer, double Confidence, bool Ended);

/// <summary>Greedy decoding of many photos for measuring a model: photos of one grid and instructions of one length go together.</summary>
public sealed class GreedyReader : IDisposable
{
    private readonly ChatProcessor processor;
    private readonly Qwen3VL model;
    private readonly Device device;
    private readonly ScalarType type;
    private readonly int thinkEnd;

    /// <summary>A reader of the model in that folder.</summary>
    public GreedyReader(string directory, Device device, ScalarType type)
    {
        processor = ChatProcessor.Load(directory);
        model = Qwen3VL.Load(directory, device, type);
        this.device = device;
        this.type = type;
        thinkEnd = processor.Tokenizer.IdOf("</think>");
    }

    /// <summary>The processor of the same folder.</summary>
    public ChatProcessor Processor => processor;

    /// <summary>Reads each request; results in their order.</summary>
    /// <param name="requests">Any mix of grids and instructions.</param>
    /// <param name="maxTokens">Most tokens of one reading.</param>
    /// <param name="batchSize">Most photos at once.</param>
    /// <param name="progress">Told how many are done.</param>
    public IReadOnlyList<Reading> Read(IReadOnlyList<ReadingRequest> requests, int maxTokens, int batchSize, Action<int>? progress = null)
    {
        using var off = no_grad();
        var readings = new Reading[requests.Count];
        var prompts = requests.Select(request => processor.Prompts.Build(
            [new ChatMessage(ChatRole.User, [new ImagePart(request.Photo.Grid), new TextPart(request.Instruction)])])).ToArray();
        var done = 0;
        foreach (var group in Enumerable.Range(0, requests.Count).GroupBy(i => (requests[i].Photo.Grid, prompts[i].Length)))
        {
            foreach (var batch in group.Chunk(batchSize))
            {
                ReadBatch(batch, requests, prompts, maxTokens, readings);
                done += batch.Length;
                progress?.Invoke(done);
            }
        }
        return readings;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private void ReadBatch(int[] batch, IReadOnlyList<ReadingRequest> requests, Prompt[] prompts, int maxTokens, Reading[] readings)
    {
        using var scope = NewDisposeScope();
        var (count, length) = (batch.Length, prompts[batch[0]].Length);
        using var cache = new BatchKvCache(model.Config.Text, count, length + maxTokens, device, type);
        var patches = cat([.. batch.Select(i => requests[i].Photo.ToTensor())]).to(device).to(type);
        var images = model.Vision.Forward(patches, [.. batch.Select(i => requests[i].Photo.Grid)]);
        var ids = tensor(batch.SelectMany(i => prompts[i].InputIds).Select(id => (long)id).ToArray()).to(device);
        var positions = cat([.. batch.Select(i => prompts[i].PositionTensor())], 1).to(device);
        var input = model.Prepare(ids, images);
        var hidden = model.Text.Forward(input.Hidden, model.Text.Rotary(positions), cache, input.DeepStack);
        cache.Advance(length);
        var last = arange(length - 1, (long)count * length, length, device: device);
        hidden = hidden.index_select(0, last);

        var sequences = batch.Select(_ => new Sequence()).ToArray();
        for (var step = 0; step < maxTokens; step++)
        {
            using var stepScope = NewDisposeScope();
            var (probabilities, tokens) = nn.functional.log_softmax(model.Text.Logits(hidden).to(float32), 1).max(1);
            var (chosen, scores) = (tokens.cpu().data<long>().ToArray(), probabilities.cpu().data<float>().ToArray());
            for (var i = 0; i < count; i++) sequences[i].Push((int)chosen[i], scores[i], processor.TurnEndId);
            if (sequences.All(sequence => sequence.Ended)) break;
            var next = tensor(batch.Select(i => (long)(prompts[i].NextPosition + step)).ToArray()).unsqueeze(0).expand(3, count).to(device);
            var stepped = model.Text.Forward(model.Text.Embed(tokens), model.Text.Rotary(next.contiguous()), cache);
            cache.Advance(1);
            hidden.Dispose();
            hidden = stepped.MoveToOuterDisposeScope();
        }
        for (var i = 0; i < count; i++) readings[batch[i]] = sequences[i].Reading(processor, thinkEnd);
    }

    private sealed class Sequence
    {
        private readonly List<int> ids = [];
        private double logProbability;

        public bool Ended { get; private set; }

        public void Push(int id, float score, int endOfTurn)
        {
            if (Ended) return;
            logProbability += score;
            if (id == endOfTurn)
            {
                Ended = true;
                return;
            }
            ids.Add(id);
        }

        public Reading Reading(ChatProcessor processor, int thinkEnd)
        {
            var split = ids.IndexOf(thinkEnd);
            var reasoning = split < 0 ? ids : ids.GetRange(0, split);
            List<int> answer = split < 0 ? [] : ids.GetRange(split + 1, ids.Count - split - 1);
            string Text(List<int> part) => processor.Tokenizer.Decode(part.ToArray(), skipSpecial: true).Trim();
            return new Reading(Text(reasoning), Text(answer), split < 0 ? 0 : Math.Exp(logProbability), Ended);
        }
    }
}
