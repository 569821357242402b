using System.Text.Json;
using System.Text.Json.Nodes;

namespace EduVision.Model.Configuration;

/// <summary>How a checkpoint wants to be sampled (<c>generation_config.json</c>).</summary>
public sealed record GenerationDefaults
{
    private const string FileName = "generation_config.json";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Ids that end an answer, at least one.</summary>
    public required IReadOnlyList<int> EosTokenIds { get; init; }

    public int? BosTokenId { get; init; }

    public int? PadTokenId { get; init; }

    /// <summary>False: always the most likely token.</summary>
    public bool DoSample { get; init; }

    public double Temperature { get; init; } = 1;

    /// <summary>Smallest set of tokens with this much probability; 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Most likely tokens kept; 0 keeps all.</summary>
    public int TopK { get; init; } = 50;

    public double RepetitionPenalty { get; init; } = 1;

    public int? MaxNewTokens { get; init; }

    /// <summary>Reads and checks <c>generation_config.json</c>; what it leaves out has the reference's defaults.</summary>
    /// <exception cref="ModelFileException">The file is missing or a value is out of range.</exception>
    public static GenerationDefaults Load(string directory)
    {
        var fields = JsonFields.Read(Path.Combine(directory, FileName));
        var defaults = new GenerationDefaults
        {
            EosTokenIds = fields.OneOrMoreIntegers("eos_token_id") ?? throw fields.Missing("eos_token_id", "an id or a list of ids"),
            BosTokenId = fields.Integer("bos_token_id"),
            PadTokenId = fields.Integer("pad_token_id"),
            DoSample = fields.Flag("do_sample") ?? false,
            Temperature = fields.Number("temperature") ?? 1,
            TopP = fields.Number("top_p") ?? 1,
            TopK = fields.Integer("top_k") ?? 50,
            RepetitionPenalty = fields.Number("repetition_penalty") ?? 1,
            MaxNewTokens = fields.Integer("max_new_tokens"),
        };
        var wrong = defaults switch
        {
            { EosTokenIds: [] } => "`eos_token_id` is empty, expected at least one id.",
            { Temperature: < 0 } => $"`temperature` is {defaults.Temperature}, expected 0 or more.",
            { TopP: <= 0 or > 1 } => $"`top_p` is {defaults.TopP}, expected above 0 and at most 1.",
            { TopK: < 0 } => $"`top_k` is {defaults.TopK}, expected 0 or more.",
            { RepetitionPenalty: <= 0 } => $"`repetition_penalty` is {defaults.RepetitionPenalty}, expected above 0.",
            { MaxNewTokens: <= 0 } => $"`max_new_tokens` is {defaults.MaxNewTokens}, expected above 0.",
            _ => null,
        };
        return wrong is null ? defaults : throw new ModelFileException(fields.File, wrong);
    }

    /// <summary>Writes <c>generation_config.json</c>.</summary>
    public void Save(string directory)
    {
        var root = new JsonObject
        {
            ["bos_token_id"] = BosTokenId,
            ["eos_token_id"] = EosTokenIds is [var only] ? only : new JsonArray([.. EosTokenIds.Select(id => JsonValue.Create(id))]),
            ["pad_token_id"] = PadTokenId,
            ["do_sample"] = DoSample,
            ["temperature"] = Temperature,
            ["top_p"] = TopP,
            ["top_k"] = TopK,
            ["repetition_penalty"] = RepetitionPenalty,
        };
        if (MaxNewTokens is { } limit)
        {
            root["max_new_tokens"] = limit;
        }

        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, FileName), root.ToJsonString(Indented) + "\n");
    }
}
