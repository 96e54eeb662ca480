using System.Collections.Immutable;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>What a difference between two locks means for a certificate of the first.</summary>
public sealed class LockComparisonTests
{
    private const string Quadruple = "19e5:d802:19e5:4000";

    private static ImmutableSortedDictionary<string, string> Npu { get; } = Fields(
        ("accelerator.vendor", "huawei"), ("accelerator.model", "Ascend 910B3"), ("accelerator.name", "910B3"), ("accelerator.pciId", Quadruple), ("accelerator.count", "2"), ("accelerator.present", "8"),
        ("driver.name", "devdrv"), ("driver.version", "25.2.0"), ("firmware.version", "7.7.0"), ("toolkit.version", "8.2"), ("framework.version", "0.11.0"), ("plugin.version", "0.11.0rc1"),
        ("container.engine", "Docker"), ("container.engineVersion", "27.0"), ("container.components", "runc 1.1"), ("container.image.name", "x"), ("container.image.sha256", "aa"), ("container.image.baseSha256", "bb"),
        ("cpu.model", "Kunpeng-920"), ("cpu.architecture", "arm64"), ("cpu.microcode", "1"), ("os.id", "openEuler"), ("os.version", "22.03"), ("os.kernel", "5.10.0"),
        ("model.name", "m"), ("model.sha256", "cc"), ("precision", "bf16"), ("profile.id", "p"), ("serve.sha256", "dd"), ("environment.OMP_NUM_THREADS", "1"), ("isolation", "container"),
        ("launch.form", "toolkit"), ("launch.devices", "0,1"), ("runtime.version", "6.0"));

    /// <summary>A field that differs alone, and what follows. Together the rule of scope: certificates.md 5.4, quadruple of oec-hardware.</summary>
    [Theory]
    [InlineData("accelerator.pciId", "19e5:d802:19e5:4001", Coverage.Inherited)]
    [InlineData("accelerator.pciId", "19e5:d802:1af4:4000", Coverage.None)]
    [InlineData("accelerator.pciId", "19e5:d803:19e5:4000", Coverage.None)]
    [InlineData("accelerator.pciId", "1ed5:d802:19e5:4000", Coverage.None)]
    [InlineData("accelerator.pciId", "19e5:d802:19e5", Coverage.None)]
    [InlineData("accelerator.pciId", "19e5:d802:19e5:unknown", Coverage.None)]
    [InlineData("accelerator.pciId", "unknown", Coverage.None)]
    [InlineData("accelerator.model", "Ascend 910B4", Coverage.None)]
    [InlineData("accelerator.name", "910B4", Coverage.None)]
    [InlineData("accelerator.count", "4", Coverage.None)]
    [InlineData("accelerator.present", "4", Coverage.Related)]
    [InlineData("driver.version", "25.2.1", Coverage.None)]
    [InlineData("firmware.version", "7.7.1", Coverage.None)]
    [InlineData("toolkit.version", "8.3", Coverage.None)]
    [InlineData("framework.version", "0.12.0", Coverage.None)]
    [InlineData("plugin.version", "0.12.0", Coverage.None)]
    [InlineData("container.image.sha256", "ff", Coverage.None)]
    [InlineData("container.image.name", "y", Coverage.Exact)]
    [InlineData("container.engineVersion", "28.0", Coverage.Related)]
    [InlineData("runtime.version", "6.1", Coverage.Related)]
    [InlineData("cpu.model", "Kunpeng-930", Coverage.Related)]
    [InlineData("cpu.microcode", "2", Coverage.Related)]
    [InlineData("cpu.architecture", "x64", Coverage.None)]
    [InlineData("os.version", "24.03", Coverage.Related)]
    [InlineData("os.kernel", "6.6.0", Coverage.None)]
    [InlineData("model.sha256", "ff", Coverage.None)]
    [InlineData("model.name", "another name", Coverage.Exact)]
    [InlineData("precision", "fp16", Coverage.None)]
    [InlineData("environment.OMP_NUM_THREADS", "2", Coverage.None)]
    [InlineData("environment.NEW", "1", Coverage.None)]
    [InlineData("launch.form", "plain", Coverage.None)]
    [InlineData("launch.devices", "2,3", Coverage.Exact)]
    [InlineData("profile.id", "q", Coverage.Exact)]
    [InlineData("nobody.knows.this", "1", Coverage.None)]
    [InlineData("driverx", "1", Coverage.None)]
    public void Each_field_has_its_meaning(string field, string other, Coverage coverage)
    {
        var found = Compare(Npu, Npu.SetItem(field, other));

        Assert.Equal(coverage, found.Coverage);
        Assert.Equal((field, Npu.GetValueOrDefault(field), other), (found.Differences.Single().Field, found.Differences[0].First, found.Differences[0].Second));
        Assert.Equal(coverage is Coverage.Exact or Coverage.Inherited, found.IsCovered);
        Assert.Equal(coverage == Coverage.Inherited ? InheritanceScope.BoardRule : null, found.Rule);
        Assert.Equal(coverage == Coverage.Exact ? [] : [field], found.Deciding.Select(difference => difference.Field));
        Assert.Equal(coverage, Compare(Npu.SetItem(field, other), Npu).Coverage); // a field that is gone is as another value
    }

    [Fact]
    public void A_lock_is_exactly_itself() => Assert.Equal((Coverage.Exact, 0), (Compare(Npu, Npu).Coverage, Compare(Npu, Npu).Differences.Length));

    [Fact]
    public void The_gravest_difference_decides_and_stands_first()
    {
        var found = Compare(Npu, Npu.SetItem("accelerator.pciId", "19e5:d802:19e5:4001").SetItem("os.version", "24.03").SetItem("driver.version", "26.0").SetItem("profile.id", "q"));

        Assert.Equal([FieldMeaning.Voids, FieldMeaning.Related, FieldMeaning.Rule, FieldMeaning.Label], found.Differences.Select(difference => difference.Meaning));
        Assert.Equal(["driver.version"], found.Deciding.Select(difference => difference.Field));
        Assert.Equal(Coverage.None, found.Coverage);
        Assert.Equal(Coverage.Related, Compare(Npu, Npu.SetItem("accelerator.pciId", "19e5:d802:19e5:4001").SetItem("os.version", "24.03")).Coverage);
    }

    [Fact]
    public void What_is_unknown_on_both_sides_is_not_the_same()
    {
        var blind = Npu.SetItem("firmware.version", "unknown");
        var found = Compare(blind, blind);

        Assert.Equal((Coverage.Related, "firmware.version"), (found.Coverage, found.Differences.Single().Field));
        Assert.Equal(Coverage.None, Compare(blind, Npu).Coverage);
        Assert.Empty(LockComparison.Changes(Lock(blind), Lock(blind))); // and still nothing has changed
    }

    [Fact]
    public void Microcode_is_to_a_CPU_under_test_what_firmware_is_to_an_accelerator()
    {
        var cpu = Npu.RemoveRange(Npu.Keys.Where(name => name.StartsWith("accelerator.pciId", StringComparison.Ordinal)));
        Assert.Equal(Coverage.None, Compare(cpu, cpu.SetItem("cpu.microcode", "2")).Coverage);
    }

    [Fact]
    public void A_certificate_s_own_scope_holds_where_it_is_stricter()
    {
        var board = Combination(Npu.SetItem("accelerator.pciId", "19e5:d802:19e5:4001"));
        Coverage By(InheritanceScope scope) => LockComparison.Of(Combination(Npu), board, scope).Coverage;

        Assert.Equal(Coverage.Inherited, By(InheritanceScope.Standing));
        Assert.Equal(Coverage.Related, By(new([], [])));
        Assert.Equal(Coverage.None, By(new([InheritanceScope.BoardRule], ["accelerator"])));
        Assert.Equal(Coverage.Inherited, By(new([InheritanceScope.BoardRule], ["accel", "driver"])));
        Assert.Equal(Coverage.None, LockComparison.Of(Combination(Npu), Combination(Npu.SetItem("profile.id", "q")), InheritanceScope.Of(Given.Certificate with { VoidedBy = ["profile"] })).Coverage);
    }

    [Fact]
    public void The_detail_is_shown_and_decides_nothing_and_every_change_of_it_is_found()
    {
        var detail = CanonicalValue.Object.Of(("devices", CanonicalValue.Of([Device("0000:c1:00.0", "aa"), Device("0000:c2:00.0", "bb")])), ("machine", CanonicalValue.Object.Of(("kernel taint", "0"))));
        var other = CanonicalValue.Object.Of(("devices", CanonicalValue.Of([Device("0000:c2:00.0", "bb"), Device("0000:c1:00.0", "cc")])), ("machine", CanonicalValue.Object.Of(("kernel taint", "0"))));
        var found = LockComparison.Of(Lock(Npu, detail), Lock(Npu, other), InheritanceScope.Standing);

        Assert.Equal(Coverage.Exact, found.Coverage);
        Assert.Equal(("detail.devices[\"0000:c1:00.0\"].serialSha256", "aa", "cc", FieldMeaning.Detail), (found.Differences.Single().Field, found.Differences[0].First, found.Differences[0].Second, found.Differences[0].Meaning));
        Assert.Equal(found.Differences, LockComparison.Changes(Lock(Npu, detail), Lock(Npu, other)));
    }

    [Fact]
    public void Names_with_dots_numbers_and_empty_members_do_not_hide_a_difference()
    {
        static CanonicalValue.Object Of(params ReadOnlySpan<(string, CanonicalValue)> members) => CanonicalValue.Object.Of(members);
        var nested = Of(("driver", Of(("version", "1"))));
        foreach (var other in (CanonicalValue.Object[])[Of(("driver.version", "1")), Of(("driver", Of(("version", 1)))), Of(("driver", Of(("version", "1"))), ("more", Of())), Of(("driver", CanonicalValue.Of([Of(("version", "1"))])))])
            Assert.Equal(Coverage.None, LockComparison.Of(nested, other, InheritanceScope.Standing).Coverage);
        Assert.Equal(2, LockFields.Of(Of(("a.b", "1"), ("a", Of(("b", "2"))))).Count);
        Assert.Equal(2, LockFields.Of(Of(("a", CanonicalValue.Of([Device("x", "1"), Device("x", "1")])))).Count(field => field.Key.EndsWith(".address", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_no_lock_of_this_version_is_refused_with_the_reason()
    {
        var good = Encoding.UTF8.GetString(Lock(Npu).ToBytes());
        void Refuses(string code, string text) => Given.Refuses(code, () => CombinationLock.Read(Encoding.UTF8.GetBytes(text)));

        Refuses("LOCK_JSON", "");
        Refuses("LOCK_JSON", "not a lock");
        Refuses("LOCK_JSON", good[..^20]);
        Refuses("LOCK_MEMBER", "{}");
        Refuses("LOCK_MEMBER", good.Replace("hwcert.lock/v1", "hwcert.lock/v2", StringComparison.Ordinal));
        Refuses("LOCK_DUP_KEY", good.Replace("\"precision\":\"bf16\"", "\"precision\":\"bf16\",\"precision\":\"fp16\"", StringComparison.Ordinal));
        Refuses("LOCK_TOO_LARGE", good + new string(' ', 4 << 20));
        Refuses("LOCK_TOO_DEEP", string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40));
    }

    private static CanonicalValue.Object Device(string address, string serial) => CanonicalValue.Object.Of(("address", address), ("serialSha256", serial));

    private static LockComparison Compare(ImmutableSortedDictionary<string, string> first, ImmutableSortedDictionary<string, string> second) =>
        LockComparison.Of(Lock(first), Lock(second), InheritanceScope.Standing);

    private static CombinationLock Lock(ImmutableSortedDictionary<string, string> fields, CanonicalValue.Object? detail = null) => new(Combination(fields), detail ?? CanonicalValue.Object.Empty);

    private static CanonicalValue.Object Combination(IEnumerable<KeyValuePair<string, string>> fields) => CanonicalValue.Object.Of(
    [
        .. fields.GroupBy(field => field.Key.Split('.')[0], StringComparer.Ordinal).Select(group =>
            (group.Key, group.Count() == 1 && group.First().Key == group.Key ? (CanonicalValue)group.First().Value : Combination(group.Select(field => KeyValuePair.Create(field.Key[(group.Key.Length + 1)..], field.Value))))),
    ]);

    private static ImmutableSortedDictionary<string, string> Fields(params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
            all[name] = value;
        return all.ToImmutable();
    }
}
