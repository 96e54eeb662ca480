using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Packs golden values and raw answers into one file per type and an index, as the evidence keeps them.</summary>
/// <remarks>Layout: docs/evidence.md, adaptation.operators/v1. An answer that is, byte for byte, the one before it is kept once.</remarks>
internal sealed class OperatorPacks(ulong seed) : IDisposable
{
    private readonly Dictionary<string, MemoryStream> _packs = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private readonly MemoryStream _cases = new();
    private Utf8JsonWriter? _json;

    public void Add(OperatorAnswers one)
    {
        if (!_packs.TryGetValue(one.DataType, out var pack))
        {
            _packs[one.DataType] = pack = new MemoryStream();
            _order.Add(one.DataType);
        }

        if (_json is null)
        {
            _json = new Utf8JsonWriter(_cases);
            _json.WriteStartArray();
        }

        _json.WriteStartObject();
        _json.WriteString("id", one.Id);
        _json.WriteString("operator", one.Operator);
        _json.WriteString("type", one.DataType);
        _json.WriteNumber("opset", one.Opset);
        _json.WriteString("kind", one.Kind.ToString().ToLowerInvariant());
        _json.WriteString("state", one.State.ToString().ToLowerInvariant());
        _json.WriteString("said", one.Said);
        _json.WriteNumber("pack", _order.IndexOf(one.DataType));
        _json.WriteStartArray("outputs");
        foreach (var output in one.Outputs)
            Write(_json, pack, output);
        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    /// <summary>Hands over every file: the index last, which speaks of the others.</summary>
    /// <param name="write">Takes a path in the evidence and the file's bytes.</param>
    /// <returns>What a measurement names the files by.</returns>
    public ImmutableArray<TensorFile> Finish(Action<string, ReadOnlySpan<byte>> write)
    {
        using var index = new MemoryStream();
        var files = ImmutableArray.CreateBuilder<TensorFile>();
        using (var json = new Utf8JsonWriter(index))
        {
            json.WriteStartObject();
            json.WriteString("schema", "adaptation.operators/v1");
            json.WriteString("seed", seed.ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteStartArray("packs");
            foreach (var type in _order)
            {
                var bytes = _packs[type].GetBuffer().AsSpan(0, (int)_packs[type].Length);
                files.Add(File(type, $"operators/{type}.pack", bytes, write));
                json.WriteStartObject();
                json.WriteString("name", type);
                json.WriteNumber("bytes", bytes.Length);
                json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes)));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WritePropertyName("cases");
            _json?.WriteEndArray();
            _json?.Flush();
            json.WriteRawValue(_json is null ? "[]"u8 : _cases.GetBuffer().AsSpan(0, (int)_cases.Length));
            json.WriteEndObject();
        }

        files.Add(File("index", "operators/index.json", index.GetBuffer().AsSpan(0, (int)index.Length), write));
        return files.ToImmutable();
    }

    public void Dispose()
    {
        _json?.Dispose();
        _cases.Dispose();
        foreach (var pack in _packs.Values)
            pack.Dispose();
    }

    private static TensorFile File(string name, string path, ReadOnlySpan<byte> bytes, Action<string, ReadOnlySpan<byte>> write)
    {
        write(path, bytes);
        return new(name, path, "UINT8", [bytes.Length]);
    }

    private static void Write(Utf8JsonWriter json, MemoryStream pack, ExpectedOutput output)
    {
        json.WriteStartObject();
        json.WriteString("name", output.Name);
        json.WriteString("type", output.DataType);
        Numbers(json, "shape", output.Shape);
        Numbers(json, "exact", Put(pack, output.Exact.Span));
        Numbers(json, "same", Put(pack, output.Same.Span));
        json.WriteStartArray("answers");
        (ReadOnlyMemory<byte> Data, ImmutableArray<long> At) before = default;
        foreach (var answer in output.Answers)
        {
            if (before.At.IsDefault || !before.Data.Span.SequenceEqual(answer.Data.Span))
                before = (answer.Data, Put(pack, answer.Data.Span));
            json.WriteStartObject();
            json.WriteString("type", answer.DataType);
            Numbers(json, "shape", answer.Shape);
            Numbers(json, "at", before.At);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ImmutableArray<long> Put(MemoryStream pack, ReadOnlySpan<byte> bytes)
    {
        var start = pack.Length;
        pack.Write(bytes);
        return [start, bytes.Length];
    }

    private static void Numbers(Utf8JsonWriter json, string name, ImmutableArray<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
