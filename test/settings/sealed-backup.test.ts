import test from 'ava';
import { KEPT, MAX_SEALED_BYTES, seal, TAKEN, unseal } from '../../src/settings/sealed-backup.ts';
import type { SealKind } from '../../src/settings/sealed-backup.ts';
import { MAX_BACKUP_BYTES } from '../../src/site/settings-backup.ts';
import { createRandom } from '../support/seeded-random.ts';

const PLAIN = Buffer.from('{"door":"pl4nted-p4ssword"}');
const SECRET = Buffer.from('a passphrase of the owner');
const HEAD = 38;
const CHEAP: SealKind = { ...TAKEN, scrypt: { N: 16, r: 8, p: 1 } };

test('what is sealed under a passphrase opens with it alone, and tells nothing', async (t) => {
  const bytes = await seal(PLAIN, SECRET, TAKEN);
  t.false(bytes.includes('pl4nted'));
  t.deepEqual(await unseal(bytes, SECRET, TAKEN), { kind: 'open', plain: PLAIN });
  t.deepEqual(await unseal(bytes, Buffer.from('another passphrase'), TAKEN), { kind: 'wrong-key' });
  t.deepEqual(await unseal(bytes, SECRET, KEPT), { kind: 'foreign' });
  t.notDeepEqual(await seal(PLAIN, SECRET, TAKEN), bytes, 'never the same twice');
});

test('every flipped bit is noticed, and told from a wrong passphrase behind the head', async (t) => {
  const bytes = await seal(PLAIN, SECRET, CHEAP);
  const random = createRandom(7);
  const places = [0, 9, 10, 25, 26, 37, HEAD, bytes.length - 16, bytes.length - 1];
  for (const at of [...places, ...Array.from({ length: 8 }, () => random.int(HEAD, bytes.length - 1))]) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ (1 << random.int(0, 7));
    const { kind } = await unseal(altered, SECRET, CHEAP);
    if (at < 10) t.true(kind === 'foreign' || kind === 'newer', `${at}: ${kind}`);
    else t.is(kind, at < HEAD ? 'wrong-key' : 'altered', String(at));
  }
});

test('a later version is told from what is no backup, before any key is derived', async (t) => {
  const bytes = await seal(PLAIN, SECRET, CHEAP);
  const later = Buffer.concat([Buffer.from('USTAKEN02\n'), bytes.subarray(10)]);
  t.deepEqual(await unseal(later, SECRET, CHEAP), { kind: 'newer' });
  t.deepEqual(await unseal(Buffer.from('USTAKEN01\n'), SECRET, CHEAP), { kind: 'length' });
  const long = Buffer.alloc(MAX_SEALED_BYTES + 1);
  long.write(CHEAP.line);
  t.deepEqual(await unseal(long, SECRET, CHEAP), { kind: 'length' });
  await t.throwsAsync(seal(Buffer.alloc(MAX_BACKUP_BYTES + 1), SECRET, CHEAP), { instanceOf: RangeError });
});

test('random bytes, with and without a right beginning, never open and never throw', async (t) => {
  const random = createRandom(11);
  for (let count = 0; count < 300; count += 1) {
    const bytes = Buffer.from(random.bytes(random.int(0, 120)));
    if (count % 2 === 0) bytes.write(CHEAP.line);
    const { kind } = await unseal(bytes, SECRET, CHEAP);
    t.not(kind, 'open');
  }
});
