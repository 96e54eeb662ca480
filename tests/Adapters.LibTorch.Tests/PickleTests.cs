using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch.Tests;

/// <summary>Pickles that would do more than build tensors: each is refused before torch sees a byte of the archive.</summary>
public class PickleTests
{
    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "exec")]
    [InlineData("__builtin__", "getattr")]
    [InlineData("subprocess", "Popen")]
    [InlineData("torch", "load")]
    [InlineData("torch.hub", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch.distributed.rpc", "rref")]
    [InlineData("__torch__.torch.classes.tensorrt", "Engine")]
    [InlineData("__torch__..", "x")]
    [InlineData("__torch__evil", "x")]
    [InlineData("collections", "Counter")]
    [InlineData("__main__", "TensorID")]
    public async Task A_stranger_is_refused_by_name(string module, string name)
    {
        var pickle = ArchiveFile.Pickle([$"c{module}\n{name}\n", ArchiveFile.Text("touch /tmp/owned"), '\x85', 'R']);

        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Archive(ArchiveFile.Good().Replace("data.pkl", pickle).ToBytes()));

        Assert.Contains($"data.pkl names {module}.{name}", error.Message, StringComparison.Ordinal);
        Assert.Contains("refused before torch reads it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("constants.pkl")]
    [InlineData("code/__torch__.py.debug_pkl")]
    public void A_stranger_is_found_in_every_pickle(string place)
    {
        var attack = ArchiveFile.Pickle(["cos\nsystem\n", ArchiveFile.Text("id"), '\x85', 'R']);

        Refused(ArchiveFile.Good().Replace(place, attack), $"{place} names os.system");
        Refused(ArchiveFile.Good().Without(place).Add("net/" + place, attack, deflate: true), $"{place} names os.system");
    }

    [Theory]
    [InlineData('\x93', "opcode 0x93")] // STACK_GLOBAL: the name comes from the stack
    [InlineData('i', "opcode 0x69 ('i')")] // INST
    [InlineData('o', "opcode 0x6f ('o')")] // OBJ
    [InlineData('P', "opcode 0x50 ('P')")] // PERSID
    [InlineData('\x82', "opcode 0x82")] // EXT1: a name from a registry
    [InlineData('\x92', "opcode 0x92")] // NEWOBJ_EX
    [InlineData('\x95', "opcode 0x95")] // FRAME
    [InlineData('\0', "opcode 0x00")]
    public void An_opcode_that_no_archive_needs_is_refused(char code, string reason) =>
        Refused(ArchiveFile.Good().Replace("data.pkl", ArchiveFile.Pickle([ArchiveFile.Text("os"), ArchiveFile.Text("system"), code, ')', 'R'])), reason);

    [Fact]
    public void What_is_called_must_have_been_named()
    {
        Refused(Data(["K\0", ')', 'R']), "calls something that it did not name"); // torch takes a number for the first thing that was named
        Refused(Data([ArchiveFile.Text("os.system"), ')', 'R']), "calls something that it did not name");
        Refused(Data(["ctorch\nFloatStorage\n", ')', 'R']), "calls torch.FloatStorage, which is no function");
        Refused(Data(["ccollections\nOrderedDict\n", "K\0", 'R']), "with something that is no tuple");
        Refused(Data(["ccollections\nOrderedDict\n", ')', '\x81']), "makes an instance of something that is no class");
        Refused(Data(["c__torch__\nNet\n", "K\0", '\x85', '\x81']), "gives it arguments");
        Refused(Data([']', '}', 'b']), "gives a state");
    }

    [Theory]
    [InlineData(4, "0", "FloatStorage", "takes 4 elements of torch.FloatStorage from storage 0, which has 12 bytes")]
    [InlineData(1L << 40, "0", "FloatStorage", "which has 12 bytes")]
    [InlineData(1L << 62, "0", "FloatStorage", "which has 12 bytes")]
    [InlineData(-1, "0", "FloatStorage", "takes -1 elements")]
    [InlineData(3, "0", "DoubleStorage", "takes 3 elements of torch.DoubleStorage")]
    [InlineData(3, "1", "FloatStorage", "which is not there")]
    [InlineData(3, "../../version", "FloatStorage", "which is not there")]
    public void A_tensor_that_would_read_beyond_its_file_is_refused(long elements, string key, string storage, string reason) =>
        Refused(ArchiveFile.Good().Replace("data.pkl", ArchiveFile.Module("Q", elements, key, storage)), reason);

    [Theory]
    [InlineData(0, 3, 1, null)]
    [InlineData(1, 2, 1, null)]
    [InlineData(0, 2, 2, null)]
    [InlineData(9, 0, 1, null)]
    [InlineData(1, 3, 1, "reaches to element 3 of a storage of 3")]
    [InlineData(0, 3, 2, "reaches to element 4 of a storage of 3")]
    [InlineData(3, 1, 0, "reaches to element 3 of a storage of 3")]
    [InlineData(0, long.MaxValue, long.MaxValue, "of a storage of 3")]
    [InlineData(-1, 1, 1, "of a storage of 3")]
    [InlineData(0, -1, 1, "no numbers of 0 or more")]
    [InlineData(2, 2, -1, "no numbers of 0 or more")]
    public void A_tensor_lies_within_its_storage(long offset, long size, long stride, string? reason)
    {
        var tensor = ArchiveFile.Pickle(
        [
            "ctorch._utils\n_rebuild_tensor_v2\n", "((", ArchiveFile.Text("storage"), "ctorch\nFloatStorage\n", ArchiveFile.Text("0"), ArchiveFile.Text("cpu"), ArchiveFile.Int(3), "tQ",
            ArchiveFile.Int(offset), ArchiveFile.Int(size), '\x85', ArchiveFile.Int(stride), '\x85', '\x89', "Nt", 'R',
        ]);

        if (reason is null)
            PickleScan.Check(tensor, "data.pkl", _ => 12);
        else
            Refused(ArchiveFile.Good().Replace("data.pkl", tensor), reason);
    }

    [Fact]
    public void A_tensor_comes_from_a_storage_and_nothing_else()
    {
        Refused(Data([ArchiveFile.Text("storage"), 'Q']), "no storage");
        Refused(Data(["(", ArchiveFile.Text("module"), "ctorch\nFloatStorage\n", ArchiveFile.Text("0"), ArchiveFile.Text("cpu"), "K\u0003t", 'Q']), "no storage");
        Refused(Data(["(", ArchiveFile.Text("storage"), "cos\nsystem\n"]), "names os.system");
    }

    [Fact]
    public void The_memo_grows_one_by_one()
    {
        Refused(Data([')', new byte[] { (byte)'r', 0xf0, 0xff, 0xff, 0xff }]), "keeps a value as number 4294967280; 0 is the next"); // 64 GiB in torch
        Refused(Data([')', "q\u0001"]), "keeps a value as number 1");
        Refused(Data(["h\0"]), "recalls value 0 of 0");
        Refused(Data(["q\0"]), "keeps a value as number 0");
    }

    [Fact]
    public void A_group_ends_where_it_started()
    {
        Refused(Data(['t']), "a group that it did not start");
        Refused(Data(['(', ')', '\x86']), "takes more values than it has");
        Refused(Data(['R']), "takes more values than it has");
        Refused(Data([')', ')', 'a']), "no list and no dictionary");
        Refused(Data([')', ')']), "leaves 2 values");
        Refused(ArchiveFile.Good().Replace("data.pkl", [.. ArchiveFile.Pickle([')']), (byte)'.']), "goes on behind its end");
        Refused(ArchiveFile.Good().Replace("data.pkl", [0x80, 4, (byte)')', (byte)'.']), "is not of protocol 2");
        Refused(Data([new byte[] { (byte)'X', 0xff, 0xff, 0xff, 0xff, 1 }]), "ends too early");
        Refused(Data(["c" + new string('a', 9000)]), "a name that does not end");
    }

    [Fact]
    public void A_cut_pickle_is_refused_wherever_it_was_cut()
    {
        var whole = ArchiveFile.Module("Q");

        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => PickleScan.Check(whole.AsSpan(0, length), "data.pkl", _ => 12));
        PickleScan.Check(whole, "data.pkl", _ => 12);
    }

    [Fact]
    public void Random_bytes_never_end_the_process()
    {
        var random = new Random(20261122);
        var bytes = new byte[64];
        for (var round = 0; round < 20000; round++)
        {
            random.NextBytes(bytes);
            (bytes[0], bytes[1]) = (0x80, 2);
            Assert.Throws<InvalidDataException>(() => PickleScan.Check(bytes, "data.pkl", _ => null));
        }
    }

    private static ArchiveFile Data(object[] parts) => ArchiveFile.Good().Replace("data.pkl", ArchiveFile.Pickle(parts));

    private static void Refused(ArchiveFile archive, string reason)
    {
        var error = Assert.Throws<AdapterException>(() => ArchiveScan.Check(new MemoryStream(archive.ToBytes()), "Model model.pt"));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
