using System.CommandLine;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary><c>adapt log new|resume|append|prove|check|audit|mirror</c>: the transparency log, in which nothing that was issued or failed can be left out later.</summary>
internal static class LogCommand
{
    public static Command Create(Machine machine) => new("log", "Keep and check the transparency log  透明日志")
    {
        New(machine), Resume(machine), LogAppendCommand.Create(machine), Prove(machine), Check(machine), Audit(machine), Mirror(machine),
    };

    public static Argument<string> Folder() => new("log") { Description = "The log's folder  日志目录" };

    public static Option<string> KeyOption() => new("--key") { Description = "The log's private key, made with its log by `adapt log new`  日志私钥", HelpName = "FILE", Required = true };

    public static Option<string[]> TrustOption() => TrustFiles.Option("Trusted keys: a signature that names one of them has to verify  受信公钥");

    public static TrustStore ReadTrust(string[]? files) => files is { Length: > 0 } given ? TrustFiles.Read(given) : TrustStore.Of();

    /// <summary>Does what was asked, or says why what it found is refused.</summary>
    public static int Refusing(Func<int> act)
    {
        try
        {
            return act();
        }
        catch (RejectedException refused)
        {
            return Refuse(refused.Rejection);
        }
    }

    public static int Refuse(Rejection why)
    {
        Console.WriteLine($"REFUSED 拒绝  {why.Code}");
        Console.WriteLine(why.Message);
        return ExitCode.Rejected;
    }

    private static Command New(Machine machine)
    {
        var (folder, passphrase, environment) = (Folder(), Passphrases.Option(), KeysCommand.Environment());
        var key = new Option<string>("--key") { Description = "The log's private key, which is made here and must not be there yet  日志私钥，由此命令生成", HelpName = "FILE", Required = true };
        var origin = new Option<string>("--origin") { Description = "The log's name for ever, such as hwcert.example.org/log1  日志名称，永不更改", HelpName = "NAME", Required = true };
        var days = new Option<int>("--days") { Description = "How long the key signs, from now  密钥有效天数", HelpName = "N", DefaultValueFactory = _ => 3650 };
        var command = new Command("new", "Make an empty log, and a key for it  新建空日志及其密钥") { folder, origin, key, environment, days, passphrase };
        command.SetAction(parsed => Making(parsed.GetValue(key)!, path =>
        {
            var (place, life) = (parsed.GetValue(folder)!, parsed.GetValue(days));
            if (life is < 1 or > 7305)
                throw new BadInputException([new Problem("--days", 0, "", $"is {life}; expected 1 to 7305")]);
            if (Path.Exists(Path.Combine(place, "checkpoint")))
                throw new IOException($"{place} holds a log already");
            var kind = parsed.GetValue(environment) == "production" ? KeyEnvironment.Production : KeyEnvironment.Test;
            using var opened = LogKey.Create(path, parsed.GetValue(origin)!, kind, TimeSpan.FromDays(life), Passphrases.From(parsed.GetValue(passphrase)), machine.Time);
            using var writer = LogWriter.Open(place, opened);
            Console.WriteLine($"key 私钥: {path}, encrypted 已加密; for this log alone 仅用于此日志");
            Console.WriteLine($"public record 公钥记录: {KeyFile.TrustPath(path)}");
            Console.WriteLine($"log 日志: {place}, {opened.Public.Name}, empty 空; any web server can serve the folder  可由任意静态服务器发布");
            Console.WriteLine($"memory 签名记录: {LogKey.MemoryPathOf(path)}, what the key signed last: never bring back an old copy  勿恢复其旧副本");
            Console.WriteLine($"policy 验证策略: {LogKey.PolicyPathOf(path)}; give it to whoever verifies  交给验证方");
        }));
        return command;
    }

    private static Command Resume(Machine machine)
    {
        var (key, policy) = (KeyOption(), PolicyOption());
        var checkpoint = new Option<string>("--continue-from")
        {
            Description = "The last checkpoint of the log that anyone has seen: ask all who mirror, witness or verify it  任何人见过的最新检查点",
            HelpName = "CHECKPOINT",
            Required = true,
        };
        var command = new Command("resume", "Let a key go on whose memory was lost  签名记录丢失后恢复") { key, policy, checkpoint };
        command.SetAction(parsed => Making(parsed.GetValue(key)!, path =>
        {
            var seen = LogKey.Resume(path, KeyFile.ReadRecord(path), ReadPolicy(parsed.GetValue(policy)!), TrustFiles.ReadFile(parsed.GetValue(checkpoint)!, "the checkpoint"), machine.Time.GetUtcNow());
            Console.WriteLine($"memory 签名记录: {LogKey.MemoryPathOf(path)}: the key goes on from what this checkpoint says  密钥将从此检查点继续");
            Print(seen);
            Console.WriteLine("If the key has signed anything after it, the log will have two histories, and whoever saw the other will prove it. Bring back the log's folder from a mirror of this size before you append.");
            Console.WriteLine("若密钥曾签署更新的检查点，日志将出现分叉，并可被证明。追加之前，请从镜像恢复同样大小的日志目录。");
        }));
        return command;
    }

    private static void Making(string key, Action<string> make)
    {
        try
        {
            make(key);
        }
        catch (Exception refused) when (refused is RejectedException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(key, 0, "", $"nothing was made: {refused.Message}")]);
        }
    }

    private static Command Prove(Machine machine)
    {
        var (folder, envelope, policy, trust) = (Folder(), EnvelopeArgument(), PolicyOption(), TrustOption());
        var index = new Option<ulong?>("--index") { Description = "Where it stands; looked for if not given  条目序号", HelpName = "N" };
        var output = new Option<string>("--out") { Description = "Write the proof here and not to standard output  输出文件", HelpName = "FILE" };
        var command = new Command("prove", "Write a .tlog-proof: that a signed object is in the log  生成入日志证明") { folder, envelope, policy, trust, index, output };
        command.SetAction(parsed => Refusing(() =>
        {
            var leaf = LogLeaf.Of(TrustFiles.ReadFile(parsed.GetValue(envelope)!, "the signed object"), ReadTrust(parsed.GetValue(trust)));
            var reader = LogReader.Open(new LogFolder(parsed.GetValue(folder)!), ReadPolicy(parsed.GetValue(policy)!), machine.Time.GetUtcNow());
            if ((parsed.GetValue(index) ?? reader.Find(leaf)) is not { } at)
            {
                Console.WriteLine($"NOT LOGGED 未入日志  {parsed.GetValue(envelope)}, among {reader.Checkpoint.Content.Size} entries of {reader.Checkpoint.Content.Origin}");
                return ExitCode.Rejected;
            }

            var proof = reader.Prove(leaf, at).ToBytes();
            if (parsed.GetValue(output) is { } file)
            {
                File.WriteAllBytes(file, proof);
                Console.WriteLine($"proof 证明: {file}, index 序号 {at} of {reader.Checkpoint.Content.Size} entries");
                return ExitCode.Certified;
            }

            using var standard = Console.OpenStandardOutput();
            standard.Write(proof);
            return ExitCode.Certified;
        }));
        return command;
    }

    private static Command Check(Machine machine)
    {
        var (envelope, policy, trust, state) = (EnvelopeArgument(), PolicyOption(), TrustOption(), StateOption());
        var log = new Option<string>("--log") { Description = "The log's folder or http(s) address, if its checkpoint and the one that --state remembers differ in size  日志目录或网址", HelpName = "LOG" };
        var proof = new Argument<string>("proof") { Description = "Its .tlog-proof  证明文件" };
        var command = new Command("check", "Check a .tlog-proof offline  离线核验入日志证明") { envelope, proof, policy, trust, state, log };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Refusing(() =>
        {
            var keys = ReadTrust(parsed.GetValue(trust));
            var leaf = LogLeaf.Of(TrustFiles.ReadFile(parsed.GetValue(envelope)!, "the signed object"), keys);
            var believed = ReadPolicy(parsed.GetValue(policy)!);
            var logged = LoggedEntry.Verify(TrustFiles.ReadFile(parsed.GetValue(proof)!, "the proof"), leaf, believed, machine.Time.GetUtcNow());
            if (ReadState(parsed.GetValue(state)) is { } before)
            {
                using var place = parsed.GetValue(log) is { } name ? LogPlace.Open(name, LogPlace.Patience, cancellationToken) : null;
                before.See(logged.Checkpoint.Content, place is null ? null : LogReader.Open(place.Source, believed, machine.Time.GetUtcNow())).Remember(parsed.GetValue(state)!);
            }

            Console.WriteLine($"LOGGED{(leaf.Unverified.IsEmpty ? "" : ", SIGNATURES NOT CHECKED")} 已入日志{(leaf.Unverified.IsEmpty ? "" : "，签名未核验")}  index 序号 {logged.Index}");
            Print(logged.Checkpoint);
            foreach (var signer in leaf.Unverified)
                Console.WriteLine($"  unchecked 未核验 the signature that names {signer}: nobody looked at it, and anyone can write such a one. Give that key with --trust FILE  请用 --trust 指定受信公钥");
            return ExitCode.Certified;
        })));
        return command;
    }

    private static Command Audit(Machine machine)
    {
        var (policy, state) = (PolicyOption(), StateOption());
        var source = new Argument<string>("log") { Description = "The log's folder, or its http(s) address  日志目录或网址" };
        var since = new Option<string>("--since") { Description = "A checkpoint of it that was seen before: must be found unchanged  此前的检查点", HelpName = "FILE" };
        var command = new Command("audit", "Recompute a whole log, and that it only grew  重新计算整个日志并核验历史未改") { source, policy, since, state };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Refusing(() =>
        {
            var older = parsed.GetValue(since) is { } file ? TrustFiles.ReadFile(file, "the checkpoint") : null;
            using var log = LogPlace.Open(parsed.GetValue(source)!, LogPlace.Patience, cancellationToken);
            var report = LogAudit.Run(log.Source, ReadPolicy(parsed.GetValue(policy)!), older, ReadState(parsed.GetValue(state)), machine.Time.GetUtcNow(), cancellationToken);
            report.State?.Remember(parsed.GetValue(state)!);
            Console.WriteLine($"CONSISTENT 一致  {parsed.GetValue(source)}");
            Print(report.Latest);
            if (report.Older is { Content: var before })
                Console.WriteLine($"  before 此前     {before.Size} entries 条, root 根 {before.Root}: unchanged at its beginning 历史未改");
            Console.WriteLine("Every hash was recomputed from the entries.  全部哈希均由条目重新计算。");
            return ExitCode.Certified;
        })));
        return command;
    }

    private static Command Mirror(Machine machine)
    {
        var policy = PolicyOption();
        var source = new Argument<string>("source") { Description = "The log's folder, or its http(s) address  日志目录或网址" };
        var target = new Argument<string>("mirror") { Description = "Folder of the mirror; goes on from what is there  镜像目录" };
        var command = new Command("mirror", "Copy a log, and refuse one whose history changed  镜像日志，拒绝分叉") { source, target, policy };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Refusing(() =>
        {
            using var log = LogPlace.Open(parsed.GetValue(source)!, LogPlace.Patience, cancellationToken);
            var report = LogMirror.Run(log.Source, parsed.GetValue(target)!, ReadPolicy(parsed.GetValue(policy)!), machine.Time.GetUtcNow(), cancellationToken);
            Console.WriteLine($"MIRRORED 已镜像  {parsed.GetValue(target)}: {report.Latest.Content.Size - report.Before} entries added to {report.Before}  新增 {report.Latest.Content.Size - report.Before} 条");
            Print(report.Latest);
            return ExitCode.Certified;
        })));
        return command;
    }

    private static void Print(VerifiedCheckpoint checkpoint)
    {
        Console.WriteLine($"  log 日志        {checkpoint.Content.Origin}, {checkpoint.Content.Size} entries 条");
        Console.WriteLine($"  root 根         {checkpoint.Content.Root}");
        foreach (var witness in checkpoint.Witnesses)
            Console.WriteLine($"  witness 见证方  {witness.Key.Name} at {witness.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}");
        if (checkpoint.Witnesses.IsEmpty)
            Console.WriteLine("  witness 见证方  none 无: only the log's own word that nobody is shown another history");
    }

    private static Argument<string> EnvelopeArgument() => new("object") { Description = "The signed object, a DSSE envelope  已签名对象" };

    private static Option<string> PolicyOption() =>
        new("--policy") { Description = "Which log and witnesses to believe (tlog-policy), obtained from whom you trust  信任策略", HelpName = "FILE", Required = true };

    private static Option<string> StateOption() => new("--state")
    {
        Description = "What this verifier remembers, from `adapt trust pin`: a log that goes back or forks is refused  验证方的记录，拒绝回退与分叉",
        HelpName = "FILE",
    };

    private static VerifierState? ReadState(string? file) =>
        file is null ? null : TrustCommand.Refusing(file, () => VerifierState.Read(TrustFiles.ReadFile(file, "the verifier's memory")));

    private static LogPolicy ReadPolicy(string file)
    {
        try
        {
            return LogPolicy.Read(TrustFiles.ReadFile(file, "the policy"));
        }
        catch (RejectedException malformed)
        {
            throw new BadInputException([new Problem(file, 0, "--policy", malformed.Message)]);
        }
    }
}
