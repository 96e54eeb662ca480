namespace Adaptation.Certificates;

/// <summary>One run of one machine: what ties plan, journal and certificate together.</summary>
/// <param name="Challenge">32 lowercase hex digits, drawn before the run.</param>
public sealed record Session(string RunId, string Challenge);

/// <summary><c>run/session.json</c>, format <c>adaptation.session/v1</c>.</summary>
public static class SessionFile
{
    private const int MaxBytes = 1 << 20;
    private const string Schema = "adaptation.session/v1";

    public static byte[] Write(Session session) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("schema", Schema);
        writer.WriteString("runId", session.RunId);
        writer.WriteString("challenge", session.Challenge);
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code SESSION_*.</exception>
    public static Session Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "SESSION", MaxBytes, JsonShape.Free);
        var root = new JsonMembers(document.RootElement, "SESSION", "");
        root.Expect("schema", Schema);
        var session = new Session(root.Identity("runId"), root.Text("challenge"));
        root.RefuseOthers();
        return session;
    }
}
