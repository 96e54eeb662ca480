using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Adaptation.Cli.Tests;

/// <summary>The program in a process of its own, with a data folder of the test's own.</summary>
internal static class AdaptProgram
{
    public static Task<(int Exit, string Output, string Error)> RunAsync(string folder, string root, params string[] arguments) => RunAsync(folder, root, input: "", arguments);

    /// <param name="input">What stands on its standard input, which then ends.</param>
    public static async Task<(int Exit, string Output, string Error)> RunAsync(string folder, string root, string input, string[] arguments)
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(dotnet, [Path.Combine(AppContext.BaseDirectory, "adapt.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["ADAPTATION_ROOT"] = root;
        start.Environment["XDG_DATA_HOME"] = Path.Combine(folder, "data");
        start.Environment["COLUMNS"] = "200";
        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it ended without reading, and says why
        }

        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
