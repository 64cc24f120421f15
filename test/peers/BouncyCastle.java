import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/**
 * Opens CMS with Bouncy Castle, which many Java mail programs and gateways use.
 *
 * A line on standard input is one question, its words with a tab between them:
 *
 *   decrypt FILE KEY.pem OUT          verify FILE CONTENT|- CA.pem OUT
 *
 * and has one line on standard output as its answer: "done", or the exception when it cannot, or when a signature or its certificate is not good.
 */
class BouncyCastle {
  public static void main(String[] args) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      try {
        answer(line.split("\t"));
        System.out.println("done");
      } catch (Exception wrong) {
        System.out.println(wrong.toString().replace('\n', ' '));
      }
    }
  }

  static void answer(String[] words) throws Exception {
    byte[] file = Files.readAllBytes(Path.of(words[1]));
    if (words[0].equals("decrypt")) Files.write(Path.of(words[3]), decrypt(file, words[2]));
    else Files.write(Path.of(words[4]), verify(file, words[2], words[3]));
  }

  static byte[] decrypt(byte[] file, String keyFile) throws Exception {
    PrivateKey key;
    try (PEMParser parser = new PEMParser(new FileReader(keyFile))) {
      Object found = parser.readObject();
      while (!(found instanceof PrivateKeyInfo)) found = parser.readObject();
      key = new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo) found);
    }
    RecipientInformationStore recipients;
    try {
      recipients = new CMSEnvelopedData(file).getRecipientInfos();
    } catch (Exception notEnveloped) {
      recipients = new CMSAuthEnvelopedData(file).getRecipientInfos();
    }
    RecipientInformation one = recipients.getRecipients().iterator().next();
    return one.getContent(
        key.getAlgorithm().startsWith("RSA")
            ? new JceKeyTransEnvelopedRecipient(key).setProvider("BC")
            : new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC"));
  }

  static byte[] verify(byte[] file, String contentFile, String caFile) throws Exception {
    CMSSignedData signed =
        contentFile.equals("-")
            ? new CMSSignedData(file)
            : new CMSSignedData(
                new CMSProcessableByteArray(Files.readAllBytes(Path.of(contentFile))), file);
    X509Certificate ca =
        (X509Certificate)
            CertificateFactory.getInstance("X.509", "BC")
                .generateCertificate(new FileInputStream(caFile));
    for (SignerInformation signer : signed.getSignerInfos().getSigners()) {
      @SuppressWarnings("unchecked")
      Collection<X509CertificateHolder> matching =
          signed.getCertificates().getMatches(signer.getSID());
      X509Certificate certificate =
          new JcaX509CertificateConverter()
              .setProvider("BC")
              .getCertificate(matching.iterator().next());
      certificate.verify(ca.getPublicKey());
      if (!signer.verify(
          new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate)))
        throw new SecurityException("the signature is not good");
    }
    if (signed.getSignerInfos().size() != 1) throw new SecurityException("not one signer");
    return (byte[]) signed.getSignedContent().getContent();
  }
}
