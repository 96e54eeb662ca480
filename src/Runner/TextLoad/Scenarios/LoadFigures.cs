using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>One row of percentiles; those that so many samples cannot tell are null.</summary>
/// <param name="Key">As the summary file spells it.</param>
/// <param name="Largest">Null without a sample.</param>
public sealed record LoadPercentiles(
    string Key, LocalText Name, LocalText Meaning, int Count, long? P50, long? P90, long? P99, long? P999, long? Largest);

/// <summary>One number, in thousandths of its unit.</summary>
public sealed record LoadNumber(string Key, LocalText Name, LocalText Meaning, string Unit, long ValueMilli);

/// <summary>The figures of one load, each with what it means.</summary>
public sealed record LoadFigures(ImmutableArray<LoadPercentiles> Percentiles, ImmutableArray<LoadNumber> Numbers)
{
    /// <summary>MLPerf's; a percentile is shown only where the samples prove something of it at this confidence.</summary>
    public const int ConfidencePpm = 990_000;

    public static LoadFigures Of(LoadPoint point, TextLimits limits)
    {
        var (load, requests) = (point.Load, point.Requests);
        return new(
            [
                Row("ttft", new("TTFT", "首词元时延"), new("from due (open loop) or sent to the first content", "从应发（开环）或发出到首个内容"), requests.Select(request => (long?)load.FirstToken(request))),
                Row("wire_ttft", new("wire TTFT", "线路首词元时延"), new("from sent to the first content", "从发出到首个内容"), requests.Select(request => (long?)load.WireFirstToken(request))),
                Row("tpot", new("TPOT", "每词元时延"), new("(last - first content) / (tokens - 1), per request", "（末内容 − 首内容）/（词元数 − 1），按请求"), requests.Select(load.PerOutputToken)),
                Row("ntpot", new("NTPOT", "含首词元每词元时延"), new("(last content - due) / tokens, per request", "（末内容 − 应发）/ 词元数，按请求"), requests.Select(load.NormalisedPerOutputToken)),
                Row("itl", new("ITL", "词元间隔"), new("between tokens; 0 inside a chunk", "相邻词元之间；同块内为 0"), requests.SelectMany(load.TokenGaps).Select(gap => (long?)gap)),
                Row("icl", new("ICL", "数据块间隔"), new("between chunks", "相邻数据块之间"), requests.SelectMany(load.ChunkGaps).Select(gap => (long?)gap)),
                Row("e2el", new("E2EL", "端到端时延"), new("from due (open loop) or sent to the last content", "从应发（开环）或发出到末内容"), requests.Select(request => (long?)load.EndToEnd(request))),
                Row("start_delay", new("start delay", "发送延迟"), new("the client's own: sent after due", "客户端自身：发出晚于应发"), requests.Select(request => (long?)TextMetrics.StartDelay(request))),
                Row("client_error_before", new("client error, before", "客户端误差（前）"), new("of the first token, against a server of known delay", "对已知延迟服务器的首词元误差"), point.Before.FirstToken.Select(error => (long?)error)),
                Row("client_error_after", new("client error, after", "客户端误差（后）"), new("the same, after the load", "同上，负载之后"), point.After.FirstToken.Select(error => (long?)error)),
            ],
            [.. Scalars(point, limits)]);
    }

    private static IEnumerable<LoadNumber> Scalars(LoadPoint point, TextLimits limits)
    {
        var (load, requests) = (point.Load, point.Requests);
        static LoadNumber Count(string key, LocalText name, LocalText meaning, long count) => new(key, name, meaning, "count", count * 1000);
        yield return Count("requests", new("requests", "请求数"), new("in the steady stage", "稳态阶段内"), requests.Length);
        yield return Count("failed", new("failed", "失败"), new("no whole answer; each misses every limit", "未得完整应答；视为不满足任何限值"), requests.Count(request => !request.IsAnswered));
        yield return Count("without_tpot", new("without TPOT", "无每词元时延"), new("whole answers of fewer than two tokens", "完整应答但不足两个词元"), requests.Count(request => load.PerOutputToken(request) is null));
        yield return Count("token_count_disagreements", new("counts that disagree", "计数不符"), new("the server's token count is off ours by more than 1 %", "服务端词元数与我方相差超过 1 %"), load.Terms.CountDisagreements);
        yield return Count("chunks_of_several_tokens", new("chunks of several tokens", "多词元数据块"), new("whose gaps are no ITL", "其间隔不是词元间隔"), load.ChunkTokens.Count(tokens => tokens > 1));
        if (OfferedRate.TryMeasure(load) is { } rate && load.Terms.Scenario == TextScenarios.Server)
        {
            yield return new("offered_rate", new("offered", "计划速率"), new("requests per second, scheduled", "每秒计划请求数"), "requests/s", rate.OfferedMilli);
            yield return new("achieved_rate", new("sent", "实际速率"), new("requests per second, as sent", "每秒实际发出请求数"), "requests/s", rate.AchievedMilli);
        }

        if (EarlyStopping.Estimate([.. requests.Select(load.EndToEnd).Order()], 900, ConfidencePpm) is { } score and < long.MaxValue && load.Terms.Scenario == TextScenarios.SingleStream)
            yield return new("single_stream_p90", new("single-stream score", "单流得分"), new("latency that the 90th percentile is at most, at 99 % confidence", "以 99 % 置信度，第 90 百分位不超过此值"), "us", score);
        if (point.Stage is not { } stage)
            yield break;
        yield return new("steady_seconds", new("steady stage", "稳态时长"), new("ramp and drain cut off", "已去除爬升与排空"), "s", stage.Length / 1_000_000);
        yield return new("output_rate", new("output rate", "输出速率"), new("tokens that arrived in the steady stage, over its length", "稳态阶段内到达的词元 / 时长"), "tokens/s", stage.OutputRateMilli(load));
        yield return new("request_rate", new("requests answered", "应答速率"), new("whole answers that ended in the steady stage, over its length", "稳态阶段内结束的完整应答 / 时长"), "requests/s", stage.PerSecondMilli(load.Requests.Count(request => request.IsAnswered && request.Ended > stage.From && request.Ended <= stage.To)));
        var goodput = Goodput.Of(load, stage, limits);
        yield return new("goodput_requests", new("goodput", "有效吞吐量"), new("requests that met every limit, per second", "每秒满足全部限值的请求"), "requests/s", goodput.RequestsMilli);
        yield return new("goodput_tokens", new("goodput in tokens", "有效词元吞吐量"), new("their tokens, per second", "其词元数，每秒"), "tokens/s", goodput.TokensMilli);
        yield return new("goodput_share", new("good share", "达标率"), new("of all requests sent or due, failed ones included", "占全部发出（应发）请求，含失败"), "%", goodput.SharePpm / 10);
    }

    private static LoadPercentiles Row(string key, LocalText name, LocalText meaning, IEnumerable<long?> times)
    {
        var population = TextPopulation.Of(times);
        long? At(int perMille) => population.Percentile(perMille, ConfidencePpm);
        return new(key, name, meaning, population.Sorted.Length, At(500), At(900), At(990), At(999), population.Sorted.IsEmpty ? null : population.Sorted[^1]);
    }
}
