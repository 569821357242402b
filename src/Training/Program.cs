using System.CommandLine;
using EduVision.Training.Commands;

return new RootCommand("EduVision training") { AssetsCommand.Create() }.Parse(args).Invoke();
