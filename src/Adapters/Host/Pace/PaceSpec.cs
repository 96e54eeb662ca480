using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Adaptation.Adapters.Host;

/// <summary>What the command line asks of the pace server, which has arguments of its own.</summary>
/// <param name="First">Nanoseconds from the whole request to the first token.</param>
/// <param name="Gap">Nanoseconds from one token to the next; 0 for as fast as the client takes them.</param>
/// <param name="Tokens">Of an answer whose request does not say.</param>
internal sealed record PaceSpec(EndPoint Listen, long First, long Gap, int Tokens)
{
    public const string Usage = """
        adaptation-host --adapter pace --listen WHERE [--first-ms N] [--gap-ms N] [--tokens N]
          answers OpenAI-compatible requests at a known pace: the reference that a client of such servers is calibrated against
          --listen WHERE   unix:/absolute/path or tcp:ADDRESS:PORT
          --first-ms N     milliseconds to the first token, fractions allowed; 20 if left out
          --gap-ms N       milliseconds between tokens; 20 if left out, 0: as fast as they are taken
          --tokens N       tokens of an answer whose request has no max_tokens; 100 if left out
        """;

    private const double LongestMilliseconds = 3_600_000;
    private const int MostTokens = 1_000_000;

    /// <summary>True if the arguments are this server's to read.</summary>
    public static bool IsAskedFor(string[] arguments) =>
        Array.IndexOf(arguments, "--adapter") is >= 0 and var at && at + 1 < arguments.Length && arguments[at + 1] == "pace";

    /// <returns>Null, with what is wrong, where the arguments cannot be used.</returns>
    public static PaceSpec? TryParse(string[] arguments, out string problem)
    {
        problem = "--listen: is not given";
        var spec = new PaceSpec(new IPEndPoint(IPAddress.None, 0), 20_000_000, 20_000_000, 100);
        var isHeard = false;
        for (var at = 0; at < arguments.Length; at += 2)
        {
            var value = at + 1 < arguments.Length ? arguments[at + 1] : "";
            PaceSpec? next = arguments[at] switch
            {
                "--adapter" when value == "pace" => spec,
                "--listen" when Place(value) is { } place => spec with { Listen = place },
                "--first-ms" when Nanoseconds(value) is { } first => spec with { First = first },
                "--gap-ms" when Nanoseconds(value) is { } gap => spec with { Gap = gap },
                "--tokens" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= MostTokens =>
                    spec with { Tokens = count },
                _ => null,
            };
            isHeard |= arguments[at] == "--listen";
            if (next is null)
            {
                problem = $"{arguments[at]} {value}: cannot be used\n{Usage}";
                return null;
            }

            spec = next;
        }

        return isHeard ? spec : null;
    }

    private static long? Nanoseconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= LongestMilliseconds ? (long)(value * 1e6) : null;

    private static EndPoint? Place(string text) =>
        text.StartsWith("unix:/", StringComparison.Ordinal) && text.Length is > 6 and < 112 ? new UnixDomainSocketEndPoint(text[5..])
        : text.StartsWith("tcp:", StringComparison.Ordinal) && text.LastIndexOf(':') > 3 && IPEndPoint.TryParse(text[4..], out var address) ? address
        : null;
}
