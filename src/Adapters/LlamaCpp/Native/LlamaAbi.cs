using System.Runtime.CompilerServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Parameters of a model or a context, larger than the library's own struct: the rest keeps what the library puts there.</summary>
/// <remarks>Passed by value. A struct above 16 bytes goes through memory in the calling conventions of x64 and arm64, so only what the callee reads matters.</remarks>
internal unsafe struct LlamaBlock
{
    public const int Size = 256;

#pragma warning disable CS0649 // filled by the library
    private fixed long _words[Size / sizeof(long)];
#pragma warning restore CS0649

    public readonly long Read(int offset, int size)
    {
        var bits = 0L;
        fixed (long* words = _words)
            Unsafe.CopyBlockUnaligned(&bits, (byte*)words + offset, (uint)size);
        return bits;
    }

    public void Write(LlamaField field, long bits)
    {
        fixed (long* words = _words)
            Unsafe.CopyBlockUnaligned((byte*)words + field.Offset, &bits, (uint)field.Size);
    }
}

/// <summary>A field of a parameter struct.</summary>
/// <param name="Name">As llama.h names it.</param>
/// <param name="Offset">In bytes.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Default">What the library's own defaults hold there, as bits.</param>
internal readonly record struct LlamaField(string Name, int Offset, int Size, long Default);

/// <summary>The layout of the structs that the adapter fills in, and the proof that a library has the same.</summary>
/// <remarks>
/// Source: include/llama.h and the two functions llama_*_default_params of llama.cpp v0.5.0. Between versions fields come and go in the
/// middle. Every such move shifts a default that is not zero, so that comparing all defaults finds it before anything is called with them.
/// </remarks>
internal static unsafe class LlamaAbi
{
    private const int Int = sizeof(int), Pointer = 8, Bool = 1;

    private static readonly long MinusOne = uint.MaxValue, MinusOneFloat = BitConverter.SingleToUInt32Bits(-1f);

    public static readonly LlamaField
        Devices = new("devices", 0, Pointer, 0),
        GpuLayers = new("n_gpu_layers", 16, Int, MinusOne),
        ProgressCallback = new("progress_callback", 48, Pointer, 0),
        ProgressData = new("progress_callback_user_data", 56, Pointer, 0),
        CheckTensors = new("check_tensors", 73, Bool, 0);

    public static readonly LlamaField
        Context = new("n_ctx", 0, Int, 512),
        Batch = new("n_batch", 4, Int, 2048),
        MicroBatch = new("n_ubatch", 8, Int, 512),
        Sequences = new("n_seq_max", 12, Int, 1),
        Threads = new("n_threads", 28, Int, 4),
        BatchThreads = new("n_threads_batch", 32, Int, 4),
        Pooling = new("pooling_type", 44, Int, MinusOne),
        FlashAttention = new("flash_attn_type", 52, Int, MinusOne),
        EvalCallback = new("cb_eval", 88, Pointer, 0),
        EvalData = new("cb_eval_user_data", 96, Pointer, 0),
        KeyType = new("type_k", 104, Int, 1),
        ValueType = new("type_v", 108, Int, 1),
        AbortCallback = new("abort_callback", 112, Pointer, 0),
        AbortData = new("abort_callback_data", 120, Pointer, 0),
        Embeddings = new("embeddings", 128, Bool, 0);

    private static readonly LlamaField[] ModelFields =
    [
        Devices, new("tensor_buft_overrides", 8, Pointer, 0), GpuLayers, new("split_mode", 20, Int, 1), new("load_mode", 24, Int, MinusOne),
        new("lazy_mode", 28, Int, 1), new("main_gpu", 32, Int, 0), new("tensor_split", 40, Pointer, 0), ProgressCallback, ProgressData,
        new("kv_overrides", 64, Pointer, 0), new("vocab_only", 72, Bool, 0), CheckTensors, new("use_extra_bufts", 74, Bool, 1),
        new("no_host", 75, Bool, 0), new("no_alloc", 76, Bool, 0), new("load_mtp", 77, Bool, 0),
    ];

    private static readonly LlamaField[] ContextFields =
    [
        Context, Batch, MicroBatch, Sequences, new("n_rs_seq", 16, Int, 0), new("n_outputs_max", 20, Int, 0),
        new("n_outputs_max_per_seq", 24, Int, 1), Threads, BatchThreads, new("ctx_type", 36, Int, 0),
        new("rope_scaling_type", 40, Int, MinusOne), Pooling, new("attention_type", 48, Int, MinusOne), FlashAttention,
        new("rope_freq_base", 56, Int, 0), new("rope_freq_scale", 60, Int, 0), new("yarn_ext_factor", 64, Int, MinusOneFloat),
        new("yarn_attn_factor", 68, Int, MinusOneFloat), new("yarn_beta_fast", 72, Int, MinusOneFloat),
        new("yarn_beta_slow", 76, Int, MinusOneFloat), new("yarn_orig_ctx", 80, Int, 0), new("defrag_thold", 84, Int, MinusOneFloat),
        EvalCallback, EvalData, KeyType, ValueType, AbortCallback, AbortData, Embeddings,
        new("offload_kqv", 129, Bool, 1), new("no_perf", 130, Bool, 1), new("op_offload", 131, Bool, 1), new("swa_full", 132, Bool, 1),
        new("kv_unified", 133, Bool, 0), new("samplers", 136, Pointer, 0), new("n_samplers", 144, Pointer, 0), new("ctx_other", 152, Pointer, 0),
    ];

    public static LlamaBlock ModelDefaults(LlamaLibrary library) =>
        ((delegate* unmanaged<LlamaBlock>)library[LlamaSymbol.llama_model_default_params])();

    public static LlamaBlock ContextDefaults(LlamaLibrary library) =>
        ((delegate* unmanaged<LlamaBlock>)library[LlamaSymbol.llama_context_default_params])();

    /// <summary>Compares the library's defaults, at the places where the adapter expects them, with what they are documented to be.</summary>
    /// <exception cref="AdapterException">A field differs; the message names it.</exception>
    public static void CheckDefaults(LlamaLibrary library)
    {
        Check(library, "llama_model_params", ModelDefaults(library), ModelFields);
        Check(library, "llama_context_params", ContextDefaults(library), ContextFields);
    }

    /// <summary>Compares what a context says of itself with what it was asked for: the proof that the fields were read where they were written.</summary>
    /// <exception cref="AdapterException">A field differs; the message names it.</exception>
    public static void CheckContext(LlamaLibrary library, nint context, params ReadOnlySpan<(LlamaSymbol Getter, LlamaField Field, int Asked)> expected)
    {
        foreach (var (getter, field, asked) in expected)
        {
            var got = ((delegate* unmanaged<nint, int>)library[getter])(context);
            if (got != asked)
                throw Mismatch(library, $"a context that was given {field.Name} {asked} answers {got} through {getter}");
        }
    }

    private static void Check(LlamaLibrary library, string type, LlamaBlock block, LlamaField[] fields)
    {
        foreach (var field in fields)
        {
            var got = block.Read(field.Offset, field.Size);
            if (got != field.Default)
                throw Mismatch(library, $"{type}.{field.Name} at byte {field.Offset} holds 0x{got:x} by default; 0x{field.Default:x} is expected");
        }
    }

    private static AdapterException Mismatch(LlamaLibrary library, string what) => new(
        $"{library.Path} is another llama.cpp than the one that this adapter was written for: {what}. "
        + "Its structs are laid out otherwise, so nothing was computed with it. Use a build of llama.cpp v0.5.0.");
}
