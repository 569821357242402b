using System.Text.RegularExpressions;

namespace EduVision.Web.Tests.Docs;

/// <summary>What README and docs name is there: files, folders and links.</summary>
public sealed partial class DocsTests
{
    public static TheoryData<string> Documents =>
        ["README.md", .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md").Select(file => $"docs/{Path.GetFileName(file)}")];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Named_files_and_folders_exist(string document)
    {
        var text = Repository.Read(document);
        var links = Link().Matches(text).Select(match => Path.Combine(Path.GetDirectoryName(document)!, match.Groups[1].Value));
        var paths = CodePath().Matches(text).Select(match => match.Groups[1].Value);

        Assert.All(links.Concat(paths), path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), $"{document} names {path}"));
    }

    [Fact]
    public void Every_folder_of_a_project_has_its_line_in_the_architecture()
    {
        var text = Repository.Read("docs/architecture.md");
        foreach (var project in (string[])["Model", "Inference", "Web", "Training"])
        {
            var rooms = RoomsOf(text, project);
            var folders = Directory.GetDirectories(Path.Combine(Repository.Root, "src", project)).Select(Path.GetFileName)
                .Except(["bin", "obj", "node_modules", "Properties"]);
            Assert.Equal(folders.Order(StringComparer.Ordinal), rooms.Order(StringComparer.Ordinal));
        }
    }

    /// <summary>The folders named in the first column of the table behind a project's name.</summary>
    private static IEnumerable<string> RoomsOf(string text, string project)
    {
        var table = text[text.IndexOf($"**`src/{project}`**", StringComparison.Ordinal)..].Split('\n').SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|'));
        return table.SelectMany(line => Code().Matches(line.Split('|')[1])).Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:src|tests|docs|docker|models|tools)/[\w./-]+)`")]
    private static partial Regex CodePath();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
