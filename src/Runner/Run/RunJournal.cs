using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;
using static Adaptation.Certificates.CanonicalValue;

namespace Adaptation.Runner;

/// <summary>Says what happened, in the words of this product, to the hash-chained journal; and, after an interruption, what had happened.</summary>
internal sealed class RunJournal(RunDirectory directory, JournalWriter writer) : IDeploymentLog, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<JournalEntry> _entries = [.. writer.Before.Entries];

    /// <summary>Steps that were carried out to their end.</summary>
    public IEnumerable<string> CompletedSteps => Of("step-completed").Select(data => data.TryText("step")!);

    /// <summary>Why the backend broke off, if it did: then nothing more is measured.</summary>
    public string? BackendBroke => Of("backend-broke").Select(data => data.TryText("reason")).FirstOrDefault();

    public bool IsEmpty => Entries.IsEmpty;

    public int Resumed => Of("resumed").Length;

    public ImmutableArray<JournalEntry> Entries
    {
        get
        {
            lock (_gate)
                return [.. _entries];
        }
    }

    public bool IsJudged => Of("judged").Any();

    /// <summary>Deployments of the server under test that were removed, in order: what OPS-01 and SEC-03 are judged from.</summary>
    public IEnumerable<CanonicalValue.Object> RemovedServers => Of("removed").Where(data => data.TryText("role") == "server");

    /// <summary>A text of the first event.</summary>
    public string? Start(string name) => Of("run-started").First().TryText(name);

    /// <summary>Lines and last hash: what the certificate states.</summary>
    public JournalReference Position => writer.Position;

    /// <summary>Bytes of a torn last line that opening removed: an event that never was on the disk as a whole.</summary>
    public int DroppedBytes => writer.DroppedBytes;

    public void Append(string kind, params ReadOnlySpan<(string Name, CanonicalValue Value)> data)
    {
        var entry = writer.Append(kind, CanonicalValue.Object.Of(data));
        lock (_gate)
            _entries.Add(entry);
    }

    /// <summary>Writes a measurement to the evidence, then says so: the digest in the journal is what binds it to this run.</summary>
    public void Measured(Measurement measurement)
    {
        var bytes = MeasurementFile.Write(measurement);
        var path = $"measurements/{measurement.Check}.json";
        RunDirectory.WriteWhole(directory.InEvidence(path), bytes);
        Append(
            "measured", ("check", measurement.Check), ("path", path), ("sha256", Digests.Sha256(bytes)),
            ("tensors", CanonicalValue.Of(measurement.Tensors.Select(tensor => CanonicalValue.Object.Of(
                ("path", tensor.Path), ("sha256", Digests.Sha256(File.ReadAllBytes(directory.InEvidence(tensor.Path)))))))));
    }

    /// <summary>Says that the session ends before the run does. A disk that is full must not hide why: the line's absence says as much.</summary>
    public void Interrupted(string reason)
    {
        if (IsJudged)
            return;
        try
        {
            Append("interrupted", ("reason", reason));
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            // the reason itself is on its way to the user
        }
    }

    /// <summary>Check to the digest that its measurement was written with, the last time it was.</summary>
    public ImmutableSortedDictionary<string, string> MeasuredDigests =>
        ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal)
            .SetItems(Of("measured").Select(data => KeyValuePair.Create(data.TryText("check")!, data.TryText("sha256")!)));

    /// <summary>Path of each answer that a measurement kept to its SHA-256, as the journal has it.</summary>
    public ImmutableSortedDictionary<string, string> TensorDigests =>
        ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal).SetItems(
            Of("measured").SelectMany(data => ((CanonicalValue.List)data.TryGet("tensors")!).Items.Cast<CanonicalValue.Object>())
                .Select(tensor => KeyValuePair.Create(tensor.TryText("path")!, tensor.TryText("sha256")!)));

    public int NextNumber() => Of("deploying").Length + 1;

    public void Deploying(int number, string role) => Append("deploying", ("deployment", number), ("role", role));

    public void Deployed(Deployment deployment) => Append(
        "deployed", ("deployment", deployment.Number), ("role", deployment.Role), ("container", deployment.Container.Id),
        ("transport", deployment.Transport.ToString()));

    public void Seen(Deployment deployment, DeviceSight sight) => Append(
        "devices", ("deployment", deployment.Number), ("role", deployment.Role), ("form", sight.Launch is { } launch ? LaunchChoice.Word(launch.Form) : "none"), ("devices", sight.Launch is { } plan ? LaunchChoice.Text(plan.Indices) : ""),
        ("seen", sight.IsWhole ? "whole" : "not"), ("inside", CanonicalValue.Of(sight.Inside.Select(node => FromString($"{node.Key}={node.Value}")))),
        ("problem", sight.Problem ?? ""));

    /// <summary>Deployment to what of the plan was seen in its container, as a measurement keeps it.</summary>
    public IReadOnlyDictionary<long, string> SeenDevices => Of("devices").ToDictionary(
        data => ((Integer)data.TryGet("deployment")!).Value,
        data => string.Join(',', ((CanonicalValue.List)data.TryGet("inside")!).Items.Cast<CanonicalValue.Text>().Select(node => node.Value)));

    public void Removed(Deployment deployment, byte[] log, NetworkCounts? network, long asked, long answered, IReadOnlyList<string> residue)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"run/log/{deployment.Number:000}-{deployment.Role}.log");
        RunDirectory.WriteWhole(directory.InEvidence(path), log);
        Append(
            "removed", ("deployment", deployment.Number), ("role", deployment.Role), ("container", deployment.Container.Id), ("log", path),
            ("startNanos", (deployment.ReadyAfter ?? TimeSpan.Zero).Ticks * 100), ("servedNanos", deployment.Served.Ticks * 100),
            ("asked", asked), ("answered", answered), ("residue", CanonicalValue.Of(residue.Select(FromString))),
            ("network", network is null
                ? CanonicalValue.Object.Of(("unreadable", "the container's network namespace could not be read from this machine"))
                : CanonicalValue.Object.Of(("packetsOut", network.PacketsOut), ("refused", network.Refused))));
    }

    /// <summary>Lets go of the file, to which nothing is written any more: the manifest reads it, and the writer's lock lets nobody read.</summary>
    public void Dispose() => writer.Dispose();

    private ImmutableArray<CanonicalValue.Object> Of(string kind) => [.. Entries.Where(entry => entry.Kind == kind).Select(entry => entry.Data)];
}
