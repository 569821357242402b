using EduVision.Training.Notation;
using EduVision.Training.Rendering;

namespace EduVision.Training.Tests.Rendering;

public sealed class PhotoRendererTests : IDisposable
{
    private readonly PhotoRenderer _renderer = new(TestInk.Make());

    private static MathNode Line => new Row("12+x=(3-5)".Select(c => (MathNode)new Symbol(c.ToString())));

    private static MathNode Tall => new Row(
        new Fraction(new Symbol("1"), new Symbol("2")), new Symbol("\\times"), new Script(new Symbol("x"), new Symbol("2")), new Radical(new Symbol("9")), new Symbol("\\div"), new Symbol("4"));

    public void Dispose() => _renderer.Dispose();

    public static TheoryData<PhotoRequest> Requests =>
    [
        new MathPhoto(512, 128, Line),
        new MathPhoto(256, 256, [Line, Tall]),
        new TextPhoto(128, 384, ["天地人", "水火"]),
        new TextPhoto(128, 128, ["天"]),
        new TextPhoto(512, 128, ["x y 12"]) { Direction = TextDirection.Horizontal },
        .. Enum.GetValues<UnreadableKind>().Select(kind => new UnreadablePhoto(256, 128, kind)),
    ];

    [Theory]
    [MemberData(nameof(Requests))]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others(PhotoRequest request)
    {
        var first = _renderer.Render(request, 7);
        using var other = new PhotoRenderer(TestInk.Make());
        other.Render(new MathPhoto(64, 64, Line), 1);
        Assert.Equal(first.Rgb, other.Render(request, 7).Rgb);
        Assert.NotEqual(first.Rgb, _renderer.Render(request, 8).Rgb);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_photo_has_exactly_the_size_asked_for(PhotoRequest request)
    {
        var photo = _renderer.Render(request, 3);
        Assert.Equal((request.Width, request.Height, 3 * request.Width * request.Height), (photo.Width, photo.Height, photo.Rgb.Length));
    }

    [Fact]
    public void Photos_made_by_many_threads_are_those_of_one()
    {
        var request = new MathPhoto(256, 64, Line);
        var alone = Enumerable.Range(0, 24).Select(seed => _renderer.Render(request, (ulong)seed).Rgb).ToArray();
        var together = new byte[alone.Length][];
        Parallel.For(0, alone.Length, seed => together[seed] = _renderer.Render(request, (ulong)seed).Rgb);
        Assert.Equal(alone, together);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Boxes_hold_all_ink_and_follow_the_order_of_the_lines(ulong seed)
    {
        var photo = _renderer.Render(new MathPhoto(384, 384, [Line, Tall, Line]) { Look = PhotoLook.Tablet }, seed);
        Assert.Equal(3, photo.Boxes.Count);
        Assert.True(photo.Boxes[0].Top < photo.Boxes[1].Top && photo.Boxes[1].Top < photo.Boxes[2].Top);
        AssertInkInside(photo, photo.Boxes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Columns_run_from_right_to_left(ulong seed)
    {
        var photo = _renderer.Render(new TextPhoto(384, 384, ["天地人水", "火一二", "三天"]) { Look = PhotoLook.Tablet }, seed);
        Assert.Equal(3, photo.Boxes.Count);
        Assert.True(photo.Boxes[0].Left > photo.Boxes[1].Left && photo.Boxes[1].Left > photo.Boxes[2].Left);
        AssertInkInside(photo, photo.Boxes);
    }

    [Fact]
    public void Training_never_draws_held_out_hands_and_held_out_photos_draw_nothing_else()
    {
        for (ulong seed = 0; seed < 40; seed++)
        {
            Assert.True(AspectOf(Tablet(_renderer, heldOut: false, seed)) < 4f);
            Assert.True(AspectOf(Tablet(_renderer, heldOut: true, seed)) > 8f);
        }
        var only = new TextPhoto(128, 128, [TestInk.HeldOutOnly]);
        Assert.Contains(TestInk.HeldOutOnly, Assert.Throws<ArgumentException>(() => _renderer.Render(only, 1)).Message, StringComparison.Ordinal);
        Assert.Single(_renderer.Render(only with { HeldOut = true }, 1).Boxes);
    }

    [Fact]
    public void Training_never_draws_held_out_scans()
    {
        using var renderer = new PhotoRenderer(TestInk.Make(samples: true));
        for (ulong seed = 0; seed < 40; seed++)
        {
            Assert.True(AspectOf(Tablet(renderer, heldOut: false, seed)) < 4f);
            Assert.True(AspectOf(Tablet(renderer, heldOut: true, seed)) > 8f);
        }
    }

    [Fact]
    public void A_blank_page_has_no_ink()
    {
        // The sharpest step between neighbours tells ink from shade; without rules a page has none.
        var blank = Enumerable.Range(0, 20).Average(seed => DarkShare(_renderer.Render(new UnreadablePhoto(256, 128, UnreadableKind.Blank), (ulong)seed)));
        var written = Enumerable.Range(0, 20).Average(seed => DarkShare(_renderer.Render(new MathPhoto(256, 128, Line) { Look = PhotoLook.Photo }, (ulong)seed)));
        Assert.True(blank < written / 3, $"blank {blank}, written {written}");
    }

    [Fact]
    public void Unreadable_kinds_look_different()
    {
        var photos = Enum.GetValues<UnreadableKind>().Select(kind => _renderer.Render(new UnreadablePhoto(128, 128, kind), 5)).ToArray();
        for (var i = 0; i < photos.Length; i++)
        {
            Assert.Empty(photos[i].Boxes);
            for (var k = i + 1; k < photos.Length; k++) Assert.NotEqual(photos[i].Rgb, photos[k].Rgb);
        }
        Assert.True(photos[(int)UnreadableKind.Dark].Rgb.Average(b => (double)b) < 40);
    }

    [Fact]
    public void Traditional_forms_are_drawn_when_asked_for()
    {
        var given = _renderer.Render(new TextPhoto(128, 128, ["火"]) { Look = PhotoLook.Tablet }, 4);
        var converted = _renderer.Render(new TextPhoto(128, 128, ["一"]) { Look = PhotoLook.Tablet, Forms = CharacterForms.Traditional }, 4);
        Assert.Equal(given.Rgb, converted.Rgb);
    }

    [Theory]
    [InlineData(100, 128)]
    [InlineData(128, 0)]
    [InlineData(-32, 32)]
    public void A_size_the_model_cannot_take_is_refused(int width, int height) =>
        Assert.Throws<ArgumentException>(() => _renderer.Render(new MathPhoto(width, height, Line), 1));

    [Fact]
    public void Nothing_to_write_and_unknown_symbols_are_refused_by_name()
    {
        Assert.Throws<ArgumentException>(() => _renderer.Render(new TextPhoto(64, 64, [" "]), 1));
        Assert.Throws<ArgumentException>(() => _renderer.Render(new MathPhoto(64, 64, []), 1));
        Assert.Contains("\\nabla", Assert.Throws<ArgumentException>(() => _renderer.Render(new MathPhoto(64, 64, new Symbol("\\nabla")), 1)).Message, StringComparison.Ordinal);
    }

    private static Photo Tablet(PhotoRenderer renderer, bool heldOut, ulong seed) =>
        renderer.Render(new MathPhoto(256, 64, new Row("5378".Select(c => (MathNode)new Symbol(c.ToString())))) { HeldOut = heldOut, Look = PhotoLook.Tablet }, seed);

    private static void AssertInkInside(Photo photo, IReadOnlyList<LineBox> boxes)
    {
        for (var y = 0; y < photo.Height; y++)
        {
            for (var x = 0; x < photo.Width; x++)
            {
                if (photo.Rgb[3 * (y * photo.Width + x) + 1] > 128) continue;
                // Boxes are rounded to a thousandth: a pixel and a half of slack.
                Assert.Contains(boxes, box =>
                    x + 1.5 >= box.Left * photo.Width / 1000.0 && x - 1.5 <= box.Right * photo.Width / 1000.0
                    && y + 1.5 >= box.Top * photo.Height / 1000.0 && y - 1.5 <= box.Bottom * photo.Height / 1000.0);
            }
        }
    }

    /// <summary>Width over height of the first line.</summary>
    private static float AspectOf(Photo photo)
    {
        var box = photo.Boxes[0];
        return (box.Right - box.Left) * photo.Width / (float)((box.Bottom - box.Top) * photo.Height);
    }

    /// <summary>Share of pixels far from the mean of their surroundings.</summary>
    private static double DarkShare(Photo photo)
    {
        const int reach = 8;
        int far = 0, all = 0;
        for (var y = 0; y < photo.Height; y++)
        {
            for (var x = reach; x + reach < photo.Width; x++)
            {
                var at = 3 * (y * photo.Width + x) + 1;
                var around = (photo.Rgb[at - 3 * reach] + photo.Rgb[at + 3 * reach]) / 2;
                all++;
                if (Math.Abs(around - photo.Rgb[at]) > 40) far++;
            }
        }
        return far / (double)all;
    }
}
