using System.Collections.Immutable;

namespace Adaptation.Integration;

/// <summary>Faults of the server of tensors as rows of the detection table: what each is, and what must reject it.</summary>
internal sealed record FaultyServer(string Name, string Title, string Clause, string Cause, Stand Stand, string Suite = "quick", string Note = "")
{
    private static readonly Stand Impatient = Stand.Good with { ReadyWithin = "12s", AnswerWithin = "2s", Container = "memory: 512MiB, tmp: 64MiB" };

    public static ImmutableArray<FaultyServer> All { get; } =
    [
        new("scale", "outputs scaled by 1 %", "COR-18", "outside the tolerance", With("--scale", "1.01")),
        new("weights-bits", "weights rounded to 8 bits, one step size per tensor", "COR-18", "outside the tolerance", With("--weights-bits", "8")),
        new("swap-red-blue", "red and blue swapped", "COR-18", "outside the tolerance", With("--swap-red-blue")),
        new("wrong-shape", "another shape from the second answer on", "COR-18", "has the shape", With("--wrong-shape", "--from", "2")),
        new("zeros-under-load", "zeros while more than one request is under way", "PERF-05", "wrong under load", With("--zeros-under-load"), Note: "COR-18 asks one request at a time and passes it."),
        new("garbage", "bytes that are no answer, from the fifth on", "OPS-01", "answered golden input", Impatiently("--garbage", "--from", "5")),
        new("truncate", "answers that break off, from the fifth on", "OPS-01", "answered golden input", Impatiently("--truncate", "--from", "5")),
        new("die-after", "ends after 40 answers", "OPS-01", "ended with exit code 18", Impatiently("--die-after", "40")),
        new("die-at-start", "ends while it starts", "OPS-01", "ended with exit code 17", Impatiently("--die-at-start")),
        new("hang-after", "gives no answer after the 30th", "OPS-01", "did not give a whole answer within 2 s", Impatiently("--hang-after", "30")),
        new("never-ready", "never says that it is ready", "OPS-01", "did not give a good answer within 12 s", Impatiently("--never-ready")),
        new("memory-flood", "takes all memory that it can get", "OPS-01", "killed for memory (limit 512 MiB", Impatiently("--memory-flood")),
        new("log-flood", "1 GiB of log before it serves", "OPS-01", "more than 64 MiB of log", With("--log-flood", "1073741824") with { ReadyWithin = "60s" }, "start"),
        new("resolve", "resolves a public name while it loads", "SEC-03", "where no route leads", With("--resolve", "telemetry.example.com"), "start"),
        new("slow", "50 ms an answer, declared 20 ms", "PERF-04", "later than 20.00 ms", Stand.Good with { LatencyP99 = "{1: 20ms, 4: 20ms}" }, "answers"),
        new("wrong-version", "the profile states another version than the probe reads", "OPS-02", "the profile states framework.version 1.29.0", Stand.Good with { FrameworkVersion = "1.29.0" }, "start"),
    ];

    private static Stand With(params ReadOnlySpan<string> faults) => Stand.With(faults);

    private static Stand Impatiently(params ReadOnlySpan<string> faults) => Impatient with { Faults = [.. Impatient.Faults, .. faults] };
}
