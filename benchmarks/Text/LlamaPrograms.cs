using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Adaptation.Benchmarks.Text;

/// <summary>Runs llama.cpp's own measuring programs, with the settings that the host gives its context.</summary>
internal sealed class LlamaPrograms(string folder, int threads)
{
    /// <returns>Tokens per second of reading a prompt and of generating, each in a context of its own.</returns>
    public (double Prompt, double Generated) Bench(Workload workload)
    {
        string[] tested = ["-p", Text(workload.Prompt), "-n", Text(workload.Generated), "-r", Text(workload.Calls), "-o", "json"];
        using var tests = JsonDocument.Parse(Run("llama-bench", [.. Common(workload), .. tested]));
        double Speed(string kind) =>
            tests.RootElement.EnumerateArray().Single(test => test.GetProperty(kind).GetInt32() > 0).GetProperty("avg_ts").GetDouble();
        return (Speed("n_prompt"), Speed("n_gen"));
    }

    /// <returns>How many times as many tokens per second it generates for all streams together as for one.</returns>
    public double Gain(Workload workload)
    {
        const int Tries = 5; // it does not wait for its own output at its end, and so loses the last line now and then
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var lines = Run("llama-batched-bench",
            [
                .. Common(workload), "-npp", "1", "-ntg", Text(workload.Generated), "-npl", $"1,{Text(Workload.Streams)}",
                "-c", Text(Workload.Context * Workload.Streams), "--output-format", "jsonl",
            ]);
            var speeds = lines.Split('\n').Where(line => line.StartsWith('{') && line.EndsWith('}')).Select(line =>
            {
                using var json = JsonDocument.Parse(line);
                return json.RootElement.GetProperty("speed_tg").GetDouble();
            }).ToArray();
            if (speeds is [var one, var all])
                return all / one;
        }

        throw new IOException($"llama-batched-bench did not print its 2 results in {Tries} runs");
    }

    private string[] Common(Workload workload) =>
        ["-m", workload.Model, "-t", Text(threads), "-b", Text(Workload.Batch), "-ub", Text(Workload.MicroBatch), "-fa", "off"];

    private string Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(Path.GetFullPath(Path.Combine(folder, program)))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new IOException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors.GetAwaiter().GetResult()}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
