using System.Diagnostics;

namespace Adaptation.Benchmarks.Run;

/// <summary>Runs a program to its end as a whole process, and takes its time.</summary>
internal static class Programs
{
    public static (int Exit, string Output, TimeSpan Wall) Run(string program, params string[] arguments)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new InvalidOperationException($"{program} did not start");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Median [least-most], in milliseconds.</summary>
    public static string Spread(IEnumerable<double> samples)
    {
        var sorted = samples.Order().ToArray();
        return FormattableString.Invariant($"{sorted[sorted.Length / 2]:0} [{sorted[0]:0}-{sorted[^1]:0}]");
    }
}
