using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges a language model's logits against the exact ones, of full and 16-bit weights (COR-07) and of quantised ones (COR-08).</summary>
/// <remarks>
/// Per position the KL divergence of the reference from the candidate; over positions its mean, bounded by drawing whole documents, its 99.9th
/// percentile (nearest rank, of the positions seen), and the share with the same likeliest token. That share is bounded by drawing documents and
/// as if positions were independent (Clopper and Pearson), and the wider bound counts: where hardly a token differs, drawing finds no spread.
/// A reference so flat that an answer of no knowledge would keep the limit decides nothing.
/// </remarks>
internal static class LogitAgreement
{
    public static ImmutableArray<string> Limits { get; } =
    [
        "mean_kld_ppb", "p999_kld_ppb", "same_top_ppm", "noise_mean_factor", "noise_p999_factor",
        "positions_min", "documents_min", "confidence_ppm", "resamples", "bootstrap_seed",
    ];

    public static ImmutableArray<string> QuantisedLimits { get; } =
    [
        "mean_kld_8bit_ppb", "same_top_8bit_ppm", "mean_kld_4bit_ppb", "same_top_4bit_ppm",
        "positions_min", "documents_min", "confidence_ppm", "resamples", "bootstrap_seed",
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (plan.Text is { Precision: PrecisionClass.Bits8 or PrecisionClass.Bits4 })
            return clause.Found(new Verdict.NotApplicable($"{clause.Id} is for weights of 16 bits and more; the profile declares fewer"));
        if (plan.Text is { Noise: { } unreal } && (unreal.MeanKldPpb <= 0 || unreal.P999KldPpb <= 0))
            return clause.Found(new Verdict.Inconclusive("the golden pack states a 16-bit noise that is not above 0; measure it again or leave it out"));
        return Judge(clause, plan, m, files, plan.Text?.Noise is { } noise
            ? new(
                noise.MeanKldPpb * 1e-9 * clause.Limit("noise_mean_factor"), noise.P999KldPpb * 1e-9 * clause.Limit("noise_p999_factor"),
                clause.Share("same_top_ppm"))
            : new(clause.Limit("mean_kld_ppb") * 1e-9, clause.Limit("p999_kld_ppb") * 1e-9, clause.Share("same_top_ppm")));
    }

    public static Finding JudgeQuantised(Clause clause, Plan plan, Measurement m, IBlobs files) => plan.Text?.Precision switch
    {
        PrecisionClass.Fp32 or PrecisionClass.Bits16 =>
            clause.Found(new Verdict.NotApplicable($"{clause.Id} is for weights of 8 bits and fewer; the profile declares more")),
        PrecisionClass.Bits8 => Judge(clause, plan, m, files, new(clause.Limit("mean_kld_8bit_ppb") * 1e-9, P999: null, clause.Share("same_top_8bit_ppm"))),
        _ => Judge(clause, plan, m, files, new(clause.Limit("mean_kld_4bit_ppb") * 1e-9, P999: null, clause.Share("same_top_4bit_ppm"))),
    };

    private static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files, Allowed allowed)
    {
        if (TeacherForced.TryRead(clause, plan.Text, m, files, out var scores) is { } verdict)
            return clause.Found(verdict);
        var divergence = scores!.Bounds(clause, position => position.Divergence);
        var sorted = scores.All.Select(position => position.Divergence).Order().ToArray();
        var seen = new Seen(
            scores, divergence.Mean, divergence.Lower, divergence.Upper, Statistics.Percentile<double>(sorted, 999), Same(clause, scores),
            scores.All.Average(position => position.FlatDivergence));
        return clause.Found(
            seen.Flat <= allowed.Mean
                ? new Verdict.Inconclusive(
                    $"the reference is so flat that an answer of no knowledge lies {Nats(seen.Flat)} from it, within the limit of {Nats(allowed.Mean)}; "
                    + "take documents or a model that tell more")
                : Reading.Gravest(Mean(seen, allowed), P999(seen, allowed), Top(seen, allowed)),
            [.. Figures(seen, allowed)]);
    }

    private static (double Share, double Lower, double Upper) Same(Clause clause, TeacherForced scores)
    {
        var drawn = scores.Bounds(clause, position => position.SameTop ? 1 : 0);
        var (fewest, most) = Statistics.ShareBounds(scores.All.Count(position => !position.SameTop), scores.Positions, clause.Share("confidence_ppm"));
        return (drawn.Mean, Math.Min(drawn.Lower, 1 - most), Math.Max(drawn.Upper, 1 - fewest));
    }

    private static Verdict Mean(Seen seen, Allowed allowed) =>
        seen.Upper <= allowed.Mean ? new Verdict.Pass()
        : seen.Lower > allowed.Mean ? new Verdict.Fail($"mean KLD {Nats(seen.Mean)}, at least {Nats(seen.Lower)}", $"{Nats(allowed.Mean)}")
        : new Verdict.Inconclusive(
            $"mean KLD {Nats(seen.Mean)}, between {Nats(seen.Lower)} and {Nats(seen.Upper)}; limit {Nats(allowed.Mean)}; "
            + seen.Scores.Wanted(seen.Mean, seen.Mean <= allowed.Mean ? seen.Upper : seen.Lower, allowed.Mean));

    private static Verdict P999(Seen seen, Allowed allowed) =>
        allowed.P999 is { } limit && !(seen.P999 <= limit)
            ? new Verdict.Fail($"KLD {Nats(seen.P999)} at the 99.9th percentile of positions", Nats(limit)) : new Verdict.Pass();

    private static Verdict Top(Seen seen, Allowed allowed)
    {
        var (share, lower, upper) = seen.Same;
        return lower >= allowed.SameTop ? new Verdict.Pass()
            : upper < allowed.SameTop
                ? new Verdict.Fail(
                    $"the same likeliest token at {Reading.Percent(share)} of positions, at most {Reading.Percent(upper)}", Reading.Percent(allowed.SameTop))
            : new Verdict.Inconclusive(
                $"the same likeliest token at {Reading.Percent(share)} of positions, between {Reading.Percent(lower)} and {Reading.Percent(upper)}; "
                + $"limit {Reading.Percent(allowed.SameTop)}; " + seen.Scores.Wanted(share, share >= allowed.SameTop ? lower : upper, allowed.SameTop));
    }

    private static IEnumerable<Figure> Figures(Seen seen, Allowed allowed)
    {
        yield return new("mean KLD", "1e-9 nat", Ppb(seen.Mean), Ppb(seen.Lower), Ppb(seen.Upper), Ppb(allowed.Mean));
        yield return new("KLD p99.9", "1e-9 nat", Ppb(seen.P999), LimitMilli: allowed.P999 is { } limit ? Ppb(limit) : null);
        yield return new(
            "same likeliest token", "%", Reading.Milli(100 * seen.Same.Share), Reading.Milli(100 * seen.Same.Lower), Reading.Milli(100 * seen.Same.Upper),
            Reading.Milli(100 * allowed.SameTop));
        yield return new("largest difference of a logit", "1e-9", Ppb(seen.Scores.All.Max(position => position.LargestDifference)));
        yield return new("KLD of an answer of no knowledge", "1e-9 nat", Ppb(seen.Flat));
        yield return Reading.Counted("positions", seen.Scores.Positions);
        yield return Reading.Counted("documents", seen.Scores.Documents.Length);
    }

    private static long Ppb(double value) => Reading.Milli(value * 1e9);

    private static string Nats(double value) => FormattableString.Invariant($"{value:0.###e+0} nat");

    private sealed record Allowed(double Mean, double? P999, double SameTop);

    private sealed record Seen(
        TeacherForced Scores, double Mean, double Lower, double Upper, double P999, (double Share, double Lower, double Upper) Same, double Flat);
}
