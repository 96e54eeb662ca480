using System.Globalization;
using System.Text;

namespace Adaptation.Adapters.Host;

/// <summary>How a request for text ended, for the metrics.</summary>
internal enum Outcome
{
    Answered,
    Refused,
    Busy,
    Failed,
    Cancelled,
}

/// <summary>What is counted of the text routes. Safe for concurrent use; a claim of the container, never evidence.</summary>
/// <param name="positions">Positions that the engine can hold in all.</param>
internal sealed class TextMetrics(long positions)
{
    private static readonly double[] FirstTokenBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    private static readonly double[] PerTokenBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

    private readonly Histogram _firstToken = new(FirstTokenBounds);

    private readonly Histogram _perToken = new(PerTokenBounds);

    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];

    private long _stopped, _cut, _promptTokens, _generatedTokens, _running, _waiting, _held;

    public void Count(Outcome outcome) => Interlocked.Increment(ref _outcomes[(int)outcome]);

    public long Of(Outcome outcome) => Volatile.Read(ref _outcomes[(int)outcome]);

    public void Accepted(long promptTokens) => Interlocked.Add(ref _promptTokens, promptTokens);

    public void Generated(int tokens) => Volatile.Write(ref _generatedTokens, _generatedTokens + tokens); // one writer

    public void FirstToken(TimeSpan after) => _firstToken.Add(after);

    /// <param name="sinceFirst">Time from the first to the last token.</param>
    public void Finished(Finish finish, int tokens, TimeSpan sinceFirst)
    {
        Interlocked.Increment(ref finish == Finish.Stop ? ref _stopped : ref _cut);
        if (tokens > 1)
            _perToken.Add(sinceFirst / (tokens - 1));
    }

    /// <summary>Told by the engine's thread after every step.</summary>
    public void Observe(int running, int waiting, long held)
    {
        Volatile.Write(ref _running, running);
        Volatile.Write(ref _waiting, Math.Max(0, waiting));
        Volatile.Write(ref _held, running == 0 ? 0 : held);
    }

    /// <summary>Writes the Prometheus text format, version 0.0.4.</summary>
    public string Write(string model)
    {
        var text = new StringBuilder();
        var label = $"model_name=\"{model.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)}\"";
        Head(text, "requests_total", "counter", "Requests for text by how they ended.");
        foreach (var outcome in Enum.GetValues<Outcome>())
            Line(text, "requests_total", $"{label},outcome=\"{outcome.ToString().ToLowerInvariant()}\"", Of(outcome));
        Head(text, "request_success_total", "counter", "Choices that came to their end.");
        Line(text, "request_success_total", label + ",finished_reason=\"stop\"", Volatile.Read(ref _stopped));
        Line(text, "request_success_total", label + ",finished_reason=\"length\"", Volatile.Read(ref _cut));
        One(text, "num_requests_running", "gauge", "Choices in the engine.", label, Volatile.Read(ref _running));
        One(text, "num_requests_waiting", "gauge", "Choices that wait for a sequence.", label, Volatile.Read(ref _waiting));
        One(text, "kv_cache_usage_ratio", "gauge", "Share of the engine's positions in use, 0 to 1.", label, Volatile.Read(ref _held) / (double)positions);
        One(text, "prompt_tokens_total", "counter", "Tokens of accepted prompts.", label, Volatile.Read(ref _promptTokens));
        One(text, "generation_tokens_total", "counter", "Tokens generated.", label, Volatile.Read(ref _generatedTokens));
        _firstToken.Write(text, "adaptation_time_to_first_token_seconds", "From the request to its first token.", label);
        _perToken.Write(text, "adaptation_time_per_output_token_seconds", "Mean time from token to token of a choice.", label);
        return text.ToString();
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP adaptation_").Append(name).Append(' ').Append(help).Append("\n# TYPE adaptation_").Append(name).Append(' ').Append(type).Append('\n');

    private static void Line(StringBuilder text, string name, string labels, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"adaptation_{name}{{{labels}}} {value}\n");

    private static void One(StringBuilder text, string name, string type, string help, string label, double value)
    {
        Head(text, name, type, help);
        Line(text, name, label, value);
    }

    /// <param name="bounds">Upper bounds in seconds, ascending.</param>
    private sealed class Histogram(double[] bounds)
    {
        private readonly long[] _counts = new long[bounds.Length + 1];

        private long _ticks;

        public void Add(TimeSpan value)
        {
            var bucket = Array.BinarySearch(bounds, value.TotalSeconds);
            Interlocked.Increment(ref _counts[bucket < 0 ? ~bucket : bucket]);
            Interlocked.Add(ref _ticks, value.Ticks);
        }

        public void Write(StringBuilder text, string name, string help, string label)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(" histogram\n");
            var total = 0L;
            for (var bucket = 0; bucket < _counts.Length; bucket++)
            {
                total += Volatile.Read(ref _counts[bucket]);
                var bound = bucket < bounds.Length ? bounds[bucket].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{label},le=\"{bound}\"}} {total}\n");
            }
            var seconds = TimeSpan.FromTicks(Volatile.Read(ref _ticks)).TotalSeconds;
            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{{{label}}} {seconds}\n{name}_count{{{label}}} {total}\n");
        }
    }
}
