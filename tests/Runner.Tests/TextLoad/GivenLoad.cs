using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner.Tests;

/// <summary>Requests, workloads and sessions to start from.</summary>
internal static class GivenLoad
{
    public const long Ms = SimulatedDriver.Ms;

    public static TextTarget Target { get; } = new(SimulatedDriver.Server, null, "/v1", []);

    public static WorkloadSpec Workload { get; } = new() { Model = "m", PromptTokens = 20, OutputTokens = 11, Seed = 3 };

    public static LoadRequest Request { get; } = new()
    {
        Scenario = "concurrency",
        Server = "unix:/server",
        Extent = new LoadExtent(1000, null),
        RateMilli = 1000,
        Streams = 4,
        Limits = new TextLimits(500 * Ms, 50 * Ms),
    };

    public static Reply Good { get; } = new(100 * Ms, 10 * Ms);

    public static TextBench Bench(SimulatedDriver driver, WorkloadSpec? workload = null, ITokenizer? tokenizer = null) =>
        new(driver, Target, new TextWorkload(workload ?? Workload, tokenizer), TimeSpan.FromMinutes(1), 64, progress: null);

    public static async Task<LoadSessionResult> RunAsync(SimulatedDriver driver, LoadRequest request, CancellationToken? cancellationToken = null, ITokenizer? tokenizer = null) =>
        await new LoadSession(driver, driver, Target, new TextWorkload(Workload, tokenizer), request, _ => { })
            .RunAsync(cancellationToken ?? TestContext.Current.CancellationToken);

    /// <summary>One token per byte, ids below 256.</summary>
    public sealed class ByteTokenizer : ITokenizer
    {
        public int VocabularySize => 256;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public int? Special(string spelling) => null;

        public int[] Encode(string text, bool parseSpecial) => [.. System.Text.Encoding.UTF8.GetBytes(text)];

        public byte[] Decode(ReadOnlySpan<int> ids) => [.. ids.ToArray().Select(id => (byte)id)];
    }
}
