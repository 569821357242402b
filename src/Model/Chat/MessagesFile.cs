using System.Text.Json;
using EduVision.Model.Imaging;

namespace EduVision.Model.Chat;

/// <summary>
/// Reads a conversation from JSON: a list of <c>{"role", "content"}</c>, the content a string or a list of
/// <c>{"type": "text", "text"}</c> and <c>{"type": "image", "image": path}</c>, paths relative to the file.
/// </summary>
public static class MessagesFile
{
    /// <summary>The conversation of a file.</summary>
    /// <param name="path">The JSON file.</param>
    /// <param name="image">Called for each image in order with its full path; returns its grid.</param>
    /// <exception cref="FormatException">The file is not of this form; the message says where.</exception>
    public static IReadOnlyList<ChatMessage> Read(string path, Func<string, ImageGrid> image)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return [.. document.RootElement.EnumerateArray().Select(message => ReadMessage(message, folder, image))];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"{path} is no list of messages with role and content: {exception.Message}", exception);
        }
    }

    private static ChatMessage ReadMessage(JsonElement message, string folder, Func<string, ImageGrid> image)
    {
        ChatRole role = message.GetProperty("role").GetString() switch
        {
            "system" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            var other => throw new FormatException($"A message's role is \"{other}\", expected system, user or assistant."),
        };
        JsonElement content = message.GetProperty("content");
        return content.ValueKind == JsonValueKind.String
            ? new ChatMessage(role, content.GetString()!)
            : new ChatMessage(role, [.. content.EnumerateArray().Select(part => ReadPart(part, folder, image))]);
    }

    private static ContentPart ReadPart(JsonElement part, string folder, Func<string, ImageGrid> image) => part.GetProperty("type").GetString() switch
    {
        "text" => new TextPart(TextOf(part, "text")),
        "image" => new ImagePart(image(Path.Combine(folder, TextOf(part, "image")))),
        var other => throw new FormatException($"A part's type is \"{other}\", expected text or image."),
    };

    private static string TextOf(JsonElement part, string field) =>
        part.GetProperty(field).GetString() ?? throw new FormatException($"A part's {field} is null, expected a string.");
}
