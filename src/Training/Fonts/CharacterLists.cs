using EduVision.Training.Problems;

namespace EduVision.Training.Fonts;

/// <summary>What each hand is asked to write.</summary>
internal static class CharacterLists
{
    /// <summary>Symbols of school mathematics and plain English.</summary>
    public const string Latin =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-=()[]{}/.,:;!?'\"%<>|*×÷·√≤≥≠±π∞°";

    /// <summary>Punctuation and numerals found beside Chinese characters.</summary>
    public const string HanPunctuation = "，。、；：？！（）《》「」〇0123456789";

    /// <summary>The simplified characters that problems are made of.</summary>
    public static IReadOnlyList<int> Han { get; } = [.. CharacterList.Common.Select(character => (int)character)];
}
