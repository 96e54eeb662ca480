using System.Runtime.InteropServices;

namespace Adaptation.Adapters.Abstractions;

/// <summary>An engine's shared library, opened by its path.</summary>
public static class EngineLibrary
{
    /// <param name="remedy">What to do where the file is missing: a sentence.</param>
    /// <param name="doubt">What may be behind a file that cannot be loaded; null if the loader's words say it all.</param>
    /// <returns>The handle, open for as long as the process lives.</returns>
    /// <exception cref="AdapterException">The file is missing or is no library of this machine.</exception>
    public static nint Open(string path, string remedy, string? doubt = null)
    {
        if (!File.Exists(path))
            throw new AdapterException($"Library {path} does not exist. {remedy}");
        try
        {
            return NativeLibrary.Load(Path.GetFullPath(path));
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            throw new AdapterException($"{path} cannot be loaded as a library: {failure.Message.ReplaceLineEndings(" ")}{(doubt is null ? "" : $" {doubt}")}", failure);
        }
    }
}
