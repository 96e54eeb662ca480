using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges a language model over the whole of its declared window, quarter by quarter, against the exact reference (COR-15).</summary>
/// <remarks>
/// <para>
/// Reads one tensor per sequence of the plan, named after it, as <see cref="TeacherForced"/> does. The mean divergence of each quarter of the window
/// is bounded by drawing whole sequences and held against a multiple of the limit of COR-07 or COR-08: an average over all lengths would hide a cache
/// that drops what is old.
/// </para>
/// <para>
/// At the positions whose next token repeats the sequence's beginning, the share of right answers is held against the reference's own: of what the
/// reference retrieves, the backend may lose no more than a share (Clopper and Pearson; what it gains over the reference excuses nothing). A reference
/// that itself retrieves little decides nothing here, and its score is only reported.
/// </para>
/// </remarks>
internal static class LongContext
{
    private const int Quarters = 4;

    public static ImmutableArray<string> Limits { get; } =
    [
        "quarter_factor", "mean_kld_ppb", "noise_mean_factor", "mean_kld_8bit_ppb", "mean_kld_4bit_ppb", "retrieval_share_ppm", "retrieval_reference_min_ppm",
        "positions_min", "documents_min", "confidence_ppm", "resamples", "bootstrap_seed",
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (Unfit(plan.Text?.Long) is { } unfit)
            return clause.Found(new Verdict.Inconclusive(unfit));
        var (text, sequences) = (plan.Text!, plan.Text!.Long!.Sequences);
        if (TeacherForced.TryRead(clause, text with { Documents = [.. sequences.Select(sequence => sequence.Document)] }, m, files, out var scores) is { } verdict)
            return clause.Found(verdict);
        var allowed = Allowed(clause, text);
        ImmutableArray<Quarter> quarters = [.. Enumerable.Range(0, Quarters).Select(number => Measure(clause, number, sequences, scores!, text.Long!.Window))];
        return clause.Found(
            Reading.Gravest([.. quarters.Select(quarter => quarter.Divergence(allowed)), .. quarters.Select(quarter => quarter.Retrieval(clause))]),
            [
                .. quarters.SelectMany(quarter => quarter.Figures(allowed)), Reading.Counted("tokens of the window", text.Long!.Window),
                Reading.Counted("sequences", sequences.Length),
            ]);
    }

    private static string? Unfit(LongContextPlan? plan) =>
        plan is null ? "the plan has no sequences of the declared window; nothing can be compared"
        : plan.Sequences.IsDefaultOrEmpty || plan.Window < Quarters ? "the plan's window has no sequence"
        : plan.Sequences.FirstOrDefault(one => one.Document.Tokens.IsDefault || one.Document.Tokens.Length != plan.Window) is { } other
            ? $"the sequence {other.Document.Id} is not as long as the window of {plan.Window} tokens"
        : plan.Sequences.FirstOrDefault(one => one.Retrieved.IsDefault || one.Retrieved.Any(at => at < 0 || at >= plan.Window - 1)) is { } outside
            ? $"a retrieval position of {outside.Document.Id} lies outside the window"
        : null;

    private static double Allowed(Clause clause, TextGolden text) => clause.Limit("quarter_factor") * 1e-9 * text.Precision switch
    {
        PrecisionClass.Bits8 => clause.Limit("mean_kld_8bit_ppb"),
        PrecisionClass.Bits4 => clause.Limit("mean_kld_4bit_ppb"),
        _ when text.Noise is { MeanKldPpb: > 0 } noise => (double)noise.MeanKldPpb * clause.Limit("noise_mean_factor"),
        _ => clause.Limit("mean_kld_ppb"),
    };

    private static Quarter Measure(Clause clause, int number, ImmutableArray<LongSequence> sequences, TeacherForced scores, int window)
    {
        var (from, to) = ((int)((long)window * number / Quarters), (int)((long)window * (number + 1) / Quarters));
        var mean = ClusterBootstrap.MeanBounds(
            [.. scores.Documents.Select(document => document.Skip(from).Take(to - from).Sum(position => position.Divergence))], [.. scores.Documents.Select(_ => to - from)],
            clause.Share("confidence_ppm"), Math.Max(1, clause.Count("resamples")), (ulong)clause.Limit("bootstrap_seed"));
        var flat = scores.Documents.Average(document => document.Skip(from).Take(to - from).Average(position => position.FlatDivergence));
        ImmutableArray<PositionScore> asked =
            [.. sequences.Zip(scores.Documents).SelectMany(pair => pair.First.Retrieved.Where(at => at >= from && at < to).Select(at => pair.Second[at]))];
        return new($"{100 * number / Quarters} to {100 * (number + 1) / Quarters} % of the window", mean, flat, asked);
    }

    private sealed record Quarter(string Name, (double Mean, double Lower, double Upper) Kld, double Flat, ImmutableArray<PositionScore> Asked)
    {
        private int Right => Asked.Count(position => position.ReferenceRight);

        private int Lost => Asked.Count(position => position is { ReferenceRight: true, CandidateRight: false });

        public Verdict Divergence(double allowed) =>
            Flat <= allowed ? new Verdict.Inconclusive($"at {Name} the reference is so flat that an answer of no knowledge would keep the limit")
            : Kld.Upper <= allowed ? new Verdict.Pass()
            : Kld.Lower > allowed ? new Verdict.Fail($"mean KLD {Nats(Kld.Mean)} at {Name}, at least {Nats(Kld.Lower)}", Nats(allowed))
            : new Verdict.Inconclusive($"mean KLD {Nats(Kld.Mean)} at {Name}, between {Nats(Kld.Lower)} and {Nats(Kld.Upper)}; limit {Nats(allowed)}; more sequences would decide it");

        public Verdict Retrieval(Clause clause)
        {
            if (!IsTold(clause))
                return new Verdict.Pass();
            var (share, confidence) = (clause.Share("retrieval_share_ppm"), clause.Share("confidence_ppm"));
            var (fewest, most) = Statistics.ShareBounds(Lost, Right, confidence);
            return 1 - most >= share ? new Verdict.Pass()
                : 1 - fewest < share
                    ? new Verdict.Fail(
                        $"{Lost} of {Right} tokens that the reference retrieves at {Name} are lost: {Reading.Percent(1 - fewest)} of its score at most", Reading.Percent(share))
                : new Verdict.Inconclusive(
                    $"{Lost} of {Right} tokens that the reference retrieves at {Name} are lost; {Statistics.TrialsNeeded(Lost, 1 - share, confidence)} such tokens would decide it");
        }

        public IEnumerable<Figure> Figures(double allowed)
        {
            yield return new($"mean KLD, {Name}", "1e-9 nat", Ppb(Kld.Mean), Ppb(Kld.Lower), Ppb(Kld.Upper), Ppb(allowed));
            if (Asked.IsEmpty)
                yield break;
            yield return new($"retrieved, {Name}", "%", Reading.Milli(100.0 * Asked.Count(position => position.CandidateRight) / Asked.Length));
            yield return new($"retrieved by the reference, {Name}", "%", Reading.Milli(100.0 * Right / Asked.Length));
        }

        private bool IsTold(Clause clause) => Right > 0 && (double)Right / Asked.Length >= clause.Share("retrieval_reference_min_ppm");

        private static long Ppb(double value) => Reading.Milli(value * 1e9);

        private static string Nats(double value) => FormattableString.Invariant($"{value:0.###e+0} nat");
    }
}
