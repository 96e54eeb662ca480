using System.Globalization;

namespace Adaptation.Benchmarks.TextWire;

/// <param name="Paced">Port of the server with 20 ms to the first token and between tokens.</param>
/// <param name="Unpaced">Port of the server that sends as fast as it is read.</param>
/// <param name="Unix">Path of the socket on which a server of the same pace listens; empty for none.</param>
/// <param name="Seconds">Of one paced measurement: tokens an answer are fifty times that.</param>
internal sealed record Arguments(int Paced, int Unpaced, string Unix, string Aiohttp, string Python, int Repeats, int Seconds, int[] Streams)
{
    /// <returns>Null where they cannot be used.</returns>
    public static Arguments? TryRead(string[] args)
    {
        var result = new Arguments(0, 0, "", "", "/usr/bin/python3", 5, 4, [128, 256, 512, 1024]);
        for (var at = 0; at + 1 < args.Length; at += 2)
        {
            var value = args[at + 1];
            var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            switch (args[at])
            {
                case "--paced" when isNumber:
                    result = result with { Paced = number };
                    break;
                case "--unpaced" when isNumber:
                    result = result with { Unpaced = number };
                    break;
                case "--unix":
                    result = result with { Unix = value };
                    break;
                case "--aiohttp":
                    result = result with { Aiohttp = value };
                    break;
                case "--python":
                    result = result with { Python = value };
                    break;
                case "--repeats" when isNumber:
                    result = result with { Repeats = number };
                    break;
                case "--seconds" when isNumber:
                    result = result with { Seconds = number };
                    break;
                case "--streams":
                    result = result with { Streams = [.. value.Split(',').Select(one => int.Parse(one, CultureInfo.InvariantCulture))] };
                    break;
                default:
                    return null;
            }
        }

        return args.Length % 2 == 0 && result is { Paced: > 0, Unpaced: > 0, Repeats: > 0, Seconds: > 0 } ? result : null;
    }
}
