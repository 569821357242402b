using System.Text.Json.Nodes;
using EduVision.Model.Chat;
using EduVision.Model.Configuration;

namespace EduVision.Model.Tests.Chat;

public sealed class ChatTemplateTests : IDisposable
{
    private const string Instruct = "{{ '<|im_start|>' }}{% if '</think>' in content %}<think>{% endif %}<|image_pad|>{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
    private const string Thinking = "{{ '<|im_start|>' }}<|image_pad|>{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}";

    private readonly string folder = Directory.CreateTempSubdirectory("eduvision-template-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(Instruct, ChatTemplateKind.Instruct)]
    [InlineData(Thinking, ChatTemplateKind.Thinking)]
    public void The_generation_prompt_tells_the_kind_wherever_the_template_lies(string source, ChatTemplateKind kind)
    {
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["chat_template"] = source }.ToJsonString());
        Assert.Equal(kind, ChatTemplate.Load(folder).Kind);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{}");
        File.WriteAllText(Path.Combine(folder, "chat_template.json"), new JsonObject { ["chat_template"] = source }.ToJsonString());
        Assert.Equal(kind, ChatTemplate.Load(folder).Kind);
        File.WriteAllText(Path.Combine(folder, "chat_template.json"), "{}");
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), source);
        Assert.Equal(kind, ChatTemplate.Load(folder).Kind);
        Assert.Equal(kind == ChatTemplateKind.Thinking, ChatTemplate.Load(folder).StartsInReasoning);
    }

    [Theory]
    [InlineData("{{ '<|im_start|>' }}<|image_pad|>")]
    [InlineData("{{ '<|im_start|>' }}<|image_pad|>{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}")]
    public void A_template_of_neither_kind_is_refused_rather_than_guessed(string source)
    {
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), source);
        Assert.Contains("neither published kind", Assert.Throws<ModelFileException>(() => ChatTemplate.Load(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_template_or_with_a_foreign_one_says_so()
    {
        Assert.Contains("chat_template", Assert.Throws<ModelFileException>(() => ChatTemplate.Load(folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "[INST] {{ content }} [/INST]");
        Assert.Contains("Qwen3-VL", Assert.Throws<ModelFileException>(() => ChatTemplate.Load(folder)).Message, StringComparison.Ordinal);
    }
}
