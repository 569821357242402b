using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Runners;

/// <summary>What every runner does, whatever its device: the bundled model gives one sequence's tokens, in whatever company and pieces.</summary>
public abstract class RunnerContract(TorchRunnerFixture fixture)
{
    private const int Tokens = 12;

    [Fact]
    public void Paged_generation_gives_what_the_plain_cache_gives()
    {
        using var runner = fixture.NewRunner();
        var prompt = fixture.PromptOf("Solve the problem in the photo.", 3);
        var paged = TorchRunnerFixture.Generate(runner, prompt, Tokens);
        Assert.Equal(Plain(prompt), paged.Select(token => token.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(50)]
    public void A_prompt_in_chunks_gives_what_it_gives_whole(int chunk)
    {
        using var runner = fixture.NewRunner();
        var prompt = fixture.PromptOf("What is this?", 2);
        fixture.Same(TorchRunnerFixture.Generate(runner, prompt, Tokens), TorchRunnerFixture.Generate(runner, prompt, Tokens, chunk, firstBlock: 40));
    }

    [Fact]
    public void Sequences_in_one_batch_give_what_each_gives_alone_whatever_stage_they_are_in()
    {
        using var runner = fixture.NewRunner();
        Prompt[] prompts = [fixture.PromptOf("One"), fixture.PromptOf("Transcribe the photo.", 1), fixture.PromptOf("A longer question about nothing at all, in many words."), fixture.PromptOf("Look.", 4)];
        var alone = prompts.Select(prompt => TorchRunnerFixture.Generate(runner, prompt, Tokens)).ToList();

        var images = prompts.SelectMany(prompt => prompt.Images).ToDictionary(image => image, image => runner.Encode(image.Source));
        var tokens = prompts.Select(prompt => prompt.Ids.ToList()).ToList();
        var computed = new int[prompts.Length];
        var made = prompts.Select(_ => new List<SampledToken>()).ToList();
        for (var step = 0; made.Any(one => one.Count < Tokens); step++)
        {
            // Each starts a step later than the one before and has its own chunk size, so prefills and decodes mix.
            var active = Enumerable.Range(0, prompts.Length).Where(i => step >= i && made[i].Count < Tokens).ToList();
            var chunks = active.Select(i => TorchRunnerFixture.Chunk(
                prompts[i], tokens[i], computed[i], Math.Min(20 + (9 * i), tokens[i].Count - computed[i]), Interleaved(i), images)).ToList();
            foreach (var (i, chunk, result) in active.Zip(chunks, runner.Step(chunks)))
            {
                computed[i] += chunk.Count;
                if (result.Token is not { } token) continue;
                made[i].Add(token);
                tokens[i].Add(token.Id);
            }
        }
        foreach (var image in images.Values) image.Dispose();
        for (var i = 0; i < prompts.Length; i++) fixture.Same(alone[i], made[i]);

        // Blocks that are neighbours belong to different sequences.
        int[] Interleaved(int sequence) => [.. Enumerable.Range(0, 25).Select(i => (i * 5) + sequence)];
    }

    [Fact]
    public void A_sequence_that_starts_behind_a_cached_prefix_gives_what_a_fresh_one_gives()
    {
        using var runner = fixture.NewRunner();
        var prompt = fixture.PromptOf("What is this?", 2);
        var fresh = TorchRunnerFixture.Generate(runner, prompt, 1);
        int[] blocks = [.. Enumerable.Range(0, 32)];
        var cached = (prompt.Ids.Count - 1) / TorchRunnerFixture.BlockSize * TorchRunnerFixture.BlockSize;
        var images = prompt.Images.Where(image => image.End > cached).ToDictionary(image => image, image => runner.Encode(image.Source));
        var result = runner.Step([TorchRunnerFixture.Chunk(prompt, prompt.Ids, cached, prompt.Ids.Count - cached, blocks, images)])[0];
        fixture.Same(fresh, [result.Token!]);
    }

    [Fact]
    public void An_image_in_parts_with_steps_of_others_between_them_gives_the_same_bits()
    {
        using var runner = fixture.NewRunner();
        Prompt look = fixture.PromptOf("Look.", 2), other = fixture.PromptOf("A question about nothing at all.");
        var image = look.Images[0];
        List<SampledToken> Read(EncodedImage encoded)
        {
            using (encoded)
            {
                var chunk = TorchRunnerFixture.Chunk(look, look.Ids, 0, look.Ids.Count, [.. Enumerable.Range(40, 32)], new Dictionary<PromptImage, EncodedImage> { [image] = encoded });
                return [runner.Step([chunk])[0].Token!];
            }
        }
        var whole = Read(runner.Encode(image.Source));
        using var encoding = runner.Begin(image.Source);
        using (var left = runner.Begin(image.Source)) left.Advance(0);
        EncodedImage? encoded = null;
        var parts = 0;
        for (; encoded is null; parts++)
        {
            runner.Step([TorchRunnerFixture.Chunk(other, other.Ids, 0, other.Ids.Count, [.. Enumerable.Range(0, 32)], new Dictionary<PromptImage, EncodedImage>())]);
            encoded = encoding.Advance(0);
        }
        Assert.True(parts > 4, $"{parts} parts");
        Assert.Equal(encoded.Bytes, runner.BytesOf(image.Source.Grid));
        var sliced = Read(encoded);
        Assert.Equal((whole[0].Id, whole[0].LogProbability), (sliced[0].Id, sliced[0].LogProbability));
        Assert.Equal(whole[0].Alternatives.Select(score => (score.Id, score.LogProbability)), sliced[0].Alternatives.Select(score => (score.Id, score.LogProbability)));
    }

    [Fact]
    public void An_image_token_that_the_model_writes_itself_is_only_a_token()
    {
        using var runner = fixture.NewRunner();
        var prompt = fixture.PromptOf("Look.", 1);
        int[] tokens = [.. prompt.Ids, fixture.Model.Config.ImageTokenId];
        var images = prompt.Images.ToDictionary(image => image, image => runner.Encode(image.Source));
        var result = runner.Step([TorchRunnerFixture.Chunk(prompt, tokens, 0, tokens.Length, [.. Enumerable.Range(0, 32)], images)])[0];
        Assert.Null(result.Fault);
        Assert.NotNull(result.Token);
    }

    [Fact]
    public void Nothing_native_outlives_its_owner()
    {
        using (var warm = fixture.NewRunner()) TorchRunnerFixture.Generate(warm, fixture.PromptOf("Look.", 1), 3);
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++)
        {
            using var runner = fixture.NewRunner();
            TorchRunnerFixture.Generate(runner, fixture.PromptOf("Look.", 1), 5);
        }
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private List<int> Plain(Prompt prompt)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        using var model = Qwen3VL.Load(fixture.Folder, CPU, ScalarType.Float32);
        using var attention = new KvCacheAttention(model.Config.Text, 1024, CPU, ScalarType.Float32);
        var patches = prompt.Images[0].Source.Take();
        var image = model.Vision.Forward(patches.ToTensor(), [patches.Grid]);
        List<int> tokens = [.. prompt.Ids];
        for (var start = 0; tokens.Count < prompt.Ids.Count + Tokens;)
        {
            var input = model.Prepare(tensor(tokens.Skip(start).Select(id => (long)id).ToArray()), start == 0 ? image : null);
            var positions = Enumerable.Range(start, tokens.Count - start).Select(prompt.Positions.At).ToList();
            var table = tensor([.. positions.Select(p => (long)p.Time), .. positions.Select(p => (long)p.Height), .. positions.Select(p => (long)p.Width)], 3, positions.Count);
            var states = model.Text.Forward(input.Hidden, model.Text.Rotary(table), attention, input.DeepStack);
            start = tokens.Count;
            tokens.Add((int)model.Text.Logits(states.narrow(0, states.shape[0] - 1, 1)).argmax().item<long>());
        }
        return [.. tokens.Skip(prompt.Ids.Count)];
    }
}
