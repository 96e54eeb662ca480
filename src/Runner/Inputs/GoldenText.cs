using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Makes the golden pack of a language model: its documents, and their logits by the exact reference, computed once on this machine and kept.</summary>
/// <param name="keep">Where logits are kept, by the digest of what they follow from.</param>
/// <param name="announce">Told what takes long.</param>
internal sealed class GoldenText(string keep, Action<string> announce)
{
    private const string Method = "exact-decoder/1"; // to be raised with any change of its arithmetic
    private const int MaxBytes = 16 << 20;
    private const string DrawnAfter = "drawn-after";
    private const int DrawnAfterTokens = 6; // short, since every draw computes it anew

    /// <param name="folder">Holds the model's runner files.</param>
    /// <param name="wanted">How many documents are wanted at least, and how many positions; the pack's first ones are taken.</param>
    /// <param name="longest">The window that the profile declares, if any, and how many texts as long as it are wanted; null for none. A generated model gets none.</param>
    /// <param name="layers">Of how many documents and positions hidden states are wanted; null for none.</param>
    /// <param name="answers">How many whole answers are wanted; a generated model gives none.</param>
    /// <exception cref="BadInputException">The documents are not what the manifest says, or the model has fewer.</exception>
    public GoldenInputs Load(ReferenceModel model, string folder, (long Documents, long Positions) wanted, (long? Window, int Count)? longest, (long Documents, long Positions)? layers, int answers, CancellationToken cancellationToken)
    {
        var text = model.Text!;
        try
        {
            var shape = text.Generated?.Shape ?? HfConfig.Read(Path.Combine(folder, text.Config)).Shape;
            var all = text.Generated is null ? ReadDocuments(Path.Combine(folder, text.Documents), model.Id, shape) : Draw(shape);
            ImmutableArray<LongText> filling = longest is not { } asked || text.Generated is not null
                ? [] : LongTexts.Make([.. all.Select(document => document.Ids)], (int)Math.Min(asked.Window ?? int.MaxValue, shape.MaxPositions), asked.Count);
            var chosen = Choose(all, wanted);
            var layered = chosen;
            chosen = chosen.Add((DrawnAfter, [.. chosen[0].Ids.Take(DrawnAfterTokens)]));
            using var file = text.Generated is null ? SafetensorsFile.Open(Path.Combine(folder, text.Weights)) : null;
            IWeights weights = file is not null ? file : new GeneratedWeights(shape, text.Generated!.Seed);
            var files = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            if (text.Generated is null)
                files["golden/documents.json"] = Path.Combine(folder, text.Documents);
            if (text.Tools is { } tools && ToolPrompts.Load(model, tools, folder) is not null)
                files[ToolPrompts.InEvidence] = Path.Combine(folder, tools);
            var keptIn = Directory.CreateDirectory(Path.Combine(keep, Key(model))).FullName;
            ExactDecoder? decoder = null;
            ExactDecoder Decoder()
            {
                if (decoder is null)
                    announce($"computing the exact logits of {model.Id} in float64");
                return decoder ??= new ExactDecoder(shape, weights);
            }

            foreach (var (id, ids) in chosen.Concat(filling.Select(one => (one.Id, one.Ids))))
            {
                var logits = Path.Combine(keptIn, $"{id}.f32.gz");
                if (!File.Exists(logits))
                    PackedFile.Write(logits, write => Decoder().Logits([.. ids], (_, row) => write(row), cancellationToken));

                files[LogitsPath(id)] = logits;
            }

            var states = layers is { } some ? new ExactLayers(keptIn, shape, Decoder).Load(layered, some, files, cancellationToken) : null;
            var golden = new TextGolden
            {
                Precision = ClassOf(model.Precision),
                VocabularySize = shape.VocabularySize,
                Documents = [.. chosen.Select(document => new GoldenDocument(document.Id, document.Ids, LogitsPath(document.Id)))],
                Noise = text.Noise,
                Tools = text.Tools is null ? null : ToolPrompts.InEvidence,
                Sampling = new SamplingPlan(DrawnAfter, SamplingCells.For(LastRow(files[LogitsPath(DrawnAfter)], shape.VocabularySize))),
                Answers = text.Generated is not null ? [] : new ExactAnswers(keptIn, TextModelView.Load(model, folder).Ends, Decoder)
                    .Load([.. all.Take(answers).Select(document => (document.Id, document.Ids))], shape, cancellationToken),
                Long = filling.IsEmpty ? null : new(
                    filling[0].Ids.Length, [.. filling.Select(one => new LongSequence(new(one.Id, one.Ids, LogitsPath(one.Id)), one.Retrieved))]),
            };
            return new GoldenInputs(new GoldenPack(0, 0, null, []), [.. chosen.Select(Input)], files.ToImmutable())
            {
                Text = golden,
                Layers = states,
                Long = [.. filling.Select(one => Input((one.Id, one.Ids)))],
            };
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or InvalidDataException or ModelException)
        {
            throw new BadInputException([new Problem(model.File, 0, "text", broken.Message)]);
        }
    }

    /// <summary>What the exact reference says of the token to be drawn.</summary>
    private static float[] LastRow(string file, int vocabulary)
    {
        using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        var row = new float[vocabulary];
        for (var at = 0; at < DrawnAfterTokens; at++)
            packed.ReadExactly(MemoryMarshal.AsBytes(row.AsSpan()));
        return row;
    }

    private static string LogitsPath(string id) => $"golden/logits/{id}.f32.gz";

    private static PrecisionClass ClassOf(string precision) => precision switch
    {
        "f32" => PrecisionClass.Fp32,
        "f16" or "bf16" => PrecisionClass.Bits16,
        "q8_0" => PrecisionClass.Bits8,
        _ => PrecisionClass.Bits4,
    };

    private static GoldenInput Input((string Id, ImmutableArray<int> Ids) document)
    {
        var bytes = new byte[document.Ids.Length * sizeof(long)];
        for (var i = 0; i < document.Ids.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), document.Ids[i]);
        return new(document.Id, [new WireTensor("input_ids", "INT64", [1, document.Ids.Length], bytes)]);
    }

    private static ImmutableArray<(string Id, ImmutableArray<int> Ids)> Choose(
        List<(string Id, ImmutableArray<int> Ids)> all, (long Documents, long Positions) wanted)
    {
        var (count, positions) = (0, 0L);
        while (count < all.Count && (count < wanted.Documents || positions < wanted.Positions))
            positions += all[count++].Ids.Length;
        return count >= wanted.Documents && positions >= wanted.Positions
            ? [.. all.Take(count)]
            : throw new InvalidDataException($"it has {positions} positions in {all.Count} documents; the suite asks for {wanted.Positions} in {wanted.Documents}");
    }

    private static List<(string Id, ImmutableArray<int> Ids)> ReadDocuments(string file, string model, DecoderShape shape)
    {
        if (new FileInfo(file).Length > MaxBytes)
            throw new InvalidDataException($"{Path.GetFileName(file)} has more than {MaxBytes >> 20} MiB");
        using var document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
        var root = document.RootElement;
        if (root.GetProperty("schema").GetString() != "adaptation.text-documents/v1" || root.GetProperty("model").GetString() != model)
            throw new JsonException($"it is not a list adaptation.text-documents/v1 of {model}");
        var read = new List<(string, ImmutableArray<int>)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in root.GetProperty("documents").EnumerateArray())
        {
            var id = entry.GetProperty("id").GetString() ?? "";
            if (id.Length is 0 or > 64 || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || !seen.Add(id))
                throw new JsonException($"`{id}` is not an id of lowercase letters, digits and hyphens, or is there twice");
            var ids = entry.GetProperty("ids").EnumerateArray().Select(token => token.GetInt32()).ToImmutableArray();
            if (ids.Length < 2 || ids.Length > shape.MaxPositions || ids.Any(token => token < 0 || token >= shape.VocabularySize))
                throw new JsonException($"document {id} has {ids.Length} tokens; expected 2 to {shape.MaxPositions}, each below {shape.VocabularySize}");
            read.Add((id, ids));
        }

        return read;
    }

    /// <summary>Documents of a model that knows no language: ids by SplitMix64 from a published seed, the same on every machine.</summary>
    internal static List<(string Id, ImmutableArray<int> Ids)> Draw(DecoderShape shape)
    {
        const int Documents = 64, Tokens = 80;
        var state = 20_261_122UL;
        var length = Math.Min(Tokens, shape.MaxPositions);
        return [.. Enumerable.Range(1, Documents).Select(number => ($"drawn-{number:000}", Enumerable.Range(0, length).Select(_ => (int)(SplitMix64.Next(ref state) % (ulong)shape.VocabularySize)).ToImmutableArray()))];
    }

    /// <summary>What the logits follow from: another weight, document or arithmetic is another folder.</summary>
    private static string Key(ReferenceModel model)
    {
        var text = model.Text!;
        string[] names = [text.Weights, text.Config, text.Documents];
        // a generated model's manifest states all that its weights and documents follow from
        var pins = text.Generated is not null ? [model.Sha256] : names.Select(name => model.RunnerFiles.First(file => file.Path == name).Sha256);
        return $"{model.Id.Replace('/', '-')}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', pins.Append(Method)))))[..16]}";
    }
}
