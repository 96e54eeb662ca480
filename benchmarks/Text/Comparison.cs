using System.Globalization;
using System.Text;

namespace Adaptation.Benchmarks.Text;

/// <summary>Measures llama.cpp's programs and the servers in turn, again and again, so that what the machine does meanwhile hits them alike.</summary>
internal sealed class Comparison(Arguments arguments)
{
    private readonly LlamaPrograms _programs = new(arguments.Tools, arguments.Threads);

    /// <summary>One measurement of everything; speeds in tokens per second.</summary>
    private sealed record Figures(double Prompt, double Generated, double Gain);

    /// <returns>Markdown.</returns>
    public async Task<string> RunAsync(Workload workload)
    {
        var contenders = new List<Contender>();
        try
        {
            contenders.Add(await Contender.StartAsync(TextServer.Host(arguments, workload)));
            if (arguments.Peer is not null)
                contenders.Add(await Contender.StartAsync(TextServer.Peer(arguments, workload)));
            Func<Figures>[] measure = [() => Own(workload), .. contenders.Select(contender => (Func<Figures>)(() => Served(contender, workload)))];
            foreach (var warmUp in measure)
                warmUp();

            var rounds = new List<Figures[]>();
            for (var repeat = 0; repeat < arguments.Repeats; repeat++)
            {
                var round = new Figures[measure.Length];
                for (var turn = 0; turn < measure.Length; turn++)
                {
                    var who = (turn + repeat) % measure.Length; // nobody always comes after the same one
                    round[who] = measure[who]();
                }

                rounds.Add(round);
            }

            return Table(workload, [.. contenders.Select(contender => contender.Name)], rounds);
        }
        finally
        {
            foreach (var contender in contenders)
                contender.Dispose();
        }
    }

    private Figures Own(Workload workload)
    {
        var (prompt, generated) = _programs.Bench(workload);
        return new(prompt, generated, _programs.Gain(workload));
    }

    private static Figures Served(Contender contender, Workload workload) =>
        new(contender.Prompt(workload), contender.Generated(workload), contender.Gain(workload));

    private string Table(Workload workload, string[] servers, List<Figures[]> rounds)
    {
        var table = new StringBuilder().AppendLine(CultureInfo.InvariantCulture,
            $"### {workload.Name}, {new FileInfo(workload.Model).Length / 1e6:0.0} MB, {arguments.Threads} thread(s)").AppendLine();
        table.AppendLine("| | llama.cpp's own program | served by | tokens/s, or gain | share of llama.cpp's own, round by round | bound |");
        table.AppendLine("|---|---|---|---|---|---|");
        for (var who = 0; who < servers.Length; who++)
        {
            var server = who + 1;
            string Row(string what, Func<Figures, double> of, string format, double? bound)
            {
                double[] own = [.. rounds.Select(round => of(round[0]))];
                double[] served = [.. rounds.Select(round => of(round[server]))];
                double[] shares = [.. rounds.Select(round => of(round[server]) / of(round[0]))];
                var verdict = bound is { } least
                    ? string.Create(CultureInfo.InvariantCulture, $"≥ {least:0.00}: {(Middle(shares) >= least ? "kept" : "missed")}")
                    : "";
                return $"| {what} | {Words(own, format)} | {servers[server - 1]} | {Words(served, format)} | {Words(shares, "0.000")} | {verdict} |";
            }

            table.AppendLine(Row($"generating {workload.Generated} tokens, one stream", figures => figures.Generated, "0.0", who == 0 ? workload.Bound : null));
            table.AppendLine(Row($"reading {workload.Prompt} tokens", figures => figures.Prompt, "0.0", null));
            table.AppendLine(Row($"gain of {Workload.Streams} streams over one", figures => figures.Gain, "0.00", null));
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
