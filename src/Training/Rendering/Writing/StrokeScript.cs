namespace EduVision.Training.Rendering.Writing;

/// <summary>
/// One writer's way of making strokes: how far each strays from the model character, and whether the pen is lifted between two.
/// No two characters come out alike, which no font can do. Lengths are in outline units (characters are 1000 high).
/// </summary>
internal sealed class StrokeScript
{
    private const int MostPoints = 64; // of a stroke

    private readonly float _shift, _turn, _size, _bend, _join;
    private readonly bool _angular;

    private StrokeScript(float shift, float turn, float size, float bend, float join, bool angular) =>
        (_shift, _turn, _size, _bend, _join, _angular) = (shift, turn, size, bend, join, angular);

    /// <summary>Draws a writer: from careful to hurried.</summary>
    public static StrokeScript Draw(Rng rng)
    {
        var haste = rng.Unit();
        return new StrokeScript(
            shift: rng.Range(6f, 14f + 26f * haste),
            turn: rng.Range(0.01f, 0.03f + 0.07f * haste),
            size: rng.Range(0.01f, 0.03f + 0.12f * haste),
            bend: rng.Range(0.005f, 0.015f + 0.05f * haste),
            join: rng.Chance(haste) ? rng.Range(0f, 0.45f * haste) : 0f,
            angular: rng.Chance(0.3f * (1f - haste)));
    }

    /// <summary>Writes a character once: the pen's lines.</summary>
    /// <param name="medians">Each stroke of the model character as a polyline.</param>
    /// <param name="rng">What this time brings.</param>
    public Outline Write(Outline medians, Rng rng)
    {
        var pen = new StrokeBuilder();
        Span<float> line = stackalloc float[2 * MostPoints];
        var (endX, endY) = (0f, 0f);
        for (int verb = 0, at = 0; verb < medians.Verbs.Length;)
        {
            var count = 1;
            while (verb + count < medians.Verbs.Length && medians.Verbs[verb + count] != OutlineVerb.Move) count++;
            var stroke = line[..(2 * Math.Min(count, MostPoints))];
            Stray(medians.Coordinates.AsSpan(at, stroke.Length), stroke, rng);
            var (gapX, gapY) = (stroke[0] - endX, stroke[1] - endY);
            // The pen only stays down where the way is short.
            if (verb > 0 && gapX * gapX + gapY * gapY < 450f * 450f && rng.Chance(_join)) pen.Add([endX, endY, stroke[0], stroke[1]]);
            Draw(pen, stroke);
            (endX, endY) = (stroke[^2], stroke[^1]);
            verb += count;
            at += 2 * count;
        }
        return pen.Build();
    }

    // The stroke as a whole is moved, turned, lengthened and bowed; its points keep their order along it.
    private void Stray(ReadOnlySpan<short> model, Span<float> stroke, Rng rng)
    {
        float startX = model[0], startY = model[1], alongX = model[^2] - startX, alongY = model[^1] - startY;
        float middleX = startX + alongX / 2f, middleY = startY + alongY / 2f;
        var (sin, cos) = MathF.SinCos(rng.Gauss(0f, _turn));
        float size = Math.Clamp(rng.Gauss(1f, _size), 0.7f, 1.3f), bow = rng.Gauss(0f, _bend), moveX = rng.Gauss(0f, _shift), moveY = rng.Gauss(0f, _shift);
        var points = stroke.Length / 2;
        for (var i = 0; i < points; i++)
        {
            var share = points == 1 ? 0.5f : i / (float)(points - 1);
            var lift = 4f * share * (1f - share) * bow;
            float x = (model[2 * i] - middleX - alongY * lift) * size, y = (model[2 * i + 1] - middleY + alongX * lift) * size;
            stroke[2 * i] = middleX + x * cos - y * sin + moveX;
            stroke[2 * i + 1] = middleY + x * sin + y * cos + moveY;
        }
    }

    private void Draw(StrokeBuilder pen, ReadOnlySpan<float> stroke)
    {
        if (!_angular && stroke.Length > 4)
        {
            pen.Add(stroke);
            return;
        }
        for (var i = 0; i + 3 < stroke.Length; i += 2) pen.Add(stroke.Slice(i, 4));
    }
}
