using EduVision.Model.Chat;
using EduVision.Model.Imaging;

namespace EduVision.Model.Tests.Parity;

/// <summary>Everything in front of the network against the reference: ids, grids, positions, pixels.</summary>
public sealed class InputParityTests
{
    public static TheoryData<string> Cases => ["one", "two", "text", "tiny"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_shared_fixtures_inputs_are_the_references(string name)
    {
        using var folder = ParityFolder.OpenSharedOrSkip();
        Compare(folder, name);
    }

    private static void Compare(ParityFolder folder, string name)
    {
        (Prompt prompt, List<PatchedImage> images) = folder.Prepare(name);
        Assert.Equal(folder.Integers($"{name}.input_ids"), prompt.InputIds.Select(id => (long)id));
        if (folder.Has($"{name}.position_ids"))
        {
            Assert.Equal(folder.Integers($"{name}.position_ids"), prompt.Positions.Select(position => (long)position));
        }

        if (folder.Has($"{name}.image_grid_thw"))
        {
            Assert.Equal(folder.Integers($"{name}.image_grid_thw"), images.SelectMany(image => (long[])[image.Grid.T, image.Grid.H, image.Grid.W]));
        }

        float[] pixels = [.. images.SelectMany(image => image.Pixels)];
        if (folder.Has($"{name}.pixel_values"))
        {
            AssertWithinOneLevel(folder.Floats($"{name}.pixel_values"), pixels);
        }

        if (folder.Has($"{name}.pixel_levels"))
        {
            AssertWithinOneLevel([.. folder.Bytes($"{name}.pixel_levels").Select(level => (level / 127.5f) - 1)], pixels);
        }
    }

    private static void AssertWithinOneLevel(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        float largest = expected.Zip(actual, (left, right) => Math.Abs(left - right)).Max();
        TestContext.Current.SendDiagnosticMessage($"largest pixel difference: {largest * 127.5} levels");
        Assert.InRange(largest, 0, (2 / 255f) + 1e-5f);
    }
}
