using System.Globalization;
using System.Text;

namespace Adaptation.Benchmarks.Wire;

/// <param name="Bytes">Of the tensor, each way.</param>
internal sealed record Workload(string Name, int Bytes);

internal sealed record Contender(string Name, Func<IRoundTrip> Start);

/// <summary>Measures all contenders in turn, again and again, so that what the machine does meanwhile hits them alike.</summary>
internal static class Comparison
{
    /// <returns>A Markdown table; the first contender is what the others are compared with.</returns>
    public static string Run(Workload workload, Contender[] contenders, Arguments arguments)
    {
        var clients = contenders.Select(contender => contender.Start()).ToArray();
        try
        {
            foreach (var client in clients)
            {
                client.Prepare(workload.Bytes);
                Measure(client, arguments.Seconds); // warm-up
            }

            var rounds = clients.Select(_ => new List<long[]>()).ToArray();
            for (var repeat = 0; repeat < arguments.Repeats; repeat++)
            {
                for (var turn = 0; turn < clients.Length; turn++)
                {
                    var who = (turn + repeat) % clients.Length; // nobody always comes after the same one
                    rounds[who].Add(Measure(clients[who], arguments.Seconds));
                }
            }

            return Table(workload, contenders, rounds, arguments);
        }
        finally
        {
            foreach (var client in clients)
                client.Dispose();
        }
    }

    /// <returns>Ticks of each round trip, ascending.</returns>
    private static long[] Measure(IRoundTrip client, int seconds)
    {
        var time = TimeProvider.System;
        var (started, ticks) = (time.GetTimestamp(), new List<long>(1 << 17));
        while (time.GetElapsedTime(started).TotalSeconds < seconds)
            ticks.Add(client.Once());
        ticks.Sort();
        return [.. ticks];
    }

    private static string Table(Workload workload, Contender[] contenders, List<long[]>[] rounds, Arguments arguments)
    {
        var table = new StringBuilder();
        table.AppendLine().AppendLine(CultureInfo.InvariantCulture,
            $"{workload.Name} in and out, Unix socket, one stream, {arguments.Repeats} interleaved rounds of {arguments.Seconds} s: median [min-max] of the rounds");
        table.AppendLine().AppendLine("| client, server | p50 µs | p99 µs | GB/s both ways, at p50 | p50 against the first |").AppendLine("|---|---|---|---|---|");
        var first = Middle([.. rounds[0].Select(round => Micros(round, 500))]);
        for (var who = 0; who < contenders.Length; who++)
        {
            double[] p50 = [.. rounds[who].Select(round => Micros(round, 500))];
            double[] p99 = [.. rounds[who].Select(round => Micros(round, 990))];
            double[] speed = [.. p50.Select(micros => 2.0 * workload.Bytes / micros / 1000)];
            table.AppendLine(CultureInfo.InvariantCulture, $"| {contenders[who].Name} | {Words(p50, "0.0")} | {Words(p99, "0.0")} | {Words(speed, "0.00")} | {Middle(p50) / first:0.00} |");
        }

        return table.ToString();
    }

    private static double Micros(long[] sorted, int perMille) =>
        sorted[(int)(((long)sorted.Length * perMille + 999) / 1000) - 1] * 1e6 / TimeProvider.System.TimestampFrequency;

    private static string Words(double[] values, string format) => string.Create(
        CultureInfo.InvariantCulture, $"{Middle(values).ToString(format, CultureInfo.InvariantCulture)} [{values.Min().ToString(format, CultureInfo.InvariantCulture)}-{values.Max().ToString(format, CultureInfo.InvariantCulture)}]");

    private static double Middle(double[] values) => values.Order().ElementAt(values.Length / 2);
}
