using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What the client itself is held to while it measures; above it a load is void.</summary>
/// <remarks>Source: the bounds that the harness states for itself; a certification takes them from the catalogue instead.</remarks>
public sealed record HonestyLimits
{
    public TimeSpan ErrorP50 { get; init; } = TimeSpan.FromMicroseconds(100);

    public TimeSpan ErrorP99 { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Of the median first token, where that is more than <see cref="ErrorP99"/>.</summary>
    public int ErrorP99Percent { get; init; } = 2;

    public TimeSpan LatenessP99 { get; init; } = TimeSpan.FromMicroseconds(300);

    public long SkewVoidPpm { get; init; } = 50_000;

    public long SkewWarningPpm { get; init; } = 10_000;

    /// <summary>Source: AISBench; longest request against the steady stage.</summary>
    public long LongestSharePpm { get; init; } = 333_333;
}

/// <summary>One load of <c>adapt load</c> with the client's calibration on either side.</summary>
/// <param name="Name">Unique among the points of a session: <c>server</c>, <c>c8</c>, <c>probe3</c>.</param>
/// <param name="Samples">As the driver saw them.</param>
/// <param name="BrokenOff">Why the load ended before its time, or null.</param>
public sealed record LoadPoint(
    string Name, TextLoad Load, ImmutableArray<TextSample> Samples, string? BrokenOff, Calibration Before, Calibration After, HonestyLimits Limits)
{
    /// <summary>Null where the load never got steady.</summary>
    public SteadyStage? Stage { get; } = Load.Requests.IsEmpty ? null : SteadyStage.TryFind(Load);

    /// <summary>Requests that figures are made of; all, where there is no steady stage.</summary>
    public ImmutableArray<TextRecord> Requests => Stage?.Of(Load) is { IsEmpty: false } steady ? steady : Load.Requests;

    /// <summary>Why the figures are void; empty if they are not.</summary>
    public ImmutableArray<LocalText> Voids() => [.. Conduct().Where(found => found.IsVoid).Select(found => found.Text)];

    /// <summary>What a reader should know before believing the figures.</summary>
    public ImmutableArray<LocalText> Warnings() => [.. Conduct().Where(found => !found.IsVoid).Select(found => found.Text)];

    private IEnumerable<(bool IsVoid, LocalText Text)> Conduct()
    {
        if (BrokenOff is { } broken)
            yield return (true, new($"the load broke off: {broken}", $"负载中断：{broken}"));
        if (Load.Requests.IsEmpty)
        {
            yield return (true, new("no request was sent", "没有发出任何请求"));
            yield break;
        }

        if (Load.Terms.Dropped > 0)
            yield return (true, new($"{Load.Terms.Dropped} requests were dropped", $"丢失 {Load.Terms.Dropped} 个请求"));
        foreach (var problem in Calibrated(Before, "before", "之前").Concat(Calibrated(After, "after", "之后")))
            yield return (true, problem);
        if (Load.Terms.Scenario == TextScenarios.Server)
        {
            foreach (var found in Schedule())
                yield return found;
        }

        if (Stage is not { } stage)
            yield return (true, new("there was no steady stage: ask more requests", "没有稳态阶段：请增加请求数"));
        else if (!stage.IsTrustworthy(Load, Limits.LongestSharePpm) && Load.Terms.Scenario == TextScenarios.Concurrency)
            yield return (false, new("the longest request took a third of the steady stage or more: throughput is not to be trusted; let it run longer", "最长请求占稳态阶段三分之一以上：吞吐量不可信，请延长测试"));
        if (Load.Terms.CountedBy == "chunks")
            yield return (false, new("tokens are counted as chunks, which they need not be: give --tokenizer", "词元数以数据块计，未必准确：请给出 --tokenizer"));
        else if (Load.Terms.CountedBy == "claimed-ids")
            yield return (false, new("tokens are counted by the ids that the server sent, which nothing ties to its text: give --tokenizer", "词元数以服务端所发 ID 计，未与文本核对：请给出 --tokenizer"));
        else if (Load.Terms.CountedBy == "tokenizer" && Samples.Any(sample => sample.Chunks.Any(chunk => !chunk.TokenIds.IsDefaultOrEmpty)))
            yield return (false, new("the token ids that the server sent do not spell its text, or cut it into more than the tokenizer does: tokens are counted from the text", "服务端所发词元 ID 与文本不符或切分过细：词元数由分词器按文本计"));
        if (Load.Terms.CountDisagreements > 0)
            yield return (false, new($"of {Load.Terms.CountDisagreements} requests the server's token count differs from ours by more than 1 %", $"{Load.Terms.CountDisagreements} 个请求的服务端词元数与我方计数相差超过 1 %"));
    }

    private IEnumerable<LocalText> Calibrated(Calibration calibration, string when, string zh)
    {
        if (calibration.FirstToken.IsEmpty)
        {
            yield return new($"the client was not calibrated {when} the load", $"负载{zh}未校准客户端");
            yield break;
        }

        var sorted = calibration.FirstToken.Sort();
        var (p50, p99) = (Statistics.Percentile<long>(sorted.AsSpan(), 500), Statistics.Percentile<long>(sorted.AsSpan(), 990));
        if (p50 > Limits.ErrorP50.Ticks * 100)
            yield return new($"the client erred by {Say(p50)} (p50) {when} the load; limit {Say(Limits.ErrorP50.Ticks * 100)}", $"负载{zh}客户端误差 p50 为 {Say(p50)}，限值 {Say(Limits.ErrorP50.Ticks * 100)}");
        if (p99 > ErrorP99())
            yield return new($"the client erred by {Say(p99)} (p99) {when} the load; limit {Say(ErrorP99())}", $"负载{zh}客户端误差 p99 为 {Say(p99)}，限值 {Say(ErrorP99())}");
    }

    private long ErrorP99()
    {
        ImmutableArray<long> first = [.. Load.Requests.Where(request => request.IsAnswered).Select(Load.WireFirstToken).Order()];
        return Math.Max(Limits.ErrorP99.Ticks * 100, first.IsEmpty ? 0 : Statistics.Percentile<long>(first.AsSpan(), 500) / 100 * Limits.ErrorP99Percent);
    }

    private IEnumerable<(bool IsVoid, LocalText Text)> Schedule()
    {
        ImmutableArray<long> delays = [.. Load.Requests.Select(TextMetrics.StartDelay).Order()];
        var late = Statistics.Percentile<long>(delays.AsSpan(), 990);
        if (late > Limits.LatenessP99.Ticks * 100)
            yield return (true, new($"the client sent {Say(late)} (p99) after the due time; limit {Say(Limits.LatenessP99.Ticks * 100)}", $"客户端发送延迟 p99 为 {Say(late)}，限值 {Say(Limits.LatenessP99.Ticks * 100)}"));
        if (OfferedRate.TryMeasure(Load) is { SkewPpm: var skew } && skew > Limits.SkewWarningPpm)
        {
            var percent = string.Create(CultureInfo.InvariantCulture, $"{skew / 1e4:0.##} %");
            yield return (skew > Limits.SkewVoidPpm, new($"the rate sent lies {percent} from the rate offered", $"实际发送速率与计划相差 {percent}"));
        }
    }

    private static string Say(long nanos) => nanos == long.MaxValue ? "∞" : HumanNumber.Time(nanos);
}
