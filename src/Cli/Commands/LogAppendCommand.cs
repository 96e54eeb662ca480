using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Adaptation.Certificates;

namespace Adaptation.Cli;

/// <summary><c>adapt log append</c>: what it has printed an index for is in the log for good, whatever happens to the machine next.</summary>
internal static class LogAppendCommand
{
    private const int BatchEntries = 1024;

    public static Command Create(Machine machine)
    {
        var (folder, key, passphrase, trust) = (LogCommand.Folder(), LogCommand.KeyOption(), Passphrases.Option(), LogCommand.TrustOption());
        var objects = new Argument<string[]>("object")
        {
            Description = "Signed objects, DSSE envelopes: certificates, run results passed or failed; - reads one a line from standard input  已签名对象，- 表示逐行读标准输入",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("append", "Append signed objects; prints the index of each once it is durable  追加条目，落盘后输出序号") { folder, objects, key, passphrase, trust };
        command.SetAction((parsed, cancellationToken) =>
        {
            var keys = LogCommand.ReadTrust(parsed.GetValue(trust));
            LogKey Opened() => LogKey.Open(parsed.GetValue(key)!, KeyFile.Open(parsed.GetValue(key)!, Passphrases.From(parsed.GetValue(passphrase))));
            var names = parsed.GetValue(objects)!;
            return names is ["-"]
                ? AppendLinesAsync(parsed.GetValue(folder)!, Opened, keys, cancellationToken)
                : Task.FromResult(LogCommand.Refusing(() => AppendFiles(parsed.GetValue(folder)!, Opened, names, keys)));
        });
        return command;
    }

    /// <summary>All or none.</summary>
    private static int AppendFiles(string folder, Func<LogKey> opened, string[] names, TrustStore trust)
    {
        var leaves = names.Select(name => Leaf(TrustFiles.ReadFile(name, "the signed object"), name, trust)).ToArray();
        using var key = opened();
        using var writer = Open(folder, key);
        var first = writer.Append([.. leaves.Select(leaf => leaf.Bytes.AsMemory())]);
        for (var at = 0; at < leaves.Length; at++)
            Console.WriteLine($"{first + (ulong)at}  {leaves[at].Hash.ToHex()}  {names[at]}");
        Console.WriteLine($"logged 已入日志: {leaves.Length}, now 现有 {writer.Checkpoint.Size} entries 条, root 根 {writer.Checkpoint.Root}");
        return ExitCode.Certified;
    }

    /// <summary>One object a line; as many as have come in while the last batch went to the disk make the next one.</summary>
    private static async Task<int> AppendLinesAsync(string folder, Func<LogKey> opened, TrustStore trust, CancellationToken cancellationToken)
    {
        using var key = opened();
        var lines = Channel.CreateBounded<string>(new BoundedChannelOptions(4 * BatchEntries) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadLinesAsync(lines.Writer, cancellationToken), cancellationToken);
        try
        {
            using var writer = Open(folder, key);
            using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            for (var number = 1L; await lines.Reader.WaitToReadAsync(cancellationToken);)
            {
                var (leaves, refusal) = TakeBatch(lines.Reader, number, trust);
                if (leaves.Count > 0)
                    Promise(output, writer.Append([.. leaves.Select(leaf => leaf.Bytes.AsMemory())]), leaves);
                if (refusal is not null)
                    throw refusal;
                number += leaves.Count;
            }

            await reading; // it has ended, perhaps because standard input failed
            return ExitCode.Certified;
        }
        catch (RejectedException refused)
        {
            return LogCommand.Refuse(refused.Rejection);
        }
    }

    private static LogWriter Open(string folder, LogKey key)
    {
        var writer = LogWriter.Open(folder, key);
        if (writer.WasRecovered)
            Console.Error.WriteLine($"adapt: the last append was interrupted after it was signed; it is complete: {writer.Checkpoint.Size} entries. 上次追加中断于签名之后，现已补全。");
        return writer;
    }

    private static async Task ReadLinesAsync(ChannelWriter<string> lines, CancellationToken cancellationToken)
    {
        Exception? failed = null;
        try
        {
            using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
            while (await input.ReadLineAsync(cancellationToken) is { } line)
                if (line.Length > 0)
                    await lines.WriteAsync(line, cancellationToken);
        }
        catch (IOException unread)
        {
            failed = unread;
            throw;
        }
        finally
        {
            lines.Complete(failed);
        }
    }

    /// <summary>What has come in so far, up to a batch. A refused line ends it; those before it are appended.</summary>
    private static (List<LogLeaf> Leaves, RejectedException? Refusal) TakeBatch(ChannelReader<string> lines, long number, TrustStore trust)
    {
        var leaves = new List<LogLeaf>();
        while (leaves.Count < BatchEntries && lines.TryRead(out var line))
        {
            try
            {
                leaves.Add(Leaf(Encoding.UTF8.GetBytes(line), string.Create(CultureInfo.InvariantCulture, $"line {number + leaves.Count}"), trust));
            }
            catch (RejectedException refused)
            {
                return (leaves, refused);
            }
        }

        return (leaves, null);
    }

    private static void Promise(StreamWriter output, ulong first, List<LogLeaf> leaves)
    {
        for (var at = 0; at < leaves.Count; at++)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{first + (ulong)at} {leaves[at].Hash.ToHex()}\n"));
        output.Flush();
    }

    private static LogLeaf Leaf(byte[] envelope, string name, TrustStore trust)
    {
        try
        {
            return LogLeaf.Of(envelope, trust);
        }
        catch (RejectedException refused)
        {
            throw new RejectedException(refused.Rejection with { Message = $"{name} is not logged: {refused.Rejection.Message}" });
        }
    }
}
