using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

/// <summary>A text recogniser of three characters: classes blank, 中, b, c and space; every line 6 steps.</summary>
internal sealed record Reader(Plan Plan, Measurement Measurement, InMemoryFiles Files)
{
    public const int Classes = 5;
    private const float High = 0.9f;
    private const float Low = 0.025f;

    /// <summary>Two lines answered exactly: '中b' and 'c c'.</summary>
    public static Reader Exact { get; } = new Reader(
            Given.Plan with { Golden = Given.Plan.Golden with { Charset = "charset.txt", Lines = [] } }, Given.Measurement("COR-18"),
            InMemoryFiles.Empty.With("charset.txt", Encoding.UTF8.GetBytes("中\nb\nc\n")))
        .With("line-1", "中b", Scores(1, 1, 0, 2, 2, 0))
        .With("line-2", "c c", Scores(3, 4, 4, 0, 3, 3));

    public Finding Judge() => Judged.By(Clauses.TensorAgreement, Measurement, Plan, Files);

    /// <summary>Scores whose likeliest class at each step is the given one.</summary>
    public static float[] Scores(params int[] best) =>
        [.. best.SelectMany(likeliest => Enumerable.Range(0, Classes).Select(one => one == likeliest ? High : Low))];

    public Reader With(string id, string text, float[] scores, string? shape = null)
    {
        ImmutableArray<long> dimensions = shape is null ? [1, scores.Length / Classes, Classes] : [.. shape.Split(',').Select(long.Parse)];
        return new(
            Plan with { Golden = Plan.Golden with { Lines = Plan.Golden.Lines.Add(new(id, $"golden/{id}.gz", dimensions, text)) } },
            Measurement with { Tensors = Measurement.Tensors.Add(new(id, $"answers/{id}", "FP32", dimensions)) },
            Files.With($"golden/{id}.gz", Packed(scores)).With($"answers/{id}", Bytes(scores)));
    }

    /// <summary>The same golden pack, with other scores answered to one line.</summary>
    public Reader Answering(string id, params float[] scores) => this with { Files = Files.With($"answers/{id}", Bytes(scores)) };

    public Reader Expecting(string id, params float[] scores) => this with { Files = Files.With($"golden/{id}.gz", Packed(scores)) };

    public Reader Golden(Func<GoldenPack, GoldenPack> change) => this with { Plan = Plan with { Golden = change(Plan.Golden) } };

    public Reader Tensors(Func<ImmutableArray<TensorFile>, ImmutableArray<TensorFile>> change) =>
        this with { Measurement = Measurement with { Tensors = change(Measurement.Tensors) } };

    public static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    public static byte[] Packed(float[] values)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
            gzip.Write(Bytes(values));
        return file.ToArray();
    }
}
