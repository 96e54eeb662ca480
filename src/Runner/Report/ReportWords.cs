using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The words that stand in several places of a report.</summary>
internal static class ReportWords
{
    public static LocalText Name(Level level) => level switch
    {
        Level.L1 => new("Runs", "可运行"),
        Level.L2 => new("Correct", "正确"),
        Level.L3 => new("Performs", "性能达标"),
        Level.L4 => new("Service-ready", "可服务"),
        Level.L5 => new("Sustained", "可持续"),
        _ => new("None", "无"),
    };

    public static LocalText Meaning(Level level) => level switch
    {
        Level.L1 => new("deploys clean, versions captured, answers", "部署无误，版本已记录，能够应答"),
        Level.L2 => new("outputs agree with an exact reference", "输出与精确参考一致"),
        Level.L3 => new("performance within declared or published limits", "性能在申报或公开的限值之内"),
        Level.L4 => new("stability, security, labelling and operations", "稳定、安全、标识与运维"),
        Level.L5 => new("soak, fault recovery, energy", "长稳、故障恢复、能耗"),
        _ => new("no level", "未达任何级别"),
    };

    public static LocalText Of(Verdict verdict) => verdict switch
    {
        Verdict.Pass => new("Pass", "通过"),
        Verdict.Fail => new("Fail", "不通过"),
        Verdict.Inconclusive => new("Inconclusive", "未能判定"),
        _ => new("Not applicable", "不适用"),
    };

    public static LocalText Of(KeyDuty duty) => duty switch
    {
        KeyDuty.Tester => new("tester", "检测人"),
        KeyDuty.Reviewer => new("reviewer", "复核人"),
        _ => new("issuer", "签发者"),
    };

    /// <summary>So that a verdict can be told without colour.</summary>
    public static string Sign(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "✓",
        Verdict.Fail => "✕",
        Verdict.Inconclusive => "?",
        _ => "–",
    };

    public static LocalText Of(Requirement requirement) =>
        requirement == Requirement.Must ? new("must", "必须") : new("should", "建议");

    public static LocalText Outcome(ReportContent content) => (content.Judgement.Outcome, content.Certificate) switch
    {
        (Core.Outcome.Certified, null) => new($"Reached {content.Judgement.Level}, no certificate", $"达到 {content.Judgement.Level}，未签发证书"),
        (Core.Outcome.Certified, _) when content.Waivers.Length is > 0 and var waived => new(
            $"Passed with {waived} waiver{(waived == 1 ? "" : "s")}, {content.Judgement.Level}", $"带 {waived} 项豁免通过 {content.Judgement.Level}"),
        (Core.Outcome.Certified, _) => new($"Certified {content.Judgement.Level}", $"认证通过 {content.Judgement.Level}"),
        (Core.Outcome.Rejected, _) => new("Rejected", "不予认证"),
        _ => new("Incomplete", "未完成判定"),
    };

    public static LocalText OutcomeMeaning(ReportContent content) => content.Judgement.Outcome switch
    {
        Core.Outcome.Certified when !content.Waivers.IsEmpty => new(
            $"Not every must check has passed: {content.Waivers.Length} failed and was waived by two people, until the date below. Whoever relies on this has to say that waivers are accepted.",
            $"并非所有必须项均已通过：其中 {content.Waivers.Length} 项不通过，由两人签字豁免，至下列日期为止。采信方须明示接受豁免。"),
        Core.Outcome.Certified => new(
            $"Every must check of this suite that applies has passed; the level stated is {content.Judgement.Level} and no higher.",
            $"本套件中所有适用的必须项均已通过；所述级别为 {content.Judgement.Level}，不高于此。"),
        Core.Outcome.Rejected => new(
            "At least one must check has failed; this combination gets no certificate from this run.",
            "至少一个必须项不通过；本组合不能凭此次检测获得证书。"),
        _ => new(
            "No must check has failed, but at least one could not be decided or nothing passed; that is not a pass, and there is no certificate.",
            "没有必须项不通过，但至少一项未能判定，或没有任何一项通过；这不是通过，不签发证书。"),
    };
}
