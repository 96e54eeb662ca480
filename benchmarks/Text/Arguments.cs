using System.Globalization;

namespace Adaptation.Benchmarks.Text;

/// <param name="Host">The program under measurement.</param>
/// <param name="Tools">Folder of llama.cpp's own programs and libraries, as build-llama-bench.sh makes it.</param>
/// <param name="Peer">llama.cpp's own server over the same libraries, measured beside the host; null without.</param>
/// <param name="Workloads">One per model given.</param>
/// <param name="Repeats">Interleaved rounds of the speeds, 3 or more.</param>
/// <param name="Gains">Interleaved rounds of the gain of several streams, which takes longest, 3 or more.</param>
internal sealed record Arguments(string Host, string Tools, string? Peer, IReadOnlyList<Workload> Workloads, int Threads, int Repeats, int Gains)
{
    public const string Usage = """
        usage: --host PATH --tools FOLDER [--small GGUF] [--large GGUF] [--threads N (1)] [--repeats N (7; 3 or more)] [--gains N (5; 3 or more)] [--peer-server PATH]
          --host         adaptation-host, with the adapter llamacpp
          --tools        what build-llama-bench.sh made
          --small        tiny-poet, or another model of about 1 M parameters
          --large        a model of 100 M parameters or more, such as the shape of Qwen2.5-0.5B
          --peer-server  llama-server over the same libraries
        """;

    private const int FewestRepeats = 3;

    private static readonly string[] Names = ["--host", "--tools", "--small", "--large", "--threads", "--repeats", "--gains", "--peer-server"];

    /// <returns>Null where they cannot be used.</returns>
    public static Arguments? TryRead(string[] args)
    {
        if (args.Length % 2 != 0 || args.Chunk(2).Any(pair => !Names.Contains(pair[0])) || args.Chunk(2).DistinctBy(pair => pair[0]).Count() != args.Length / 2)
            return null;
        var given = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        Workload[] workloads = [
            .. given.TryGetValue("--large", out var large) ? [Workload.Large(large)] : Array.Empty<Workload>(),
            .. given.TryGetValue("--small", out var small) ? [Workload.Small(small)] : Array.Empty<Workload>(),
        ];
        var result = new Arguments(
            given.GetValueOrDefault("--host", ""), given.GetValueOrDefault("--tools", ""), given.GetValueOrDefault("--peer-server"),
            workloads, Number(given, "--threads", 1), Number(given, "--repeats", 7), Number(given, "--gains", 5));
        var areThere = File.Exists(result.Host) && File.Exists(Path.Combine(result.Tools, "llama-bench"))
            && (result.Peer is null || File.Exists(result.Peer)) && workloads.All(workload => File.Exists(workload.Model));
        return areThere && workloads.Length > 0 && result is { Threads: > 0, Repeats: >= FewestRepeats, Gains: >= FewestRepeats } ? result : null;
    }

    private static int Number(Dictionary<string, string> given, string name, int otherwise) =>
        !given.TryGetValue(name, out var text) ? otherwise : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
