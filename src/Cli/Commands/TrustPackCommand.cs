using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary><c>adapt trust pack create|show|check</c>: all that a verifier believes, in one file.</summary>
internal static class TrustPackCommand
{
    private const int MaxBytes = 300 << 20;

    public static Command Create(Machine machine) => new("pack", "Make and check trust packs  信任包的制作与核验") { Make(machine), Show(machine), Check(machine) };

    /// <summary>Opens a pack as this machine's verifier does, and remembers it.</summary>
    /// <exception cref="RejectedException">The pack is refused.</exception>
    public static TrustPack Open(Machine machine, string file, string environment)
    {
        var pack = TrustPack.Open(ReadPack(file), TrustCommand.ReadState(machine, environment), machine.Time.GetUtcNow());
        pack.State.Remember(TrustCommand.StatePath(machine, environment));
        return pack;
    }

    private static Command Make(Machine machine)
    {
        var folder = new Argument<string>("folder") { Description = "Laid out as the pack: root/1.root.dsse.json and on, policy/, status/, log/, index/, waivers/  待打包目录" };
        var (key, passphrase) = (TrustCommand.KeyOption("A key with the role status  状态密钥"), Passphrases.Option());
        var version = new Option<long>("--version-number") { Description = "Higher than any before  版本号，只增不减", HelpName = "N", Required = true };
        var output = new Option<string>("--out") { Description = "The pack  输出文件", HelpName = "FILE", DefaultValueFactory = _ => "trust-pack.tar" };
        var command = new Command("create", "Put a trust pack together and sign its manifest  打包并签署清单") { folder, key, version, output, passphrase };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(folder)!;
            if (!Directory.Exists(path))
                throw Bad(path, "there is no such folder");
            var files = Directory.GetFiles(path, "*", SearchOption.AllDirectories)
                .ToImmutableSortedDictionary(file => Path.GetRelativePath(path, file), File.ReadAllBytes, StringComparer.Ordinal);
            using var status = KeyFile.Open(parsed.GetValue(key)!, Passphrases.From(parsed.GetValue(passphrase)));
            var pack = TrustCommand.Refusing(path, () => TrustPack.Create(files, parsed.GetValue(version), status, machine.Time.GetUtcNow()));
            WholeFile.Write(parsed.GetValue(output)!, pack);
            var digests = Digests.Of(pack);
            Console.WriteLine($"trust pack 信任包: {parsed.GetValue(output)}, version {parsed.GetValue(version)}, {files.Count} files, {pack.Length} bytes");
            Console.WriteLine($"  sha256  {digests.Sha256}");
            Console.WriteLine($"  sm3     {digests.Sm3}");
        });
        return command;
    }

    private static Command Show(Machine machine)
    {
        var (file, environment) = (PackFile(), KeysCommand.Environment());
        var command = new Command("show", "Show what a trust pack holds, checked but not remembered  显示信任包内容") { file, environment };
        command.SetAction(parsed => Report(parsed.GetValue(file)!, () =>
        {
            var pack = TrustPack.Open(ReadPack(parsed.GetValue(file)!), TrustCommand.ReadState(machine, parsed.GetValue(environment)!), machine.Time.GetUtcNow());
            Print(pack);
            KeyView.Print(pack.Keys.Keys.OrderBy(key => key.Role, StringComparer.Ordinal).Select((key, at) => ($"{at + 1}", key)), "#", machine.Time.GetUtcNow());
            foreach (var path in pack.Paths)
                Console.WriteLine($"  {path}");
        }));
        return command;
    }

    private static Command Check(Machine machine)
    {
        var (file, environment) = (PackFile(), KeysCommand.Environment());
        var command = new Command("check", "Check a trust pack against the pinned root, and remember it  核验信任包并记录") { file, environment };
        command.SetAction(parsed => Report(parsed.GetValue(file)!, () => Print(Open(machine, parsed.GetValue(file)!, parsed.GetValue(environment)!))));
        return command;
    }

    private static int Report(string file, Action show)
    {
        try
        {
            show();
            return ExitCode.Certified;
        }
        catch (RejectedException refused)
        {
            Console.WriteLine($"REFUSED 拒绝  {refused.Rejection.Code}");
            Console.WriteLine($"{file}: {refused.Rejection.Message}");
            return ExitCode.Rejected;
        }
    }

    private static void Print(TrustPack pack)
    {
        Console.WriteLine($"VALID 有效  trust pack version {pack.Version}, issued {Times.Utc(pack.IssuedAt)}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  root 根     version {pack.Root.Reference.Version}, {pack.Root.Content.Environment.ToString().ToLowerInvariant()}, until {Times.Utc(pack.Root.Content.Expires)}"));
        Console.WriteLine($"              sha256:{pack.Root.Reference.Sha256}");
        Console.WriteLine($"  keys 密钥   {pack.Keys.Keys.Length}; files 文件 {pack.Paths.Count()}");
    }

    private static byte[] ReadPack(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var bytes = new byte[stream.CanSeek && stream.Length <= MaxBytes ? stream.Length : throw Bad(file, $"is no file of at most {MaxBytes} bytes; a trust pack is")];
            stream.ReadExactly(bytes); // as many as were counted, however many there are by now
            return bytes;
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw Bad(file, $"the trust pack cannot be read: {unread.Message}");
        }
    }

    private static Argument<string> PackFile() => new("pack") { Description = "The trust pack: trust-pack.tar  信任包" };

    private static BadInputException Bad(string what, string why) => new([new Problem(what, 0, "", why)]);
}
