using System.Runtime.CompilerServices;
using EduVision.Model.Native;

namespace EduVision.Training.Tests;

internal static class TorchSetup
{
    [ModuleInitializer]
    internal static void Prepare() => TorchLibrary.Prepare();
}
