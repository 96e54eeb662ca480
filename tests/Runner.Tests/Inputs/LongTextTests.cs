using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>COR-15 on tiny-poet by the exact reference: what it accepts of a faithful backend, and rejects of one that forgets or loses its place.</summary>
public sealed class LongTextTests
{
    private const int Window = 512;
    private static readonly string Folder = Path.Combine(Golden.Root, "reference-models/tiny-poet");
    private static readonly ImmutableArray<ImmutableArray<int>> Documents = Read();
    private static readonly Clause Quick = Clauses.LongContext with
    {
        Limits = Clauses.LongContext.Limits.SetItem("positions_min", 1_000).SetItem("documents_min", 2),
    };

    [Fact]
    public void Texts_fill_the_window_and_repeat_their_beginning_at_the_end_of_each_quarter()
    {
        var texts = LongTexts.Make(Documents, Window, 8);

        Assert.Equal(8, texts.Select(text => string.Join(' ', text.Ids)).Distinct(StringComparer.Ordinal).Count());
        foreach (var text in texts)
        {
            Assert.Equal(Window, text.Ids.Length);
            Assert.Equal(4 * 20, text.Retrieved.Length);
            Assert.All(text.Retrieved.Select((at, number) => (at, number)), pair => Assert.Equal(text.Ids[4 + (pair.number % 20)], text.Ids[pair.at + 1]));
            Assert.All(Enumerable.Range(0, 4), quarter => Assert.Equal(20, text.Retrieved.Count(at => at / (Window / 4) == quarter)));
        }
    }

    [Theory]
    [InlineData(191, 2)]
    [InlineData(512, 64)]
    public void Too_short_a_window_and_too_few_documents_are_refused(int window, int count) =>
        Assert.Throws<InvalidDataException>(() => LongTexts.Make(Documents, window, count));

    [Fact]
    public void The_faithful_model_passes_and_one_that_forgets_or_loses_its_place_fails_where_it_does()
    {
        using var checkpoint = Checkpoint.Open(Folder);
        var shape = checkpoint.Config.Shape;
        var (exact, stretched) = (new ExactDecoder(shape, checkpoint.Weights), new ExactDecoder(shape with { RopeTheta = shape.RopeTheta / 4 }, checkpoint.Weights));
        var texts = LongTexts.Make(Documents, Window, 2);
        ImmutableArray<double[]> right = [.. texts.Select(text => exact.Logits([.. text.Ids], TestContext.Current.CancellationToken))];

        var good = Judged(texts, right, right);
        Assert.Equal(new Verdict.Pass(), good.Verdict);

        // a cache that is full at half the window and lets go of the older half of what it holds
        var forgetful = texts.Zip(right, (text, logits) => Joined(logits, exact.Logits([.. text.Ids[(Window / 4)..]], TestContext.Current.CancellationToken), dropped: Window / 4));
        Assert.Contains("at 50 to 75 % of the window", Failed(Judged(texts, right, [.. forgetful])), StringComparison.Ordinal);

        // other angles from the native length on, as where the scaling of positions is left out
        var lost = texts.Zip(right, (text, logits) => Joined(logits, stretched.Logits([.. text.Ids], TestContext.Current.CancellationToken), dropped: 0));
        Assert.Contains("at 50 to 75 % of the window", Failed(Judged(texts, right, [.. lost])), StringComparison.Ordinal);
    }

    /// <summary>The right logits up to half the window, and others from there on.</summary>
    private static double[] Joined(double[] right, double[] other, int dropped)
    {
        var (vocabulary, half) = (right.Length / Window, right.Length / 2);
        return [.. right[..half], .. other[(half - (dropped * vocabulary))..]];
    }

    private static Finding Judged(ImmutableArray<LongText> texts, ImmutableArray<double[]> reference, ImmutableArray<double[]> answered)
    {
        var vocabulary = reference[0].Length / Window;
        var files = InMemoryFiles.Empty;
        foreach (var (text, at) in texts.Select((text, at) => (text, at)))
            files = files.With($"golden/{text.Id}", Packed(reference[at])).With($"outputs/{text.Id}", Bytes(answered[at]));
        var plan = Given.Plan with
        {
            ModelKind = "llm",
            Text = new()
            {
                Precision = PrecisionClass.Bits16,
                VocabularySize = vocabulary,
                Documents = [],
                Noise = new(9_417, 78_975),
                Long = new(Window, [.. texts.Select(text => new LongSequence(new(text.Id, text.Ids, $"golden/{text.Id}"), text.Retrieved))]),
            },
        };
        var measured = new Measurement { Check = "COR-15", Tensors = [.. texts.Select(text => new TensorFile(text.Id, $"outputs/{text.Id}", "FP32", [Window, vocabulary]))] };
        return Judge.Run(Given.Standard(Quick), new Evidence(plan, [measured], files)).Finding("COR-15");
    }

    private static string Failed(Finding finding) => Assert.IsType<Verdict.Fail>(finding.Verdict).Measured;

    private static byte[] Bytes(double[] logits) => MemoryMarshal.AsBytes<float>(Array.ConvertAll(logits, logit => (float)logit)).ToArray();

    private static byte[] Packed(double[] logits)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
            gzip.Write(Bytes(logits));
        return file.ToArray();
    }

    private static ImmutableArray<ImmutableArray<int>> Read()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "golden/documents.json")));
        return [.. json.RootElement.GetProperty("documents").EnumerateArray().Select(document => document.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToImmutableArray())];
    }
}
