using EduVision.Model.Tokenization;
using EduVision.Training.Problems;
using EduVision.Training.Vocabulary;

namespace EduVision.Training.Tests.Vocabulary;

/// <summary>The trained tokenizer, through the reader that the engine uses.</summary>
public sealed class NanoVocabularyTests(NanoTokenizer nano) : IClassFixture<NanoTokenizer>
{
    [Fact]
    public void Dump()
    {
        var t = nano.Tokenizer;
        var counts = new List<(int, Problem)>();
        for (var i = 0; i < 20000; i++)
        {
            var p = ProblemMix.Default.Sample(7, i);
            counts.Add((t.Encode(p.Completion, true).Length, p));
        }
        foreach (var g in counts.GroupBy(c => (c.Item2.Kind, c.Item2.Task, c.Item2.Language)).OrderBy(g => g.Key))
        {
            var s = g.Select(c => c.Item1).Order().ToList();
            Console.WriteLine($"{g.Key} n={s.Count} median={s[s.Count / 2]} p90={s[s.Count * 9 / 10]} p99={s[s.Count * 99 / 100]} max={s[^1]}");
        }
        foreach (var c in counts.OrderByDescending(c => c.Item1).Take(3)) Console.WriteLine(c.Item1 + "\n" + c.Item2.Completion);
        Console.WriteLine(t.VocabularySize);
        foreach (var c in counts.Take(60)) Console.WriteLine($"--- {c.Item1} {c.Item2.Prompt}\n{c.Item2.Completion}");
        foreach (var c in counts.Take(6)) Console.WriteLine(string.Join('|', t.Encode(c.Item2.Completion, true).Select(id => t.TokenText(id))));
    }
}

/// <summary>The vocabulary, trained once for all tests, saved and loaded.</summary>
public sealed class NanoTokenizer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nano-vocabulary");

    public NanoTokenizer()
    {
        Vocabulary = NanoVocabulary.Train();
        Vocabulary.Save(_folder.FullName, modelMaxLength: 4096);
        Tokenizer = Tokenizer.Load(_folder.FullName);
    }

    public BpeVocabulary Vocabulary { get; }

    public Tokenizer Tokenizer { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
