using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges whether a sampler draws what its own logits and the settings of the request say (COR-14).</summary>
/// <remarks>
/// Reads for each cell the series <c>draws.CELL</c> (unit <c>id</c>: the token that each request drew, in the order of the requests) and the
/// tensor named after the prompt's document: the backend's logits, which must lie near the exact ones. No token outside the cell's support may
/// be drawn; frequencies, rare tokens and neighbouring draws are tested, and the p-values adjusted together after Holm. That nothing was rejected
/// does not make a sampler right: the smallest total-variation distance that would have been found is reported, and cells that could not show a
/// temperature applied twice, or one token too many admitted, decide nothing.
/// </remarks>
internal static class Sampling
{
    public static ImmutableArray<string> Limits { get; } =
    [
        "draws_min", "p_min_ppm", "expected_min", "serial_groups", "tie_micronats", "edge_share_ppm", "power_ppm", "prompt_kld_max_ppb",
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (Unfit(plan.Text, m) is { } problem)
            return clause.Found(new Verdict.Inconclusive(problem));
        if (TryReadLogits(clause, plan.Text!, m, files, out var logits) is { } verdict)
            return clause.Found(verdict);
        var cells = plan.Text!.Sampling!.Cells
            .Select(cell => new CellSeen(cell, SamplingLaw.Of(logits, cell, Edge(clause)), m.Samples("draws." + cell.Id)))
            .ToImmutableArray();
        if (Outside(cells) is { } outside)
            return clause.Found(outside, [Reading.Counted("tokens outside", cells.Sum(cell => cell.Outside.LongCount()), limit: 0)]);
        if (cells.FirstOrDefault(cell => cell.Draws.Length < clause.Limit("draws_min")) is { } few)
            return clause.Found(new Verdict.Inconclusive($"{few.Draws.Length} draws of {few.Cell.Id}; {clause.Limit("draws_min")} are asked for"));
        if (cells.FirstOrDefault(cell => cell.Law.TokenCount < 2) is { } single)
            return clause.Found(new Verdict.Inconclusive($"{single.Cell.Id} has fewer than two tokens to draw from, or only such as are equal; choose another"));

        var tests = cells.SelectMany(cell => Tests(clause, cell)).ToImmutableArray();
        if (tests.FirstOrDefault(test => test.Test is null).What is { } blunt)
            return clause.Found(new Verdict.Inconclusive($"{blunt}: one token takes so much that nothing can be told apart; choose another prompt"));
        return Decide(clause, cells, logits, [.. tests.Select(test => test.Test!)]);
    }

    private static Finding Decide(Clause clause, ImmutableArray<CellSeen> cells, double[] logits, ImmutableArray<DrawTest> tests)
    {
        var adjusted = ChiSquare.Holm([.. tests.Select(test => test.PValue)]);
        var worst = adjusted.Index().MinBy(p => p.Item).Index;
        var least = clause.Share("p_min_ppm");
        var reach = tests.Where(test => test.DegreesOfFreedom > 0).ToImmutableDictionary(test => test.What, test => Detectable(clause, test, tests.Length));
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("tokens outside", 0, limit: 0),
            new("least adjusted p", "1e-6", Reading.Milli(adjusted[worst] * 1e6), LimitMilli: Reading.Milli(clause.Limit("p_min_ppm"))),
            .. cells.Select(cell => Reading.Counted($"draws, {cell.Cell.Id}", cell.Draws.Length)),
            .. reach.OrderBy(test => test.Key, StringComparer.Ordinal)
                .Select(test => new Figure($"smallest detectable TV distance, {test.Key}", "%", Reading.Milli(100 * test.Value))),
        ];
        if (adjusted[worst] < least)
            return clause.Fails(
                FormattableString.Invariant($"{tests[worst].What}: adjusted p {adjusted[worst]:0.###e+0}"), FormattableString.Invariant($"p at least {least}"), figures);
        return clause.Found(Blunt(clause, cells, logits, reach) is { } blunt ? new Verdict.Inconclusive(blunt) : new Verdict.Pass(), figures);
    }

    private static IEnumerable<(string What, DrawTest? Test)> Tests(Clause clause, CellSeen seen)
    {
        var (tests, groups, id) = (new DrawTests(seen.Law, clause.Limit("expected_min")), Math.Clamp(clause.Count("serial_groups"), 2, 100), seen.Cell.Id);
        yield return ($"frequencies of {id}", tests.Frequencies(id, seen.Draws));
        yield return ($"rare tokens of {id}", tests.Rare(id, seen.Draws));
        yield return ($"neighbours of {id}", tests.Neighbours(id, seen.Draws, first: 0, groups));
        yield return ($"neighbours of {id}", tests.Neighbours(id, seen.Draws, first: 1, groups));
    }

    private static Verdict.Fail? Outside(ImmutableArray<CellSeen> cells)
    {
        var said = cells.Where(cell => cell.Outside.Any())
            .Select(cell => $"{cell.Outside.Count()} of {cell.Draws.Length} draws of {cell.Cell.Id} "
                + (cell.Outside.First() == long.MaxValue ? "failed" : $"outside its support, such as token {cell.Outside.First()}"))
            .ToArray();
        return said.Length > 0 ? new(string.Join("; ", said), "no draw outside the support") : null;
    }

    // Tested at the sharpest level that Holm may ask of it: that of the least p-value.
    private static double Detectable(Clause clause, DrawTest test, int tests) => Math.Sqrt(
        ChiSquare.Noncentrality(
            Math.Clamp(clause.Share("p_min_ppm") / tests, 1e-9, 0.5), test.DegreesOfFreedom, Math.Clamp(clause.Share("power_ppm"), 0.51, 0.999))
        / (4.0 * test.Draws));

    // What the known-bad controls do must show on these very cells, or passing them proves nothing.
    private static string? Blunt(Clause clause, ImmutableArray<CellSeen> cells, double[] logits, ImmutableDictionary<string, double> reach)
    {
        bool ShowsOneMore(CellSeen seen) => seen.Law.OneMoreShare * seen.Draws.Length >= clause.Limit("expected_min");
        bool ShowsTwice(CellSeen seen)
        {
            var temperature = seen.Cell.TemperatureMilli / 1000.0;
            return seen.Law.Distance(SamplingLaw.Of(logits, seen.Cell, Edge(clause), temperature * temperature)) >= reach[$"frequencies of {seen.Cell.Id}"];
        }

        return !cells.Any(cell => cell.Cell.TopK > 0 && cell.Cell.TopPPpm >= 1_000_000 && ShowsOneMore(cell))
            ? "no cell would show a top-k that admits one token too many; add one whose next token is drawn often enough"
            : !cells.Any(cell => cell.Cell.TopPPpm < 1_000_000 && ShowsOneMore(cell))
                ? "no cell would show a top-p that admits one token too many; add one whose next token is drawn often enough"
            : !cells.Any(ShowsTwice) ? "no cell would show a temperature applied twice; add one with a temperature other than 1" : null;
    }

    private static SamplingLaw.Edge Edge(Clause clause) => new(clause.Limit("tie_micronats") * 1e-6, clause.Share("edge_share_ppm"));

    private static Verdict? TryReadLogits(Clause clause, TextGolden text, Measurement m, IBlobs files, out double[] logits)
    {
        logits = [];
        var document = text.Documents.First(candidate => candidate.Id == text.Sampling!.Document);
        if (LogitPair.TryRead(document, text.VocabularySize, m.Tensors.First(tensor => tensor.Name == document.Id), files, out var pair) is { } verdict)
            return verdict;
        logits = pair!.Row(pair.Candidate, pair.Positions - 1);
        var (away, limit) = (PositionScore.Of(pair.Row(pair.Reference, pair.Positions - 1), logits, next: null).Divergence, clause.Limit("prompt_kld_max_ppb") * 1e-9);
        return away <= limit ? null
            : new Verdict.Fail(
                FormattableString.Invariant($"the logits after {document.Id} lie {away:0.###e+0} nat from the reference"),
                FormattableString.Invariant($"{limit:0.###} nat"));
    }

    private static string? Unfit(TextGolden? text, Measurement m)
    {
        if (text?.Sampling is not { Cells.IsDefaultOrEmpty: false } sampling)
            return "the plan says nothing of what is to be drawn; give it a prompt and cells";
        if (LogitPair.Unfit(text) is { } unfit)
            return unfit;
        if (text.Documents.All(document => document.Id != sampling.Document))
            return $"the prompt {sampling.Document} is no golden document of the plan";
        if (Reading.Twice(sampling.Cells.Select(cell => cell.Id)) is { } twice)
            return $"the plan has the cell {twice} twice";
        if (sampling.Cells.FirstOrDefault(cell => cell.TemperatureMilli <= 0 || cell.TopK < 0 || cell.TopPPpm is <= 0 or > 1_000_000) is { } strange)
            return $"the cell {strange.Id} has settings that nothing can be drawn with";
        if (m.Unusable("id", [.. sampling.Cells.Select(cell => "draws." + cell.Id)]) is { } unusable)
            return $"invalid evidence: {unusable}";
        return m.Tensors.All(tensor => tensor.Name != sampling.Document) ? $"invalid evidence: the logits after {sampling.Document} are not kept" : null;
    }

    private sealed record CellSeen(SamplingCell Cell, SamplingLaw Law, ImmutableArray<long> Draws)
    {
        public IEnumerable<long> Outside => Draws.Where(id => !Law.Allows(id));
    }
}
