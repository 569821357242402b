using System.Text.Json;
using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Model.Tokenization;

namespace EduVision.Model.Tests.Parity;

/// <summary>The tokenizer and the chat template of the repository's own fixture against the reference, on awkward texts.</summary>
public sealed class TextParityTests
{
    [Fact]
    public void Awkward_texts_have_the_references_ids()
    {
        using var fixture = ReferenceFixture.OpenOwn();
        var tokenizer = Tokenizer.Load(fixture.Path);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Path, "tokenizer_golden.json")));
        foreach (JsonElement entry in golden.RootElement.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] expected = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            int[] actual = tokenizer.Encode(text, allowSpecial: true);
            Assert.True(expected.SequenceEqual(actual), $"{JsonSerializer.Serialize(text)}: expected {string.Join(' ', expected)}, got {string.Join(' ', actual)}");
        }
    }

    [Fact]
    public void Conversations_render_as_the_references_template_has_them()
    {
        using var fixture = ReferenceFixture.OpenOwn();
        var tokenizer = Tokenizer.Load(fixture.Path);
        var builder = new PromptBuilder(tokenizer, ChatTemplate.Load(fixture.Path), mergeSize: 2);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Path, "prompts.json")));
        foreach (JsonProperty entry in golden.RootElement.EnumerateObject())
        {
            // The template has one token an image, as does a grid of one merged block.
            Prompt prompt = builder.Build(MessagesFile.Read(fixture.Messages(entry.Name), _ => new ImageGrid(1, 2, 2)));
            Assert.Equal(entry.Value.GetString()!.Normalize(), tokenizer.Decode(prompt.InputIds));
        }
    }
}
