using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>All 932 ONNX backend tests against ONNX Runtime on the CPU: what does not pass is pinned, each with its reason, and docs/operators.md shows the list.</summary>
public sealed class KnownFailuresTests
{
    private const string Pinned = "tests/Runner.Tests/Operators/known-failures.txt";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_does_not_pass_is_exactly_what_is_pinned()
    {
        await using var server = await HostServer.StartAsync();
        using var wire = new OperatorWire(server.Transport, TimeProvider.System, TimeSpan.FromSeconds(60));

        var results = NodeTests.Read(NodeTests.Installed).Select(test => NodeTestRun.Run(test, wire, Cancelled)).ToImmutableArray();

        var seen = results.Where(result => result is not OperatorResult.Pass).Select(result => $"{result.Id} {result.Word}");
        Assert.Equal(932, results.Length);
        Assert.Equal(KnownFailure.Read(Path.Combine(Golden.Root, Pinned)).Select(known => $"{known.Test} {known.Word}").Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_documentation_shows_the_pinned_list()
    {
        var known = KnownFailure.Read(Path.Combine(Golden.Root, Pinned));
        var rows = string.Concat(known.Select(one => $"| `{one.Test}` | {one.Word} | {one.Cause} | {one.Why} |\n"));
        Assert.Contains(rows, File.ReadAllText(Path.Combine(Golden.Root, "docs/operators.md")), StringComparison.Ordinal);
        Assert.All(known, one => Assert.True(one.Why.Length > 20, $"{one.Test} is not explained"));
        Assert.Equal(known.Length, known.Select(one => one.Test).Distinct(StringComparer.Ordinal).Count());
    }
}

/// <summary>One line of the pinned list: test, fail or unsupported, kind of cause, why; separated by " | ".</summary>
internal sealed record KnownFailure(string Test, string Word, string Cause, string Why)
{
    public static ImmutableArray<KnownFailure> Read(string file) =>
    [
        .. File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(" | ")).Select(parts => new KnownFailure(parts[0], parts[1], parts[2], parts[3])),
    ];
}
