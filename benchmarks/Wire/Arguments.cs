using System.Globalization;

namespace Adaptation.Benchmarks.Wire;

/// <param name="Repeats">Interleaved rounds, 5 or more.</param>
/// <param name="Seconds">Of one contender's measurement in one round.</param>
internal sealed record Arguments(string Host, int Repeats, int Seconds)
{
    private const int FewestRepeats = 5;

    /// <returns>Null where they cannot be used.</returns>
    public static Arguments? TryRead(string[] args)
    {
        var result = new Arguments("", 7, 1);
        for (var at = 0; at + 1 < args.Length; at += 2)
        {
            var isNumber = int.TryParse(args[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            switch (args[at])
            {
                case "--host":
                    result = result with { Host = args[at + 1] };
                    break;
                case "--repeats" when isNumber:
                    result = result with { Repeats = number };
                    break;
                case "--seconds" when isNumber:
                    result = result with { Seconds = number };
                    break;
                default:
                    return null;
            }
        }

        return args.Length % 2 == 0 && File.Exists(result.Host) && result is { Repeats: >= FewestRepeats, Seconds: > 0 } ? result : null;
    }
}
