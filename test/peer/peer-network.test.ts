import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { freePort } from '../../src/core/free-port.ts';
import { durationMs } from '../../src/core/units.ts';
import type { PeerEvent } from '../../src/peer/network-types.ts';
import { MAX_PENDING_REQUESTS } from '../../src/peer/requests.ts';
import { FACTS, helloOf, pairOfBoxes, rawPeer, recordOf, startBox, twoIdentities } from '../support/peer-rig.ts';
import { waitFor } from '../support/wait-for.ts';

test('two servers greet, beat, and tell how they are', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  for (const [box, other, dialledBy] of [
    [first, second, 'us'],
    [second, first, 'them'],
  ] as const) {
    const up = await box.next('up');
    t.is(up.dialledBy, dialledBy);
    t.like((await box.next('hello')).hello, { serverId: other.identity.id, peerPort: other.network.port, protocol: 1 });
    t.like((await box.next('keep-alive')).keepAlive, { ...FACTS, seq: 1 });
    const status = await waitFor('a round trip', () => {
      const now = box.network.statusOf(other.identity.id);
      // A first round trip in which this process did not run says little: better ones follow.
      return now?.roundTripMs !== undefined && Math.abs(now.clockOffsetMs ?? Infinity) < 1000 && now;
    });
    t.true(status.connected);
    t.true(Math.abs(status.clockOffsetMs ?? Infinity) < 1000);
    t.deepEqual(box.kinds(), ['up', 'hello']);
  }
});

test('a nudge sends the keep-alive at once', async (t) => {
  let media: 'up' | 'down' = 'up';
  const [first, second] = await pairOfBoxes(t, { second: { keepAlive: () => ({ ...FACTS, media }) } });
  await first.next('keep-alive');
  const from = first.events.length;
  media = 'down';
  second.network.nudge();
  // One that was said before may still be on its way.
  const isNews = (event: PeerEvent): boolean => event.kind === 'keep-alive' && event.keepAlive.media === 'down';
  t.truthy(await waitFor('the news', () => first.events.slice(from).find(isNews)));
});

test('requests go both ways with their results, attachments and errors', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  for (const [asker, answerer] of [
    [first, second],
    [second, first],
  ] as const) {
    answerer.network.handle('echo', async (peer, params, attachment) => {
      t.is(peer.id, asker.identity.id);
      return { result: params, attachment: attachment?.toReversed() };
    });
    answerer.network.handle('refuse', async () => {
      throw new UnderstudyError('conflict', 'test/no', 'Not now.');
    });
    answerer.network.handle('break', async () => {
      throw new Error('/secret/path');
    });
    const ask = async (method: string, attachment?: Uint8Array): Promise<unknown> =>
      await asker.network.request(answerer.identity.id, method, { a: [1] }, { attachment });
    t.deepEqual(await ask('echo'), { result: { a: [1] }, attachment: undefined });
    const bytes = Uint8Array.from({ length: 1024 * 1024 }, (_, index) => index % 251);
    const reply = (await ask('echo', bytes)) as { attachment: Uint8Array };
    t.true(Buffer.from(bytes.toReversed()).equals(reply.attachment));
    await t.throwsAsync(ask('refuse'), { code: 'test/no', message: 'Not now.' });
    await t.throwsAsync(ask('unheard'), { code: 'peer/unknown-method' });
    const failure = await t.throwsAsync(ask('break'), { code: 'peer/failed' });
    t.notRegex(failure.message, /secret/);
  }
  await t.throwsAsync(first.network.request('nobody', 'echo', {}), { code: 'peer/unknown' });
});

test('a request that is not answered, or given up, fails in time; a late answer does no harm', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  const late = Promise.withResolvers<void>();
  second.network.handle('wait', async () => {
    await late.promise;
    return { result: 1 };
  });
  second.network.handle('echo', async (_peer, params) => ({ result: params }));
  const ask = first.network.request;
  const { id } = second.identity;
  await t.throwsAsync(ask(id, 'wait', {}, { timeoutMs: durationMs(20) }), { code: 'peer/timeout' });
  const giving = new AbortController();
  const asked = ask(id, 'wait', {}, { signal: giving.signal });
  giving.abort();
  await t.throwsAsync(asked, { code: 'peer/aborted' });
  late.resolve();
  t.like(await ask(id, 'echo', 7), { result: 7 });
});

test('more than is allowed at once is refused, and what is too large is never sent', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  const gate = Promise.withResolvers<void>();
  second.network.handle('wait', async () => {
    await gate.promise;
    return { result: 'x'.repeat(10) };
  });
  second.network.handle('huge', async () => ({ result: 'x'.repeat(5 * 1024 * 1024) }));
  second.network.handle('bytes', async () => ({ result: 1, attachment: new Uint8Array(10) }));
  const { id } = second.identity;
  await t.throwsAsync(first.network.request(id, 'x', {}, { attachment: new Uint8Array(1024 * 1024 + 1) }), {
    code: 'peer/too-large',
  });
  await t.throwsAsync(first.network.request(id, 'huge', {}), { code: 'peer/too-large' });
  await t.throwsAsync(first.network.request(id, 'bytes', {}), { code: 'peer/too-large' });
  const many = Array.from({ length: MAX_PENDING_REQUESTS + 1 }, () => first.network.request(id, 'wait', {}));
  await t.throwsAsync(many[MAX_PENDING_REQUESTS] as Promise<unknown>, { code: 'peer/too-many-requests' });
  gate.resolve();
  t.is((await Promise.all(many.slice(0, MAX_PENDING_REQUESTS))).length, MAX_PENDING_REQUESTS);
});

test('a normal end is said before it happens; the connection stays until then', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  second.network.leave('update', 'New version.');
  const { goodbye } = await first.next('goodbye');
  t.like(goodbye, { reason: 'update', message: 'New version.' });
  const from = first.events.length;
  await first.next('beat', from);
  t.deepEqual(first.kinds(), ['up', 'hello', 'goodbye']);
  await second.network.stop();
  t.is((await first.next('down')).cause, 'goodbye');
  t.is(first.events.filter(({ kind }) => kind === 'goodbye').length, 1);
});

test('a server that stops says shutdown; one that comes back is dialled again', async (t) => {
  const [one, two] = await twoIdentities();
  // None of those that are given to whoever asks for any: it is taken again.
  const port = await freePort();
  const second = await startBox(t, two, { records: [recordOf(one)], port });
  const first = await startBox(t, one, { records: [recordOf(two, port)] });
  await first.next('up');
  await second.network.stop();
  t.like((await first.next('goodbye')).goodbye, { reason: 'shutdown' });
  await first.next('down');
  const from = first.events.length;
  await startBox(t, two, { records: [recordOf(one)], port, instance: 'run-2' });
  t.is((await first.next('hello', from)).hello.instance, 'run-2');
});

test('when both sides dial, the connection of the smaller id stays, without a moment between', async (t) => {
  for (let round = 0; round < 2; round += 1) {
    const [one, two] = await twoIdentities();
    const first = await startBox(t, one);
    const second = await startBox(t, two);
    first.records.push(recordOf(two, second.network.port));
    second.records.push(recordOf(one, first.network.port));
    first.network.refresh();
    second.network.refresh();
    await Promise.all([first.next('up'), second.next('up')]);
    for (let beats = 0; beats < 12; beats += 1) await first.next('beat', first.events.length);
    t.deepEqual(first.kinds(), ['up', 'hello']);
    t.deepEqual(second.kinds(), ['up', 'hello']);
    // Eight beats later only one connection beats: never two within half the time of a beat.
    const from = first.events.length;
    for (let beats = 0; beats < 4; beats += 1) await first.next('beat', first.events.length);
    const seqs = first.events.slice(from).flatMap((event) => (event.kind === 'beat' ? [event.beat.seq] : []));
    t.deepEqual(
      seqs,
      seqs.map((_, index) => (seqs[0] ?? 0) + index),
    );
  }
});

test('a bulk connection is made by whoever can dial', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  first.network.handle('size', async (_peer, _params, attachment) => ({ result: attachment?.length }));
  t.is(second.records[0]?.host, undefined);
  const attachment = new Uint8Array(1000);
  t.is((await second.network.request(first.identity.id, 'size', {}, { attachment })).result, 1000);
});

test('the same server as a new process ends the connections of the old one', async (t) => {
  const [one, two] = await twoIdentities();
  const box = await startBox(t, two, { records: [recordOf(one)] });
  const old = await rawPeer(box.network.port, one);
  old.say(helloOf(one, { instance: 'run-1' }));
  await box.next('up');
  const young = await rawPeer(box.network.port, one);
  young.say(helloOf(one, { instance: 'run-2' }));
  await old.closed;
  await waitFor('a second up', () => box.kinds().length >= 5);
  t.deepEqual(box.kinds(), ['up', 'hello', 'down', 'up', 'hello']);
  t.is((await box.next('down')).cause, 'restarted');
});

test('peers that are removed, disabled or changed are cut at the next look', async (t) => {
  const [first, second] = await pairOfBoxes(t);
  const [record] = second.records;
  second.records[0] = { ...(record as NonNullable<typeof record>), enabled: false };
  const down = await first.next('down');
  t.is(down.cause, 'goodbye');
  t.like((await first.next('goodbye')).goodbye, { reason: 'deauthorized' });
  t.is((await second.next('down')).cause, 'revoked');
  t.is(second.network.statusOf(first.identity.id), undefined);
});

test('two that a host introduced anew meet, although one of them heard of it later and had deauthorized the other', async (t) => {
  const [one, two] = await twoIdentities();
  const late = await startBox(t, one, { records: [recordOf(two)] });
  late.network.revoke(two.id);
  late.records.length = 0;
  const early = await startBox(t, two, { records: [recordOf(one, late.network.port, { introduced: true })] });
  await waitFor('it to be refused', () => early.network.statusOf(one.id)?.refused?.cause === 'deauthorized-by-peer');
  late.records.push(recordOf(two, undefined, { introduced: true, addedAt: 2 }));
  await Promise.all([early.next('up'), late.next('up')]);
  t.like(early.network.statusOf(one.id), { connected: true });
});

test('a bulk connection that cannot be made is told in time, and giving up does not wait for it', async (t) => {
  const [known, own] = await twoIdentities();
  const box = await startBox(t, own, { records: [recordOf(known)] });
  const mute = await rawPeer(box.network.port, known);
  mute.say(helloOf(known));
  await box.next('up');
  const attachment = new Uint8Array(1);
  const ask = async (options: object) => await box.network.request(known.id, 'x', {}, { attachment, ...options });
  await t.throwsAsync(ask({ timeoutMs: 50 }), { code: 'peer/timeout' });
  const giving = new AbortController();
  const asked = ask({ signal: giving.signal });
  giving.abort();
  await t.throwsAsync(asked, { code: 'peer/aborted' });
  mute.socket.destroy();
  await box.next('down');
  await t.throwsAsync(ask({}), { code: 'peer/not-connected' });
});

test('facts that cannot be told do not stop the beats', async (t) => {
  let broken = false;
  const keepAlive = () => {
    if (broken) throw new TypeError('a defect');
    return FACTS;
  };
  const [first, second] = await pairOfBoxes(t, { second: { keepAlive } });
  broken = true;
  second.network.nudge();
  const from = first.events.length;
  await first.next('beat', from);
  await first.next('beat', first.events.length);
  t.deepEqual(first.kinds(), ['up', 'hello']);
});
