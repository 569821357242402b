namespace EduVision.Training.Rendering.Pages;

/// <summary>Lays ink and printed lines over paper and light over all.</summary>
internal static class Composer
{
    /// <summary>Writes [height, width, 3] tones, 0 to 1, from the workspace's planes into its colour buffer.</summary>
    public static void Compose(Workspace workspace, Scene scene, bool ruled, bool edged, Rng rng)
    {
        var grain = NoiseTiles.Grain;
        var fibre = NoiseTiles.Fibre;
        var clouds = NoiseTiles.Clouds;
        int grainAt = Corner(rng), fibreAt = Corner(rng), cloudAt = Corner(rng);
        var table = scene.Table ?? scene.Paper;
        var (paper, ink, rule) = (scene.Paper, scene.Ink, scene.RuleTone);
        // Hairs run along the sheet or across it.
        var across = rng.Chance(0.5f);
        var speckle = scene.Erosion * 0.8f;
        var colour = workspace.Colour;
        for (var y = 0; y < workspace.Height; y++)
        {
            int grainRow = Row(grainAt, y), fibreRow = Row(fibreAt, y), cloudRow = Row(cloudAt, y);
            var at = y * workspace.Width;
            for (var x = 0; x < workspace.Width; x++, at++)
            {
                var g = grain[grainRow | (grainAt + x) & NoiseTiles.Wrap];
                var f = fibre[across ? ((fibreAt + x) & NoiseTiles.Wrap) * NoiseTiles.Size | (fibreAt + y) & NoiseTiles.Wrap : fibreRow | (fibreAt + x) & NoiseTiles.Wrap];
                var c = clouds[cloudRow | (cloudAt + x) & NoiseTiles.Wrap];
                var texture = 1f + scene.PaperGrain * g + scene.PaperFibre * f + scene.PaperClouds * c;
                float red = paper.R * texture, green = paper.G * texture, blue = paper.B * texture;
                if (ruled)
                {
                    var a = workspace.Rules[at] * scene.RuleStrength;
                    red += (rule.R - red) * a;
                    green += (rule.G - green) * a;
                    blue += (rule.B - blue) * a;
                }
                var cover = workspace.Ink[at];
                if (cover > 0f)
                {
                    var broken = scene.Grain * Math.Max(0f, g * 0.6f) + scene.Dryness * Math.Max(0f, f * 0.7f) * Math.Clamp(c * 0.6f, 0f, 1f) + scene.Erosion * Math.Max(0f, c * 0.7f - 0.4f);
                    var a = Math.Clamp(cover * scene.Opacity * (1f - broken), 0f, 1f);
                    red += (ink.R - red) * a;
                    green += (ink.G - green) * a;
                    blue += (ink.B - blue) * a;
                }
                if (speckle > 0f && g + 0.5f * c > 2.6f)
                {
                    red += (ink.R - red) * speckle;
                    green += (ink.G - green) * speckle;
                    blue += (ink.B - blue) * speckle;
                }
                if (edged)
                {
                    var outside = 1f - workspace.Page[at];
                    var wood = 1f + 0.06f * f;
                    red += (table.R * wood - red) * outside;
                    green += (table.G * wood - green) * outside;
                    blue += (table.B * wood - blue) * outside;
                }
                var light = workspace.Light[at];
                colour[3 * at] = red * light;
                colour[3 * at + 1] = green * light;
                colour[3 * at + 2] = blue * light;
            }
        }
    }

    private static int Corner(Rng rng) => rng.Below(NoiseTiles.Size);

    private static int Row(int corner, int y) => ((corner + y) & NoiseTiles.Wrap) * NoiseTiles.Size;
}
