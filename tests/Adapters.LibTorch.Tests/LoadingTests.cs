using System.Collections.Immutable;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch.Tests;

public class LoadingTests
{
    [Fact]
    public void A_library_that_is_not_there_is_named() => Refused(Torch.Cpu with { Library = "/nowhere/libadaptation_torch.so" }, "/nowhere/libadaptation_torch.so does not exist");

    [Fact]
    public void A_file_that_is_no_library_is_named() => Refused(Torch.Cpu with { Library = typeof(LoadingTests).Assembly.Location }, "cannot be loaded as a library");

    [Fact]
    public void A_library_that_is_no_shim_is_named() =>
        Refused(Torch.Cpu with { Library = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so") }, "is no shim of ours");

    [Fact]
    public void A_shim_of_another_interface_is_refused_with_both_numbers() => Refused(Torch.Cpu with { Library = Torch.OtherShim }, "has interface 2; this host speaks 1");

    [Theory]
    [InlineData("cuda:0", "available are cpu")]
    [InlineData("npu", "this torch has no such device; available are cpu")]
    [InlineData("mlu:1", "this torch has no such device; available are cpu")]
    [InlineData("meta", "it holds shapes and no values")]
    [InlineData("cpu:7:1", "this torch has no such device")]
    [InlineData("", "Option device is ''")]
    [InlineData("/dev/npu0", "Option device is '/dev/npu0'")]
    public void A_device_that_is_not_here_is_answered_with_those_that_are(string device, string reason) => Refused(Torch.Cpu with { Device = device }, reason);

    [Fact]
    public void A_plug_in_that_is_not_there_or_no_library_is_named()
    {
        Refused(Torch.Cpu with { Plugins = ["/nowhere/libtorch_npu.so"] }, "Plug-in library /nowhere/libtorch_npu.so does not exist");
        Refused(Torch.Cpu with { Plugins = [typeof(LoadingTests).Assembly.Location] }, "invalid ELF header");
    }

    [Fact]
    public async Task A_device_of_a_plug_in_computes_and_its_answers_come_to_the_CPU()
    {
        var spec = Torch.Cpu with { Device = "privateuseone:0", Plugins = [Torch.Plugin] };
        await using var model = await Opened.Source("def forward(x, y):\n    return x * y, x + y\n", spec);

        var answer = await model.InferAsync(Opened.Floats([2], 1, 2), Opened.Floats([2], 10, 20));

        Assert.Equal("privateuseone:0", model.Facts.Device);
        Assert.Contains("privateuseone:0", model.Facts.Providers);
        Assert.Equal([10.5f, 40.5f], Opened.Floats(answer[0])); // the plug-in's own way to multiply
        Assert.Equal([11, 22], Opened.Floats(answer[1]));
    }

    [Fact]
    public async Task It_says_what_it_is()
    {
        await using var adapter = LibTorchAdapter.Load(Torch.Cpu);

        Assert.Equal("LibTorch", adapter.Facts.Engine);
        Assert.Matches(@"\A[0-9]+\.[0-9]+\.[0-9]+", adapter.Facts.EngineVersion);
        Assert.Equal("pytorch_torchscript", adapter.Facts.Platform);
        Assert.Equal("cpu", adapter.Facts.Device);
        Assert.Equal("1", adapter.Facts.Options["threads"]);
    }

    [Fact]
    public void Options_change_the_spec_and_an_unknown_one_is_named()
    {
        var spec = Torch.Cpu.With(ImmutableSortedDictionary<string, string>.Empty.Add("device", "npu:1").Add("plugins", "/a.so:/b.so"));
        var error = Assert.Throws<AdapterException>(() => Torch.Cpu.With(ImmutableSortedDictionary<string, string>.Empty.Add("devices", "cpu")));

        Assert.Equal("npu:1", spec.Device);
        Assert.Equal(["/a.so", "/b.so"], spec.Plugins);
        Assert.Contains("Option devices does not exist", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.pt")]
    [InlineData("net.pt")]
    public async Task A_folder_with_one_archive_is_a_model(string name)
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-");
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name), ArchiveFile.Good().ToBytes(), TestContext.Current.CancellationToken);
        await using var adapter = LibTorchAdapter.Load(Torch.Cpu);
        await using var model = (ITensorModel)await adapter.OpenAsync(new(folder.FullName), TestContext.Current.CancellationToken);

        var answer = await model.InferAsync([Opened.Floats([1], 10)], TestContext.Current.CancellationToken);

        Assert.Equal([11, 12, 13], Opened.Floats(answer[0]));
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_folder_with_source_is_a_model_and_an_empty_file_is_none()
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-");
        var file = Path.Combine(folder.FullName, "model.py");
        await File.WriteAllTextAsync(file, "def forward(x):\n    return -x\n", TestContext.Current.CancellationToken);
        await using var adapter = LibTorchAdapter.Load(Torch.Cpu);
        await using (var model = (ITensorModel)await adapter.OpenAsync(new(folder.FullName), TestContext.Current.CancellationToken))
        {
            var answer = await model.InferAsync([Opened.Floats([1], 10)], TestContext.Current.CancellationToken);
            Assert.Equal([-10], Opened.Floats(answer[0]));
        }
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<AdapterException>(() => adapter.OpenAsync(new(file), TestContext.Current.CancellationToken));
        folder.Delete(recursive: true);
    }

    private static void Refused(LibTorchSpec spec, string reason) =>
        Assert.Contains(reason, Assert.Throws<AdapterException>(() => LibTorchAdapter.Load(spec)).Message, StringComparison.Ordinal);
}
