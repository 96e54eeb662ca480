using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>A second real device: Mesa's lavapipe, a Vulkan driver that computes on the CPU, through the Vulkan build of the engine.</summary>
public class VulkanTests
{
    private static readonly int[] Tokens = [1, 258, 259, 260, 7, 100, 101, 9];

    private static LlamaCppSpec Spec(string device) => Opened.Cpu with { Library = Engine.Vulkan, Devices = [device] };

    private static async Task<Opened> OpenAsync(GgufFile file, string device)
    {
        try
        {
            return await Opened.Async(file, Spec(device));
        }
        catch (AdapterException refused) when (refused.Message.Contains("libvulkan", StringComparison.Ordinal) || refused.Message.Contains("is not there", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                $"This machine has no Vulkan device, not even one in software. Debian/Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1. {refused.Message}", refused);
        }
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama-q8")]
    [InlineData("qwen2")]
    public async Task The_device_computes_what_the_CPU_computes(string variant)
    {
        var file = variant switch { "llama" => TinyModel.Llama, "llama-q8" => TinyModel.LlamaQuantised, _ => TinyModel.Qwen2 };
        await using var cpu = await OpenAsync(file, "CPU");
        await using var device = await OpenAsync(file, "Vulkan0");

        var (expected, actual) = (cpu.Decode(0, 0, Tokens), device.Decode(0, 0, Tokens));

        Assert.StartsWith("Vulkan0 (", device.Facts.Device, StringComparison.Ordinal);
        Assert.Equal("all", device.Facts.Options["device_layers"]);
        Assert.NotEqual(expected, actual); // the same bits would mean that the CPU computed both
        Logits.Near(expected, actual, variant == "llama-q8" ? 0.3f : 0.05f);
    }

    [Fact]
    public async Task The_tensor_face_of_the_device_agrees_with_its_token_face()
    {
        await using var device = await OpenAsync(TinyModel.Llama, "Vulkan0");

        var asTensor = await device.InferAsync(1, Tokens);

        Logits.Near(device.Decode(0, 0, Tokens), asTensor, 1e-4f);
    }

    [Fact]
    public async Task A_device_may_compute_some_layers_only()
    {
        await using var cpu = await OpenAsync(TinyModel.Llama, "CPU");
        await using var part = await Opened.Async(TinyModel.Llama, Spec("Vulkan0") with { DeviceLayers = 1 });

        Logits.Near(cpu.Decode(0, 0, Tokens), part.Decode(0, 0, Tokens), 0.05f);
    }
}
