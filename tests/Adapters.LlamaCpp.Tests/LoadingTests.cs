using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

public class LoadingTests
{
    [Fact]
    public void A_library_that_is_not_there_is_named() =>
        Refused(new() { Library = "/nowhere/libllama.so" }, "/nowhere/libllama.so does not exist");

    [Fact]
    public void A_folder_without_a_library_is_named() =>
        Refused(new() { Library = Directory.CreateTempSubdirectory("adaptation-").FullName }, "holds no libllama.so");

    [Fact]
    public void A_file_that_is_no_library_is_named() =>
        Refused(new() { Library = typeof(LoadingTests).Assembly.Location }, "cannot be loaded as a library");

    [Fact]
    public void A_library_that_is_no_llama_is_refused_with_what_it_lacks()
    {
        var other = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so");

        Refused(new() { Library = other }, "is no llama.cpp", "llama_version", "more");
    }

    [Fact]
    public void A_missing_function_is_refused_by_its_name() =>
        Refused(new() { Library = Compiled.Stub(missing: ["llama_memory_seq_rm"]) }, "does not export llama_memory_seq_rm.");

    /// <summary>Bytes of the two structs that another version has moved, and the field that the adapter finds changed first.</summary>
    public static TheoryData<bool, int, byte, string> Moved => new()
    {
        { true, 16, 0, "llama_model_params.n_gpu_layers at byte 16" },
        { true, 28, 0, "llama_model_params.lazy_mode at byte 28" },
        { true, 73, 1, "llama_model_params.check_tensors at byte 73" },
        { false, 1, 9, "llama_context_params.n_ctx at byte 0" },
        { false, 24, 0, "llama_context_params.n_outputs_max_per_seq at byte 24" },
        { false, 28, 0, "llama_context_params.n_threads at byte 28" },
        { false, 52, 0, "llama_context_params.flash_attn_type at byte 52" },
        { false, 108, 8, "llama_context_params.type_v at byte 108" },
        { false, 128, 1, "llama_context_params.embeddings at byte 128" },
    };

    [Theory, MemberData(nameof(Moved))]
    public void A_library_with_another_layout_is_refused_by_the_field(bool ofModel, int at, byte value, string said) =>
        Refused(
            new() { Library = ofModel ? Compiled.Stub(model: [(at, value)]) : Compiled.Stub(context: [(at, value)]) },
            said, "laid out otherwise", "v0.5.0");

    [Fact]
    public async Task A_context_that_answers_otherwise_than_it_was_asked_is_refused_by_the_field()
    {
        await using var opened = await Opened.Async(TinyModel.Llama);
        var library = LlamaLibrary.Load(Engine.Cpu);
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, TinyModel.Llama.Write(), TestContext.Current.CancellationToken);
        await using var model = LlamaCppAdapter.Load(Opened.Cpu).Open(path, TestContext.Current.CancellationToken);

        var error = Assert.Throws<AdapterException>(
            () => LlamaAbi.CheckContext(library, model.Native, (LlamaSymbol.llama_n_seq_max, LlamaAbi.Sequences, Opened.Cpu.Sequences + 1)));

        Assert.Contains("was given n_seq_max 5 answers 4 through llama_n_seq_max", error.Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public void A_device_that_is_not_there_is_answered_with_those_that_are() =>
        Refused(Opened.Cpu with { Devices = ["CANN0"] }, "Device CANN0 is not there", "CPU (");

    public static TheoryData<string, LlamaCppSpec> Contradictions => new()
    {
        { "Threads is 0", Spec with { Threads = 0 } },
        { "Threads is 513; 1 to 512 is expected", Spec with { Threads = 513 } },
        { "ContextLength is -1", Spec with { ContextLength = -1 } },
        { "Sequences is 257", Spec with { Sequences = 257 } },
        { "Batch is 0", Spec with { Batch = 0 } },
        { "MicroBatch is 0", Spec with { MicroBatch = 0 } },
        { "less than the 8 sequences", Spec with { Batch = 7 } },
        { "No device is named", Spec with { Devices = [] } },
        { "CPU stands beside Vulkan0", Spec with { Devices = ["CPU", "Vulkan0"] } },
        { "DeviceLayers is -1", Spec with { DeviceLayers = -1 } },
        { "CPU is the only device", Spec with { DeviceLayers = 1 } },
    };

    private static LlamaCppSpec Spec => new() { Library = "/nowhere" };

    [Theory, MemberData(nameof(Contradictions))]
    public void Choices_that_cannot_be_are_refused_before_anything_is_loaded(string said, LlamaCppSpec spec) => Refused(spec, said);

    [Fact]
    public async Task A_cache_that_wants_fused_attention_is_refused_without_it_in_the_engine_s_words()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(TinyModel.Llama, Opened.Cpu with { Cache = CacheType.Q8_0 }));

        Assert.Contains("flash_attn", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_context_than_the_engine_can_count_is_refused()
    {
        var file = TinyModel.Llama.With("llama.context_length", 1u << 24);

        var error = await Assert.ThrowsAsync<AdapterException>(
            () => Opened.Async(file, Opened.Cpu with { ContextLength = 1 << 24, Sequences = 200 }));

        Assert.Contains("200 sequences of 16777216 positions", error.Message, StringComparison.Ordinal);
    }

    /// <summary>One of the library's functions writes into a string that all callers share; a process that called it at once ended in a corrupted heap.</summary>
    [Fact]
    public void Adapters_may_be_loaded_at_the_same_time()
    {
        var first = LlamaCppAdapter.Load(Opened.Cpu).Facts.Options["system"];

        var loaded = new string[2_000];
        Parallel.For(0, loaded.Length, index => loaded[index] = LlamaCppAdapter.Load(Opened.Cpu).Facts.Options["system"]);

        Assert.All(loaded, system => Assert.Equal(first, system));
    }

    [Fact]
    public async Task What_the_engine_says_of_itself_is_reported()
    {
        await using var adapter = LlamaCppAdapter.Load(Opened.Cpu);

        Assert.Equal("llama.cpp", adapter.Facts.Engine);
        Assert.Matches(@"^0\.5\.\d+.* \([0-9a-f]{7,}\)$", adapter.Facts.EngineVersion);
        Assert.StartsWith("CPU (", adapter.Facts.Device, StringComparison.Ordinal);
        Assert.Equal(
            ["batch", "cache_type", "check_weights", "context_length", "device_layers", "devices", "flash_attention", "micro_batch", "pooling", "sequences", "system", "threads"],
            adapter.Facts.Options.Keys);
        Assert.Equal(("1", "f32", "CPU"), (adapter.Facts.Options["threads"], adapter.Facts.Options["cache_type"], adapter.Facts.Options["devices"]));
    }

    [Fact]
    public async Task A_model_keeps_to_the_context_that_it_was_trained_for()
    {
        await using var opened = await Opened.Async(TinyModel.Llama, Opened.Cpu with { ContextLength = 4096 });

        Assert.Equal((TinyModel.Trained, 4, 256), (opened.Model.ContextLength, opened.Model.Sequences, opened.Model.BatchCapacity));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_number_of_threads_changes_no_logit_by_more_than_rounding(int threads)
    {
        await using var one = await Opened.Async(TinyModel.Llama);
        await using var several = await Opened.Async(TinyModel.Llama, Opened.Cpu with { Threads = threads });

        Logits.Near(one.Decode(0, 0, 5, 6, 7, 8), several.Decode(0, 0, 5, 6, 7, 8));
    }

    [Fact]
    public async Task Fused_attention_and_a_narrower_cache_stay_near()
    {
        await using var plain = await Opened.Async(TinyModel.Llama);
        await using var fused = await Opened.Async(TinyModel.Llama, Opened.Cpu with { FlashAttention = true, Cache = CacheType.F16 });

        Logits.Near(plain.Decode(0, 0, 5, 6, 7, 8), fused.Decode(0, 0, 5, 6, 7, 8), 0.05f);
    }

    [Fact]
    public async Task Opening_can_be_cancelled_before_and_while_the_weights_are_read()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, TinyModel.Llama.Write(), TestContext.Current.CancellationToken);
        await using var adapter = LlamaCppAdapter.Load(Opened.Cpu);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => adapter.OpenAsync(new(path), new(canceled: true)));
        Assert.ThrowsAny<OperationCanceledException>(() => adapter.LoadWeights(path, new(canceled: true)));

        await using var model = await adapter.OpenAsync(new(path), TestContext.Current.CancellationToken);
        Assert.NotNull(model);
        File.Delete(path);
    }

    [Fact]
    public async Task An_adapter_may_be_disposed_twice()
    {
        var adapter = LlamaCppAdapter.Load(Opened.Cpu);

        await adapter.DisposeAsync();
        await adapter.DisposeAsync();

        Assert.NotEmpty(adapter.Facts.Device);
    }

    private static void Refused(LlamaCppSpec spec, params string[] said)
    {
        var error = Assert.Throws<AdapterException>(() => LlamaCppAdapter.Load(spec));

        Assert.All(said, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }
}
