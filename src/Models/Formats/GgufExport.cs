namespace Adaptation.Models;

/// <summary>What goes into a GGUF file.</summary>
public sealed record GgufExportSpec
{
    public required DecoderShape Shape { get; init; }

    /// <summary>Exactly the tensors of the shape, by their names in published checkpoints.</summary>
    public required IRawWeights Weights { get; init; }

    public required GgufVocabulary Vocabulary { get; init; }

    /// <summary>Of matrices; norms and biases are always float32, and so nothing else here is.</summary>
    public required WeightType Type { get; init; }

    /// <summary>What <see cref="WeightType.Q4_0"/> means; the other types have one meaning.</summary>
    public FourBits FourBits { get; init; } = FourBits.Uniform;

    /// <summary><c>general.name</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Jinja text as <c>tokenizer_config.json</c> has it.</summary>
    public string? ChatTemplate { get; init; }
}

/// <summary>How a decoder is written in four bits. Either way <c>general.file_type</c> says "mostly q4_0", and the tensor table says what each tensor is.</summary>
public enum FourBits
{
    /// <summary>Every matrix in q4_0, scales by the format's own rule: quick, for weights that mean nothing.</summary>
    Uniform,

    /// <summary>
    /// For trained weights: scales by <see cref="ScaleSearch"/>; q8_0 for the matrix that gives the logits (the embedding where they are tied), as llama-quantize
    /// does where rows are no multiple of 256, and for attn_v, to which its mixes give more bits too: grouped queries make it small and what it loses large.
    /// </summary>
    Mixed,
}

/// <summary>Writes a decoder as a GGUF file that llama.cpp loads.</summary>
/// <remarks>
/// Bytes follow from the spec alone: metadata in the order of <see cref="Metadata"/>, tensors in the order of <see cref="DecoderTensors.Of"/>, alignment 32.
/// Sources: llama.cpp's conversion/base.py, llama.py and qwen.py. Unlike llama-quantize, a block type is used for every matrix, embedding and output too
/// (but see <see cref="FourBits"/>); a matrix whose rows are no multiple of 32 becomes float16, as the converter does.
/// </remarks>
public static class GgufExport
{
    /// <exception cref="ModelException">The weights or the vocabulary are not those of the shape, or the architecture cannot be written so.</exception>
    /// <exception cref="IOException">The disk is full, or the file is there and must not be replaced; nothing is left behind.</exception>
    public static WrittenFile Write(GgufExportSpec spec, string path, WriteOptions options, CancellationToken cancellationToken)
    {
        Check(spec);
        var tensors = DecoderTensors.Of(spec.Shape).Select(tensor => Outgoing(spec, tensor)).ToArray();
        var header = GgufHeader.Format(Metadata(spec), tensors);
        var bytes = header.Length + tensors.Sum(tensor => GgufFile.Padded(tensor.Bytes, GgufFile.DefaultAlignment));
        using var file = new NewFile(path, bytes, options.Replace);
        file.Write(header);
        var stream = new TensorStream(file, options, bytes);
        foreach (var tensor in tensors)
        {
            stream.Write(tensor, cancellationToken);
            stream.WriteZeros((int)(GgufFile.Padded(tensor.Bytes, GgufFile.DefaultAlignment) - tensor.Bytes));
        }

        stream.Finish();
        return file.Commit(options.ExpectedSha256);
    }

    internal static IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata(GgufExportSpec spec)
    {
        var (shape, vocabulary, list) = (spec.Shape, spec.Vocabulary, new List<KeyValuePair<string, GgufValue>>());
        var architecture = shape.Architecture == DecoderArchitecture.Llama ? "llama" : "qwen2";
        void Add(string key, GgufValue value) => list.Add(new(key.Replace("{arch}", architecture, StringComparison.Ordinal), value));

        Add("general.architecture", GgufValue.Of(architecture));
        Add("general.type", GgufValue.Of("model"));
        Add("general.name", GgufValue.Of(spec.Name));
        Add("{arch}.block_count", GgufValue.Of((uint)shape.Layers));
        Add("{arch}.context_length", GgufValue.Of((uint)shape.MaxPositions));
        Add("{arch}.embedding_length", GgufValue.Of((uint)shape.HiddenSize));
        Add("{arch}.feed_forward_length", GgufValue.Of((uint)shape.IntermediateSize));
        Add("{arch}.attention.head_count", GgufValue.Of((uint)shape.AttentionHeads));
        Add("{arch}.attention.head_count_kv", GgufValue.Of((uint)shape.KeyValueHeads));
        Add("{arch}.rope.freq_base", GgufValue.Of((float)shape.RopeTheta));
        Add("{arch}.attention.layer_norm_rms_epsilon", GgufValue.Of((float)shape.NormEpsilon));
        Add("general.file_type", GgufValue.Of(FileType(spec.Type)));
        if (shape.Architecture == DecoderArchitecture.Llama)
        {
            Add("{arch}.vocab_size", GgufValue.Of((uint)shape.VocabularySize));
            Add("{arch}.rope.dimension_count", GgufValue.Of((uint)shape.HeadSize));
        }

        if (shape.AttentionHeads * shape.HeadSize != shape.HiddenSize)
        {
            Add("{arch}.attention.key_length", GgufValue.Of((uint)shape.HeadSize));
            Add("{arch}.attention.value_length", GgufValue.Of((uint)shape.HeadSize));
        }

        Add("general.quantization_version", GgufValue.Of(2u));
        list.AddRange(vocabulary.Metadata());
        if (spec.ChatTemplate is { Length: > 0 } template)
            Add("tokenizer.chat_template", GgufValue.Of(template));
        return list;
    }

    /// <summary>Row of a published checkpoint that becomes row <paramref name="row"/> of a llama file: that architecture pairs neighbours where others pair halves.</summary>
    internal static long SourceRow(long row, int heads, long rows)
    {
        var size = rows / heads;
        var (head, within) = Math.DivRem(row, size);
        return (head * size) + (within % 2 * (size / 2)) + (within / 2);
    }

    private static void Check(GgufExportSpec spec)
    {
        var shape = spec.Shape;
        if (DecoderTensors.Differences(shape, spec.Weights).Take(5).ToArray() is { Length: > 0 } differences)
            throw new ModelException($"The weights are not those of the shape; the first differences:\n{string.Join('\n', differences)}");
        if (spec.Vocabulary.Tokens.Length != shape.VocabularySize)
            throw new ModelException($"The vocabulary has {spec.Vocabulary.Tokens.Length} tokens; the shape has {shape.VocabularySize}. Make it of that size.");
        if (shape.Architecture == DecoderArchitecture.Qwen2 && shape.AttentionHeads * shape.HeadSize != shape.HiddenSize)
            throw new ModelException($"{shape.AttentionHeads} heads of {shape.HeadSize} are not the width {shape.HiddenSize}, which llama.cpp asks of qwen2. Export to safetensors instead.");
    }

    private static OutgoingTensor Outgoing(GgufExportSpec spec, DecoderTensor tensor)
    {
        var type = TypeOf(spec, tensor);
        void Read(long first, Span<float> into) => spec.Weights.Read(tensor.Name, first, into);
        var outgoing = new OutgoingTensor(tensor.GgufName, tensor.Shape, type, tensor.Elements, tensor.RotaryHeads == 0 ? Read : Interleaved(spec.Weights, tensor));
        return type == WeightType.Q4_0 && spec.FourBits == FourBits.Mixed ? outgoing with { Encode = ScaleSearch.Q4_0 } : outgoing;
    }

    private static WeightType TypeOf(GgufExportSpec spec, DecoderTensor tensor)
    {
        if (tensor.IsVector)
            return WeightType.F32;
        if (tensor.Columns % spec.Type.BlockElements() != 0)
            return WeightType.F16;
        var logits = spec.Shape.TiedEmbeddings ? "token_embd.weight" : "output.weight";
        var sensitive = tensor.GgufName == logits || tensor.GgufName.EndsWith(".attn_v.weight", StringComparison.Ordinal);
        return spec is { Type: WeightType.Q4_0, FourBits: FourBits.Mixed } && sensitive ? WeightType.Q8_0 : spec.Type;
    }

    private static ReadElements Interleaved(IRawWeights weights, DecoderTensor tensor) => (first, into) =>
    {
        var columns = tensor.IsVector ? 1 : tensor.Columns;
        while (!into.IsEmpty)
        {
            var (row, column) = Math.DivRem(first, columns);
            var part = into[..(int)Math.Min(into.Length, columns - column)];
            weights.Read(tensor.Name, (SourceRow(row, tensor.RotaryHeads, tensor.Shape[0]) * columns) + column, part);
            into = into[part.Length..];
            first += part.Length;
        }
    };

    /// <summary><c>llama_ftype</c> of llama.h.</summary>
    private static uint FileType(WeightType type) => type switch
    {
        WeightType.F32 => 0,
        WeightType.F16 => 1,
        WeightType.Q4_0 => 2,
        WeightType.Q8_0 => 7,
        WeightType.Bf16 => 32,
        _ => throw new ModelException($"GGUF files of type {type.Spelling()} are not written. Ask for {string.Join(", ", WeightTypes.Writable.Keys)}."),
    };
}
