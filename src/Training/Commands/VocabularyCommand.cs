using System.CommandLine;
using EduVision.Training.Vocabulary;

namespace EduVision.Training.Commands;

/// <summary><c>vocabulary --out DIR</c>: trains the bundled model's tokenizer and writes its files.</summary>
public static class VocabularyCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder that gets tokenizer.json and tokenizer_config.json.", Required = true };
        var size = new Option<int>("--size") { Description = "Tokens in all, special ones included.", DefaultValueFactory = _ => NanoVocabulary.DefaultSize };
        var length = new Option<int>("--max-length") { Description = "Context length written into tokenizer_config.json.", DefaultValueFactory = _ => 4096 };
        var command = new Command("vocabulary", "Train the tokenizer of the bundled model on generated problems.") { folder, size, length };
        command.SetAction(arguments =>
        {
            var target = arguments.GetRequiredValue(folder).FullName;
            var vocabulary = NanoVocabulary.Train(arguments.GetValue(size));
            vocabulary.Save(target, arguments.GetValue(length));
            Console.WriteLine($"{vocabulary.Size} tokens ({vocabulary.Merges.Length} merges) in {Path.Combine(target, "tokenizer.json")}");
        });
        return command;
    }
}
