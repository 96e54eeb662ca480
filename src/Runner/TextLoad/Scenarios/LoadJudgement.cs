using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a session of loads comes to.</summary>
internal static class LoadJudgement
{
    private const int PerMille = 990;

    public static (LoadEnd End, LocalText Reason) Of(LoadRequest request, ImmutableArray<LoadPoint> points, RateFound? found)
    {
        if (points.IsEmpty)
            return (LoadEnd.Void, new("nothing was measured", "没有测得任何数据"));
        if (request.Scenario == "search")
            return Search(points, found);
        if (points.FirstOrDefault(point => !point.Voids().IsEmpty) is { } bad)
            return (LoadEnd.Void, new($"void: {bad.Name}: {bad.Voids()[0].En}", $"无效：{bad.Name}：{bad.Voids()[0].Zh}"));
        if (request.Limits is { FirstTokenNanos: null, PerOutputTokenNanos: null })
            return Answered(points);

        // Of a sweep the first point speaks for the limits: the others show where they end.
        var answer = RateSearch.Judge(points[0].Load with { Requests = points[0].Requests }, request.Limits, PerMille, LoadFigures.ConfidencePpm);
        var n = points[0].Requests.Length;
        var misses = points[0].Requests.Count(one => !request.Limits.AreMet(points[0].Load, one));
        return answer switch
        {
            SloAnswer.Holds => (LoadEnd.Valid, new($"limits kept at the 99th percentile: {misses} of {n} requests missed one", $"第 99 百分位满足限值：{n} 个请求中 {misses} 个未达标")),
            SloAnswer.Fails => (LoadEnd.LimitsMissed, new($"limits missed: {misses} of {n} requests", $"未满足限值：{n} 个请求中 {misses} 个未达标")),
            _ => (LoadEnd.Void, new(
                $"inconclusive: {misses} of {n} requests missed a limit; {EarlyStopping.Needed(misses, PerMille, LoadFigures.ConfidencePpm)} requests with no more misses would do",
                $"未能判定：{n} 个请求中 {misses} 个未达标；若不再增加，需 {EarlyStopping.Needed(misses, PerMille, LoadFigures.ConfidencePpm)} 个请求")),
        };
    }

    private static (LoadEnd End, LocalText Reason) Search(ImmutableArray<LoadPoint> points, RateFound? found)
    {
        if (found is { HighestMilli: > 0 and var rate })
            return (LoadEnd.Valid, new($"highest rate that keeps the limits: {rate / 1000m:0.###} requests/s", $"满足限值的最高速率：{rate / 1000m:0.###} 请求/秒"));
        return points.LastOrDefault(point => !point.Voids().IsEmpty) is { } bad
            ? (LoadEnd.Void, new($"void: {bad.Name}: {bad.Voids()[0].En}", $"无效：{bad.Name}：{bad.Voids()[0].Zh}"))
            : (LoadEnd.LimitsMissed, new("no rate that was tried keeps the limits", "所试速率均不满足限值"));
    }

    private static (LoadEnd End, LocalText Reason) Answered(ImmutableArray<LoadPoint> points)
    {
        var failed = points.Sum(point => point.Requests.Count(one => !one.IsAnswered));
        return failed == 0
            ? (LoadEnd.Valid, new("valid; no limits were given", "有效；未给出限值"))
            : (LoadEnd.LimitsMissed, new($"{failed} requests failed", $"{failed} 个请求失败"));
    }
}
