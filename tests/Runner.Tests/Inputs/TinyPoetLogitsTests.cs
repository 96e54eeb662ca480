using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>The shipped pack of tiny-poet-logits. <c>ACCEPT=1</c> makes it; model.yaml pins the index that comes out.</summary>
public class TinyPoetLogitsTests
{
    private const int Vocabulary = 4096;
    private static readonly string Folder = Path.Combine(Golden.Root, "reference-models/tiny-poet-logits");

    /// <summary>Beginnings of held-out documents: [document, tokens] of each row of a batch.</summary>
    private static readonly ImmutableArray<(string Id, ImmutableArray<int> Documents, int Tokens)> Cases = [("one-8", [0], 8), ("one-24", [1], 24), ("two-8", [2, 3], 8)];

    [Fact]
    public void The_pack_is_what_the_exact_decoder_computes()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Golden.Root, "reference-models/tiny-poet"));
        var decoder = new ExactDecoder(checkpoint.Config.Shape, checkpoint.Weights);
        var exact = Cases.Select(one => One(one.Id, Rows(one), decoder)).ToArray();
        if (Environment.GetEnvironmentVariable("ACCEPT") == "1")
            Keep(exact);

        var golden = GoldenInputs.Load(Model() with { GoldenSha256 = GivenRun.Sha256(File.ReadAllBytes(Path.Combine(Folder, "golden/golden.json"))) }, Folder);

        foreach (var (made, (input, line)) in exact.Zip(golden.Inputs.Zip(golden.Pack.Lines)))
        {
            Assert.Equal(made.Ids, MemoryMarshal.Cast<byte, long>(input.Tensors[0].Data.Span).ToArray());
            var comparison = new Comparison(rtol: 1e-7, atol: 1e-9); // machines differ in the last places of float64
            Assert.Null(GoldenTensor.TryUnpack(line, made.Logits.Length * sizeof(float), File.ReadAllBytes(golden.Files[line.Expected]), out var kept));
            comparison.Add(line, MemoryMarshal.AsBytes<float>(made.Logits), kept.Span);
            Assert.Equal(0, comparison.Outside);
        }
    }

    [Fact]
    public void The_manifest_pins_the_pack() => Assert.Equal(3, GoldenInputs.Load(Model(), Folder).Inputs.Length);

    private static ReferenceModel Model()
    {
        var problems = new List<Problem>();
        var model = ReferenceModelReader.TryRead(Path.Combine(Folder, "model.yaml"), "model.yaml", problems);
        Assert.Empty(problems);
        return model!;
    }

    private static int[][] Rows((string Id, ImmutableArray<int> Documents, int Tokens) one)
    {
        using var documents = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden.Root, "reference-models/tiny-poet/golden/documents.json")));
        return [.. one.Documents.Select(at => documents.RootElement.GetProperty("documents")[at].GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).Take(one.Tokens).ToArray())];
    }

    private static Exact One(string id, int[][] rows, ExactDecoder decoder) => new(
        id, [rows.Length, rows[0].Length], [.. rows.SelectMany(row => row).Select(token => (long)token)],
        [.. rows.SelectMany(row => decoder.Logits(row, TestContext.Current.CancellationToken)).Select(logit => (float)logit)]);

    private static void Keep(Exact[] all)
    {
        var cases = all.Select(one => $$"""
                {"id": "{{one.Id}}",
                 "inputs": [{{Entry("input_ids", $"inputs/{one.Id}.i64.gz", [.. one.Shape], MemoryMarshal.AsBytes<long>(one.Ids))}}],
                 "outputs": [{{Entry("logits", $"expected/{one.Id}.f32.gz", [.. one.Shape, Vocabulary], MemoryMarshal.AsBytes<float>(one.Logits))}}]}
            """);
        File.WriteAllText(Path.Combine(Folder, "golden/golden.json"), $$"""
            {
              "schema": "adaptation.golden/v1",
              "model": "tiny-poet-logits",
              "reference": "float64 forward pass, src/Models/Reference, rounded once to float32; made by tests/Runner.Tests/Inputs/TinyPoetLogitsTests.cs",
              "tolerance": {"rtolPpb": 1000000, "atolPpb": 10000},
              "noise": {"note": "README.md"},
              "cases": [
            {{string.Join(",\n", cases)}}
              ]
            }

            """.ReplaceLineEndings("\n"));
    }

    private static string Entry(string name, string path, long[] shape, ReadOnlySpan<byte> data)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(data);
        var file = Path.Combine(Folder, "golden", path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, packed.ToArray());
        return string.Create(CultureInfo.InvariantCulture, $$"""{"name": "{{name}}", "path": "{{path}}", "sha256": "{{GivenRun.Sha256(packed.ToArray())}}", "shape": [{{string.Join(", ", shape)}}]}""");
    }

    private sealed record Exact(string Id, long[] Shape, long[] Ids, float[] Logits);
}
