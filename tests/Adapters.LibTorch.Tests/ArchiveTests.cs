using Adaptation.Adapters.Abstractions;
using Adaptation.Testing;

namespace Adaptation.Adapters.LibTorch.Tests;

/// <summary>Archives as users have them, and all that can be wrong with the zip around them.</summary>
public class ArchiveTests
{
    private static byte[] Real => File.ReadAllBytes(Path.Combine(Golden.Root, "tests/Adapters.LibTorch.Tests/Given/net.pt"));

    [Fact]
    public async Task An_archive_that_torch_saved_computes_what_its_code_says()
    {
        await using var model = await Opened.Archive(Real);

        var answer = await model.InferAsync(Opened.Floats([1, 3], 1, 0, 1), Opened.Whole(2));

        Assert.Equal([new("x", null, null), new("times", DataType.Int64, [])], model.Model.Signature.Inputs.Select(input => input with { Shape = input.Shape is null ? null : [] }));
        // (weight x + offset * 1.5 + 3 + [100, 200]) * 2
        Assert.Equal([2 * (4 + 0.75f + 3 + 100), 2 * (10 - 0.75f + 3 + 200)], Opened.Floats(answer[0]));
        Assert.Equal([2, 1], answer[1].Shape);
        Assert.Equal(7, BitConverter.ToInt64(answer[2].Data.Span));
    }

    [Fact]
    public async Task An_archive_of_ours_opens_so_that_what_is_changed_below_is_what_is_refused()
    {
        await using var model = await Opened.Archive(ArchiveFile.Good().ToBytes());

        var answer = await model.InferAsync(Opened.Floats([1], 10));

        Assert.Equal([11, 12, 13], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task An_archive_may_have_been_saved_under_any_name()
    {
        var archive = new ArchiveFile().Add("唐诗 2.0/data.pkl", ArchiveFile.Module("Q"), deflate: false).Add("唐诗 2.0/code/__torch__.py", ArchiveFile.Code, deflate: true)
            .Add("唐诗 2.0/constants.pkl", ArchiveFile.Pickle([')']), deflate: false).Add("唐诗 2.0/data/0", ArchiveFile.Floats(1, 2, 3), deflate: false).Add("唐诗 2.0/version", "3\n"u8.ToArray(), deflate: false);
        await using var model = await Opened.Archive(archive.ToBytes());

        var answer = await model.InferAsync(Opened.Floats([1], 1));

        Assert.Equal([2, 3, 4], Opened.Floats(answer[0]));
    }

    [Fact]
    public void An_archive_that_was_cut_off_is_refused_wherever_it_was_cut()
    {
        var whole = Real;

        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<AdapterException>(() => Scan(whole[..length]));
    }

    [Fact]
    public void A_flipped_bit_is_refused_or_changes_neither_pickles_nor_code()
    {
        var whole = Real;
        var before = PicklesAndCode(whole);
        var (refused, harmless) = (0, 0);
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var flipped = whole.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Scan(flipped);
            }
            catch (AdapterException)
            {
                refused++;
                continue;
            }
            Assert.Equal(before, PicklesAndCode(flipped)); // weights, dates, and the last bits of a packed file
            harmless++;
        }
        Assert.True(refused > harmless, $"{refused} refused, {harmless} harmless");
    }

    [Fact]
    public void Bytes_before_between_and_behind_the_files_are_refused()
    {
        Refused(Copy(new() { Before = "#!/bin/sh\n"u8.ToArray() }), "contradict", "belong to none", "is not where it should be");
        Refused(Copy(new() { Between = new byte[64] }), "belong to none");
        Refused(Copy(new() { Comment = "hello"u8.ToArray() }), "does not end as a zip archive without comment does");
        Refused([.. ArchiveFile.Good().ToBytes(), 0], "does not end");
    }

    [Theory]
    [InlineData("../evil.py", "plain paths")]
    [InlineData("net/../../evil", "plain paths")]
    [InlineData("/etc/passwd", "plain paths")]
    [InlineData("net/code/a\\b.py", "plain paths")]
    [InlineData("net/code//a.py", "plain paths")]
    [InlineData("net/code/a\n.py", "plain paths")]
    [InlineData("other/code/a.py", "do not lie below one folder")]
    [InlineData("net/setup.sh", "neither tensors nor code")]
    [InlineData("net/extra/notes.txt", "neither tensors nor code")]
    [InlineData("net/code/run.so", "neither tensors nor code")]
    [InlineData("net/bytecode.pkl", "neither tensors nor code")]
    [InlineData("net/data/evil", "neither tensors nor code")]
    [InlineData("net/data/0", "holds net/data/0 twice")]
    public void A_file_with_no_place_in_an_archive_is_refused(string name, string reason) => Refused(ArchiveFile.Good().Add(name, [1], deflate: false).ToBytes(), reason);

    [Theory]
    [InlineData("data.pkl")]
    [InlineData("constants.pkl")]
    [InlineData("version")]
    public void An_archive_without_a_part_that_it_needs_is_refused(string name) => Refused(ArchiveFile.Good().Without(name).ToBytes(), $"it has no {name}");

    [Fact]
    public void What_only_torch_save_wrote_is_refused_as_that() =>
        Refused(new ArchiveFile().With(("data.pkl", ArchiveFile.Pickle([')'])), ("version", "3"u8.ToArray())).ToBytes(), "one that torch.save wrote holds no code");

    [Fact]
    public void A_bomb_is_refused_before_it_is_unpacked()
    {
        var zeros = new byte[65 << 20];

        Refused(ArchiveFile.Good().Add("net/code/b.py", zeros, deflate: true).ToBytes(), "has more bytes (68157440)");
        Refused(ArchiveFile.Good().Add("net/data/1", new byte[4096], deflate: true).ToBytes(), "data/1 is packed");
        var five = ArchiveFile.Good();
        for (var number = 0; number < 5; number++)
            five.Add($"net/code/b{number}.py", zeros[..(60 << 20)], deflate: true);
        Refused(five.ToBytes(), "unpacks to more than 256 MiB");
    }

    [Fact]
    public void A_size_that_is_not_the_size_is_refused()
    {
        var name = "net/code/__torch__.py.debug_pkl";
        var lying = Copy(new() { Central = (entry, of) => entry[24] = of == name ? (byte)200 : entry[24] }, (name, ArchiveFile.Pickle([')']), true));

        Refused(lying, "unpacks to another size");
        Refused(Copy(new() { Central = (entry, of) => entry[24] = of == "net/data/0" ? (byte)200 : entry[24] }), "states two sizes");
        Refused(Copy(new() { Central = (entry, of) => entry[20] += of == "net/version" ? (byte)1 : (byte)0 }), "states two sizes");
    }

    [Fact]
    public void Sizes_and_places_may_stand_in_zip64_fields_and_must_be_there()
    {
        Scan(Copy(new() { Wide = 24 }));

        Refused(Copy(new() { Wide = 16 }), "has no valid size or place");
        Refused(Copy(new() { Wide = 3 }), "has no valid size or place");
    }

    [Fact]
    public void A_header_that_contradicts_the_directory_is_refused()
    {
        Refused(Copy(new() { Local = (header, of) => header[30] = of == "net/data.pkl" ? (byte)'m' : header[30] }), "a header of its own that contradicts");
        Refused(Copy(new() { Local = (header, of) => header[8] = of == "net/data.pkl" ? (byte)8 : header[8] }), "a header of its own that contradicts");
        Refused(Copy(new() { Central = (entry, of) => entry[8] = of == "net/data.pkl" ? (byte)1 : entry[8] }), "encrypted");
        Refused(Copy(new() { Central = (entry, of) => entry[10] = of == "net/data.pkl" ? (byte)12 : entry[10] }), "packed by method 12");
        Refused(Copy(new() { Central = (entry, of) => entry[42] += of == "net/version" ? (byte)1 : (byte)0 }), "a header of its own that contradicts");
    }

    private static byte[] Copy(ArchiveFile into, params (string Name, byte[] Content, bool Deflate)[] more)
    {
        into.With(
            ("data.pkl", ArchiveFile.Module("Q")), ("code/__torch__.py", ArchiveFile.Code), ("constants.pkl", ArchiveFile.Pickle([')'])),
            ("data/0", ArchiveFile.Floats(1, 2, 3)), ("version", "3\n"u8.ToArray()));
        foreach (var (name, content, deflate) in more)
            into.Add(name, content, deflate);
        return into.ToBytes();
    }

    private static string PicklesAndCode(byte[] archive)
    {
        using var stream = new MemoryStream(archive);
        return string.Concat(ZipDirectory.Read(stream).Where(item => !item.Name.Contains("/data/", StringComparison.Ordinal))
            .Select(item => item.Name + Convert.ToHexString(ZipDirectory.Content(stream, item, 1 << 20))));
    }

    private static void Scan(byte[] archive) => ArchiveScan.Check(new MemoryStream(archive), "Model model.pt");

    private static void Refused(byte[] archive, params string[] reasons)
    {
        var error = Assert.Throws<AdapterException>(() => Scan(archive));
        Assert.Contains(reasons, reason => error.Message.Contains(reason, StringComparison.Ordinal));
    }
}
