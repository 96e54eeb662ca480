using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Adaptation.Certificates;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Cli;

/// <summary>Where passphrases and PINs come from: the terminal, or a file descriptor that was handed down. Never an argument or the environment, which others can see.</summary>
internal static class Passphrases
{
    public static Option<int?> Option() => new("--passphrase-fd")
    {
        Description = "Read passphrase or PIN, a line each, from this open file descriptor  口令所在的文件描述符",
        HelpName = "N",
    };

    /// <param name="descriptor">Null: ask at the terminal.</param>
    public static PassphrasePrompt From(int? descriptor) => descriptor is { } number ? (what, _) => ReadLine(number, what) : AtTerminal;

    private static Passphrase ReadLine(int descriptor, string what)
    {
        var line = GC.AllocateUninitializedArray<byte>(Passphrase.MaxBytes, pinned: true);
        try
        {
            using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
            using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0); // byte by byte: what follows the line is another passphrase
            var length = 0;
            for (int octet; (octet = file.ReadByte()) is not (-1 or '\n'); line[length++] = (byte)octet)
                if (length == line.Length)
                    throw Bad(what, $"the line on file descriptor {descriptor} has more than {Passphrase.MaxBytes} bytes");
            return length > 0 ? new Passphrase(line.AsSpan(0, length)) : throw Bad(what, $"file descriptor {descriptor} gave no passphrase");
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Bad(what, $"file descriptor {descriptor} cannot be read: {unread.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    private static Passphrase AtTerminal(string what, bool isNew)
    {
        if (Console.IsInputRedirected)
            throw Bad(what, "there is no terminal to ask for the passphrase at; give --passphrase-fd N");
        var first = Ask($"Passphrase 口令 {what}{(isNew ? $" (at least {Passphrase.MinBytes} bytes 至少 {Passphrase.MinBytes} 字节)" : "")}: ");
        if (!isNew)
            return first;
        using var second = Ask("Once more 再输一次: ");
        if (first.IsSame(second))
            return first;
        first.Dispose();
        throw Bad(what, "the two passphrases differ; nothing was made");
    }

    private static Passphrase Ask(string question)
    {
        Console.Error.Write(question);
        var typed = GC.AllocateUninitializedArray<char>(Passphrase.MaxBytes / 3, pinned: true);
        var length = 0;
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace)
                length = Math.Max(0, length - 1);
            else if (key.KeyChar >= ' ' && length < typed.Length)
                typed[length++] = key.KeyChar;
        }
        Console.Error.WriteLine();
        var bytes = GC.AllocateUninitializedArray<byte>(Passphrase.MaxBytes, pinned: true);
        var passphrase = new Passphrase(bytes.AsSpan(0, Encoding.UTF8.GetBytes(typed, 0, length, bytes, 0)));
        CryptographicOperations.ZeroMemory(bytes);
        Array.Clear(typed);
        return passphrase;
    }

    private static BadInputException Bad(string what, string why) => new([new Problem(what, 0, "--passphrase-fd", why)]);
}
