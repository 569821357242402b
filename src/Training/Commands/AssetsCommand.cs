using System.CommandLine;
using EduVision.Training.Fonts;

namespace EduVision.Training.Commands;

/// <summary><c>assets</c>: packs fonts and real handwritten symbols into the one file that training photos are drawn from.</summary>
public static class AssetsCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var output = new Option<string>("--out") { Description = "File to write.", DefaultValueFactory = _ => "data/assets.bin" };
        var fonts = new Option<string>("--fonts")
        {
            Description = "The node_modules folder with the @fontsource packages (run `npm install` beside it first).",
            DefaultValueFactory = _ => "src/Training/node_modules",
        };
        var symbols = new Option<string?>("--bhmsds") { Description = "Folder with the symbol scans of github.com/wblachowski/bhmsds." };
        var command = new Command("assets", "Pack handwriting fonts and real handwritten symbols into one file for training photos.") { output, fonts, symbols };
        command.SetAction(parsed =>
        {
            try
            {
                AssetBuilder.Build(parsed.GetValue(fonts)!, parsed.GetValue(symbols), parsed.GetValue(output)!, Console.WriteLine);
                return 0;
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                Console.Error.WriteLine(e.Message);
                return 1;
            }
        });
        return command;
    }
}
