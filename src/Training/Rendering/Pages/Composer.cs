using System.Numerics;

namespace EduVision.Training.Rendering.Pages;

/// <summary>Lays ink and printed lines over paper and light over all.</summary>
internal static class Composer
{
    /// <summary>Writes tones, 0 to 1, from the workspace's planes into its colour planes.</summary>
    public static void Compose(Workspace workspace, Scene scene, bool ruled, bool edged, Rng rng)
    {
        int grainAt = Corner(rng), fibreAt = Corner(rng), cloudAt = Corner(rng);
        // Hairs run along the sheet or across it.
        var across = rng.Chance(0.5f);
        var fibrous = scene.PaperFibre > 0f || scene.Dryness > 0f || edged;
        var width = workspace.Width;
        var grain = workspace.NoiseRows.A.AsSpan(0, width);
        var fibre = workspace.NoiseRows.B.AsSpan(0, width);
        var clouds = workspace.NoiseRows.C.AsSpan(0, width);
        fibre.Clear();
        for (var y = 0; y < workspace.Height; y++)
        {
            NoiseTiles.Row(NoiseTiles.Grain, grainAt, grainAt + y, grain);
            NoiseTiles.Row(NoiseTiles.Clouds, cloudAt, cloudAt + y, clouds);
            if (fibrous && across) NoiseTiles.Column(NoiseTiles.Fibre, fibreAt + y, fibreAt, fibre);
            else if (fibrous) NoiseTiles.Row(NoiseTiles.Fibre, fibreAt, fibreAt + y, fibre);
            // Widths are multiples of 32, so whole vectors fit.
            for (var x = 0; x < width; x += Vector<float>.Count)
            {
                var noise = new Noise(new Vector<float>(grain[x..]), new Vector<float>(fibre[x..]), new Vector<float>(clouds[x..]));
                Compose(workspace, scene, ruled, edged, y * width + x, noise);
            }
        }
    }

    // One vector of pixels from the one at `at` on.
    private static void Compose(Workspace workspace, Scene scene, bool ruled, bool edged, int at, in Noise noise)
    {
        var texture = Vector<float>.One + noise.Grain * scene.PaperGrain + noise.Fibre * scene.PaperFibre + noise.Clouds * scene.PaperClouds;
        var (red, green, blue) = (texture * scene.Paper.R, texture * scene.Paper.G, texture * scene.Paper.B);
        if (ruled) Blend(scene.RuleTone, new Vector<float>(workspace.Rules, at) * scene.RuleStrength, ref red, ref green, ref blue);
        var cover = new Vector<float>(workspace.Ink, at);
        if (!Vector.EqualsAll(cover, Vector<float>.Zero)) Blend(scene.Ink, Coverage(cover, scene, noise), ref red, ref green, ref blue);
        if (scene.Erosion > 0f)
        {
            var specks = Vector.GreaterThan(noise.Grain + noise.Clouds * 0.5f, new Vector<float>(2.6f));
            Blend(scene.Ink, Vector.ConditionalSelect(specks, new Vector<float>(scene.Erosion * 0.8f), Vector<float>.Zero), ref red, ref green, ref blue);
        }
        if (edged)
        {
            var (table, wood) = (scene.Table ?? scene.Paper, Vector<float>.One + noise.Fibre * 0.06f);
            var page = new Vector<float>(workspace.Page, at);
            (red, green, blue) = (wood * table.R + (red - wood * table.R) * page, wood * table.G + (green - wood * table.G) * page, wood * table.B + (blue - wood * table.B) * page);
        }
        var light = new Vector<float>(workspace.Light, at);
        (red * light).CopyTo(workspace.Red, at);
        (green * light).CopyTo(workspace.Green, at);
        (blue * light).CopyTo(workspace.Blue, at);
    }

    // What is left of the ink where grain, hairs and flaws break it.
    private static Vector<float> Coverage(Vector<float> cover, Scene scene, in Noise noise)
    {
        var broken = Positive(noise.Grain * 0.6f) * scene.Grain
            + Positive(noise.Fibre * 0.7f) * Share(noise.Clouds * 0.6f) * scene.Dryness
            + Positive(noise.Clouds * 0.7f - new Vector<float>(0.4f)) * scene.Erosion;
        return Share(cover * scene.Opacity * (Vector<float>.One - broken));
    }

    private static void Blend(Tone tone, Vector<float> share, ref Vector<float> red, ref Vector<float> green, ref Vector<float> blue)
    {
        red += (new Vector<float>(tone.R) - red) * share;
        green += (new Vector<float>(tone.G) - green) * share;
        blue += (new Vector<float>(tone.B) - blue) * share;
    }

    private static Vector<float> Positive(Vector<float> value) => Vector.Max(value, Vector<float>.Zero);

    private static Vector<float> Share(Vector<float> value) => Vector.Min(Positive(value), Vector<float>.One);

    private static int Corner(Rng rng) => rng.Below(NoiseTiles.Size);

    private readonly record struct Noise(Vector<float> Grain, Vector<float> Fibre, Vector<float> Clouds);
}
