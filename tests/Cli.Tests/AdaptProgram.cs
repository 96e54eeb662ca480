using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Adaptation.Cli.Tests;

/// <summary>The program in a process of its own, with a data folder of the test's own.</summary>
internal static class AdaptProgram
{
    public static async Task<(int Exit, string Output, string Error)> RunAsync(string folder, string root, params string[] arguments)
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(dotnet, [Path.Combine(AppContext.BaseDirectory, "adapt.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["ADAPTATION_ROOT"] = root;
        start.Environment["XDG_DATA_HOME"] = Path.Combine(folder, "data");
        start.Environment["COLUMNS"] = "200";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
