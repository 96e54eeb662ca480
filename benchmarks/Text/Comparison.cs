using System.Globalization;
using System.Text;

namespace Adaptation.Benchmarks.Text;

/// <summary>Measures llama.cpp's programs and the servers in turn, again and again, so that what the machine does meanwhile hits them alike.</summary>
internal sealed class Comparison(Arguments arguments)
{
    private readonly LlamaPrograms _programs = new(arguments.Tools, arguments.Threads);

    /// <returns>Markdown.</returns>
    public async Task<string> RunAsync(Workload workload)
    {
        var contenders = new List<Contender>();
        try
        {
            contenders.Add(await Contender.StartAsync(TextServer.Host(arguments, workload)));
            if (arguments.Peer is not null)
                contenders.Add(await Contender.StartAsync(TextServer.Peer(arguments, workload)));
            Func<(double Prompt, double Generated)>[] speeds = [
                () => _programs.Bench(workload),
                .. contenders.Select(contender => (Func<(double, double)>)(() => (contender.Prompt(workload), contender.Generated(workload)))),
            ];
            Func<double>[] gains = [
                () => _programs.Gain(workload), .. contenders.Select(contender => (Func<double>)(() => contender.Gain(workload))),
            ];
            foreach (var warmUp in speeds)
                _ = warmUp();
            return Table(workload, [.. contenders.Select(contender => contender.Name)], Rounds(speeds, arguments.Repeats), Rounds(gains, arguments.Gains));
        }
        finally
        {
            foreach (var contender in contenders)
                contender.Dispose();
        }
    }

    /// <summary>Measures what is compared next to each other: the machine's speed drifts by a tenth within seconds.</summary>
    /// <returns>[round][who].</returns>
    private static List<T[]> Rounds<T>(Func<T>[] measure, int count)
    {
        var rounds = new List<T[]>();
        for (var repeat = 0; repeat < count; repeat++)
        {
            var round = new T[measure.Length];
            for (var turn = 0; turn < measure.Length; turn++)
            {
                var who = (turn + repeat) % measure.Length; // nobody always comes after the same one
                round[who] = measure[who]();
            }

            rounds.Add(round);
        }

        return rounds;
    }

    private string Table(Workload workload, string[] servers, List<(double Prompt, double Generated)[]> speeds, List<double[]> gains)
    {
        var table = new StringBuilder().AppendLine(CultureInfo.InvariantCulture,
            $"### {workload.Name}, {new FileInfo(workload.Model).Length / 1e6:0.0} MB, {arguments.Threads} thread(s)").AppendLine();
        table.AppendLine("| | llama.cpp's own program | served by | tokens/s, or gain | share of llama.cpp's own, round by round | bound |");
        table.AppendLine("|---|---|---|---|---|---|");
        double[][] generated = [.. speeds.Select(round => round.Select(speed => speed.Generated).ToArray())];
        double[][] prompts = [.. speeds.Select(round => round.Select(speed => speed.Prompt).ToArray())];
        for (var who = 0; who < servers.Length; who++)
        {
            var server = who + 1;
            string Row(string what, IEnumerable<double[]> rounds, string format, double? bound)
            {
                double[] own = [.. rounds.Select(round => round[0])];
                double[] served = [.. rounds.Select(round => round[server])];
                double[] shares = [.. rounds.Select(round => round[server] / round[0])];
                var verdict = bound is { } least
                    ? string.Create(CultureInfo.InvariantCulture, $"≥ {least:0.00}: {(Middle(shares) >= least ? "kept" : "missed")}")
                    : "";
                return $"| {what} | {Words(own, format)} | {servers[server - 1]} | {Words(served, format)} | {Words(shares, "0.000")} | {verdict} |";
            }

            table.AppendLine(Row($"generating {workload.Generated} tokens, one stream", generated, "0.0", who == 0 ? workload.Bound : null));
            table.AppendLine(Row($"reading {workload.Prompt} tokens", prompts, "0.0", null));
            table.AppendLine(Row($"gain of {Workload.Streams} streams over one", gains, "0.00", null));
        }

        return table.ToString();
    }

    private static string Words(double[] values, string format)
    {
        string Word(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Word(Middle(values))} [{Word(values.Min())}-{Word(values.Max())}]";
    }

    private static double Middle(double[] values) => values.Order().ElementAt(values.Length / 2);
}
