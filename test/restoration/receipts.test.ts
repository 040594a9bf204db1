/** Footage is deleted on evidence alone: a receipt for these bytes, signed with the key that was pinned for the protected server. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import test from 'ava';
import { isReceiptGenuine } from '../../src/archive/receipt.ts';
import { createSigningKey } from '../../src/archive/signing-key.ts';
import { RESTORATIONS_FILE } from '../../src/restoration/transfer-store.ts';
import type { StoredFile } from '../../src/restoration/transfer-store.ts';
import { ended, judge, outage } from '../support/outage.ts';
import { ALL, FINE, KEY, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

test('a receipt signed with another key than the pinned one deletes nothing, and is an owner told problem; the right one does', async (t) => {
  const pinned: { key: string | undefined } = { key: createSigningKey().publicKey };
  const two = await twoServers(t, { restoration: { receiptKeyOf: () => pinned.key } });
  await outage(two);
  const before = two.f.catalogue.segments.find(KEY, ALL);
  const id = two.restoration().begin(orderOf());
  const problem = (): string => two.restoration().get(id)?.problem ?? '';
  await waitFor('it to be noticed', () => /not signed with the key/.test(problem()));
  pinned.key = undefined;
  two.restoration().nudge(R_ID);
  await waitFor('it to be missed', () => /by which key/.test(problem()));
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), before);
  t.is(two.restoration().get(id)?.files.received, 0);
  pinned.key = two.key.publicKey;
  two.restoration().nudge(R_ID);
  t.is(await ended(two, id), 'done');
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  await judge(t, two);
});

test('the evidence stays: for each file its receipt, and the key that proves it', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
  const database = new DatabaseSync(join(two.f.data, RESTORATIONS_FILE), { readOnly: true });
  t.teardown(() => database.close());
  const rows = database.prepare('SELECT value FROM files').all() as { readonly value: string }[];
  t.true(rows.length > 0);
  for (const { value } of rows) {
    const { receipt, receiptKey, sha256 } = JSON.parse(value) as StoredFile;
    t.true(receipt !== undefined && receiptKey !== undefined && isReceiptGenuine(receipt, receiptKey));
    t.is(receipt?.sha256, sha256);
  }
});

test('while a camera is covered again nothing of it is deleted', async (t) => {
  let isCovering = true;
  const two = await twoServers(t, { restoration: { isCovering: () => isCovering } });
  await outage(two);
  const before = two.f.catalogue.segments.find(KEY, ALL);
  two.fate = () => FINE;
  const id = two.restoration().begin(orderOf());
  await waitFor('all to be received', () => {
    const files = two.restoration().get(id)?.files;
    return files !== undefined && files.total > 0 && files.received === files.total;
  });
  await waitFor('it to wait', () => two.restoration().get(id)?.state === 'waiting');
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), before);
  t.is(two.restoration().get(id)?.problem, undefined, 'that is no problem');
  isCovering = false;
  t.is(await ended(two, id), 'done');
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  await judge(t, two);
});

test('the protected server got a new key between a receipt and the next offer: it signs the same receipt anew', async (t) => {
  let key = createSigningKey();
  const inbox = Object.defineProperty({}, 'key', { enumerable: true, get: () => key });
  const two = await twoServers(t, { inbox, restoration: { receiptKeyOf: () => key.publicKey } });
  await outage(two);
  let inserted = 0;
  // Every answer to an insertion is lost.
  two.fate = ({ method }) => ({ reaches: true, answers: () => method !== 'footage.insert' || (inserted += 1) > 2 });
  const id = two.restoration().begin(orderOf());
  await waitFor('an insertion', () => inserted > 0);
  key = createSigningKey();
  await two.restartR();
  t.is(await ended(two, id), 'done');
  await judge(t, two);
});
