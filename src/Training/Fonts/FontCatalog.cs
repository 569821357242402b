using EduVision.Training.Rendering;

namespace EduVision.Training.Fonts;

/// <summary>One font that the renderer writes with: an npm package of <c>@fontsource</c>, OFL-1.1 or Apache-2.0.</summary>
internal sealed record FontSource(string Package, HandStyle Style, bool HeldOut = false, int Weight = 400);

/// <summary>
/// The hands. Those held out are drawn for evaluation only: pen, brush, kai and song are each among them, so that the held-out score
/// says how unseen hands are read, and two of them have all simplified characters.
/// </summary>
internal static class FontCatalog
{
    private static readonly string[] Latin =
    [
        "annie-use-your-telescope", "architects-daughter", "bad-script", "caveat", "caveat-brush", "cedarville-cursive", "coming-soon",
        "covered-by-your-grace", "crafty-girls", "dawning-of-a-new-day", "dekko", "delius", "edu-vic-wa-nt-beginner", "gaegu",
        "give-you-glory", "gloria-hallelujah", "gochi-hand", "hi-melody", "homemade-apple", "indie-flower", "itim", "just-another-hand",
        "just-me-again-down-here", "kalam", "kristi", "la-belle-aurore", "loved-by-the-king", "mali", "mansalva", "marck-script",
        "nanum-brush-script", "nanum-pen-script", "neucha", "over-the-rainbow", "pangolin", "patrick-hand", "permanent-marker",
        "playpen-sans", "rancho", "reenie-beanie", "schoolbell", "sedgwick-ave", "shadows-into-light", "short-stack", "sriracha",
        "sue-ellen-francisco", "swanky-and-moo-moo", "the-girl-next-door", "waiting-for-the-sunrise", "zeyada",
    ];

    private static readonly string[] HeldOutLatin = ["edu-sa-beginner", "gamja-flower", "handlee", "nothing-you-could-do"];

    /// <summary>Every font, Latin hands first.</summary>
    public static IReadOnlyList<FontSource> All { get; } =
    [
        .. Latin.Select(package => new FontSource(package, HandStyle.Latin)),
        .. HeldOutLatin.Select(package => new FontSource(package, HandStyle.Latin, HeldOut: true)),
        new("liu-jian-mao-cao", HandStyle.Pen),
        new("zhi-mang-xing", HandStyle.Pen),
        new("long-cang", HandStyle.Pen, HeldOut: true),
        new("hachi-maru-pop", HandStyle.Pen),
        new("stick", HandStyle.Pen),
        new("zen-kurenaido", HandStyle.Pen),
        new("yomogi", HandStyle.Pen),
        new("ma-shan-zheng", HandStyle.Brush),
        new("potta-one", HandStyle.Brush),
        new("yuji-boku", HandStyle.Brush),
        new("yuji-mai", HandStyle.Brush, HeldOut: true),
        new("lxgw-wenkai-tc", HandStyle.Kai),
        new("klee-one", HandStyle.Kai),
        new("iansui", HandStyle.Kai, HeldOut: true),
        new("noto-serif-sc", HandStyle.Song, Weight: 500),
        new("noto-serif-tc", HandStyle.Song),
        new("cactus-classical-serif", HandStyle.Song),
        new("zen-old-mincho", HandStyle.Song),
        new("hina-mincho", HandStyle.Song),
        new("kaisei-tokumin", HandStyle.Song),
        new("shippori-antique", HandStyle.Song),
        new("zcool-xiaowei", HandStyle.Song, HeldOut: true),
        new("zen-antique", HandStyle.Song),
        new("noto-sans-sc", HandStyle.Plain),
        new("zcool-kuaile", HandStyle.Plain),
        new("zcool-qingke-huangyou", HandStyle.Plain),
        new("wdxl-lubrifont-sc", HandStyle.Plain),
        new("huninn", HandStyle.Plain),
        new("chocolate-classical-sans", HandStyle.Plain),
        new("zen-maru-gothic", HandStyle.Plain),
        new("kiwi-maru", HandStyle.Plain),
        new("reggae-one", HandStyle.Plain),
        new("lxgw-marker-gothic", HandStyle.Plain),
        new("yusei-magic", HandStyle.Plain),
    ];
}
