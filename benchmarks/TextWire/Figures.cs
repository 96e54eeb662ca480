using System.Globalization;

namespace Adaptation.Benchmarks.TextWire;

/// <summary>What one client did in one round.</summary>
/// <param name="Lag">Nanoseconds of every token, from the server's own send stamp to the client's arrival stamp.</param>
/// <param name="TtftDue">Nanoseconds of every stream, from when its request was due to its first token.</param>
/// <param name="Cpu">Nanoseconds of processor time, parsing included; with ours, opening the connections too.</param>
/// <param name="Kernel">Those of them that the kernel took.</param>
/// <param name="Wall">Nanoseconds.</param>
internal sealed record Round(long[] Lag, long[] TtftDue, long Tokens, long Cpu, long Kernel, long Wall);

/// <summary>Median and spread of the rounds, in words.</summary>
internal static class Figures
{
    public static double Micros(long[] samples, int perMille)
    {
        var sorted = samples.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[(int)(((long)sorted.Length * perMille + 999) / 1000) - 1] / 1e3;
    }

    public static string Spread(IEnumerable<double> values, string format = "0")
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? "none" : string.Create(
            CultureInfo.InvariantCulture,
            $"{sorted[sorted.Length / 2].ToString(format, CultureInfo.InvariantCulture)} [{sorted[0].ToString(format, CultureInfo.InvariantCulture)}–{sorted[^1].ToString(format, CultureInfo.InvariantCulture)}]");
    }
}
