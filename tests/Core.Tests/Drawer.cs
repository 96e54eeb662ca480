using System.Collections.Immutable;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>A sampler that really draws, right or with one fault, written independently of the law that judges it.</summary>
internal sealed record Drawer
{
    public const int Vocabulary = 50;

    public static ImmutableArray<SamplingCell> Cells { get; } =
        [new("cool", 700, 0, 1_000_000), new("top-k", 1000, 8, 1_000_000), new("top-p", 1000, 0, 850_000), new("all", 800, 20, 950_000)];

    /// <summary>[50]: about as words are distributed (Zipf), in no order of their ids; the likeliest token has a quarter.</summary>
    public static float[] Logits { get; } = [.. Enumerable.Range(0, Vocabulary).Select(id => (float)(-1.1 * Math.Log((id * 17 % Vocabulary) + 1)))];

    public int Draws { get; init; } = 10_000;

    public int Seed { get; init; } = 1;

    public Func<double, double> Temperature { get; init; } = temperature => temperature;

    public Func<int, int> TopK { get; init; } = topK => topK;

    /// <summary>How many tokens top-p admits beyond what it should.</summary>
    public int Beyond { get; init; }

    /// <summary>Number of the draw to the number of the random value that it uses.</summary>
    public Func<int, int> Uses { get; init; } = draw => draw;

    public Finding Judge(Func<Speech, Speech>? change = null)
    {
        float[] document = [.. Enumerable.Repeat(0f, 2 * Vocabulary), .. Logits];
        var text = new TextGolden
        {
            Precision = PrecisionClass.Bits16,
            VocabularySize = Vocabulary,
            Documents = [new("prompt", [1, 2, 3], "golden/prompt.gz")],
            Sampling = new("prompt", Cells),
        };
        var speech = new Speech(
            text,
            new()
            {
                Check = "COR-14",
                Series = [.. Cells.Select((cell, i) => new Series($"draws.{cell.Id}", "id", Draw(cell, (Seed * 16) + i)))],
                Tensors = [new("prompt", "answers/prompt", "FP32", [1, 3, Vocabulary])],
            },
            InMemoryFiles.Empty.With("golden/prompt.gz", Reader.Packed(document)).With("answers/prompt", Reader.Bytes(document)));
        var changed = change is null ? speech : change(speech);
        return Judged.By(Clauses.Sampling, changed.Measurement, Given.Plan with { ModelKind = "llm", Text = changed.Text }, changed.Files);
    }

    private ImmutableArray<long> Draw(SamplingCell cell, int seed)
    {
        var random = new Random(seed);
        var values = Enumerable.Range(0, Draws).Select(_ => random.NextDouble()).ToArray();
        var temperature = Temperature(cell.TemperatureMilli / 1000.0);
        var tokens = Logits.Select((logit, id) => (Weight: Math.Exp(logit / temperature), Id: id)).OrderByDescending(token => token.Weight).ToList();
        if (cell.TopK > 0)
            tokens = [.. tokens.Take(TopK(cell.TopK))];
        var (total, reached, kept) = (tokens.Sum(token => token.Weight), 0.0, 0);
        while (kept < tokens.Count && reached < cell.TopPPpm / 1e6 * total)
            reached += tokens[kept++].Weight;
        tokens = [.. tokens.Take(kept + Beyond)];
        total = tokens.Sum(token => token.Weight);
        return [.. Enumerable.Range(0, Draws).Select(draw => (long)Pick(values[Uses(draw)] * total))];

        int Pick(double at)
        {
            foreach (var (weight, id) in tokens)
            {
                if ((at -= weight) < 0)
                    return id;
            }

            return tokens[^1].Id;
        }
    }

    internal sealed record Speech(TextGolden Text, Measurement Measurement, InMemoryFiles Files);
}
