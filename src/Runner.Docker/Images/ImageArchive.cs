using System.Formats.Tar;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Adaptation.Runner.Docker;

/// <summary>One layer as an image archive, streamed. Importing would stamp the hour into the image; this way the same layer gives the same digest.</summary>
/// <remarks>Source: Docker image specification 1.2, "Combined image JSON + filesystem changeset format".</remarks>
internal sealed class ImageArchive : HttpContent
{
    private readonly string _layer;
    private readonly byte[] _config;
    private readonly byte[] _manifest;
    private readonly string _configName;

    /// <param name="layer">A tar file.</param>
    /// <param name="layerDigest">Its SHA-256, 64 hex digits.</param>
    public ImageArchive(string layer, string layerDigest, string tag)
    {
        _layer = layer;
        _config = Config(layerDigest);
        _configName = $"{Convert.ToHexStringLower(SHA256.HashData(_config))}.json";
        _manifest = Manifest(_configName, tag);
        Headers.ContentType = new("application/x-tar");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => WriteAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        WriteAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private static byte[] Config(string layerDigest) => Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("architecture", RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "amd64",
            Architecture.Arm64 => "arm64",
            var other => other.ToString().ToLowerInvariant(),
        });
        json.WriteString("os", "linux");
        json.WriteString("created", "1970-01-01T00:00:00Z");
        json.WriteStartObject("config");
        json.WriteEndObject();
        json.WriteStartObject("rootfs");
        json.WriteString("type", "layers");
        json.WriteStartArray("diff_ids");
        json.WriteStringValue($"sha256:{layerDigest}");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static byte[] Manifest(string configName, string tag) => Json(json =>
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("Config", configName);
        json.WriteStartArray("RepoTags");
        json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteStartArray("Layers");
        json.WriteStringValue("layer.tar");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            write(json);
        return buffer.ToArray();
    }

    private async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true);
        await using var layer = File.OpenRead(_layer);
        foreach (var (name, content) in new (string, Stream)[] { ("layer.tar", layer), (_configName, new MemoryStream(_config)), ("manifest.json", new MemoryStream(_manifest)) })
        {
            var entry = new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = content, ModificationTime = DateTimeOffset.UnixEpoch };
            await tar.WriteEntryAsync(entry, cancellationToken);
        }
    }
}
