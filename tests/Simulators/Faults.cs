using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;

namespace Adaptation.Simulators;

/// <summary>What to do wrong. Faults of answers begin with the inference request <see cref="From"/>; those of the start happen before it serves.</summary>
internal sealed record Faults
{
    /// <summary><c>unix:PATH</c> or <c>tcp:PORT</c>, which is on the loopback.</summary>
    public required string Listen { get; init; }

    /// <summary>Arguments of the real host that computes the answers; it listens on a socket of the simulator's.</summary>
    public required ImmutableArray<string> Host { get; init; }

    /// <summary>From 1.</summary>
    public long From { get; init; } = 1;

    /// <summary>Every output value is multiplied by it.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Weights are rounded to so many bits, one step size per tensor; 0 leaves them.</summary>
    public int WeightsBits { get; init; }

    public bool SwapRedBlue { get; init; }

    public bool WrongShape { get; init; }

    public bool Garbage { get; init; }

    public bool Truncate { get; init; }

    /// <summary>All outputs are 0 while more than one request is under way.</summary>
    public bool ZerosUnderLoad { get; init; }

    public TimeSpan Delay { get; init; }

    /// <summary>No answer comes earlier than so long after its request: with compute time below it, a server of constant rate.</summary>
    public TimeSpan Pace { get; init; }

    /// <summary>Computes the answer to each distinct request once, and gives it from memory from then on: the load costs next to no computing.</summary>
    public bool Remember { get; init; }

    /// <summary>While this file exists, answers take 1/0.85 of <see cref="Pace"/>: a chip that throttles when something outside makes it hot.</summary>
    public string? ThrottleFile { get; init; }

    /// <summary>Answers given before it ends, or -1.</summary>
    public long DieAfter { get; init; } = -1;

    /// <summary>Answers given before it gives no more, or -1.</summary>
    public long HangAfter { get; init; } = -1;

    public bool DieAtStart { get; init; }

    public bool NeverReady { get; init; }

    public TimeSpan StartDelay { get; init; }

    /// <summary>Bytes of log before it serves.</summary>
    public long LogFlood { get; init; }

    public bool MemoryFlood { get; init; }

    /// <summary>A public host name to resolve while loading.</summary>
    public string? Resolve { get; init; }

    public bool IgnoreSigterm { get; init; }

    public bool LeaveBehind { get; init; }

    /// <summary>How a server of text lies.</summary>
    public ImmutableHashSet<Cheat> Cheats { get; init; } = [];

    /// <summary>Whether it stands before a server of text, and so serves streams.</summary>
    public bool IsText { get; init; }

    /// <summary>The prompts file of <see cref="Cheat.CachePublished"/>.</summary>
    public string? Published { get; init; }

    /// <summary>Of <see cref="Cheat.Throttle"/>: how long it serves at its full rate.</summary>
    public TimeSpan ThrottleAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>No event of a stream comes earlier than so long after the one before: with compute time below it, a stream of constant rate.</summary>
    public TimeSpan TokenPace { get; init; }

    /// <summary>Of <see cref="Cheat.EarlyEmptyDeltas"/>: from the empty delta to the first content.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How answers to the tool prompts of <see cref="ToolBench"/> are spoiled; null: those too go to the real host.</summary>
    public ToolShim? Tools { get; init; }

    /// <summary>The real host's program.</summary>
    public string Program { get; init; } = "/opt/adaptation/adaptation-host";

    public bool Lies(Cheat how) => Cheats.Contains(how);

    /// <param name="problem">Empty when the faults are returned.</param>
    public static Faults? TryParse(IReadOnlyList<string> arguments, out string problem)
    {
        var divide = arguments.TakeWhile(argument => argument != "--").Count();
        var faults = new Faults { Listen = "", Host = [.. arguments.Skip(divide + 1)] };
        problem = "";
        for (var at = 0; at < divide; at++)
        {
            if (TrySet(faults, arguments[at], at + 1 < divide ? arguments[at + 1] : "") is not var (changed, hasValue))
                problem = $"{arguments[at]}: there is no such fault";
            else
                (faults, at) = (changed, hasValue ? at + 1 : at);
        }

        if (problem.Length == 0 && (faults.Listen.Length == 0 || faults.Host.IsEmpty))
            problem = "expected --listen WHERE, faults, `--` and the arguments of the real host";
        return problem.Length == 0 ? faults : null;
    }

    private static (Faults Changed, bool HasValue)? TrySet(Faults faults, string name, string value) => name switch
    {
        "--listen" => (faults with { Listen = value }, true),
        "--from" => (faults with { From = Whole(value) }, true),
        "--scale" => (faults with { Scale = float.Parse(value, CultureInfo.InvariantCulture) }, true),
        "--weights-bits" => (faults with { WeightsBits = (int)Whole(value) }, true),
        "--delay-ms" => (faults with { Delay = Millis(value) }, true),
        "--pace-ms" => (faults with { Pace = Millis(value) }, true),
        "--throttle-file" => (faults with { ThrottleFile = value }, true),
        "--die-after" => (faults with { DieAfter = Whole(value) }, true),
        "--hang-after" => (faults with { HangAfter = Whole(value) }, true),
        "--start-delay-ms" => (faults with { StartDelay = Millis(value) }, true),
        "--log-flood" => (faults with { LogFlood = Whole(value) }, true),
        "--resolve" => (faults with { Resolve = value }, true),
        "--remember" => (faults with { Remember = true }, false),
        "--swap-red-blue" => (faults with { SwapRedBlue = true }, false),
        "--wrong-shape" => (faults with { WrongShape = true }, false),
        "--garbage" => (faults with { Garbage = true }, false),
        "--truncate" => (faults with { Truncate = true }, false),
        "--zeros-under-load" => (faults with { ZerosUnderLoad = true }, false),
        "--die-at-start" => (faults with { DieAtStart = true }, false),
        "--never-ready" => (faults with { NeverReady = true }, false),
        "--memory-flood" => (faults with { MemoryFlood = true }, false),
        "--ignore-sigterm" => (faults with { IgnoreSigterm = true }, false),
        "--leave-behind" => (faults with { LeaveBehind = true }, false),
        _ => TrySetText(faults, name, value),
    };

    private static (Faults Changed, bool HasValue)? TrySetText(Faults faults, string name, string value) => name switch
    {
        "--text" => (faults with { IsText = true }, false),
        "--cheat" when Enum.TryParse<Cheat>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var cheat) => (faults with { Cheats = faults.Cheats.Add(cheat), IsText = true }, true),
        "--tools" when Enum.TryParse<ToolShim>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var shim) => (faults with { Tools = shim, IsText = true }, true),
        "--published" => (faults with { Published = value }, true),
        "--throttle-after-ms" => (faults with { ThrottleAfter = Millis(value) }, true),
        "--token-ms" => (faults with { TokenPace = Millis(value) }, true),
        "--first-delay-ms" => (faults with { FirstDelay = Millis(value) }, true),
        "--program" => (faults with { Program = value }, true),
        _ => null,
    };

    private static long Whole(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static TimeSpan Millis(string text) => TimeSpan.FromMilliseconds(Whole(text));
}
