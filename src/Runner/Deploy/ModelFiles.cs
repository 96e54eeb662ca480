using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>The gate that every model passes before it is mounted: each file must be the one that the manifest names.</summary>
internal static class ModelFiles
{
    /// <exception cref="ModelRefusedException">A file is missing or has another digest.</exception>
    public static async Task VerifyAsync(string folder, ImmutableArray<PinnedFile> files, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file.Path);
            // a link could be swapped for another file after it was looked at
            var seen = new FileInfo(path).LinkTarget is null ? await FileDigests.Sha256Async(path, cancellationToken) : "a symbolic link";
            if (seen != file.Sha256)
                throw new ModelRefusedException(file.Path, file.Sha256, seen);
        }
    }

    /// <summary>What a file's first bytes say it is; formats that run code when they are loaded are named for what they are.</summary>
    public static string FormatOf(string path)
    {
        if (!File.Exists(path))
            return "missing";
        Span<byte> start = stackalloc byte[8];
        using var file = File.OpenRead(path);
        var read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        start = start[..read];
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            _ when start is [0x80, >= 2 and <= 5, ..] => "pickle",
            _ when start.StartsWith("PK\u0003\u0004"u8) => "zip", // what torch.save writes: pickle inside
            _ when start.StartsWith("GGUF"u8) => "gguf",
            ".pkl" or ".pickle" or ".pt" or ".pth" or ".ckpt" => "pickle",
            ".onnx" => "onnx",
            ".safetensors" => "safetensors",
            var extension => extension.TrimStart('.'),
        };
    }
}
