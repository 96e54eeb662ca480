using System.Runtime.InteropServices;
using Adaptation.Benchmarks.TextWire;
using Adaptation.Runner;

// Called by the script `run` beside this file, which starts the servers and gives each side a core.
if (Arguments.TryRead(args) is not { } arguments)
{
    Console.Error.WriteLine("usage: --paced PORT --unpaced PORT [--unix SOCKET] [--aiohttp PROGRAM] [--python PATH] [--repeats N] [--seconds N] [--streams N,N]");
    return 3;
}

const int Rate = 1000;
const double True = 20_000; // µs to the first token
var ours = new OurClient();
Transport paced = new Transport.Tcp("127.0.0.1", arguments.Paced), unpaced = new Transport.Tcp("127.0.0.1", arguments.Unpaced);
var local = arguments.Unix.Length > 0 ? new Transport.UnixSocket(arguments.Unix) : null;
var python = arguments.Aiohttp.Length > 0 ? new PythonClient(arguments.Python, arguments.Aiohttp) : null;
var tokens = arguments.Seconds * 50;
var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
Console.WriteLine($"# Text client\n\n{processor ?? "unknown processor"}, {Environment.ProcessorCount} core(s) for the client; Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}; "
    + $"{RuntimeInformation.FrameworkDescription}; load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}.\nServer and client on a core each; {arguments.Repeats} interleaved repeats: median [lowest–highest].\n");
Console.WriteLine($"## Paced: 20 ms to the first token and between tokens, {tokens} tokens an answer, streams start evenly\n");
Console.WriteLine("| streams, client | arrival − server's stamp, µs: p50 | p99 | first token from due − 20 ms, µs: p50 | p99 | CPU µs a token | of them in the kernel |\n|---|---|---|---|---|---|---|");
await ours.PacedAsync(paced, 8, 10); // warms up
foreach (var streams in arguments.Streams)
{
    var (mine, near, theirs) = (new List<Round>(), new List<Round>(), new List<Round>());
    for (var repeat = 0; repeat < arguments.Repeats; repeat++)
    {
        mine.Add(await ours.PacedAsync(paced, streams, tokens));
        if (local is not null)
            near.Add(await ours.PacedAsync(local, streams, tokens));
        if (python is not null)
            theirs.Add(await python.AskAsync(arguments.Paced, streams, tokens, isPaced: true));
    }

    PrintPaced($"{streams}, ours", mine);
    PrintPaced($"{streams}, ours over a Unix socket", near);
    PrintPaced($"{streams}, aiohttp", theirs);
}

Console.WriteLine("\n## Unpaced: 64 streams, 10,000 tokens each, everything parsed\n\n| client | tokens/s | tokens per second of CPU |\n|---|---|---|");
var (fast, slow) = (new List<Round>(), new List<Round>());
for (var repeat = 0; repeat < arguments.Repeats; repeat++)
{
    fast.Add(await ours.UnpacedAsync(unpaced, 64, 10_000));
    if (python is not null)
        slow.Add(await python.AskAsync(arguments.Unpaced, 64, 10_000, isPaced: false));
}

PrintUnpaced("ours", fast);
PrintUnpaced("aiohttp", slow);

Console.WriteLine($"\n## Open loop: {Rate} requests/s, Poisson\n\n| lateness of the send, µs: p50 | p99 |\n|---|---|");
var lateness = new List<long[]>();
for (var repeat = 0; repeat < arguments.Repeats; repeat++)
    lateness.Add(await ours.LatenessAsync(paced, Rate, arguments.Seconds));
Console.WriteLine($"| {Figures.Spread(lateness.Select(one => Figures.Micros(one, 500)), "0.0")} | {Figures.Spread(lateness.Select(one => Figures.Micros(one, 990)), "0.0")} |");
return 0;

static void PrintPaced(string name, List<Round> rounds)
{
    if (rounds.Count > 0)
    {
        string[] cells = [
            name,
            Figures.Spread(rounds.Select(one => Figures.Micros(one.Lag, 500))),
            Figures.Spread(rounds.Select(one => Figures.Micros(one.Lag, 990))),
            Figures.Spread(rounds.Select(one => Figures.Micros(one.TtftDue, 500) - True)),
            Figures.Spread(rounds.Select(one => Figures.Micros(one.TtftDue, 990) - True)),
            Figures.Spread(rounds.Select(one => one.Cpu / 1e3 / one.Tokens), "0.0"),
            Figures.Spread(rounds.Select(one => one.Kernel / 1e3 / one.Tokens), "0.0"),
        ];
        Console.WriteLine($"| {string.Join(" | ", cells)} |");
    }
}

static void PrintUnpaced(string name, List<Round> rounds)
{
    if (rounds.Count > 0)
    {
        Console.WriteLine(
            $"| {name} | {Figures.Spread(rounds.Select(one => one.Tokens / (one.Wall / 1e9)))} | {Figures.Spread(rounds.Select(one => one.Tokens / (one.Cpu / 1e9)))} |");
    }
}
