/** Writing and reading: credits, pieces, time limits and lost connections, against a server of the test's own. */
import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { durationMs } from '../../src/core/units.ts';
import { COMMAND } from '../../src/smb/header.ts';
import { record, u16, u32, u8, zeros } from '../../src/smb/little-endian.ts';
import type { SmbErrorCode } from '../../src/smb/smb-client.ts';
import { MAX_READ_BYTES } from '../../src/smb/smb-file.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { waitFor } from '../support/wait-for.ts';
import { MB, refused, rig, when } from './client-rig.ts';

test('a file is made, written, flushed, renamed and closed, every request signed', async (t) => {
  const { server, open } = await rig(t);
  const share = await open();
  t.deepEqual([share.dialect, share.signed, share.encrypted], ['2.1', true, false]);
  const file = await share.open('day/a.tmp', 'create-new');
  await file.write(0, new Uint8Array(2 * MB + 5));
  await file.flush();
  await file.close();
  await share.rename('day/a.tmp', 'day/a', { replace: false });
  const writes = server.asked.filter(({ command }) => command === COMMAND.write);
  t.deepEqual(
    writes.map(({ charge }) => charge),
    [16, 16, 1],
  );
  const afterLogon = server.asked.slice(3);
  t.true(afterLogon.every(({ message }) => (message[16] ?? 0) === 8));
  const ids = server.asked.map(({ messageId, charge }) => [messageId, Math.max(1, charge)] as const);
  for (const [index, [id, charge]] of ids.slice(0, -1).entries()) t.is(ids[index + 1]?.[0], id + BigInt(charge));
});

test('four writes are in flight, no more, and a later one starts when one is answered', async (t) => {
  const { server, open } = await rig(t, when(COMMAND.write));
  const share = await open();
  const file = await share.open('a', 'overwrite');
  const writing = file.write(0, new Uint8Array(6 * MB));
  const writes = () => server.asked.filter(({ command }) => command === COMMAND.write);
  const answer = (index: number): void => {
    const asked = writes()[index];
    if (asked !== undefined) server.say(asked, { body: record(u16(17), u16(0), u32(MB), zeros(8)) });
  };
  await waitFor('four writes', () => writes().length >= 4);
  // An answered request in between shows that the rest is held back by us and not merely late.
  await share.freeBytes();
  t.is(writes().length, 4);
  for (const [answered, expected] of [5, 6].entries()) {
    answer(answered);
    await waitFor('one more', () => writes().length >= expected);
    await share.freeBytes();
    t.is(writes().length, expected);
  }
  for (const index of [5, 4, 3, 2]) answer(index);
  await t.notThrowsAsync(writing);
});

test('a server that grants one credit at a time gets pieces of 64 KB', async (t) => {
  const { server, open } = await rig(t, {
    answer: (asked) =>
      asked.command === COMMAND.write
        ? [{ credits: 1, body: record(u16(17), u16(0), asked.message.subarray(68, 72), zeros(8)) }]
        : undefined,
  });
  const share = await open();
  const file = await share.open('a', 'overwrite');
  await file.write(0, new Uint8Array(30 * MB));
  const lengths = server.asked
    .filter(({ command }) => command === COMMAND.write)
    .map(({ message }) => Buffer.from(message).readUInt32LE(68));
  t.is(
    lengths.reduce((sum, length) => sum + length, 0),
    30 * MB,
  );
  t.is(lengths.at(-1), 65_536);
});

test('a server that grants no credit at all is given up', async (t) => {
  const { open } = await rig(t, when(COMMAND.create, { credits: 0, status: 0xc000_0034 }));
  const share = await open();
  const starve = async (): Promise<void> => {
    for (let round = 0; round < 500; round += 1) await share.open('a', 'open').catch(passOn('smb-not-found'));
  };
  await refused(t, 'smb-protocol', starve);
});
const passOn =
  (expected: SmbErrorCode) =>
  (error: unknown): void => {
    if (!(error instanceof UnderstudyError) || error.code !== expected) throw error;
  };

test('what a server wrote short is written again from there', async (t) => {
  const { server, open } = await rig(t, {
    answer: (asked) => {
      if (asked.command !== COMMAND.write) return undefined;
      const length = Buffer.from(asked.message).readUInt32LE(68);
      return [{ body: record(u16(17), u16(0), u32(Math.min(length, 40_000)), zeros(8)) }];
    },
  });
  const file = await (await open()).open('a', 'overwrite');
  await file.write(1000, new Uint8Array(100_000));
  const places = server.asked
    .filter(({ command }) => command === COMMAND.write)
    .map(({ message }) => [Buffer.from(message).readUInt32LE(72), Buffer.from(message).readUInt32LE(68)]);
  t.deepEqual(places, [
    [1000, 100_000],
    [41_000, 60_000],
    [81_000, 20_000],
  ]);
});

test('a pending write is waited for, and its credits count', async (t) => {
  const { open } = await rig(t, {
    answer: (asked) =>
      asked.command === COMMAND.write
        ? [
            { status: 0x103, isAsync: true, signature: 'none', credits: Math.max(asked.charge, 32) },
            { isAsync: true, credits: 0, body: record(u16(17), u16(0), asked.message.subarray(68, 72), zeros(8)) },
          ]
        : undefined,
  });
  const file = await (await open()).open('a', 'overwrite');
  await t.notThrowsAsync(async () => await file.write(0, new Uint8Array(8 * MB)));
});

test('a request that is never answered ends everything after its time', async (t) => {
  const clock = createFakeClock();
  const { server, open } = await rig(t, when(COMMAND.flush));
  const share = await open({ clock, timeoutMs: durationMs(1000) });
  const file = await share.open('a', 'overwrite');
  const flushing = refused(t, 'smb-timeout', file.flush);
  await waitFor('the request', () => server.asked.some(({ command }) => command === COMMAND.flush));
  await clock.advance(999);
  await share.freeBytes();
  await clock.advance(1);
  t.regex(await flushing, /flush a/);
  await refused(t, 'smb-timeout', async () => await share.freeBytes());
  t.is(clock.pendingTimers(), 0);
});

test('a write has time for what is under way before it on a slow link', async (t) => {
  const clock = createFakeClock();
  const { server, open } = await rig(t, when(COMMAND.write));
  const share = await open({ clock, timeoutMs: durationMs(1000) });
  const file = await share.open('a', 'overwrite');
  const writing = refused(t, 'smb-timeout', async () => await file.write(0, new Uint8Array(4 * MB)));
  await waitFor('four', () => server.asked.filter(({ command }) => command === COMMAND.write).length === 4);
  await clock.advance(1000 + 4096 - 1);
  // The server still lives, and so does the connection.
  await share.freeBytes();
  await clock.advance(1);
  await writing;
  t.is(clock.pendingTimers(), 0);
});

test('after a failed piece no other is begun', async (t) => {
  const { server, open } = await rig(t, when(COMMAND.write, { status: 0xc000_007f }));
  const file = await (await open()).open('a', 'overwrite');
  await refused(t, 'smb-full', async () => await file.write(0, new Uint8Array(20 * MB)));
  t.true(server.asked.filter(({ command }) => command === COMMAND.write).length <= 4);
});

test('a request that the server calls pending gets its time once more, and only once', async (t) => {
  const clock = createFakeClock();
  const { server, open } = await rig(t, when(COMMAND.flush));
  const share = await open({ clock, timeoutMs: durationMs(1000) });
  const file = await share.open('a', 'overwrite');
  const flushing = refused(t, 'smb-timeout', file.flush);
  const asked = await waitFor('the request', () => server.asked.find(({ command }) => command === COMMAND.flush));
  for (const wait of [900, 900]) {
    await clock.advance(wait);
    server.say(asked, { status: 0x103, isAsync: true, signature: 'none' });
    // Its answer comes after the one before.
    await share.freeBytes();
  }
  await clock.advance(100);
  await flushing;
  t.is(clock.pendingTimers(), 0);
});

test('a connection that breaks is a definite error for everything under way and after', async (t) => {
  const { server, open } = await rig(t, when(COMMAND.write));
  const share = await open();
  const file = await share.open('a', 'overwrite');
  const writing = file.write(0, zeros(8 * MB));
  await waitFor('writes', () => server.asked.some(({ command }) => command === COMMAND.write));
  server.drop();
  t.regex(await refused(t, 'smb-connection-lost', async () => await writing), /write to a/);
  await refused(t, 'smb-connection-lost', file.flush);
  await refused(t, 'smb-connection-lost', async () => await share.list(''));
  await t.notThrowsAsync(share.close);
  await t.notThrowsAsync(share.close);
});

test('reading stops at the end of the file and takes at most its bound', async (t) => {
  const size = 20 * MB;
  const { server, open } = await rig(t, {
    answer: (asked) => {
      if (asked.command !== COMMAND.read) return undefined;
      const request = Buffer.from(asked.message);
      const [length, offset] = [request.readUInt32LE(68), request.readUInt32LE(72)];
      const there = Math.max(0, Math.min(length, size - offset));
      if (there === 0) return [{ status: 0xc000_0011 }];
      return [{ body: record(u16(17), u8(80), u8(0), u32(there), u32(0), u32(0), new Uint8Array(there).fill(7)) }];
    },
  });
  const file = await (await open()).open('a', 'open');
  t.is((await file.read(0, 100 * MB)).length, MAX_READ_BYTES);
  t.is((await file.read(18 * MB + 1, 10 * MB)).length, 2 * MB - 1);
  t.is((await file.read(size, 10)).length, 0);
  const reads = server.asked.filter(({ command }) => command === COMMAND.read);
  t.true(reads.every(({ message }) => Buffer.from(message).readUInt32LE(68) <= MB));
});
