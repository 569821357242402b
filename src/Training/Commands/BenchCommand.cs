using System.CommandLine;
using System.Diagnostics;
using EduVision.Training.Data;
using EduVision.Training.Problems;
using EduVision.Training.Rendering;

namespace EduVision.Training.Commands;

/// <summary><c>bench</c>: how fast training photos are drawn; a run on a fast GPU waits for nothing else.</summary>
public static class BenchCommand
{
    /// <summary>The command line.</summary>
    public static Command Create()
    {
        var assets = new Option<FileInfo>("--assets") { Description = "Ink made by the assets command.", Required = true };
        var workers = new Option<int>("--workers") { Description = "Threads.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var seconds = new Option<double>("--seconds") { Description = "Length of one run.", DefaultValueFactory = _ => 5 };
        var runs = new Option<int>("--runs") { Description = "Runs; the first warms up and is not counted.", DefaultValueFactory = _ => 4 };
        var command = new Command("bench", "Measure how many training photos a second are drawn.") { assets, workers, seconds, runs };
        command.SetAction(parsed => Run(InkAssets.Load(parsed.GetValue(assets)!.FullName), parsed.GetValue(workers), parsed.GetValue(seconds), parsed.GetValue(runs)));
        return command;
    }

    private static void Run(InkAssets assets, int workers, double seconds, int runs)
    {
        using var renderer = new PhotoRenderer(assets);
        var rates = Enumerable.Range(0, runs).Select(run => Rate(renderer, assets, workers, seconds, run)).Skip(1).OrderBy(rate => rate.PerSecond).ToArray();
        var median = rates[rates.Length / 2];
        Console.WriteLine($"{median.PerSecond:F0} photos/s with {workers} threads (median of {rates.Length}, {rates[0].PerSecond:F0} to {rates[^1].PerSecond:F0}), {median.PerCpuSecond:F0} a second of processor time");
    }

    // Per second of processor time too: it says the same on a busy machine.
    private static (double PerSecond, double PerCpuSecond) Rate(PhotoRenderer renderer, InkAssets assets, int workers, double seconds, int run)
    {
        var clock = Stopwatch.StartNew();
        var used = Environment.CpuUsage.TotalTime;
        var photos = 0;
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, worker =>
        {
            var random = new Random(ProblemMix.Mix(run, worker));
            while (clock.Elapsed.TotalSeconds < seconds)
            {
                var (picture, size) = (ProblemMix.Default.Sample(random).Picture, PhotoSize.Draw(random));
                if (!PictureRequest.Fits(picture, size, assets, heldOut: false)) continue;
                renderer.Render(PictureRequest.Of(picture, size, heldOut: false, random), (ulong)random.NextInt64());
                Interlocked.Increment(ref photos);
            }
        });
        return (photos / clock.Elapsed.TotalSeconds, photos / (Environment.CpuUsage.TotalTime - used).TotalSeconds);
    }
}
