using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>
/// Looks back at all deployments: what they left behind (OPS-01), what they tried to send (SEC-03), and whether the model is still the
/// one that it was; then shows the deploy path a model with one byte flipped (SEC-05).
/// </summary>
internal sealed class RemovalStep : IStep
{
    public string Name => "removal";

    public LocalText Title { get; } = new("Residue, egress, model integrity", "残留、外联、模型完整性");

    public ImmutableArray<string> Checks { get; } = ["OPS-01", "SEC-03", "SEC-05"];

    public TimeSpan Expected(RunContext run) => TimeSpan.FromSeconds(1);

    public async Task<ImmutableArray<Measurement>> MeasureAsync(RunContext run, CancellationToken cancellationToken)
    {
        var removed = run.Journal.RemovedServers.ToImmutableArray();
        var measured = ImmutableArray.Create(Residue(removed, run.Plan.Devices is null ? null : run.Journal.SeenDevices), await IntegrityAsync(run, cancellationToken));
        return run.Includes("SEC-03") ? measured.Add(Egress(removed)) : measured;
    }

    /// <param name="seen">Deployment to the devices in its container; null where none are planned.</param>
    private static Measurement Residue(ImmutableArray<CanonicalValue.Object> removed, IReadOnlyDictionary<long, string>? seen)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var counts = ImmutableArray.CreateBuilder<long>();
        foreach (var deployment in removed)
        {
            var left = ((CanonicalValue.List)deployment.TryGet("residue")!).Items.Cast<CanonicalValue.Text>().Select(item => item.Value).ToArray();
            counts.Add(left.Length);
            if (seen is not null && (seen.GetValueOrDefault(Number(deployment, "deployment")) ?? (Number(deployment, "asked") == 0 ? DevicePlan.NotAsked : null)) is { } devices)
                facts[$"devices.{Number(deployment, "deployment")}"] = devices;
            if (left.Length > 0)
                facts[$"residue.{Number(deployment, "deployment")}"] = string.Join(", ", left);
        }

        return new Measurement
        {
            Check = "OPS-01",
            // nobody was asked anything between the profile and this line: a run has no prompt that a person could answer
            Series = [new("residue", "count", counts.ToImmutable()), new("manual_steps", "count", [.. removed.Select(_ => 0L)])],
            Facts = facts.ToImmutable(),
        };
    }

    private static Measurement Egress(ImmutableArray<CanonicalValue.Object> all)
    {
        // one that was cut off by an interruption before it was asked anything shows nothing by its silence; what it sent counts all the same
        var removed = all.Where(deployment => Number(deployment, "asked") > 0 || HasSent(deployment)).ToImmutableArray();
        var networks = removed.Select(deployment => (CanonicalValue.Object)deployment.TryGet("network")!).ToImmutableArray();
        var unreadable = networks.Select(network => network.TryText("unreadable")).FirstOrDefault(reason => reason is not null);
        return new Measurement
        {
            Check = "SEC-03",
            // what one deployment sent counts also where another one's counters could not be read
            Series =
            [
                new("packets_out", "count", [.. networks.Select(network => Count(network, "packetsOut"))]),
                new("refused", "count", [.. networks.Select(network => Count(network, "refused"))]),
                new("asked", "count", [.. removed.Select(deployment => Number(deployment, "asked"))]),
                new("answered", "count", [.. removed.Select(deployment => Number(deployment, "answered"))]),
            ],
            Facts = unreadable is null
                ? ImmutableSortedDictionary<string, string>.Empty
                : ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("unreadable", unreadable)]),
        };
    }

    private static bool HasSent(CanonicalValue.Object deployment) =>
        deployment.TryGet("network") is CanonicalValue.Object network && network.TryText("unreadable") is null
        && Number(network, "packetsOut") + Number(network, "refused") > 0;

    private static async Task<Measurement> IntegrityAsync(RunContext run, CancellationToken cancellationToken)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var lockBefore = CombinationLock.Read(await File.ReadAllBytesAsync(run.Directory.Lock, cancellationToken));
        var seen = (CanonicalValue.Object)lockBefore.Detail.TryGet("model")!;
        foreach (var file in run.Inputs.Model.Files)
        {
            var path = Path.Combine(run.Prepared.ModelFolder, file.Path);
            facts[$"expected.{file.Path}"] = file.Sha256;
            facts[$"seen.{file.Path}"] = seen.TryText(file.Path) ?? StackProbe.Unknown;
            facts[$"after.{file.Path}"] = await FileDigests.Sha256Async(path, cancellationToken) ?? StackProbe.Unknown;
            facts[$"format.{file.Path}"] = ModelFiles.FormatOf(path);
        }

        var smallest = run.Inputs.Model.Files.MinBy(file => file.Bytes)!;
        facts[$"tampered.{smallest.Path}"] = await LoadsTamperedAsync(run, smallest, cancellationToken) ? "loaded" : "refused";
        return new Measurement { Check = "SEC-05", Facts = facts.ToImmutable() };
    }

    /// <summary>Gives the very path that every deployment takes a copy of the model with one byte flipped in one file.</summary>
    private static async Task<bool> LoadsTamperedAsync(RunContext run, PinnedFile flipped, CancellationToken cancellationToken)
    {
        var folder = run.Deployer.Scratch.Folder("tampered");
        try
        {
            foreach (var file in run.Inputs.Model.Files)
            {
                var target = Path.Combine(folder, file.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                if (file == flipped)
                    await CopyFlippedAsync(Path.Combine(run.Prepared.ModelFolder, file.Path), target, cancellationToken);
                else
                    File.CreateSymbolicLink(target, Path.Combine(run.Prepared.ModelFolder, file.Path));
            }

            var (deployment, _) = await run.Deployer.StartAsync(folder, beforeStart: null, run.First, cancellationToken);
            await deployment.DisposeAsync();
            return true;
        }
        catch (ModelRefusedException)
        {
            return false;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CopyFlippedAsync(string source, string target, CancellationToken cancellationToken)
    {
        var bytes = await File.ReadAllBytesAsync(source, cancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(target, bytes, cancellationToken);
    }

    private static long Sent(CanonicalValue.Object deployment) =>
        (CanonicalValue.Object)deployment.TryGet("network")! is var network ? Count(network, "packetsOut") + Count(network, "refused") : 0;

    private static long Count(CanonicalValue.Object network, string name) => network.TryGet(name) is CanonicalValue.Integer count ? count.Value : 0;

    private static long Number(CanonicalValue.Object data, string name) => ((CanonicalValue.Integer)data.TryGet(name)!).Value;
}
