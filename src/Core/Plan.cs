using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What a run set out to do, fixed before anything was started; with the standard, all that a judgement needs besides measurements.</summary>
public sealed record Plan
{
    /// <summary>The version field for what the server says of its engine and device, of which a profile states a part.</summary>
    public const string EngineDevice = "engine.device";

    public required string RunId { get; init; }

    /// <summary>Name of a <see cref="Suite"/> of the standard.</summary>
    public required string Suite { get; init; }

    public required string ProfileId { get; init; }

    public required string ModelId { get; init; }

    /// <summary>llm, tensor or endpoint: what <see cref="Clause.AppliesTo"/> speaks of.</summary>
    public required string ModelKind { get; init; }

    /// <summary>Why the level is capped at L1 beyond the suite's own cap (development key, no container); empty if it is not.</summary>
    public ImmutableArray<string> Caps { get; init; } = [];

    /// <summary>Check id to why it does not apply; decided here and never later.</summary>
    public ImmutableSortedDictionary<string, string> NotApplicable { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public Declaration Declared { get; init; } = new();

    public required GoldenPack Golden { get; init; }

    /// <summary>The golden documents of a language model; null for any other.</summary>
    public TextGolden? Text { get; init; }

    /// <summary>Exact values inside the model (COR-06), or null where none are known.</summary>
    public LayerPlan? Layers { get; init; }

    /// <summary>Version fields that the runner's own probes must fill (OPS-02).</summary>
    public ImmutableArray<string> RequiredVersions { get; init; } = [];

    /// <summary>Versions that the profile states; a probe that reads another one fails OPS-02.</summary>
    public ImmutableSortedDictionary<string, string> DeclaredVersions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Folder in the container where the profile says that its engine keeps a compile or tuning cache; null if it says none.</summary>
    public string? Cache { get; init; }

    /// <summary>The devices that every container of the server must have, and may have; null where nothing isolates, or a CPU's containers cannot be looked into.</summary>
    public DevicePlan? Devices { get; init; }

    /// <summary>Hardening rule to the profile's reason for an exception (SEC-01), printed on the certificate.</summary>
    public ImmutableSortedDictionary<string, string> HardeningExceptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>What the applicant states of itself, in the profile. Null: not stated.</summary>
/// <param name="ColdStartMillis">Container start to first good answer, page cache dropped.</param>
/// <param name="LatencyP99Micros">Number of parallel streams to the 99th percentile of end-to-end latency.</param>
/// <param name="ThroughputMilli">Thousandths of a sample per second, the whole system.</param>
/// <param name="TextClass">The class whose latency limits a language model is held to, as the catalogue spells it (<c>8b</c>).</param>
/// <param name="TtftP99Micros">Time to the first token; never looser than the class's.</param>
/// <param name="TpotP99Micros">Time per output token; never looser than the class's.</param>
/// <param name="OutputTokensMilliPerSecond">Offline, the whole system, in thousandths.</param>
/// <param name="RequestRateMilli">Thousandths of a request per second at which both latency limits hold.</param>
/// <param name="ContextTokens">Positions of one sequence that the stack serves; the model's own limit if not stated.</param>
/// <param name="Deterministic">Equal requests, each alone, get equal answers, also after a restart. False: nothing is claimed.</param>
/// <param name="BatchInvariant">An answer is the same whatever is computed beside it. False: nothing is claimed.</param>
/// <param name="EnergyMicrojoules">Per output token, or per sample of a tensor model: at most so much under load.</param>
public sealed record Declaration(
    long? ColdStartMillis = null,
    long? WarmStartMillis = null,
    ImmutableSortedDictionary<int, long>? LatencyP99Micros = null,
    long? ThroughputMilli = null,
    string? TextClass = null,
    long? TtftP99Micros = null,
    long? TpotP99Micros = null,
    long? OutputTokensMilliPerSecond = null,
    long? RequestRateMilli = null,
    long? ContextTokens = null,
    bool Deterministic = false,
    bool BatchInvariant = false,
    long? EnergyMicrojoules = null,
    DeclaredPue? Pue = null);

/// <summary>Power usage effectiveness of the site, as its owner states it.</summary>
/// <param name="Milli">Total energy over that of the equipment, in thousandths.</param>
/// <param name="Source">Who says so, or where it stands.</param>
/// <param name="Period">That it holds for, such as a year.</param>
public sealed record DeclaredPue(long Milli, string Source, string Period);

/// <summary>Inputs with their expected outputs from an exact reference. Never leaves the runner's side.</summary>
/// <param name="RtolPpb">Relative tolerance in 1e-9.</param>
/// <param name="AtolPpb">Absolute tolerance in 1e-9, recorded for the model from the noise band of same-precision arithmetic.</param>
/// <param name="Charset">Path in the evidence of the character set that decodes outputs to text; null for models without text.</param>
public sealed record GoldenPack(long RtolPpb, long AtolPpb, string? Charset, ImmutableArray<GoldenLine> Lines)
{
    /// <summary>What a step that keeps answers calls one: the first output of an input goes by the input's id, each further one by that and its place.</summary>
    public static string AnswerName(string input, int place) => place == 0 ? input : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{input}/{place}"); // no id has a slash

    /// <returns>What is expected of an answer of that name; null if nothing is.</returns>
    public GoldenLine? Expected(string answer) =>
        Lines.GroupBy(line => line.Id.Split('/')[0], StringComparer.Ordinal).Select(outputs => outputs.Where((_, place) => AnswerName(outputs.Key, place) == answer).FirstOrDefault())
            .FirstOrDefault(line => line is not null);
}

/// <summary>One output that is expected of one input: a model with several outputs has several lines to each input.</summary>
/// <param name="Id">Unique in the pack: <c>[a-z0-9-]+</c>, the input's id; of an input with several outputs followed by <c>/</c> and the output's name.</param>
/// <param name="Expected">Path in the evidence of the expected tensor: little-endian, row-major, gzip.</param>
/// <param name="Shape">Of the expected tensor.</param>
/// <param name="Text">What the decoded output must say, exactly; empty where there is no text.</param>
public sealed record GoldenLine(string Id, string Expected, ImmutableArray<long> Shape, string Text)
{
    /// <summary>As the Open Inference Protocol spells it. Integers and booleans must be met exactly, floating-point numbers within the tolerance.</summary>
    public string DataType { get; init; } = "FP32";

    /// <summary>Absolute tolerance of this output alone, in 1e-9; null: the pack's.</summary>
    public long? AtolPpb { get; init; }
}
