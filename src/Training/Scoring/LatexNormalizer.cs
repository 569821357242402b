using System.Collections.Immutable;

namespace EduVision.Training.Scoring;

/// <summary>
/// Brings LaTeX to one spelling: spaces, <c>\left</c>/<c>\right</c> and redundant braces do not count, arguments always have braces, a subscript comes before a superscript.
/// Text that does not parse (a missing brace) is kept token by token, so that it equals nothing but itself.
/// </summary>
public static class LatexNormalizer
{
    private static readonly ImmutableDictionary<string, int> Arguments = new Dictionary<string, int>
    {
        [@"\frac"] = 2, [@"\sqrt"] = 1, [@"\overline"] = 1, [@"\hat"] = 1, [@"\vec"] = 1, [@"\bar"] = 1,
    }.ToImmutableDictionary();

    /// <summary>The canonical tokens, without spaces between them where none is needed.</summary>
    public static string Normalize(string latex) => string.Join(' ', Tokens(latex));

    /// <summary>The canonical tokens; token error rates count over these.</summary>
    public static ImmutableArray<string> Tokens(string latex)
    {
        var tokens = LatexTokens.Split(latex);
        var reader = new Reader(tokens);
        return reader.TryRead(out var canonical) ? canonical : tokens;
    }

    private sealed class Reader(ImmutableArray<string> tokens)
    {
        private int _next;

        private string? Current => _next < tokens.Length ? tokens[_next] : null;

        public bool TryRead(out ImmutableArray<string> canonical)
        {
            var written = new List<string>();
            var complete = TryReadSequence(written, until: null);
            canonical = [.. written];
            return complete;
        }

        private bool TryReadSequence(List<string> output, string? until)
        {
            while (Current is { } token)
            {
                if (token == until)
                {
                    _next++;
                    return true;
                }
                if (token is "}" || !TryReadAtom(output) || !TryReadScripts(output)) return false;
            }
            return until is null;
        }

        private bool TryReadAtom(List<string> output)
        {
            var token = Current;
            if (token is null) return false;
            _next++;
            if (token == "{") return TryReadSequence(output, "}");
            if (token is "^" or "_")
            {
                // A script on nothing: "{}^{2}".
                _next--;
                return true;
            }
            output.Add(token);
            if (token == @"\sqrt" && Current == "[")
            {
                _next++;
                output.Add("[");
                if (!TryReadSequence(output, "]")) return false;
                output.Add("]");
            }
            for (var i = 0; i < Arguments.GetValueOrDefault(token); i++)
                if (!TryReadArgument(output)) return false;
            return true;
        }

        private bool TryReadScripts(List<string> output)
        {
            List<string>? below = null, above = null;
            while (Current is "^" or "_")
            {
                var isAbove = Current == "^";
                _next++;
                if (isAbove ? above is not null : below is not null) return false;
                var script = new List<string>();
                if (!TryReadArgument(script)) return false;
                if (isAbove) above = script;
                else below = script;
            }
            if (below is not null) output.AddRange(["_", .. below]);
            if (above is not null) output.AddRange(["^", .. above]);
            return true;
        }

        /// <summary>One argument: a braced group, or the next single thing, written with braces either way.</summary>
        private bool TryReadArgument(List<string> output)
        {
            if (Current is null or "}" or "^" or "_") return false;
            output.Add("{");
            if (!TryReadAtom(output)) return false;
            output.Add("}");
            return true;
        }
    }
}
