using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Models;

/// <summary>A file that was written whole.</summary>
/// <param name="Sha256">Lowercase hex, of all its bytes.</param>
public sealed record WrittenFile(string Path, long Bytes, string Sha256);

/// <summary>A file that gets its name only when it is whole and on the disk. Not safe for concurrent use.</summary>
/// <remarks>Its space is set aside at the start, so that a disk that is too small is found before an hour of work and not after it.</remarks>
internal sealed class NewFile : IDisposable
{
    private readonly string _path;
    private readonly string _partial;
    private readonly bool _replace;
    private readonly long _bytes;
    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _written;
    private bool _done;

    /// <param name="bytes">Size that the file will have.</param>
    /// <param name="replace">Whether a file of that name may be replaced; it stays as it is until the new one is whole.</param>
    /// <exception cref="IOException">The disk is full, the folder is absent, or the file is there and must not be replaced.</exception>
    public NewFile(string path, long bytes, bool replace)
    {
        _path = Path.GetFullPath(path);
        (_bytes, _replace) = (bytes, replace);
        if (!replace && File.Exists(_path))
            throw new IOException($"{path} is there already");
        _partial = Path.Combine(Path.GetDirectoryName(_path)!, $".{Path.GetFileName(_path)}.{Guid.NewGuid():N}.part");
        _file = File.OpenHandle(_partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, preallocationSize: bytes);
    }

    public long Written => _written;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_file, bytes, _written);
        _hash.AppendData(bytes);
        _written += bytes.Length;
    }

    public void WriteZeros(int count) => Write(new byte[count]);

    /// <summary>Puts the file on the disk and gives it its name.</summary>
    /// <param name="expectedSha256">Lowercase hex; null if any will do.</param>
    /// <exception cref="ModelException">The bytes have another digest.</exception>
    public WrittenFile Commit(string? expectedSha256)
    {
        if (_written != _bytes)
            throw new InvalidOperationException($"{_written} bytes were written of {_bytes}");
        var sha256 = Convert.ToHexStringLower(_hash.GetHashAndReset());
        if (expectedSha256 is not null && sha256 != expectedSha256)
            throw new ModelException($"{_path} came out with SHA-256 {sha256}; expected {expectedSha256}. It was not kept. Is the manifest of another version, or this machine's memory at fault?");
        RandomAccess.FlushToDisk(_file);
        _file.Dispose();
        File.Move(_partial, _path, _replace);
        _done = true;
        return new(_path, _bytes, sha256);
    }

    /// <summary>Without <see cref="Commit"/> before it, nothing is left.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        if (!_done)
            File.Delete(_partial);
    }
}
