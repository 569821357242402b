namespace EduVision.Training.Rendering.Writing;

/// <summary>
/// Symbols as a pen draws them: operators, brackets, roots and a few letters that fonts lack or draw like printers. Each is a
/// set of lines through points; the points tremble with the writer.
/// </summary>
internal static class PenStrokes
{
    private static readonly Dictionary<string, float[][]> Shapes = new()
    {
        ["+"] = [[-220, -330, 220, -335], [0, -560, -5, -110]],
        ["-"] = [[-215, -330, 215, -335]],
        ["="] = [[-215, -410, 215, -415], [-215, -245, 215, -250]],
        ["\\times"] = [[-185, -500, 185, -130], [185, -500, -185, -130]],
        ["\\div"] = [[-220, -330, 220, -335], [-8, -520, 8, -512], [-8, -150, 8, -142]],
        ["\\cdot"] = [[-10, -332, 10, -326]],
        ["."] = [[-8, -14, 8, -6]],
        [","] = [[12, -30, 20, 30, -40, 120]],
        [":"] = [[-8, -440, 8, -432], [-8, -140, 8, -132]],
        ["<"] = [[200, -560, -200, -330], [-200, -330, 200, -110]],
        [">"] = [[-200, -560, 200, -330], [200, -330, -200, -110]],
        ["\\leq"] = [[200, -620, -200, -400], [-200, -400, 200, -210], [-200, -60, 200, -60]],
        ["\\geq"] = [[-200, -620, 200, -400], [200, -400, -200, -210], [-200, -60, 200, -60]],
        ["\\neq"] = [[-215, -410, 215, -415], [-215, -245, 215, -250], [150, -600, -130, -60]],
        ["\\pm"] = [[-200, -430, 200, -435], [0, -640, -5, -230], [-200, -80, 200, -85]],
        ["("] = [[90, -800, -60, -600, -100, -330, -60, -60, 90, 140]],
        [")"] = [[-90, -800, 60, -600, 100, -330, 60, -60, -90, 140]],
        ["["] = [[100, -800, -60, -800], [-60, -800, -60, 140], [-60, 140, 100, 140]],
        ["]"] = [[-100, -800, 60, -800], [60, -800, 60, 140], [60, 140, -100, 140]],
        ["|"] = [[0, -800, 0, 140]],
        ["/"] = [[190, -780, -190, 120]],
        ["\\pi"] = [[-260, -400, -200, -470, 0, -440, 280, -460], [-90, -440, -100, -200, -180, 0], [110, -440, 90, -150, 130, -10, 210, -40]],
        ["\\theta"] = [[0, -720, -170, -560, -170, -160, 0, 0, 170, -160, 170, -560, 0, -720], [-160, -360, 160, -360]],
        ["\\alpha"] = [[250, -460, 120, -150, -60, 0, -210, -120, -200, -340, -60, -460, 100, -330, 170, -90, 260, -10]],
        ["\\beta"] = [[-170, 200, -140, -300, -110, -620, 40, -720, 150, -600, 60, -430, -40, -400, 120, -360, 190, -200, 90, -20, -110, -40]],
        ["\\lambda"] = [[-190, -680, -80, -720, 10, -480, 90, -180, 220, 0], [0, -420, -210, 0]],
        ["\\infty"] = [[0, -300, -150, -450, -300, -300, -150, -150, 0, -300, 150, -450, 300, -300, 150, -150, 0, -300]],
        ["\\degree"] = [[0, -720, -80, -640, 0, -560, 80, -640, 0, -720]],
        ["x"] = [[-210, -430, -90, -480, -10, -380, -10, -100, -110, 0, -220, -50], [220, -430, 110, -480, 20, -380, 10, -100, 100, 0, 220, -60]],
        ["1"] = [[-110, -560, 30, -700], [30, -700, 10, -330, 0, 0]],
    };

    /// <summary>The symbols that <see cref="Draw"/> knows.</summary>
    public static IReadOnlyCollection<string> Symbols => Shapes.Keys;

    /// <summary>The symbol's strokes with each point moved by about <paramref name="tremble"/> units; null when there is no such shape.</summary>
    public static Outline? Draw(string latex, Rng rng, float tremble)
    {
        if (!Shapes.TryGetValue(Alias(latex), out var strokes)) return null;
        var line = new StrokeBuilder();
        foreach (var stroke in strokes)
        {
            var points = new float[stroke.Length];
            for (var i = 0; i < points.Length; i++) points[i] = rng.Gauss(stroke[i], tremble);
            line.Add(points);
        }
        return line.Build();
    }

    /// <summary>A nearly straight line, as for a fraction.</summary>
    public static Outline Bar(float width, Rng rng, float tremble)
    {
        var bow = rng.Gauss(0f, 0.012f) * width;
        var line = new StrokeBuilder();
        line.Add([0, rng.Gauss(0f, tremble), width * 0.3f, bow + rng.Gauss(0f, tremble * 0.4f), width * 0.7f, bow, width, rng.Gauss(0f, tremble)]);
        return line.Build();
    }

    /// <summary>A root's sign over an area that starts at x = 0; its hook lies to the left.</summary>
    public static Outline Root(float width, float top, float bottom, Rng rng, float tremble)
    {
        var height = bottom - top;
        var hook = Math.Min(0.42f * height, 330f) * rng.Range(0.75f, 1.2f);
        float J() => rng.Gauss(0f, tremble);
        var line = new StrokeBuilder();
        var middle = bottom - height * rng.Range(0.38f, 0.55f);
        if (rng.Chance(0.7f)) line.Add([-hook + J(), middle + 50 + J(), -hook * 0.72f + J(), middle + J()]);
        line.Add([-hook * 0.72f, middle, -hook * 0.42f + J(), bottom + J() * 0.5f]);
        line.Add([-hook * 0.42f, bottom, -20 + J() * 0.5f, top]);
        line.Add([-20, top, width * 0.5f, top + J() * 0.6f, width, top + J()]);
        if (rng.Chance(0.3f)) line.Add([width, top, width + J() * 0.4f, top + Math.Min(130f, height * 0.2f)]);
        return line.Build();
    }

    private static string Alias(string latex) => latex switch
    {
        "\\le" => "\\leq",
        "\\ge" => "\\geq",
        "\\ne" => "\\neq",
        "\\lt" => "<",
        "\\gt" => ">",
        "\\ast" or "*" => "\\times",
        _ => latex,
    };
}
