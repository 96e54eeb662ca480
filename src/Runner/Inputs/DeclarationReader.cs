using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads what the applicant promises.</summary>
internal static class DeclarationReader
{
    public static Declaration Read(YamlMap declared)
    {
        var latency = declared.TryMap("latency_p99")?.Closed(map =>
        {
            var values = ImmutableSortedDictionary.CreateBuilder<int, long>();
            foreach (var key in map.Keys)
            {
                if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var streams) || streams < 1)
                    map.Problem(key, "expected a number of parallel streams");
                else
                    values[streams] = (map.TryDuration(key) ?? TimeSpan.Zero).Ticks / TimeSpan.TicksPerMicrosecond;
            }

            return values.ToImmutable();
        });
        return new(
            declared.TryDuration("cold_start")?.Ticks / TimeSpan.TicksPerMillisecond,
            declared.TryDuration("warm_start")?.Ticks / TimeSpan.TicksPerMillisecond,
            latency,
            declared.TryQuantity("throughput", ("/s", 1000)),
            declared.TryText("text_class"),
            declared.TryDuration("ttft_p99")?.Ticks / TimeSpan.TicksPerMicrosecond,
            declared.TryDuration("tpot_p99")?.Ticks / TimeSpan.TicksPerMicrosecond,
            declared.TryQuantity("output_tokens", ("/s", 1000)),
            declared.TryQuantity("request_rate", ("/s", 1000)),
            declared.TryInteger("context_tokens", 1, int.MaxValue),
            declared.Boolean("deterministic", otherwise: false),
            declared.Boolean("batch_invariant", otherwise: false),
            declared.TryQuantity("energy", ("mJ", 1000), ("J", 1_000_000)),
            declared.TryMap("pue")?.Closed(Pue));
    }

    /// <summary>A number without who says it, and for when, is none.</summary>
    private static DeclaredPue? Pue(YamlMap pue)
    {
        var (value, source, period) = (pue.Text("value"), Said("source", "who measured it: a meter, a report"), Said("period", "from when to when: 2025-01 to 2025-12"));
        if (decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 1 and <= 10 && ratio * 1000 == decimal.Truncate(ratio * 1000))
            return new((long)(ratio * 1000), source, period);
        pue.Problem("value", $"is `{value}`; expected total energy of the site over that of its equipment, 1 to 10, to the thousandth");
        return null;

        string Said(string key, string what)
        {
            var text = pue.Text(key);
            if (text.Length > 0 && string.IsNullOrWhiteSpace(text))
                pue.Problem(key, $"is blank; expected {what}");
            return text;
        }
    }
}
