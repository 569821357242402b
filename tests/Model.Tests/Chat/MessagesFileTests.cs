using EduVision.Model.Chat;
using EduVision.Model.Imaging;

namespace EduVision.Model.Tests.Chat;

public sealed class MessagesFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eduvision-messages-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Roles_texts_and_images_come_in_order_and_paths_are_relative_to_the_file()
    {
        var paths = new List<string>();
        IReadOnlyList<ChatMessage> messages = Read(
            """[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image","image":"sub/b.png"}]},{"role":"assistant","content":"c"}]""",
            path =>
            {
                paths.Add(path);
                return new ImageGrid(1, 2, 4);
            });
        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant], messages.Select(message => message.Role));
        Assert.Equal([new TextPart("a"), new ImagePart(new ImageGrid(1, 2, 4))], messages[1].Content);
        Assert.Equal([Path.Combine(folder, "sub/b.png")], paths);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[{\"role\":\"user\"}]")]
    [InlineData("[{\"role\":\"robot\",\"content\":\"x\"}]")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"video\"}]}]")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":null}]}]")]
    [InlineData("[{\"role\":\"user\",\"content\":null}]")]
    [InlineData("[")]
    public void What_is_no_conversation_is_refused(string json) => Assert.Throws<FormatException>(() => Read(json, _ => default));

    private IReadOnlyList<ChatMessage> Read(string json, Func<string, ImageGrid> image)
    {
        string path = Path.Combine(folder, "messages.json");
        File.WriteAllText(path, json);
        return MessagesFile.Read(path, image);
    }
}
