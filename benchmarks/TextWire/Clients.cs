using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Adaptation.Runner;

namespace Adaptation.Benchmarks.TextWire;

/// <summary>The client under test.</summary>
internal sealed class OurClient
{
    private const long Gap = 20_000_000;
    private readonly TextLoadDriver _driver = new();

    /// <summary>Starts the streams evenly over one answer's time, each on its own connection.</summary>
    public Task<Round> PacedAsync(Transport server, int streams, int tokens) => AskAsync(
        server, streams, tokens, [.. Enumerable.Range(0, streams).Select(number => number * (Gap * tokens) / streams)]);

    public Task<Round> UnpacedAsync(Transport server, int streams, int tokens) => AskAsync(server, streams, tokens, [.. new long[streams]]);

    /// <returns>Nanoseconds that each request left late, at a Poisson schedule of that many a second.</returns>
    public async Task<long[]> LatenessAsync(Transport server, int rate, int seconds)
    {
        var (random, at, due) = (new Random(42), 0.0, new List<long>());
        for (var request = 0; request < rate * seconds; request++)
            due.Add((long)(at += -Math.Log(1 - random.NextDouble()) * 1e9 / rate));
        var result = await _driver.RunAsync(Spec(server, 1, 256, [.. due]), null, CancellationToken.None);
        return [.. Sound(result).Samples.Select(sample => sample.Sent - sample.Due)];
    }

    private async Task<Round> AskAsync(Transport server, int streams, int tokens, long[] due)
    {
        var process = Process.GetCurrentProcess();
        var (cpu, kernel, began) = (process.TotalProcessorTime, process.PrivilegedProcessorTime, Stopwatch.GetTimestamp());
        var result = Sound(await _driver.RunAsync(Spec(server, tokens, streams, due), null, CancellationToken.None));
        process.Refresh();
        var (used, inKernel) = ((process.TotalProcessorTime - cpu).Ticks * 100, (process.PrivilegedProcessorTime - kernel).Ticks * 100);
        var wall = (Stopwatch.GetTimestamp() - began) * 1_000_000_000 / Stopwatch.Frequency;
        var lag = result.Samples.SelectMany(sample => sample.Chunks)
            .Select(chunk => result.Started + chunk.At - long.Parse(chunk.Text, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture));
        return new([.. lag], [.. result.Samples.Select(sample => sample.Chunks[0].At - sample.Due)], result.Samples.Sum(sample => (long)sample.Chunks.Length), used, inKernel, wall);
    }

    private static TextLoadSpec Spec(Transport server, int tokens, int connections, long[] due)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"pace","prompt":"Write a story about a fox.","max_tokens":{{tokens}},"stream":true}""");
        return new()
        {
            Transport = server,
            Requests = [.. Enumerable.Repeat(new TextRequest("/v1/completions", body), due.Length)],
            Arrivals = new Arrivals.Scheduled([.. due]),
            RequestLimit = TimeSpan.FromMinutes(10),
            MaxConnections = connections,
            AnswerLimit = 1 << 30,
        };
    }

    private static TextLoadResult Sound(TextLoadResult result) =>
        result.BrokenOff is null && result.NewConnections == 0 && result.Samples.All(sample => sample.Failure is null)
            ? result
            : throw new InvalidOperationException($"The load failed: {result.BrokenOff ?? result.Samples.FirstOrDefault(sample => sample.Failure is not null)?.Explanation ?? "new connections"}");
}

/// <summary>A Python client, as a process of its own that inherits this one's core.</summary>
internal sealed class PythonClient(string python, string program)
{
    public async Task<Round> AskAsync(int port, int streams, int tokens, bool isPaced)
    {
        var start = new ProcessStartInfo(python) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in new[] { program, $"{port}", $"{streams}", $"{tokens}", "1", isPaced ? "paced" : "unpaced" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        if (line is null || process.ExitCode != 0)
            throw new InvalidOperationException($"{python} {program} ended with {process.ExitCode}");
        using var json = JsonDocument.Parse(line);
        long[] Numbers(string name) => [.. json.RootElement.GetProperty(name).EnumerateArray().Select(one => one.GetInt64())];
        long Number(string name) => json.RootElement.GetProperty(name).GetInt64();
        return new(Numbers("lag"), Numbers("ttft_due"), Number("tokens"), Number("cpu"), Number("kernel"), Number("wall"));
    }
}
