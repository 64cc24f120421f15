/**
 * The TLS that Postern speaks, in and out: 1.2 and 1.3 (RFC 8996), only with forward secrecy and AEAD suites of at least 128 bits (RFC 9325
 * section 4.2).
 */
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Identity } from '../config/config.ts';

/** TLS 1.3's own suites; of TLS 1.2 those with ephemeral keys and AEAD. */
export const suites =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!PSK';

/** What a server of ours is set up with: its own order of suites counts, and clients start no new handshake within a session. */
export function serverTls({ key, cert }: Identity, minVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.2') {
  return {
    key,
    cert,
    minVersion,
    ciphers: suites,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  } satisfies SecureContextOptions;
}

/**
 * Milliseconds that a server's session tickets can be opened. Their keys are thrown away then, since who has them later could read what sessions
 * under TLS 1.2 said.
 */
export const ticketKeysLive = 6 * 3_600_000;
