using System.Buffers.Binary;

namespace Adaptation.Core;

/// <summary>Logits of one document, exact and as a backend answered: little-endian float32, [T, V] each.</summary>
internal sealed record LogitPair(GoldenDocument Document, int VocabularySize, ReadOnlyMemory<byte> Reference, ReadOnlyMemory<byte> Candidate)
{
    public int Positions => Document.Tokens.Length;

    /// <summary>Says what is wrong with the golden documents, whatever was measured; null if they can be used.</summary>
    public static string? Unfit(TextGolden text) =>
        text.VocabularySize < 2 ? $"the plan states a vocabulary of {text.VocabularySize} tokens"
        : text.Documents.IsDefaultOrEmpty ? "the plan has no golden document; nothing can be compared"
        : Reading.Twice(text.Documents.Select(document => document.Id)) is { } twice ? $"the plan has the golden document {twice} twice"
        : text.Documents.FirstOrDefault(document => document.Tokens.IsDefault || document.Tokens.Length < 2) is { } few
            ? $"the golden document {few.Id} has fewer than 2 tokens"
        : text.Documents.FirstOrDefault(document => document.Tokens.Any(id => id < 0 || id >= text.VocabularySize)) is { } strange
            ? $"the golden document {strange.Id} has a token that is not in the vocabulary"
        : Reading.Twice(text.Documents.Select(document => string.Join(',', document.Tokens))) is { } same
            ? $"the golden documents {string.Join(" and ", text.Documents.Where(document => string.Join(',', document.Tokens) == same).Select(d => d.Id))} "
                + "are the same text: one cannot count twice"
        : null;

    /// <summary>Reads both sides of one document.</summary>
    /// <param name="answer">As the backend gave it: FP32, [T, V] or [1, T, V].</param>
    /// <param name="pair">Null if there is a verdict.</param>
    /// <returns>A fail where the backend answered in the wrong form, inconclusive where the evidence lost something; null if all is well.</returns>
    public static Verdict? TryRead(GoldenDocument document, int vocabulary, TensorFile answer, IBlobs files, out LogitPair? pair)
    {
        pair = null;
        long positions = document.Tokens.Length;
        if (files.TryRead(answer.Path) is not { } candidate)
            return new Verdict.Inconclusive($"invalid evidence: the evidence lacks {answer.Path}, the answer to {document.Id}");
        if (answer.DataType != "FP32")
            return Wrong($"{document.Id} is {answer.DataType}, not FP32");
        if (!answer.Shape.AsSpan().SequenceEqual([positions, vocabulary]) && !answer.Shape.AsSpan().SequenceEqual([1, positions, vocabulary]))
            return Wrong($"{document.Id} has the shape [{string.Join(',', answer.Shape)}], expected [1,{positions},{vocabulary}]");
        if (GoldenTensor.Bytes([positions, vocabulary]) is var bytes && bytes != candidate.Length)
            return Wrong($"{document.Id} has {candidate.Length} bytes, and its shape asks for {bytes}");
        var line = new GoldenLine(document.Id, document.Logits, [positions, vocabulary], Text: "");
        if (GoldenTensor.TryRead(line, candidate.Length, files, out var reference) is { } damaged)
            return new Verdict.Inconclusive($"invalid evidence: {damaged}");

        var read = new LogitPair(document, vocabulary, reference, candidate);
        if (read.NotFinite(reference) is { } unreal)
            return new Verdict.Inconclusive($"invalid evidence: the reference of {document.Id} holds {unreal}");
        if (read.NotFinite(candidate) is { } strange)
            return Wrong($"{document.Id} holds {strange}");
        pair = read;
        return null;
    }

    /// <summary>V logits of one position.</summary>
    public double[] Row(ReadOnlyMemory<byte> logits, int position)
    {
        var row = new double[VocabularySize];
        var bytes = logits.Span.Slice(position * VocabularySize * sizeof(float), VocabularySize * sizeof(float));
        for (var id = 0; id < row.Length; id++)
            row[id] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(id * sizeof(float))..]);
        return row;
    }

    private static Verdict.Fail Wrong(string seen) => new(seen, "FP32 logits [T, V], all of them finite");

    private string? NotFinite(ReadOnlyMemory<byte> logits)
    {
        var span = logits.Span;
        for (var at = 0; at < span.Length; at += sizeof(float))
        {
            if (BinaryPrimitives.ReadSingleLittleEndian(span[at..]) is var value && !float.IsFinite(value))
                return FormattableString.Invariant(
                    $"{value} at position {at / sizeof(float) / VocabularySize}, token {at / sizeof(float) % VocabularySize}");
        }

        return null;
    }
}
