import { ModelError } from './manifest.ts';

/**
 * SHA-256 over the parts in order, in hex.
 * @throws ModelError `backend` where the platform offers no cryptography (a page not served over HTTPS).
 */
export async function sha256(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  // Always present according to lib.dom, but browsers hide it from pages without a secure context.
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  if (subtle === undefined) {
    throw new ModelError(
      'backend',
      'SHA-256',
      'This page has no access to cryptography, so the model files cannot be verified.',
      'Open it through https:// or http://localhost.',
    );
  }
  const digest = await subtle.digest('SHA-256', parts.length === 1 && parts[0] ? parts[0] : joined(parts));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The parts, laid end to end. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
