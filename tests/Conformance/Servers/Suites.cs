namespace Adaptation.Conformance;

public sealed class EchoUnixProtocol(EchoOverUnix backend) : ProtocolSuite(backend), IClassFixture<EchoOverUnix>;

public sealed class EchoTcpProtocol(EchoOverTcp backend) : ProtocolSuite(backend), IClassFixture<EchoOverTcp>;

public sealed class OnnxRuntimeUnixProtocol(OnnxRuntimeOverUnix backend) : ProtocolSuite(backend), IClassFixture<OnnxRuntimeOverUnix>;

public sealed class OnnxRuntimeTcpProtocol(OnnxRuntimeOverTcp backend) : ProtocolSuite(backend), IClassFixture<OnnxRuntimeOverTcp>;

public sealed class EchoUnixMalformed(EchoOverUnix backend) : MalformedSuite(backend), IClassFixture<EchoOverUnix>;

public sealed class EchoTcpMalformed(EchoOverTcp backend) : MalformedSuite(backend), IClassFixture<EchoOverTcp>;

public sealed class OnnxRuntimeUnixMalformed(OnnxRuntimeOverUnix backend) : MalformedSuite(backend), IClassFixture<OnnxRuntimeOverUnix>;

public sealed class OnnxRuntimeTcpMalformed(OnnxRuntimeOverTcp backend) : MalformedSuite(backend), IClassFixture<OnnxRuntimeOverTcp>;
