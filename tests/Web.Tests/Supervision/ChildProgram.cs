using System.Reflection;

namespace EduVision.Web.Tests.Supervision;

/// <summary>Programs that the build put somewhere and told this assembly about.</summary>
internal static class ChildProgram
{
    /// <summary>The stand-in for the inference service.</summary>
    public static string Path { get; } = Metadata("SupervisedChild");

    /// <summary>The web application.</summary>
    public static string Web { get; } = Metadata("Web");

    private static string Metadata(string key) =>
        typeof(ChildProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
