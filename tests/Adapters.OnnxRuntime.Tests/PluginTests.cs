using Adaptation.Adapters.Abstractions;
using Adaptation.Testing.Onnx;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

/// <summary>In one class, so one after the other: the engine takes a provider's name once per process.</summary>
public class PluginTests
{
    private static OnnxRuntimeSpec Plugin => Opened.Cpu with { Provider = "RefNpuEP", ProviderLibrary = Compiled.PluginProvider };

    private static byte[] Binary(string operation) => OnnxFile.Model(
        [new("x", 1, ["N"]), new("y", 1, ["N"])], [new("z", 1, ["N"])], [new(operation, ["x", "y"], ["z"])]);

    [Fact]
    public async Task What_the_plug_in_takes_over_is_computed_by_it()
    {
        await using var opened = await Opened.Async(Binary("Mul"), Plugin with { CpuFallback = false });

        var answer = await opened.InferAsync(Opened.Floats([2], 2, 3), Opened.Floats([2], 10, 20));

        Assert.Equal([20.5f, 60.5f], Opened.Floats(answer[0]));
        Assert.Contains("RefNpuEP of RefVendor", opened.Facts.Device, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_leaves_runs_on_the_CPU_where_that_is_allowed()
    {
        await using var opened = await Opened.Async(Binary("Add"), Plugin);

        var answer = await opened.InferAsync(Opened.Floats([1], 2), Opened.Floats([1], 10));

        Assert.Equal([12f], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task What_it_leaves_is_refused_where_the_CPU_is()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async(Binary("Add"), Plugin with { CpuFallback = false }));

        Assert.Contains("CPU EP", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_nodes_that_it_leaves_are_named_where_the_CPU_is_refused()
    {
        await using var adapter = OnnxRuntimeAdapter.Load(Plugin with { CpuFallback = false });

        var error = await Assert.ThrowsAsync<AdapterException>(() => adapter.OpenAsync("model.onnx", Binary("Add"), TestContext.Current.CancellationToken));

        Assert.Contains("On the CPU would run: Add", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_from_bytes_runs_where_nothing_is_left_to_the_CPU()
    {
        await using var adapter = OnnxRuntimeAdapter.Load(Plugin with { CpuFallback = false });
        await using var model = await adapter.OpenAsync("model.onnx", Binary("Mul"), TestContext.Current.CancellationToken);

        var answer = await model.InferAsync([Opened.Floats([1], 2), Opened.Floats([1], 10)], TestContext.Current.CancellationToken);

        Assert.Equal([20.5f], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task It_can_be_registered_again_once_it_was_disposed()
    {
        await (await Opened.Async(Binary("Mul"), Plugin)).DisposeAsync();

        await using var again = await Opened.Async(Binary("Mul"), Plugin);

        var answer = await again.InferAsync(Opened.Floats([1], 1), Opened.Floats([1], 1));
        Assert.Equal([1.5f], Opened.Floats(answer[0]));
    }

    [Fact]
    public void A_provider_that_the_library_does_not_bring_is_answered_with_those_it_does()
    {
        var error = Assert.Throws<AdapterException>(() => OnnxRuntimeAdapter.Load(Plugin with { Provider = "OtherEP" }));

        Assert.Contains("RefNpuEP", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plug_in_that_is_not_there_is_named()
    {
        var error = Assert.Throws<AdapterException>(() => OnnxRuntimeAdapter.Load(Plugin with { ProviderLibrary = "/nowhere/ep.so" }));

        Assert.Contains("/nowhere/ep.so does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_no_plug_in_is_named()
    {
        var error = Assert.Throws<AdapterException>(() => OnnxRuntimeAdapter.Load(Plugin with { ProviderLibrary = Compiled.OldEngine(5) }));

        Assert.Contains("cannot be registered", error.Message, StringComparison.Ordinal);
    }
}
