using System.CommandLine;
using System.Security.Cryptography;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary><c>adapt keys new|list|rotate|export</c>: private keys stay in encrypted files or on tokens, records are handed out.</summary>
internal static class KeysCommand
{
    /// <summary>A log's key is made with its log: <c>adapt log new</c>.</summary>
    private static readonly Dictionary<string, KeyDuty> Roles = new(StringComparer.Ordinal)
    {
        ["root"] = KeyDuty.Root,
        ["issuer"] = KeyDuty.Certify,
        ["status"] = KeyDuty.Status,
        ["witness"] = KeyDuty.Witness,
        ["time-stamp"] = KeyDuty.TimeStamp,
        ["runner"] = KeyDuty.Runner,
    };

    private static readonly Dictionary<string, KeyDuty> Duties = new(StringComparer.Ordinal)
    {
        ["certify"] = KeyDuty.Certify,
        ["tester"] = KeyDuty.Tester,
        ["reviewer"] = KeyDuty.Reviewer,
    };

    private static readonly Dictionary<string, KeyAlgorithm> Algorithms = new(StringComparer.Ordinal)
    {
        ["ecdsa-p256-sha256"] = KeyAlgorithm.EcdsaP256Sha256,
        ["sm2-sm3"] = KeyAlgorithm.Sm2Sm3,
        ["ed25519"] = KeyAlgorithm.Ed25519,
    };

    public static Command Create(Machine machine) => new("keys", "Make and look after signing keys  签名密钥的生成与管理")
    {
        New(machine), List(machine), Rotate(machine), Export(),
    };

    private static Command New(Machine machine)
    {
        var file = new Argument<string>("file") { Description = "New private key, such as lab.key; its public record lab.trust.json goes beside it  新私钥文件" };
        var role = OneOf("--role", "What it is for  角色", Roles.Keys);
        role.Required = true;
        var duty = OneOf("--duty", "Of an issuer's key; certify if not given  签发者密钥的职责", Duties.Keys);
        var person = new Option<string?>("--person") { Description = "Whose key it is: a tester's or reviewer's  持有人", HelpName = "NAME" };
        var algorithm = OneOf("--algorithm", "ed25519 for witness, else ecdsa-p256-sha256 if not given  算法", Algorithms.Keys);
        var environment = Environment();
        var days = Days();
        var (place, passphrase) = (new TokenOptions(), Passphrases.Option());
        var command = new Command("new", "Make a key  生成密钥") { file, role, duty, person, algorithm, environment, days, place.Module, place.Token, place.Id, passphrase };
        command.SetAction(parsed =>
        {
            var asked = parsed.GetValue(role)!;
            if (parsed.GetValue(duty) is { } other && asked != "issuer")
                throw Bad("--duty", $"only an issuer's key has a duty; {asked} has none, and {other} was given");
            var spec = new KeySpec
            {
                Duty = parsed.GetValue(duty) is { } chosen ? Duties[chosen] : Roles[asked],
                Algorithm = parsed.GetValue(algorithm) is { } name ? Algorithms[name] : asked == "witness" ? KeyAlgorithm.Ed25519 : KeyAlgorithm.EcdsaP256Sha256,
                Person = parsed.GetValue(person),
                Environment = parsed.GetValue(environment) == "production" ? KeyEnvironment.Production : KeyEnvironment.Test,
                Life = Life(parsed.GetValue(days)),
            };
            Make(parsed.GetValue(file)!, spec, place.Read(parsed), Passphrases.From(parsed.GetValue(passphrase)), machine);
        });
        return command;
    }

    private static Command List(Machine machine)
    {
        var folders = new Argument<string[]>("folder") { Description = "Folders with records NAME.trust.json; this one if not given  目录", Arity = ArgumentArity.ZeroOrMore };
        var json = new Option<bool>("--json") { Description = "One JSON object, for scripts  输出 JSON" };
        var command = new Command("list", "Show keys and how long they last  列出密钥") { folders, json };
        command.SetAction(parsed =>
        {
            var files = (parsed.GetValue(folders) is [_, ..] given ? given : ["."]).SelectMany(folder => Directory.Exists(folder)
                ? Directory.GetFiles(folder, "*.trust.json").Order(StringComparer.Ordinal)
                : throw Bad(folder, "there is no such folder")).ToArray();
            var keys = files.SelectMany(file => TrustFiles.Read([file]).Keys.Select(key => (Path.GetRelativePath(".", file), key))).ToArray();
            if (parsed.GetValue(json))
                KeyView.WriteJson(keys, machine.Time.GetUtcNow());
            else
                KeyView.Print(keys, "record 记录", machine.Time.GetUtcNow());
        });
        return command;
    }

    private static Command Rotate(Machine machine)
    {
        var old = new Argument<string>("old") { Description = "The key to be replaced  旧密钥" };
        var file = new Argument<string>("new") { Description = "The new key, with the same role, duty, person and algorithm  新密钥" };
        var overlap = new Option<int>("--overlap-days") { Description = "How long the old one stays valid  旧密钥继续有效的天数", HelpName = "N", DefaultValueFactory = _ => 30 };
        var days = Days();
        var (place, passphrase) = (new TokenOptions(), Passphrases.Option());
        var command = new Command("rotate", "Replace a key by a new one of the same kind  轮换密钥") { old, file, overlap, days, place.Module, place.Token, place.Id, passphrase };
        command.SetAction(parsed =>
        {
            var (path, left) = (parsed.GetValue(old)!, parsed.GetValue(overlap));
            if (left is < 0 or > 3650)
                throw Bad("--overlap-days", $"is {left}; expected 0 to 3650");
            var record = KeyFile.ReadRecord(path);
            if (record.Duty == KeyDuty.Log)
                throw Bad(path, "is a log's key, which signs that log's one history for ever; begin another log with `adapt log new`");
            var spec = new KeySpec { Duty = record.Duty, Algorithm = record.Algorithm, Person = record.Person, Environment = record.Environment, Life = Life(parsed.GetValue(days)) };
            Make(parsed.GetValue(file)!, spec, place.Read(parsed), Passphrases.From(parsed.GetValue(passphrase)), machine);
            var ended = KeyFile.EndAt(path, Whole(machine.Time.GetUtcNow().AddDays(left)));
            Console.WriteLine($"old 旧密钥: {path}, valid to 有效期至 {Times.Utc(ended.ValidTo)} in its record {KeyFile.TrustPath(path)}");
            Console.WriteLine("Verifiers learn of both from the next root: adapt trust root rotate ROOT --remove OLD-KEYID --add OLD.trust.json --add NEW.trust.json");
        });
        return command;
    }

    private static Command Export()
    {
        var file = new Argument<string>("file") { Description = "The private key, whose record lies beside it  私钥文件" };
        var record = new Option<bool>("--record") { Description = "The key record instead of PEM  输出公钥记录而非 PEM" };
        var command = new Command("export", "Write the public part to standard output: PEM, for openssl  输出公钥") { file, record };
        command.SetAction(parsed =>
        {
            var key = KeyFile.ReadRecord(parsed.GetValue(file)!);
            if (!parsed.GetValue(record))
            {
                Console.WriteLine(PemEncoding.WriteString("PUBLIC KEY", key.Spki.AsSpan()));
                return;
            }

            using var output = Console.OpenStandardOutput();
            output.Write(TrustStore.Of(key).Write());
        });
        return command;
    }

    private static void Make(string file, KeySpec spec, TokenPlace? place, PassphrasePrompt prompt, Machine machine)
    {
        try
        {
            var key = place is null ? KeyFile.Create(file, spec, prompt, machine.Time) : KeyFile.CreateOnToken(file, spec, place, prompt, machine.Time);
            Console.WriteLine(place is null
                ? $"key 私钥: {file}, encrypted 已加密 (PBES2, scrypt, AES-256), mode 600"
                : $"key 私钥: on the token 在令牌上 {place.Token}; {file} says where");
            Console.WriteLine($"public record 公钥记录: {KeyFile.TrustPath(file)}; give it to whoever keeps the root");
            KeyView.Print(key);
        }
        catch (Exception refused) when (refused is RejectedException or IOException or UnauthorizedAccessException)
        {
            throw Bad(file, $"no key was made: {refused.Message}");
        }
    }

    private static TimeSpan Life(int days) => days is >= 1 and <= 7305 ? TimeSpan.FromDays(days) : throw Bad("--days", $"is {days}; expected 1 to 7305");

    private static DateTimeOffset Whole(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond));

    private static Option<int> Days() => new("--days") { Description = "How long it is valid, from now  有效天数", HelpName = "N", DefaultValueFactory = _ => 730 };

    internal static Option<string> Environment()
    {
        var option = new Option<string>("--environment") { Description = "test, or production, which believes nothing for test  环境", HelpName = "test|production", DefaultValueFactory = _ => "test" };
        option.AcceptOnlyFromAmong("test", "production");
        return option;
    }

    private static Option<string?> OneOf(string name, string description, IEnumerable<string> words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', words) };
        option.AcceptOnlyFromAmong([.. words]);
        return option;
    }

    private static BadInputException Bad(string what, string why) => new([new Problem(what, 0, "", why)]);

    /// <summary>Where on a PKCS#11 token a key is, or is to be made.</summary>
    private sealed record TokenOptions
    {
        public Option<string?> Module { get; } = new("--pkcs11") { Description = "Keep it on a token: the vendor's module  令牌的 PKCS#11 模块", HelpName = "FILE" };

        public Option<string?> Token { get; } = new("--token") { Description = "The token's label  令牌标签", HelpName = "LABEL" };

        public Option<string?> Id { get; } = new("--id") { Description = "Take the key with this CKA_ID, in hex, instead of making one  使用令牌上已有的密钥", HelpName = "HEX" };

        public TokenPlace? Read(ParseResult parsed)
        {
            var (module, token, id) = (parsed.GetValue(Module), parsed.GetValue(Token), parsed.GetValue(Id));
            if (module is null && token is null && id is null)
                return null;
            if (module is null || token is null)
                throw Bad("--pkcs11, --token", "a key on a token takes both, the module and the token's label");
            return id is null || TokenPlace.IsId(id)
                ? new TokenPlace { Module = module, Token = token, Id = id }
                : throw Bad("--id", $"{id} is not 1 to 64 bytes in lowercase hex");
        }
    }
}
