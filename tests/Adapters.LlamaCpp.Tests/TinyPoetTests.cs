using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>tiny-poet, exactly and through the engine, with weights in every form: what the checks on logits tell apart on a real model.</summary>
public sealed class TinyPoetTests(TinyPoet poet) : IClassFixture<TinyPoet>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Float32_weights_continue_every_prompt_as_the_exact_reference_does()
    {
        const int Tokens = 256;
        await using var engine = await poet.OpenAsync("f32", Cancelled);
        var prompts = poet.Prompts;
        Assert.Equal(20, prompts.Length);

        foreach (var (id, prompt) in prompts)
        {
            var expected = poet.Exact.Continue(prompt, Tokens, new HashSet<int>(), Cancelled).Select(step => step.Id);
            engine.Model.Forget(0, 0);
            Assert.True(expected.SequenceEqual(Greedy(engine, prompt, Tokens)), $"{id} goes on differently");
        }
    }

    [Theory]
    [InlineData("f32", "pass")]
    [InlineData("f16", "pass")]
    [InlineData("bf16", "pass")]
    [InlineData("q8_0", "fail")]
    [InlineData("q4_0", "fail")]
    public async Task The_16_bit_limits_let_16_bits_through_and_no_fewer(string form, string verdict) =>
        Assert.Equal(verdict, (await JudgeAsync(form, PrecisionClass.Bits16)).Verdict.Word);

    [Theory]
    [InlineData("q8_0", "8-bit", "pass")]
    [InlineData("q4_0", "8-bit", "fail")]
    [InlineData("q4_0", "4-bit", "pass")]
    [InlineData(TinyPoet.Uniform, "4-bit", "fail")] // with the embedding in four bits too, more than one token in ten changes
    public async Task Eight_and_four_bits_keep_their_own_limits_and_coarser_weights_do_not(string form, string declared, string verdict) =>
        Assert.Equal(verdict, (await JudgeAsync(form, declared == "8-bit" ? PrecisionClass.Bits8 : PrecisionClass.Bits4)).Verdict.Word);

    private async Task<Finding> JudgeAsync(string form, PrecisionClass declared)
    {
        await using var engine = await poet.OpenAsync(form, Cancelled);
        var tensors = ImmutableArray.CreateBuilder<TensorFile>();
        var files = poet.Files;
        foreach (var document in poet.Documents)
        {
            var logits = await engine.InferAsync(1, [.. document.Tokens]);
            files = files.Add($"outputs/{document.Id}", MemoryMarshal.AsBytes(logits.AsSpan()).ToArray());
            tensors.Add(new(document.Id, $"outputs/{document.Id}", "FP32", [document.Tokens.Length, TinyPoet.Vocabulary]));
        }

        var clause = declared == PrecisionClass.Bits16 ? Clauses.LogitAgreement : Clauses.QuantisedLogitAgreement;
        var golden = new TextGolden { Precision = declared, VocabularySize = TinyPoet.Vocabulary, Documents = poet.Documents, Noise = new(9_417, 78_975) };
        var plan = Given.Plan with { ModelKind = "llm", Text = golden };
        var evidence = new Evidence(plan, [new Measurement { Check = clause.Id, Tensors = tensors.ToImmutable() }], new TinyPoet.Blobs(files));
        return Assert.Single(Judge.Run(Given.Standard(clause), evidence).Findings);
    }

    private static List<int> Greedy(Opened engine, int[] prompt, int count)
    {
        var (made, next) = (new List<int>(), prompt);
        for (var at = 0; made.Count < count; at += next.Length, next = [made[^1]])
        {
            var logits = engine.Decode(0, at, next);
            var last = logits.AsSpan(logits.Length - TinyPoet.Vocabulary);
            var best = 0;
            for (var id = 1; id < last.Length; id++)
                best = last[id] > last[best] ? id : best;
            made.Add(best);
        }

        return made;
    }
}

/// <summary>The model's own files and what the exact reference makes of them, once for all tests.</summary>
public sealed class TinyPoet : IDisposable
{
    public const int Vocabulary = 4096;

    /// <summary>A form that the product never exports: every matrix in q4_0, by the format's own rule.</summary>
    public const string Uniform = "q4_0 in every matrix";

    private static readonly string Folder = Path.Combine(Golden.Root, "reference-models/tiny-poet");
    private readonly Checkpoint _checkpoint = Checkpoint.Open(Folder);
    private readonly ConcurrentDictionary<string, byte[]> _states = new(StringComparer.Ordinal);

    public TinyPoet()
    {
        Exact = new ExactDecoder(_checkpoint.Config.Shape, _checkpoint.Weights);
        Documents = [.. Read("documents").Select(entry => new GoldenDocument(entry.Id, [.. entry.Ids], $"golden/{entry.Id}"))];
        Prompts = Read("prompts");
        Files = Documents.ToImmutableDictionary(document => document.Logits, Packed);
    }

    internal ExactDecoder Exact { get; }

    internal ImmutableArray<GoldenDocument> Documents { get; }

    internal (string Id, int[] Ids)[] Prompts { get; }

    /// <summary>The exact logits by their path, packed as evidence has them.</summary>
    internal ImmutableDictionary<string, byte[]> Files { get; }

    internal IRawWeights Weights => _checkpoint.Weights;

    /// <summary>The exact hidden states of a document, packed as evidence has them.</summary>
    internal byte[] States(GoldenDocument document) => _states.GetOrAdd(document.Id, _ => Packed(write => Exact.States([.. document.Tokens], (_, states) => write(states), CancellationToken.None)));

    internal Task<Opened> OpenAsync(string form, CancellationToken cancellationToken) => OpenAsync(
        path => _ = form == Uniform
            ? GgufExport.Write(Spec(Weights, WeightType.Q4_0), path, new WriteOptions(), cancellationToken)
            : _checkpoint.WriteGguf(WeightTypes.Writable[form], "tiny-poet", path, new WriteOptions(), cancellationToken),
        cancellationToken);

    /// <summary>The same model with other weights.</summary>
    internal Task<Opened> OpenAsync(IRawWeights weights, WeightType type, CancellationToken cancellationToken) =>
        OpenAsync(path => GgufExport.Write(Spec(weights, type), path, new WriteOptions(), cancellationToken), cancellationToken);

    private static async Task<Opened> OpenAsync(Action<string> write, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetTempPath(), $"adaptation-{Guid.NewGuid():N}.gguf");
        try
        {
            write(path);
            return await Opened.Async(await File.ReadAllBytesAsync(path, cancellationToken), Opened.Cpu with { ContextLength = 512, Sequences = 1, Batch = 512, MicroBatch = 512 });
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void Dispose() => _checkpoint.Dispose();

    private GgufExportSpec Spec(IRawWeights weights, WeightType type) => new()
    {
        Shape = _checkpoint.Config.Shape,
        Weights = weights,
        Vocabulary = _checkpoint.Vocabulary,
        Type = type,
        FourBits = FourBits.Uniform,
        Name = "tiny-poet",
    };

    private static (string Id, int[] Ids)[] Read(string name)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "golden", name + ".json")));
        return [.. file.RootElement.GetProperty(name).EnumerateArray().Select(entry =>
            (entry.GetProperty("id").GetString()!, entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray()))];
    }

    private byte[] Packed(GoldenDocument document) => Packed(write => Exact.Logits([.. document.Tokens], (_, logits) => write(logits), CancellationToken.None));

    private static byte[] Packed(Action<Values> fill)
    {
        using var bytes = new MemoryStream();
        using (var packed = new GZipStream(bytes, CompressionLevel.Fastest))
            fill(values => packed.Write(MemoryMarshal.AsBytes<float>(Array.ConvertAll(values.ToArray(), value => (float)value))));
        return bytes.ToArray();
    }

    private delegate void Values(ReadOnlySpan<double> values);

    internal sealed class Blobs(ImmutableDictionary<string, byte[]> files) : IBlobs
    {
        public ReadOnlyMemory<byte> Read(string path) => files.TryGetValue(path, out var bytes) ? bytes : throw new FileNotFoundException(path);
    }
}
