using EduVision.Training.Rendering;
using EduVision.Training.Rendering.Writing;

namespace EduVision.Training.Tests.Rendering;

public sealed class StrokeScriptTests
{
    // 十 with a bent stroke beside it.
    private static readonly Outline Medians = new(
        [OutlineVerb.Move, OutlineVerb.Line, OutlineVerb.Move, OutlineVerb.Line, OutlineVerb.Move, OutlineVerb.Line, OutlineVerb.Line],
        [100, 500, 600, 480, 350, 100, 360, 900, 700, 200, 850, 210, 840, 800]);

    [Fact]
    public void No_character_is_written_twice_the_same_way_and_none_strays_far()
    {
        var seen = new HashSet<string>();
        for (ulong seed = 0; seed < 200; seed++)
        {
            var rng = new Rng(seed);
            var script = StrokeScript.Draw(rng);
            foreach (var written in new[] { script.Write(Medians, rng), script.Write(Medians, rng) })
            {
                Assert.True(seen.Add(string.Join(' ', written.Coordinates)), $"seed {seed} repeats a character");
                Assert.InRange(written.Bounds.Left, -200, 350);
                Assert.InRange(written.Bounds.Right, 600, 1150);
                Assert.InRange(written.Bounds.Top, -150, 350);
                Assert.InRange(written.Bounds.Bottom, 650, 1150);
                Assert.True(written.Verbs.Count(verb => verb == OutlineVerb.Move) >= 3, "a stroke is missing");
                Assert.DoesNotContain(OutlineVerb.Close, written.Verbs);
            }
        }
    }

    [Fact]
    public void A_hand_of_strokes_is_drawn_by_the_pen_and_kept_as_such_in_the_asset_file()
    {
        var path = Path.Combine(Path.GetTempPath(), $"ink-{Guid.NewGuid():N}.bin");
        try
        {
            AssetFile.Write(path, [new Hand("strokes", HandStyle.Pen, heldOut: false, new() { ['十'] = Medians }, isStroked: true)], [], new Dictionary<int, int>());
            var assets = InkAssets.Load(path);
            Assert.True(Assert.Single(assets.Hands).IsStroked);
            using var renderer = new PhotoRenderer(assets);
            var photo = renderer.Render(new TextPhoto(128, 128, ["十"]) { Look = PhotoLook.Tablet }, 3);
            // Pen lines are thin: filled, the bent stroke would be a dark triangle.
            var dark = Enumerable.Range(0, 128 * 128).Count(i => photo.Rgb[3 * i + 1] < 128) / (128.0 * 128);
            Assert.InRange(dark, 0.005, 0.2);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
