using System.ClientModel;
using System.Net;
using System.Text;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using OpenAI;
using OpenAI.Chat;

namespace EduVision.Inference.Tests.Hosting;

public sealed class OpenAiTests
{
    private static ChatClient ClientOf(TestService service) => new OpenAIClient(
        new ApiKeyCredential(service.Key ?? "none"), new OpenAIClientOptions { Endpoint = new Uri(service.Url, "/v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) }).GetChatClient("tiny");

    private static UserChatMessage Photo() => new(
        ChatMessageContentPart.CreateTextPart("What is x?"), ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Pictures.Png()), "image/png"));

    [Fact]
    public async Task A_photo_is_answered_whole_with_usage_and_the_reasoning_apart()
    {
        await using var service = await TestService.StartAsync(configure: options => options.Key = "secret");
        var result = await ClientOf(service).CompleteChatAsync([new SystemChatMessage("Be short."), Photo()], new ChatCompletionOptions { MaxOutputTokenCount = 100 }, TestContext.Current.CancellationToken);
        var completion = result.Value;
        Assert.Equal(("x = 4", ChatFinishReason.Stop), (completion.Content[0].Text, completion.FinishReason));
        Assert.Equal(completion.Usage.InputTokenCount + completion.Usage.OutputTokenCount, completion.Usage.TotalTokenCount);
        Assert.Equal("let me see\n".Length + 1, completion.Usage.OutputTokenDetails.ReasoningTokenCount);
        Assert.Contains("\"reasoning_content\":\"let me see\"", result.GetRawResponse().Content.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, service.Runner.Encoded);
    }

    [Fact]
    public async Task A_stream_carries_the_same()
    {
        await using var service = await TestService.StartAsync();
        var (text, raw) = (new StringBuilder(), new StringBuilder());
        ChatFinishReason? finish = null;
        ChatTokenUsage? usage = null;
        await foreach (var update in ClientOf(service).CompleteChatStreamingAsync([Photo()], cancellationToken: TestContext.Current.CancellationToken))
        {
            foreach (var part in update.ContentUpdate) text.Append(part.Text);
            raw.Append(System.ClientModel.Primitives.ModelReaderWriter.Write(update));
            finish ??= update.FinishReason;
            usage ??= update.Usage;
        }
        Assert.Equal(("x = 4", ChatFinishReason.Stop), (text.ToString(), finish));
        Assert.NotNull(usage);
        Assert.Contains("reasoning_content", raw.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_probabilities_come_with_their_alternatives()
    {
        await using var service = await TestService.StartAsync();
        var completion = (await ClientOf(service).CompleteChatAsync(
            [new UserChatMessage("hello")], new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 2 }, TestContext.Current.CancellationToken)).Value;
        Assert.Equal("x = 4", string.Concat(completion.ContentTokenLogProbabilities.Select(token => token.Token)).Trim());
        Assert.All(completion.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));
    }

    [Fact]
    public async Task Conversations_go_on_and_the_token_limit_is_the_clients()
    {
        await using var service = await TestService.StartAsync();
        var completion = (await ClientOf(service).CompleteChatAsync(
            [new UserChatMessage("What is x?"), new AssistantChatMessage("x = 4"), new UserChatMessage("Why?")],
            new ChatCompletionOptions { MaxOutputTokenCount = 4, Temperature = 0 }, TestContext.Current.CancellationToken)).Value;
        Assert.Equal((ChatFinishReason.Length, 4), (completion.FinishReason, completion.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task Addresses_are_never_fetched_and_bad_images_and_options_are_refused_in_the_apis_own_words()
    {
        await using var service = await TestService.StartAsync();
        var client = ClientOf(service);
        foreach (var (messages, options) in new (ChatMessage[], ChatCompletionOptions)[]
        {
            ([new UserChatMessage(ChatMessageContentPart.CreateImagePart(new Uri("http://169.254.169.254/latest")))], new()),
            ([new UserChatMessage(ChatMessageContentPart.CreateImagePart(new Uri("https://example.com/a.png")))], new()),
            ([new UserChatMessage(ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes([1, 2, 3]), "image/png"))], new()),
            ([new UserChatMessage("hello")], new() { MaxOutputTokenCount = 1_000_000_000 }),
            ([new UserChatMessage("hello")], new() { StopSequences = { "x" } }),
            ([new AssistantChatMessage("hello")], new()),
        })
        {
            var refusal = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(messages, options, TestContext.Current.CancellationToken));
            Assert.Equal(400, refusal.Status);
            Assert.Contains("\"type\":\"invalid_request_error\"", refusal.GetRawResponse()!.Content.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_that_is_no_json_is_refused()
    {
        await using var service = await TestService.StartAsync();
        using var http = new HttpClient { BaseAddress = service.Url };
        foreach (var body in new[] { "", "{", "[]", "null", "{\"messages\":7}", "{\"messages\":[null]}", "{\"messages\":[{\"role\":\"user\",\"content\":[7]}]}" })
        {
            using var response = await http.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains("\"error\":{", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_the_models_are_listed_for_the_right_one()
    {
        await using var service = await TestService.StartAsync(configure: options => options.Key = "secret");
        var options = new OpenAIClientOptions { Endpoint = new Uri(service.Url, "/v1") };
        var models = await new OpenAIClient(new ApiKeyCredential("secret"), options).GetOpenAIModelClient().GetModelsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Path.GetFileName(service.Model.Folder), Assert.Single(models.Value).Id);
        var stranger = new OpenAIClient(new ApiKeyCredential("guess"), options).GetChatClient("tiny");
        Assert.Equal(401, (await Assert.ThrowsAsync<ClientResultException>(() => stranger.CompleteChatAsync([new UserChatMessage("hello")], cancellationToken: TestContext.Current.CancellationToken))).Status);
    }

    [Fact]
    public async Task A_client_that_hangs_up_ends_its_request()
    {
        await using var service = await TestService.StartAsync(tiny => _ => tiny.Tokenizer.Encode("a", false)[0], options => options.LoopTokens = 100_000);
        using var hangUp = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in ClientOf(service).CompleteChatStreamingAsync([new UserChatMessage("hello")], cancellationToken: hangUp.Token)) await hangUp.CancelAsync();
        });
        await TestService.UntilAsync(() => service.Engine.State is { Running: 0, BlocksUsed: 0 });
    }

    [Fact]
    public async Task Refusals_name_fields_as_the_api_does_and_unknown_fields_are_ignored()
    {
        await using var service = await TestService.StartAsync();
        using var http = new HttpClient { BaseAddress = service.Url };
        foreach (var (field, value) in new[] { ("max_tokens", "0"), ("top_logprobs", "21"), ("presence_penalty", "3"), ("thinking_budget", "-1"), ("stop", "[\"x\"]") })
        {
            var (status, body) = await PostAsync($$"""{"messages":[{"role":"user","content":"hello"}],"logprobs":true,"{{field}}":{{value}}}""");
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains($"\"param\":\"{field}\"", body, StringComparison.Ordinal);
            Assert.Contains($"\"message\":\"{field}: ", body, StringComparison.Ordinal);
        }
        var (fine, _) = await PostAsync("""{"model":"any","messages":[{"role":"user","name":"me","content":"hello"}],"store":true,"metadata":{"a":"b"},"stop":[],"n":1}""");
        Assert.Equal(HttpStatusCode.OK, fine);

        async Task<(HttpStatusCode, string)> PostAsync(string json)
        {
            using var response = await http.PostAsync("/v1/chat/completions", new StringContent(json, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Limits_and_faults_become_the_clients_exceptions_whole_and_streamed()
    {
        using var steps = new SemaphoreSlim(0);
        await using var service = await TestService.StartAsync(configure: options => options.PerUserLimit = 1, prepare: runner => runner.BeforeStep = _ => steps.Wait());
        var client = ClientOf(service);
        var first = client.CompleteChatAsync([new UserChatMessage("hello")], cancellationToken: TestContext.Current.CancellationToken);
        await TestService.UntilAsync(() => service.Engine.State.Running == 1);
        Assert.Equal(429, (await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync([new UserChatMessage("hello")], cancellationToken: TestContext.Current.CancellationToken))).Status);
        service.Runner.Fault = chunk => chunk.Tokens.Count > chunk.Prompt.Ids.Count + 3 ? "broken" : null;
        steps.Release(10_000);
        Assert.Equal(500, (await Assert.ThrowsAsync<ClientResultException>(() => first)).Status);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await foreach (var _ in client.CompleteChatStreamingAsync([new UserChatMessage("hello")], cancellationToken: TestContext.Current.CancellationToken))
            {
            }
        });
    }

    [Fact]
    public async Task A_stream_that_fails_says_why_and_does_not_end_like_a_whole_answer()
    {
        await using var service = await TestService.StartAsync();
        service.Runner.Fault = chunk => chunk.Tokens.Count > chunk.Prompt.Ids.Count + 3 ? "broken" : null;
        using var http = new HttpClient { BaseAddress = service.Url };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"stream":true,"messages":[{"role":"user","content":"hello"}]}""", Encoding.UTF8, "application/json"),
        };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        List<string?> read = [];
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true) read.Add(await lines.ReadLineAsync(TestContext.Current.CancellationToken));
        });
        Assert.Contains("\"code\":\"engine_fault\"", read.Last(line => line!.Length > 0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_hangs_up_while_it_waits_leaves_the_queue()
    {
        using var steps = new SemaphoreSlim(0);
        await using var service = await TestService.StartAsync(configure: options => options.MaxRunning = 1, prepare: runner => runner.BeforeStep = _ => steps.Wait());
        var running = service.AskAsync(TestService.Question());
        await TestService.UntilAsync(() => service.Engine.State.Running == 1);
        foreach (var streamed in new[] { true, false })
        {
            using var hangUp = new CancellationTokenSource();
            var waiting = Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                if (!streamed) await ClientOf(service).CompleteChatAsync([new UserChatMessage("hello")], cancellationToken: hangUp.Token);
                await foreach (var _ in ClientOf(service).CompleteChatStreamingAsync([new UserChatMessage("hello")], cancellationToken: hangUp.Token))
                {
                }
            });
            await TestService.UntilAsync(() => service.Engine.State.Waiting == 1);
            await hangUp.CancelAsync();
            await waiting;
            await TestService.UntilAsync(() => service.Engine.State.Waiting == 0);
        }
        steps.Release(10_000);
        Assert.IsType<Completed>((await running)[^1]);
    }
}
