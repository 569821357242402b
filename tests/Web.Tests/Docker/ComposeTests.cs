using System.Text.RegularExpressions;

namespace EduVision.Web.Tests.Docker;

/// <summary>No engine builds the images here; what they name must exist all the same.</summary>
public sealed partial class ComposeTests
{
    private static readonly Dictionary<string, string[]> OptionFiles = new()
    {
        ["web"] = ["src/Web/Supervision/SupervisionOptions.cs", "src/Web/Data/DataDirectory.cs", "src/Web/Uploads/UploadOptions.cs"],
        ["inference"] = ["src/Inference/Hosting/InferenceOptions.cs"],
    };

    [Theory]
    [InlineData("inference")]
    [InlineData("web")]
    public void Images_publish_a_project_that_exists_and_start_its_assembly(string service)
    {
        var text = Dockerfile(service);

        var project = PublishedProject().Match(text).Groups[1].Value;
        var file = Assert.Single(Directory.GetFiles(Path.Combine(Repository.Root, project), "*.csproj"));
        Assert.Contains($"\"{Path.GetFileNameWithoutExtension(file)}.dll\"", EntryPoint().Match(text).Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inference")]
    [InlineData("web")]
    public void Settings_are_options_that_exist(string service)
    {
        var options = string.Concat(OptionFiles[service].Select(Repository.Read));
        var settings = Setting().Matches(Dockerfile(service) + Service(service) + Repository.Read("docker/key.env.example")).Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.NotEmpty(settings);
        Assert.All(settings, setting => Assert.Matches($@"public [\w?<>]+ {setting} \{{ get;", options));
    }

    [Theory]
    [InlineData("inference")]
    [InlineData("web")]
    public void Images_are_pinned_run_as_nobody_special_and_check_the_address_they_listen_on(string service)
    {
        var text = Dockerfile(service);

        Assert.All(BaseImage().Matches(text), image => Assert.Matches(@":\d", image.Groups[1].Value));
        Assert.Contains("\nUSER eduvision\n", text, StringComparison.Ordinal);
        var listens = Listens().Match(text).Groups[1].Value;
        Assert.Contains($"\"{listens}/", text[text.IndexOf("HEALTHCHECK", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Equal(listens, Listens().Match(Service(service)).Groups[1].Value);
    }

    [Fact]
    public void The_service_comes_with_libtorch_for_cuda_on_an_image_for_cuda()
    {
        var text = Dockerfile("inference");

        Assert.Contains("\nARG TORCH=cuda\n", text, StringComparison.Ordinal);
        Assert.Contains("-p:Torch=${TORCH}", text, StringComparison.Ordinal);
        Assert.StartsWith("nvidia/cuda:", BaseImage().Matches(text)[^1].Groups[1].Value, StringComparison.Ordinal);
        Assert.Contains("Condition=\"'$(Torch)' == 'cuda'\"", Repository.Read("Torch.props"), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_and_models_lie_in_volumes()
    {
        Assert.Contains("- inference-data:/data\n", Service("inference"), StringComparison.Ordinal);
        Assert.Contains(":/models:ro\n", Service("inference"), StringComparison.Ordinal);
        Assert.Contains("- web-data:/data\n", Service("web"), StringComparison.Ordinal);
    }

    [Fact]
    public void Web_looks_for_the_service_where_it_listens()
    {
        var address = Listens().Match(Service("inference")).Groups[1].Value;

        Assert.Contains($"Inference__Url: {address}\n", Service("web"), StringComparison.Ordinal);
        Assert.Contains($"Inference__Url={address} ", Dockerfile("web"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inference")]
    [InlineData("web")]
    public void Compose_builds_with_a_file_that_exists_on_a_read_only_root_and_loopback_of_the_machine(string service)
    {
        var text = Service(service);

        Assert.Contains($"dockerfile: docker/{service}.Dockerfile", text, StringComparison.Ordinal);
        Assert.Contains("read_only: true", text, StringComparison.Ordinal);
        Assert.Contains("network_mode: host", text, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ports:", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Context_takes_in_files_that_exist_and_all_that_the_projects_import()
    {
        var taken = Repository.Read(".dockerignore").Split('\n').Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();

        Assert.All(taken, path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path));
        Assert.All(Directory.GetFiles(Repository.Root, "*.props").Select(Path.GetFileName), props => Assert.Contains(props, taken));
    }

    private static string Dockerfile(string service) => Repository.Read($"docker/{service}.Dockerfile");

    private static string Service(string service) =>
        Regex.Match(Repository.Read("docker/compose.yaml"), $@"^  {service}:\n(?:    .*\n|\n)+", RegexOptions.Multiline).Value;

    [GeneratedRegex(@"RUN dotnet publish (\S+)")]
    private static partial Regex PublishedProject();

    [GeneratedRegex("^ENTRYPOINT .*$", RegexOptions.Multiline)]
    private static partial Regex EntryPoint();

    [GeneratedRegex(@"\b[A-Z]\w*?__(\w+)\s*[=:]")]
    private static partial Regex Setting();

    [GeneratedRegex(@"^FROM (\S+)", RegexOptions.Multiline)]
    private static partial Regex BaseImage();

    [GeneratedRegex(@"\b(?:Inference__Urls|URLS)[=:] ?(http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listens();
}
