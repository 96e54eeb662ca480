using Adaptation.Adapters.Abstractions;
using Adaptation.Testing.Onnx;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

public class LoadingTests
{
    [Fact]
    public void A_library_that_is_not_there_is_named() =>
        Refused(new() { Library = "/nowhere/libonnxruntime.so" }, "/nowhere/libonnxruntime.so does not exist");

    [Fact]
    public void A_file_that_is_no_library_is_named() =>
        Refused(new() { Library = typeof(LoadingTests).Assembly.Location }, "cannot be loaded as a library");

    [Fact]
    public void A_library_that_is_no_engine_is_named()
    {
        var other = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so");

        Refused(new() { Library = other }, "is no ONNX Runtime");
    }

    [Fact]
    public void A_build_below_the_lowest_version_is_refused_with_wanted_and_got() =>
        Refused(new() { Library = Compiled.OldEngine(4) }, "ONNX Runtime 1.4.0", "API version 5");

    [Fact]
    public async Task A_build_of_exactly_the_lowest_version_serves_the_real_model()
    {
        await using var adapter = OnnxRuntimeAdapter.Load(new() { Library = Compiled.OldEngine(5) });
        await using var model = (ITensorModel)await adapter.OpenAsync(new(Engine.OcrModel), TestContext.Current.CancellationToken);

        var answer = await model.InferAsync([Opened.Floats([1, 3, 48, 32], new float[3 * 48 * 32])], TestContext.Current.CancellationToken);

        Assert.Equal([1, 4, 6625], answer[0].Shape);
    }

    [Fact]
    public async Task Strings_want_a_build_that_knows_their_length()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(
            () => Opened.Async(OnnxFile.Identity(8, "N"), new() { Library = Compiled.OldEngine(14) }));

        Assert.Contains("API version 15", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_that_would_ignore_the_refusal_of_the_CPU_is_refused() =>
        Refused(new() { Library = Compiled.OldEngine(15), Provider = "Xnnpack", CpuFallback = false }, "API version 16");

    [Fact]
    public void A_plug_in_wants_a_build_that_takes_plug_ins() =>
        Refused(new() { Library = Compiled.OldEngine(21), Provider = "RefNpuEP", ProviderLibrary = Compiled.PluginProvider }, "API version 22");

    [Theory]
    [InlineData("CANNExecutionProvider")]
    [InlineData("NoSuchThing")]
    public void A_provider_that_the_build_lacks_is_answered_with_those_it_has(string provider) =>
        Refused(Opened.Cpu with { Provider = provider }, $"Provider {provider} is not in this build", "CPUExecutionProvider");

    [Fact]
    public void The_CPU_cannot_be_both_wanted_and_refused() => Refused(Opened.Cpu with { CpuFallback = false }, "leaves nothing to run on");

    [Fact]
    public void The_CPU_takes_no_options() =>
        Refused(Opened.Cpu with { ProviderOptions = Opened.Cpu.ProviderOptions.Add("device_id", "0") }, "device_id");

    [Fact]
    public void Less_than_one_thread_is_refused() => Refused(Opened.Cpu with { Threads = 0 }, "Threads is 0");

    [Fact]
    public async Task A_broken_model_is_named_with_the_engine_s_words()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async([1, 2, 3, 4]));

        Assert.Contains("model.onnx cannot be opened on CPUExecutionProvider", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_complex_tensor_is_refused_by_its_name()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(OnnxFile.Identity(14, "N")));

        Assert.Contains("cannot", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sequence_is_refused_by_its_name()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(OnnxFile.SequenceModel()));

        Assert.Contains("output y is a sequence", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_models_in_a_folder_want_a_choice()
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        foreach (var name in new[] { "a.onnx", "b.onnx" })
            await File.WriteAllBytesAsync(Path.Combine(folder, name), OnnxFile.Identity(1, "N"), TestContext.Current.CancellationToken);
        await using var adapter = OnnxRuntimeAdapter.Load(Opened.Cpu);

        var error = await Assert.ThrowsAsync<AdapterException>(() => adapter.OpenAsync(new(folder), TestContext.Current.CancellationToken));

        Assert.Contains("a.onnx, b.onnx", error.Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task What_the_engine_says_of_itself_is_reported()
    {
        await using var adapter = OnnxRuntimeAdapter.Load(Opened.Cpu);

        Assert.Equal("ONNX Runtime", adapter.Facts.Engine);
        Assert.Matches(@"^1\.\d+\.\d+", adapter.Facts.EngineVersion);
        Assert.Contains("CPUExecutionProvider", adapter.Facts.Providers);
        Assert.Equal("1", adapter.Facts.Options["intra_op_threads"]);
    }

    private static void Refused(OnnxRuntimeSpec spec, params string[] said)
    {
        var error = Assert.Throws<AdapterException>(() => OnnxRuntimeAdapter.Load(spec));

        Assert.All(said, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }
}
