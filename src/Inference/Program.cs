using System.CommandLine;
using EduVision.Inference.Commands;

var root = new RootCommand("EduVision's inference service: a Qwen3-VL model on this machine. Without a command it serves.");
root.Subcommands.Add(ServeCommand.Create());
root.Subcommands.Add(AskCommand.Create());
root.Subcommands.Add(BenchCommand.Create());
root.Subcommands.Add(SoakCommand.Create());
root.Subcommands.Add(ProbeCommand.Create());

string[] line = args is [] or [['-', ..], ..] && args is not ["--help" or "-h" or "-?" or "--version"] ? ["serve", .. args] : args;
return await root.Parse(line).InvokeAsync();
