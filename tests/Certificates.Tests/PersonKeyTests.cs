using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

public sealed class PersonKeyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Pem => _folder["tester.pem"];

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256Sha256)]
    [InlineData(KeyAlgorithm.Sm2Sm3)]
    public void A_key_is_made_for_its_owner_alone_and_its_record_for_everybody(KeyAlgorithm algorithm)
    {
        var record = PersonKey.Create(Pem, "u-17", KeyDuty.Tester, algorithm, Given.Time);

        using var opened = PersonKey.Open(Pem);
        var trusted = Assert.Single(TrustStore.Read(File.ReadAllBytes(PersonKey.TrustPath(Pem))).Keys);
        Assert.Equal(("u-17", KeyDuty.Tester, algorithm, KeyEnvironment.Test), (trusted.Person, trusted.Duty, trusted.Algorithm, trusted.Environment));
        Assert.Equal((record.KeyId, record.KeyId), (trusted.KeyId, opened.Signer.Key.KeyId));
        Assert.Null(trusted.Refuse("message"u8, opened.Signer.Sign("message"u8)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Pem));
    }

    [Fact]
    public void A_key_is_never_written_over()
    {
        PersonKey.Create(Pem, "u-17", KeyDuty.Tester, KeyAlgorithm.EcdsaP256Sha256, Given.Time);
        var before = File.ReadAllBytes(Pem);

        Assert.Throws<IOException>(() => PersonKey.Create(Pem, "u-18", KeyDuty.Tester, KeyAlgorithm.EcdsaP256Sha256, Given.Time));
        Assert.Equal(before, File.ReadAllBytes(Pem));
    }

    [Theory]
    [InlineData("", KeyDuty.Tester)]
    [InlineData("张三", KeyDuty.Reviewer)]
    [InlineData("u-17\u202e", KeyDuty.Reviewer)]
    [InlineData("u-17", KeyDuty.Certify)]
    public void A_key_is_a_testers_or_a_reviewers_with_a_name_that_has_one_spelling(string person, KeyDuty duty)
    {
        Given.Refuses("KEY_PERSON", () => PersonKey.Create(Pem, person, duty, KeyAlgorithm.EcdsaP256Sha256, Given.Time));
        Assert.Empty(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_file_that_is_missing_open_to_others_or_of_another_key_cannot_be_used()
    {
        Assert.Throws<BadInputException>(() => PersonKey.Open(Pem));
        PersonKey.Create(Pem, "u-17", KeyDuty.Tester, KeyAlgorithm.EcdsaP256Sha256, Given.Time);
        PersonKey.Create(_folder["other.pem"], "u-18", KeyDuty.Tester, KeyAlgorithm.Sm2Sm3, Given.Time);
        var good = File.ReadAllBytes(Pem);

        File.SetUnixFileMode(Pem, (UnixFileMode)0b110_100_000);
        Assert.Contains("chmod 600", Assert.Throws<BadInputException>(() => PersonKey.Open(Pem)).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(Pem, (UnixFileMode)0b110_000_000);
        File.Copy(_folder["other.pem"], Pem, overwrite: true);
        Assert.Contains("no record", Assert.Throws<BadInputException>(() => PersonKey.Open(Pem)).Message, StringComparison.Ordinal);
        File.WriteAllText(Pem, "no key");
        Assert.Contains("PKCS#8", Assert.Throws<BadInputException>(() => PersonKey.Open(Pem)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(Pem, good);
        File.WriteAllText(PersonKey.TrustPath(Pem), "{}");
        Assert.Contains("TRUST_", Assert.Throws<BadInputException>(() => PersonKey.Open(Pem)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_names_a_person_exactly_where_a_person_signs()
    {
        var text = Encoding.UTF8.GetString(TrustStore.Of(Waived.Tester.Key).Write());
        Assert.Contains("\"person\":\"u-17\"", text, StringComparison.Ordinal);

        Given.Refuses("KEY_PERSON", () => TrustStore.Read(Encoding.UTF8.GetBytes(text.Replace("\"person\":\"u-17\",", "", StringComparison.Ordinal))));
        Given.Refuses("KEY_PERSON", () => TrustStore.Read(Encoding.UTF8.GetBytes(text.Replace("\"tester\"", "\"certify\"", StringComparison.Ordinal))));
        Given.Refuses("KEY_PERSON", () => TrustStore.Of(Given.P256Signer.Key with { Person = "u-17" }));
    }

    public void Dispose() => _folder.Dispose();
}
