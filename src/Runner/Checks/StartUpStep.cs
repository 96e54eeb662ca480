using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Starts the server over and over, with the page cache dropped and with it warm, up to its first good answer (PERF-01).</summary>
internal sealed class StartUpStep : IStep
{
    private const string DropCaches = "/proc/sys/vm/drop_caches";

    public string Name => "start-up";

    public LocalText Title { get; } = new("Start cold and warm", "冷启动与热启动");

    public ImmutableArray<string> Checks { get; } = ["PERF-01"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(3.5 * run.Clause("PERF-01").Limit("repeats"));

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var (cold, warm, read) = (new List<long>(), new List<long>(), new List<long>());
        var canDrop = CanDropCaches();
        var repeats = run.Clause("PERF-01").Limit("repeats");
        for (var i = 0; i < repeats; i++)
        {
            // a cold start finds an empty cache, the warm one behind it what that left: mixed, both would be of neither kind
            var cache = run.Deployer.EmptyCache();
            if (!canDrop && cache is not null)
                await StartOnceAsync(run, cache, beforeStart: null, cancellationToken);
            if (canDrop)
            {
                var (took, bytes) = await StartOnceAsync(run, cache, DropPageCache, cancellationToken);
                cold.Add(took);
                read.Add(bytes);
            }

            warm.Add((await StartOnceAsync(run, cache, beforeStart: null, cancellationToken)).Nanos);
        }

        var modelBytes = run.Inputs.Model.Files.Sum(file => file.Bytes);
        return
        [
            new Measurement
            {
                Check = "PERF-01",
                Series = [new("cold", "ns", [.. cold]), new("warm", "ns", [.. warm]), new("cold.read_bytes", "bytes", [.. read])],
                Facts = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
                [
                    KeyValuePair.Create("cold.how", canDrop ? "page cache of the machine dropped before each start" : "not possible: the runner may not drop the page cache"),
                    KeyValuePair.Create("model_bytes", modelBytes.ToString(CultureInfo.InvariantCulture)),
                ]),
            },
        ];
    }

    private static async Task<(long Nanos, long ReadBytes)> StartOnceAsync(RunContext run, string? cache, Action? beforeStart, CancellationToken cancellationToken)
    {
        var (deployment, readyAt) = await run.StartServerAsync(cache, beforeStart, cancellationToken);
        await using (deployment)
        {
            return (run.Nanos(deployment.StartedAt, readyAt), deployment.ProcessId is { } id ? ContainerProbe.ReadBytes(id) : 0);
        }
    }

    private static bool CanDropCaches()
    {
        try
        {
            DropPageCache();
            return true;
        }
        catch (Exception denied) when (denied is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }

    /// <summary>Drops clean page cache of the whole machine: the container's files may lie on any layer of any file system.</summary>
    private static void DropPageCache() => File.WriteAllText(DropCaches, "1");
}
