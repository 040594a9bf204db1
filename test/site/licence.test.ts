import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  licenceTermsSchema,
  MAX_LICENCE_CHARACTERS,
  plainLicence,
  readLicence,
  signLicence,
} from '../../src/site/licence.ts';
import { issuerOf } from '../../src/site/signed-text.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { createIssuer, licenceOf, termsOf } from '../support/licences.ts';
import { createRandom } from '../support/seeded-random.ts';

const ISSUER = createIssuer();
const OTHER = createIssuer();
const FULL = termsOf({
  validFrom: '2026-02-01T00:00:00Z',
  expiresAt: '2027-02-01T00:00:00+01:00',
  seats: { failoverServers: 3, coveredCameras: 90, recordedCameras: 200 },
});
const TEXT = signLicence(FULL, ISSUER.privateKey);

/** Signed by the issuer, whatever it holds. */
function signed(header: object, payload: unknown): string {
  const head = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${head}.${sign(null, Buffer.from(head), ISSUER.privateKey).toString('base64url')}`;
}
function refused(t: ExecutionContext, read: () => unknown, code: string): UnderstudyError {
  const error = t.throws(read, { instanceOf: UnderstudyError, code });
  if (error === undefined) throw new Error('it was not refused');
  return error;
}
const HEADER = { alg: 'EdDSA', typ: 'understudy-licence', kid: ISSUER.keyId };

test('what was signed is read again, with whose key it was', (t) => {
  t.deepEqual(readLicence(TEXT, [OTHER, ISSUER]), { terms: FULL, keyId: ISSUER.keyId, trust: 'trusted' });
});

test('a licence from mail and editors is the same: wrapped, with blanks, line ends and a byte order mark', (t) => {
  const wrapped = `\uFEFF  ${TEXT.replaceAll(/(.{64})/g, '$1\r\n')}\n\n`;
  t.deepEqual(readLicence(wrapped, [ISSUER]).terms, FULL);
  t.is(plainLicence(wrapped), TEXT);
});

test('the largest licence that can be made is not too large', (t) => {
  const largest = licenceOf(ISSUER, { ...FULL, id: 'x'.repeat(64), holder: '😀'.repeat(100) });
  t.true(largest.length < MAX_LICENCE_CHARACTERS);
  t.is(readLicence(largest, [ISSUER]).trust, 'trusted');
});

test('of an issuer that is not known here it says so, and nothing about the signature', (t) => {
  t.is(readLicence(TEXT, [OTHER]).trust, 'unknown-issuer');
  t.is(readLicence(TEXT, []).trust, 'unknown-issuer');
});

test('one bit of what a known issuer signed makes the signature wrong, wherever it is', (t) => {
  const [head = '', payload = '', signature = ''] = TEXT.split('.');
  const more = Buffer.from(JSON.stringify({ ...FULL, seats: { coveredCameras: 900 } })).toString('base64url');
  refused(t, () => readLicence(`${head}.${more}.${signature}`, [ISSUER]), 'licence/signature');
  const bytes = Buffer.from(signature, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const wrong = Buffer.from(bytes);
    wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    refused(t, () => readLicence(`${head}.${payload}.${wrong.toString('base64url')}`, [ISSUER]), 'licence/signature');
  }
  const body = Buffer.from(payload, 'base64url');
  for (let at = 0; at < body.length; at += 1) {
    const wrong = Buffer.from(body);
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    refused(t, () => readLicence(`${head}.${wrong.toString('base64url')}.${signature}`, [ISSUER]), 'licence/signature');
  }
});

test('a signature has one spelling, and a key signs for itself only', (t) => {
  const [head = '', payload = '', signature = ''] = TEXT.split('.');
  refused(t, () => readLicence(`${head}.${payload}.${signature}=`, [ISSUER]), 'licence/signature');
  const stolen = licenceOf(OTHER).split('.');
  refused(t, () => readLicence([head, stolen[1], stolen[2]].join('.'), [ISSUER]), 'licence/signature');
});

for (const [what, header] of Object.entries({
  'alg none': { ...HEADER, alg: 'none' },
  'another algorithm': { ...HEADER, alg: 'HS256' },
  'another kind of file of the same key': { ...HEADER, typ: 'JWT' },
  'an extension that must be understood': { ...HEADER, crit: ['exp'] },
  'no key': { alg: 'EdDSA', typ: 'understudy-licence' },
}))
  test(`a header with ${what} is refused although the signature is right`, (t) => {
    refused(t, () => readLicence(signed(header, FULL), [ISSUER]), 'licence/format');
  });

for (const [what, terms] of Object.entries({
  'no seats': { ...FULL, seats: {} },
  'negative seats': { ...FULL, seats: { coveredCameras: -1 } },
  'half a seat': { ...FULL, seats: { coveredCameras: 1.5 } },
  'seats nobody can count': { ...FULL, seats: { coveredCameras: 1e15 } },
  'an unknown field': { ...FULL, unlimited: true },
  'an unknown kind of seats': { ...FULL, seats: { pixels: 3 } },
  'a date without a zone': { ...FULL, expiresAt: '2027-01-01T00:00:00' },
  'a day that does not exist': { ...FULL, expiresAt: '2027-13-45T00:00:00Z' },
  'an end before its beginning': { ...FULL, validFrom: FULL.expiresAt, expiresAt: FULL.validFrom },
  'an id that is a path': { ...FULL, id: '../x' },
  'an escape sequence as the holder': { ...FULL, holder: '\u001B[2J' },
  'no holder': { ...FULL, holder: '' },
  'a list instead of terms': [],
  nothing: null,
}))
  test(`terms with ${what} are refused although the signature is right`, (t) => {
    refused(t, () => readLicence(signed(HEADER, terms), [ISSUER]), 'licence/format');
    t.false(licenceTermsSchema.safeParse(terms).success);
  });

test('a licence of a newer release says which side to update, and only if its issuer is known or nobody is believed', (t) => {
  const error = refused(t, () => readLicence(signed(HEADER, { version: 2, more: [] }), [ISSUER]), 'licence/version');
  t.regex(error.message, /update this server/);
});

test('more text than any licence has is refused before it is looked at', (t) => {
  refused(t, () => readLicence(`${TEXT}${' '.repeat(MAX_LICENCE_CHARACTERS)}`, [ISSUER]), 'licence/format');
});

test('random bytes and damaged licences are refused on purpose, whatever they are', (t) => {
  const random = createRandom(4);
  for (let turn = 0; turn < 3000; turn += 1) {
    const text = random.chance(0.5)
      ? Buffer.from(random.bytes(random.int(0, 300))).toString(random.pick(['latin1', 'utf8', 'base64url']))
      : damaged(random);
    if (plainLicence(text) === TEXT) continue;
    const error = t.throws(() => readLicence(text, [ISSUER]), { name: 'UnderstudyError' }, JSON.stringify(text));
    t.regex(String(error && 'code' in error ? error.code : ''), /^licence\/(format|signature)$/);
  }
});
function damaged(random: ReturnType<typeof createRandom>): string {
  const at = random.int(0, TEXT.length - 1);
  const end = at + random.int(1, 20);
  const inside = random.chance(0.5) ? random.pick('. A Z a z 0 9 - _ = {'.split(' ')) : '';
  // A `kid` that is hit makes it the licence of somebody else: that is no damage that can be seen.
  const head = TEXT.indexOf('.');
  return at < head ? TEXT.slice(end) : TEXT.slice(0, at) + inside + TEXT.slice(end);
}

test('only an Ed25519 key makes an issuer', (t) => {
  t.is(issuerOf(ISSUER.pem).keyId, ISSUER.keyId);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  t.throws(() => issuerOf(publicKey.export({ type: 'spki', format: 'pem' }).toString()));
  t.throws(() => issuerOf('nothing'));
});

test('the licence of the design note is signed as RFC 8037 §A says, to the last byte', (t) => {
  // The key of RFC 8037 §A.1.
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const terms = { version: 1, id: 'B-7', holder: 'Bakery', issuedAt: '2026-01-01T00:00:00Z' } as const;
  const text = signLicence({ ...terms, seats: { coveredCameras: 90 } }, key);
  const note = readFileSync(join(import.meta.dirname, '../../docs/design/licences.md'), 'utf8');
  t.true(note.replaceAll('\n', '').includes(text), text);
});
