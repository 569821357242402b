using System.CommandLine;
using EduVision.Model.Native;
using EduVision.Training.Commands;

TorchLibrary.Prepare();
var root = new RootCommand("EduVision training: make data, train, evaluate.")
{
    AssetsCommand.Create(),
    VocabularyCommand.Create(),
    SetCommand.Create(),
    TrainCommand.Create(),
    WidenCommand.Create(),
    EvalCommand.Create(),
    BenchCommand.Create(),
};
return root.Parse(args).Invoke();
