using System.CommandLine;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary><c>adapt trust root|pin|pack</c>: who may sign what, and how a verifier without a network gets to know.</summary>
internal static class TrustCommand
{
    public static Command Create(Machine machine) => new("trust", "Roots and trust packs: who may sign what  信任根与信任包")
    {
        new Command("root", "Make, sign and replace roots  信任根的制作、签署与更替") { Init(), Sign(), Rotate(), Show() },
        Pin(machine),
        TrustPackCommand.Create(machine),
    };

    /// <summary>What a verifier on this machine remembers.</summary>
    public static string StatePath(Machine machine, string environment) => Path.Combine(machine.Data("trust"), environment + ".json");

    /// <exception cref="BadInputException">No root was pinned, or the memory is damaged.</exception>
    public static VerifierState ReadState(Machine machine, string environment)
    {
        var path = StatePath(machine, environment);
        if (!File.Exists(path))
            throw Bad(path, $"this verifier has no {environment} root yet: compare the digest of the first root with its custodians, then run `adapt trust pin 1.root.dsse.json --sha256 HEX --environment {environment}`");
        return Refusing(path, () => VerifierState.Read(TrustFiles.ReadFile(path, "the verifier's memory")));
    }

    /// <summary>What a file says that cannot be used is the user's input.</summary>
    public static T Refusing<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (RejectedException refused)
        {
            throw Bad(file, refused.Message);
        }
    }

    public static Option<string> KeyOption(string description)
    {
        var option = new Option<string>("--key") { Description = description, HelpName = "FILE", Required = true };
        return option;
    }

    private static Command Init()
    {
        var output = new Argument<string>("file") { Description = "The new root: 1.root.dsse.json  新的信任根文件" };
        var keys = Keys("--add", "Record of a key, NAME.trust.json; once for each key of every role  公钥记录");
        keys.Required = true;
        var (thresholds, expires, environment) = (Thresholds(), Expires(), KeysCommand.Environment());
        var command = new Command("init", "Draft the first root, for its custodians to sign  起草首个信任根") { output, keys, thresholds, expires, environment };
        command.SetAction(parsed =>
        {
            var records = Read(parsed.GetValue(keys)!);
            var content = new RootContent
            {
                Version = 1,
                Expires = Times.Read(parsed.GetValue(expires)!, "--expires"),
                Environment = parsed.GetValue(environment) == "production" ? KeyEnvironment.Production : KeyEnvironment.Test,
                Keys = [.. records],
                Thresholds = RootChange.Thresholds(records, parsed.GetValue(thresholds) ?? [], before: null),
            };
            Draft(parsed.GetValue(output)!, content, previous: null);
        });
        return command;
    }

    private static Command Sign()
    {
        var file = new Argument<string>("file") { Description = "The root; the signature is added to it  信任根文件，签名追加其中" };
        var (key, passphrase) = (KeyOption("Your root key, made with `adapt keys new`  本人根密钥"), Passphrases.Option());
        var sha256 = new Option<string>("--sha256") { Description = "Digest of the root that you have read: `adapt trust root show`  已审阅信任根的摘要", HelpName = "HEX", Required = true };
        var before = new Option<string>("--previous-sha256") { Description = "Digest of the root before it, as you noted it then; from version 2 on  上一版摘要", HelpName = "HEX" };
        var command = new Command("sign", "Sign a root, after reading all of it  审阅后签署信任根") { file, key, sha256, before, passphrase };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            var root = Same(path, ReadDraft(path), parsed.GetValue(sha256)!);
            var previous = VerifiedBefore(path, root.Content, parsed.GetValue(before));
            KeyView.Print(root, previous);
            using var custodian = KeyFile.Open(parsed.GetValue(key)!, Passphrases.From(parsed.GetValue(passphrase)));
            WholeFile.Change(path, bytes => Refusing(path, () =>
            {
                root = Same(path, SignedRoot.ReadDraft(bytes), parsed.GetValue(sha256)!).SignAlso(custodian, previous?.Content);
                return root.ToBytes();
            }));
            Console.WriteLine($"signed 已签 by {custodian.Key.KeyId}: {path}");
            KeyView.PrintProgress(root, previous);
        });
        return command;
    }

    private static Command Rotate()
    {
        var file = new Argument<string>("file") { Description = "The root in force, N.root.dsse.json; the next goes beside it  现行信任根" };
        var (add, thresholds, expires) = (Keys("--add", "Record of a key to add  新增公钥记录"), Thresholds(), Expires());
        var remove = new Option<string[]>("--remove") { Description = "Key id to leave out; a unique beginning is enough  移除的密钥标识", HelpName = "KEYID" };
        var revoke = new Option<string[]>("--revoke") { Description = "Key id and the time from which it counts for nothing  吊销密钥", HelpName = "KEYID=TIME" };
        var command = new Command("rotate", "Draft the next root, for the old and the new custodians to sign  起草下一版信任根") { file, add, remove, revoke, thresholds, expires };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            var previous = Refusing(path, () => SignedRoot.Read(TrustFiles.ReadFile(path, "the root")));
            var keys = RootChange.Keys(previous.Content, parsed.GetValue(remove) ?? [], parsed.GetValue(revoke) ?? [], Read(parsed.GetValue(add) ?? []));
            var content = previous.Content with
            {
                Version = previous.Content.Version + 1,
                Expires = Times.Read(parsed.GetValue(expires)!, "--expires"),
                Keys = keys,
                Thresholds = RootChange.Thresholds(keys, parsed.GetValue(thresholds) ?? [], previous.Content.Thresholds),
            };
            Draft(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, NameOf(content.Version)), content, previous);
        });
        return command;
    }

    private static Command Show()
    {
        var file = new Argument<string>("file") { Description = "The root  信任根文件" };
        var command = new Command("show", "Show what a root says, its digests, and who has signed  显示信任根、摘要与签署情况") { file };
        command.SetAction(parsed =>
        {
            var root = ReadDraft(parsed.GetValue(file)!);
            KeyView.Print(root, Before(parsed.GetValue(file)!, root.Content.Version));
        });
        return command;
    }

    private static Command Pin(Machine machine)
    {
        var file = new Argument<string>("file") { Description = "The first root: 1.root.dsse.json  首个信任根" };
        var sha256 = new Option<string>("--sha256") { Description = "Its digest, as its custodians tell you, not as the file does  由根管理人另行告知的摘要", HelpName = "HEX", Required = true };
        var environment = KeysCommand.Environment();
        var command = new Command("pin", "Believe a root on this machine, once and by hand  人工核对后固定信任根") { file, sha256, environment };
        command.SetAction(parsed =>
        {
            var (path, chosen) = (parsed.GetValue(file)!, parsed.GetValue(environment)!);
            var state = Refusing(path, () => VerifierState.Pin(
                TrustFiles.ReadFile(path, "the root"), parsed.GetValue(sha256)!, chosen == "production" ? KeyEnvironment.Production : KeyEnvironment.Test));
            var target = StatePath(machine, chosen);
            Refusing(target, () =>
            {
                state.Remember(target);
                return 0;
            });
            Console.WriteLine($"pinned 已固定: root version {state.Pinned.Version}, {chosen}, sha256:{state.Pinned.Sha256}");
            Console.WriteLine($"remembered in 保存于: {target}");
        });
        return command;
    }

    private static void Draft(string path, RootContent content, SignedRoot? previous)
    {
        if (Path.GetFileName(path) != NameOf(content.Version))
            throw Bad(path, $"a root of version {content.Version} is called {NameOf(content.Version)}");
        if (File.Exists(path))
            throw Bad(path, "is there already; a root is never written over");
        var draft = Refusing(path, () => SignedRoot.Draft(content));
        WholeFile.Write(path, draft.ToBytes());
        Console.WriteLine($"drafted 已起草: {path}; next 下一步: adapt trust root sign {path} --key KEY, by each custodian");
        KeyView.Print(draft, previous);
    }

    private static SignedRoot ReadDraft(string path) => Refusing(path, () => SignedRoot.ReadDraft(TrustFiles.ReadFile(path, "the root")));

    /// <summary>The root with the number before, if it lies beside this one.</summary>
    private static SignedRoot? Before(string path, long version)
    {
        var previous = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, NameOf(version - 1));
        return version > 1 && File.Exists(previous) ? ReadDraft(previous) : null;
    }

    /// <summary>The root before this one, signed by its own threshold and the one that the custodian means: what lies beside a draft was put there by whoever drafted it.</summary>
    private static SignedRoot? VerifiedBefore(string path, RootContent content, string? sha256)
    {
        if (content.Version == 1)
            return null;
        var name = NameOf(content.Version - 1);
        if (sha256 is null)
            throw Bad("--previous-sha256", $"is needed for version {content.Version}: the digest of {name}, as you noted it when it was signed. Nothing was signed");
        var previous = Before(path, content.Version)
            ?? throw Bad(path, $"{name} is not beside it, so that nobody can see what would change. Nothing was signed");
        Refusing(name, () => TrustedRoot.First(previous.ToBytes(), new RootReference(content.Version - 1, sha256)));
        return previous;
    }

    private static SignedRoot Same(string path, SignedRoot root, string sha256) => root.Digests.Sha256 == sha256
        ? root
        : throw Bad(path, $"is sha256:{root.Digests.Sha256}; you have read sha256:{sha256}. Somebody changed the file, or it is another one. Nothing was signed");

    private static string NameOf(long version) => string.Create(CultureInfo.InvariantCulture, $"{version}.root.dsse.json");

    private static KeyRecord[] Read(string[] files) => [.. files.SelectMany(file => TrustFiles.Read([file]).Keys)];

    private static Option<string[]> Keys(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    private static Option<string[]> Thresholds() => new("--threshold")
    {
        Description = "Role and how many of its keys have to sign, such as root=3; 1 if not given, and more than half for root  角色门限",
        HelpName = "ROLE=N",
    };

    private static Option<string> Expires() => new("--expires") { Description = "Last day (UTC), or a time  截止日期", HelpName = "DATE", Required = true };

    private static BadInputException Bad(string what, string why) => new([new Problem(what, 0, "", why)]);
}
