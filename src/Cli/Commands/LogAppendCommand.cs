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
    private const int MaxLine = 1 << 20; // no envelope is longer

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
            LogKey Opened() => LogKey.Open(parsed.GetValue(key)!, KeyFile.Open(parsed.GetValue(key)!, Passphrases.From(parsed.GetValue(passphrase))), machine.Time.GetUtcNow());
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
        var lines = Channel.CreateBounded<Line>(new BoundedChannelOptions(4 * BatchEntries) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadLinesAsync(lines.Writer, trust, cancellationToken), cancellationToken);
        try
        {
            using var writer = Open(folder, key);
            using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            while (await lines.Reader.WaitToReadAsync(cancellationToken))
            {
                var (leaves, refusal) = TakeBatch(lines.Reader);
                if (leaves.Count > 0)
                    Promise(output, writer.Append([.. leaves.Select(leaf => leaf.Bytes.AsMemory())]), leaves);
                if (refusal is not null)
                    throw refusal;
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

    /// <summary>Until the first that is refused, which is the last that is read.</summary>
    private static async Task ReadLinesAsync(ChannelWriter<Line> lines, TrustStore trust, CancellationToken cancellationToken)
    {
        Exception? failed = null;
        try
        {
            await using var input = Console.OpenStandardInput();
            var number = 0L;
            await foreach (var bytes in ByteLines.ReadAsync(input, MaxLine, cancellationToken))
            {
                number++;
                if (bytes.IsEmpty)
                    continue;
                var line = Read(bytes, number, trust);
                await lines.WriteAsync(line, cancellationToken);
                if (line.Refusal is not null)
                    break;
            }
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

    private static Line Read(ReadOnlyMemory<byte> envelope, long number, TrustStore trust)
    {
        try
        {
            return new Line(Leaf(envelope, string.Create(CultureInfo.InvariantCulture, $"line {number}"), trust), Refusal: null);
        }
        catch (RejectedException refused)
        {
            return new Line(Leaf: null, refused);
        }
    }

    /// <summary>What has come in so far, up to a batch. A refused line ends it; those before it are appended.</summary>
    private static (List<LogLeaf> Leaves, RejectedException? Refusal) TakeBatch(ChannelReader<Line> lines)
    {
        var leaves = new List<LogLeaf>();
        while (leaves.Count < BatchEntries && lines.TryRead(out var line))
        {
            if (line.Leaf is not { } leaf)
                return (leaves, line.Refusal);
            leaves.Add(leaf);
        }

        return (leaves, null);
    }

    private static void Promise(StreamWriter output, ulong first, List<LogLeaf> leaves)
    {
        for (var at = 0; at < leaves.Count; at++)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{first + (ulong)at} {leaves[at].Hash.ToHex()}\n"));
        output.Flush();
    }

    private static LogLeaf Leaf(ReadOnlyMemory<byte> envelope, string name, TrustStore trust)
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

    /// <summary>One of the two.</summary>
    private sealed record Line(LogLeaf? Leaf, RejectedException? Refusal);
}
