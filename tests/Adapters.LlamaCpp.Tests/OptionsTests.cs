using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

public class OptionsTests
{
    private static readonly LlamaCppSpec Plain = new() { Library = "lib" };

    [Fact]
    public void Every_option_is_read()
    {
        var spec = Apply(
            ("batch", "64"), ("cache_type", "q8_0"), ("check_weights", "no"), ("context_length", "128"), ("device_layers", "3"), ("devices", "CANN0, CANN1"),
            ("flash_attention", "on"), ("micro_batch", "32"), ("pooling", "mean"), ("sequences", "5"), ("threads", "2"));

        Assert.Equal(["CANN0", "CANN1"], spec.Devices);
        Assert.Equal(
            Plain with
            {
                Batch = 64,
                Cache = CacheType.Q8_0,
                CheckWeights = false,
                ContextLength = 128,
                DeviceLayers = 3,
                Devices = spec.Devices,
                FlashAttention = true,
                MicroBatch = 32,
                Pooling = Pooling.Mean,
                Sequences = 5,
                Threads = 2,
            },
            spec);
    }

    [Fact]
    public async Task What_an_adapter_shows_can_be_given_to_another()
    {
        await using var adapter = LlamaCppAdapter.Load(Opened.Cpu with { Pooling = Pooling.Last });

        var again = LlamaCppOptions.Apply(Opened.Cpu, adapter.Facts.Options.Remove("system").Remove("device_layers"));

        Assert.Equal(Opened.Cpu with { Pooling = Pooling.Last, Devices = again.Devices }, again);
    }

    [Theory]
    [InlineData("gpu_layers", "1", "Option gpu_layers does not exist; llama.cpp takes batch, ")]
    [InlineData("threads", "-1", "Option threads is '-1'")]
    [InlineData("threads", "two", "a number is expected")]
    [InlineData("cache_type", "f64", "f32 or f16 or q8_0 is expected")]
    [InlineData("check_weights", "true", "yes or no is expected")]
    [InlineData("flash_attention", "auto", "on or off is expected")]
    [InlineData("pooling", "rank", "none or mean or first or last is expected")]
    public void An_option_that_cannot_be_read_is_named(string name, string value, string said)
    {
        var error = Assert.Throws<AdapterException>(() => Apply((name, value)));

        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    private static LlamaCppSpec Apply(params (string Name, string Value)[] options) =>
        LlamaCppOptions.Apply(Plain, options.ToImmutableSortedDictionary(option => option.Name, option => option.Value, StringComparer.Ordinal));
}
