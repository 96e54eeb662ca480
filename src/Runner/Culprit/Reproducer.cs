using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>What a reproducer says of itself; none of it decides anything when it is replayed.</summary>
/// <param name="Model">Id or file name of the model that the part was cut out of.</param>
/// <param name="Input">Which of the model's inputs it was asked with.</param>
/// <param name="Nodes">Names of the nodes, as the model has them.</param>
/// <param name="Reference">Which server made the expected values.</param>
/// <param name="Tested">Which server differed.</param>
/// <param name="Seen">How it differed.</param>
/// <param name="Tool">Version of the program that wrote it.</param>
public sealed record ReproducerFacts(
    string Model, string ModelSha256, string Input, ImmutableArray<string> Nodes, string Operator, string Reference, string Tested, string Seen, string Tool);

/// <summary>A part of a model with inputs and expected outputs, in one ONNX file that any ONNX tool opens.</summary>
/// <remarks>
/// The file's graph has the inputs as initializers <c>adaptation.input/NAME</c> and the expected outputs as <c>adaptation.expected/NAME</c>, which no node
/// reads; its metadata has the facts under <c>adaptation.reproducer</c> and, as the last field of the file, the SHA-256 of all bytes before under
/// <c>adaptation.sha256</c>. The digest finds damage, not forgery: whoever changes the file can compute it again. Layout: docs/culprit.md.
/// </remarks>
public sealed class Reproducer
{
    /// <summary>Of the largest file that is read.</summary>
    public const int MostBytes = 512 << 20;

    private const string Schema = "adaptation.reproducer/v1", FactsKey = "adaptation.reproducer", DigestKey = "adaptation.sha256";
    private const string InputPrefix = "adaptation.input/", ExpectedPrefix = "adaptation.expected/";

    private readonly OnnxCut _cut;

    internal Reproducer(OnnxCut cut, ImmutableArray<WireTensor> inputs, ImmutableArray<WireTensor> expected, ReproducerFacts facts) =>
        (_cut, Inputs, Expected, Facts) = (cut, inputs, expected, facts);

    public ImmutableArray<WireTensor> Inputs { get; }

    /// <summary>What the reference answered; never sent to a server.</summary>
    public ImmutableArray<WireTensor> Expected { get; }

    public ReproducerFacts Facts { get; }

    /// <summary>The model as a server gets it: without the expected outputs, and without a word of what it is for.</summary>
    public byte[] Model => _cut.Write();

    /// <summary>A file name that says which node it is about: <c>culprit-Conv_12.onnx</c>.</summary>
    public string FileName => $"culprit-{string.Concat(Facts.Nodes[^1].Take(80).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '_'))}.onnx";

    public byte[] ToFile()
    {
        var kept = _cut with
        {
            Added = [.. _cut.Added, .. Inputs.Select(input => input with { Name = InputPrefix + input.Name }), .. Expected.Select(output => output with { Name = ExpectedPrefix + output.Name })],
        };
        var body = kept.Write((FactsKey, Json()));
        return [.. body, .. Seal(body)];
    }

    /// <exception cref="InvalidDataException">It is no reproducer, or a damaged one; the message says which.</exception>
    public static Reproducer Read(ReadOnlySpan<byte> file)
    {
        OnnxGraph graph;
        try
        {
            graph = OnnxGraph.Read(file);
        }
        catch (InvalidDataException wrong)
        {
            throw new InvalidDataException($"it is no ONNX model, or not all of one: {wrong.Message}", wrong);
        }

        if (!graph.Metadata.TryGetValue(FactsKey, out var facts))
            throw new InvalidDataException($"it is an ONNX model, and no reproducer: its metadata has no `{FactsKey}`. `adapt culprit` writes such files");
        var body = file[..^Math.Min(file.Length, Seal([]).Length)];
        if (!file[body.Length..].SequenceEqual(Seal(body)))
            throw new InvalidDataException("its contents are not what their SHA-256 at its end says: it was damaged or changed; get it again, or have `adapt culprit` write it again");
        var read = new Reproducer(
            new(graph, graph.Nodes, [.. graph.Inputs.Select(input => input.Bytes)], [.. graph.Outputs.Select(output => output.Bytes)], []),
            Kept(graph, InputPrefix, graph.Inputs), Kept(graph, ExpectedPrefix, graph.Outputs), ReadFacts(facts));
        return read.Expected.IsEmpty ? throw new InvalidDataException("its graph has no output") : read;
    }

    private static byte[] Seal(ReadOnlySpan<byte> body) =>
        new OnnxMessage().Message(14, new OnnxMessage().Text(1, DigestKey).Text(2, Convert.ToHexStringLower(SHA256.HashData(body)))).ToArray();

    private static ImmutableArray<WireTensor> Kept(OnnxGraph graph, string prefix, ImmutableArray<GraphValue> values) =>
    [
        .. values.Select(value => graph.Held.TryGetValue(prefix + value.Name, out var held)
            ? TensorFileReader.TryRead(held.Bytes.Span, value.Name, out var type) ?? throw new InvalidDataException($"`{prefix}{value.Name}` is a tensor of {type}")
            : throw new InvalidDataException($"it holds no initializer `{prefix}{value.Name}`")),
    ];

    private string Json()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("model", Facts.Model);
            json.WriteString("modelSha256", Facts.ModelSha256);
            json.WriteString("input", Facts.Input);
            json.WriteStartArray("nodes");
            foreach (var node in Facts.Nodes)
                json.WriteStringValue(node);
            json.WriteEndArray();
            json.WriteString("operator", Facts.Operator);
            json.WriteString("reference", Facts.Reference);
            json.WriteString("tested", Facts.Tested);
            json.WriteString("seen", Facts.Seen);
            json.WriteString("tool", Facts.Tool);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static ReproducerFacts ReadFacts(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 });
            var root = document.RootElement;
            string Text(string name) => root.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");
            if (Text("schema") != Schema)
                throw new FormatException($"its schema is {Text("schema")}; this program reads {Schema}");
            ImmutableArray<string> nodes = [.. root.GetProperty("nodes").EnumerateArray().Select(node => node.GetString() ?? "")];
            return nodes.IsEmpty
                ? throw new FormatException("it names no node")
                : new(Text("model"), Text("modelSha256"), Text("input"), nodes, Text("operator"), Text("reference"), Text("tested"), Text("seen"), Text("tool"));
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"its metadata `{FactsKey}` cannot be read: {wrong.Message}", wrong);
        }
    }
}
