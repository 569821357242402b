using System.Globalization;
using System.Text.RegularExpressions;

namespace EduVision.Inference.Hosting;

/// <summary>Amounts of memory as people write them: a number and MiB, GiB, TiB (powers of 1024) or MB, GB, TB (of 1000).</summary>
internal static partial class ByteSize
{
    private const long Largest = 1L << 50;

    /// <summary>Bytes of such a text.</summary>
    /// <returns>Null if it is none: no number, no unit, nothing or less, or more than a PiB.</returns>
    public static long? Parse(string text)
    {
        if (Pattern().Match(text.Trim()) is not { Success: true } match) return null;
        if (!double.TryParse(match.Groups["number"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
        double power = match.Groups["binary"].Length > 0 ? 1024 : 1000;
        var bytes = number * Math.Pow(power, "KMGT".IndexOf(char.ToUpperInvariant(match.Groups["prefix"].Value[0]), StringComparison.Ordinal) + 1);
        return bytes is >= 1 and <= Largest ? (long)bytes : null;
    }

    /// <summary>Bytes for people: <c>6.47 GiB</c>, or <c>96 MiB</c> below a tenth of a GiB.</summary>
    public static string Show(long bytes) => Math.Abs(bytes) >= (1L << 30) / 10
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.00} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0} MiB");

    [GeneratedRegex(@"^(?<number>\d+(\.\d+)?)\s*(?<prefix>[MGT])(?<binary>i?)B$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
