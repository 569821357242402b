using System.Collections.Immutable;
using EduVision.Training.Notation;
using EduVision.Training.Rendering.Camera;
using EduVision.Training.Rendering.Pages;
using EduVision.Training.Rendering.Writing;

namespace EduVision.Training.Rendering.Unreadable;

/// <summary>Photos that nobody can read: nothing written, not writing, or writing lost.</summary>
internal sealed class UnreadableScenes(InkAssets assets, Studio studio, Rng rng, bool heldOut)
{
    public Photo Render(UnreadablePhoto request)
    {
        var photo = request.Kind switch
        {
            UnreadableKind.Blank => Blank(),
            UnreadableKind.Blurred => Blurred(),
            UnreadableKind.Dark => Dark(),
            UnreadableKind.Faint => Faint(),
            UnreadableKind.Scribble => Scribble(),
            UnreadableKind.Noise => Painted(pictures => pictures.Noise()),
            UnreadableKind.Landscape => Painted(pictures => pictures.Landscape()),
            UnreadableKind.Objects => Painted(pictures => pictures.Objects()),
            _ => throw new ArgumentOutOfRangeException(nameof(request), request.Kind, "Not a kind of unreadable photo."),
        };
        return photo with { Boxes = [] };
    }

    private Photo Blank()
    {
        var sheet = SomeWriting(symbols: 5 + rng.Below(12));
        var workspace = studio.Workspace;
        var warp = Framing.Photo(sheet, workspace.Width, workspace.Height, rng);
        workspace.Ink.AsSpan(0, workspace.Pixels).Clear();
        var blur = rng.Range(0f, 1.2f);
        studio.Compose(sheet, Scene.Draw(rng, sheet.Style.Hand.Style), warp, (blur, blur), rng);
        return new Photo(workspace.Width, workspace.Height, Sensor.Draw(rng).Expose(workspace, rng), []);
    }

    private Photo Blurred()
    {
        // Beyond a third of a symbol's height nothing can be told apart.
        var sheet = SomeWriting(symbols: 6 + rng.Below(14));
        var symbol = studio.Workspace.Width / (float)(sheet.Bounds().Width / sheet.SymbolHeight);
        var sigma = Math.Clamp(symbol * rng.Range(0.3f, 0.6f), 6f, 60f);
        var across = rng.Chance(0.5f) ? sigma : sigma * rng.Range(1f, 2f);
        return studio.OnPaper(sheet, Scene.Draw(rng, sheet.Style.Hand.Style), Sensor.Draw(rng), (across, sigma), rng);
    }

    private Photo Dark()
    {
        var sheet = SomeWriting(symbols: 5 + rng.Below(12));
        return studio.OnPaper(sheet, Scene.Draw(rng, sheet.Style.Hand.Style), Sensor.Dark(rng), (1f, 1f), rng);
    }

    private Photo Faint()
    {
        var sheet = SomeWriting(symbols: 5 + rng.Below(12));
        var paper = Scene.Draw(rng, HandStyle.Latin);
        var share = rng.Range(0.01f, 0.035f);
        var ink = new Tone(paper.Paper.R * (1f - share), paper.Paper.G * (1f - share), paper.Paper.B * (1f - share));
        var scene = new Scene { Paper = paper.Paper, Ink = ink, Rules = paper.Rules, RuleTone = paper.RuleTone, RuleStrength = paper.RuleStrength, PaperGrain = Math.Max(paper.PaperGrain, 0.02f), PaperClouds = 0.03f };
        return studio.OnPaper(sheet, scene, Sensor.Draw(rng), (1.2f, 1.2f), rng);
    }

    private Photo Scribble()
    {
        var line = new StrokeBuilder();
        var strokes = 2 + rng.Below(6);
        for (var i = 0; i < strokes; i++)
        {
            var points = new float[2 * (14 + rng.Below(40))];
            float x = rng.Range(0f, 4000f), y = rng.Range(-1000f, 1000f), step = rng.Range(150f, 700f), turn = rng.Range(0f, 6.28f), spin = rng.Gauss(0f, 1.2f);
            for (var k = 0; k < points.Length; k += 2)
            {
                (points[k], points[k + 1]) = (x, y);
                turn += spin + rng.Gauss(0f, 0.7f);
                x += step * MathF.Cos(turn) + rng.Range(0f, 120f);
                y += step * MathF.Sin(turn) * 0.8f;
            }
            line.Add(points);
        }
        var style = WritingStyle.ForMath(assets, rng, heldOut, tablet: false);
        var sheet = new Sheet { Style = style, LineCount = 1, SymbolHeight = 700f };
        sheet.Marks.Add(new Mark(line.Build(), stroked: true, 1f, 0f, 0f, 1f, 0f, 0f));
        sheet.Bands.Add(sheet.Bounds());
        return studio.Shoot(sheet, rng.Chance(0.2f) ? PhotoLook.Tablet : PhotoLook.Photo, rng);
    }

    private Photo Painted(Action<Pictures> paint)
    {
        var workspace = studio.Workspace;
        using var pictures = new Pictures(workspace, rng);
        paint(pictures);
        return new Photo(workspace.Width, workspace.Height, Sensor.Draw(rng).Expose(workspace, rng), []);
    }

    private Sheet SomeWriting(int symbols)
    {
        const string alphabet = "0123456789+-=x()";
        var line = new Row(Enumerable.Range(0, symbols).Select(_ => (MathNode)new Symbol(alphabet[rng.Below(alphabet.Length)].ToString())).ToImmutableArray());
        return SheetWriter.Write(assets, [line], rng, heldOut, tablet: false);
    }
}
