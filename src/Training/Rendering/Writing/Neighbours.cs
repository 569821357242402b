using System.Collections.Immutable;
using EduVision.Training.Notation;
using EduVision.Training.Rendering.Camera;
using SkiaSharp;

namespace EduVision.Training.Rendering.Writing;

/// <summary>
/// The lines above and below the one that was photographed, cut off by the picture's edge: seen in part, never readable, and no
/// part of what a transcription should say.
/// </summary>
internal sealed class Neighbours(MathSetter setter, Rng rng)
{
    private const string Symbols = "0123456789+-=x";
    private const float MostVisible = 0.45f; // of a symbol's height
    private const float Clearance = 180f; // units between the writing and what the edge cuts off

    /// <summary>Adds marks of a line at the top or bottom edge of the picture, those that the edge cuts.</summary>
    public void AddCutOff(Sheet sheet, in PageWarp warp, int height)
    {
        var bounds = sheet.Bounds();
        var above = rng.Chance(0.5f);
        var edge = above ? warp.Map(bounds.MidX, bounds.Top).Y : height - warp.Map(bounds.MidX, bounds.Bottom).Y;
        // The middle of the cut line's symbols lies a little outside the picture.
        var distance = edge / warp.PixelsPerUnit + rng.Range(50f, 250f);
        var line = setter.Set(new Row(Enumerable.Range(0, 12).Select(_ => (MathNode)new Symbol(Symbols[rng.Below(Symbols.Length)].ToString())).ToImmutableArray()));
        var y = (above ? bounds.Top - distance : bounds.Bottom + distance) - line.Bounds.MidY;
        foreach (var mark in line.Marks)
        {
            mark.Line = -1;
            mark.Move(bounds.MidX - line.Bounds.MidX, y);
            var own = mark.Bounds();
            var clear = above ? own.Bottom + Clearance < bounds.Top : own.Top - Clearance > bounds.Bottom;
            if (clear && IsCut(own, warp, height)) sheet.Marks.Add(mark);
        }
    }

    private static bool IsCut(SKRect own, in PageWarp warp, int height)
    {
        float top = warp.Map(own.MidX, own.Top).Y, bottom = warp.Map(own.MidX, own.Bottom).Y;
        var visible = (Math.Min(bottom, height) - Math.Max(top, 0f)) / Math.Max(bottom - top, 1f);
        return visible is > 0f and < MostVisible;
    }
}
