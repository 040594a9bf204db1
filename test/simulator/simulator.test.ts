/** A simulated camera over real sockets on the loopback: what clients get, and every fault on command. */
import { createHash } from 'node:crypto';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { encodeAuthorization, parseChallenges } from '../../src/media/rtsp/authentication.ts';
import { headerOf, headersOf } from '../../src/media/rtsp/message.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import { obeyLine } from '../../src/simulator/line-control.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { connectClient } from '../support/simulator-client.ts';
import { waitFor } from '../support/wait-for.ts';

async function camera(t: ExecutionContext, options: Partial<CameraOptions> = {}): Promise<SimulatedCamera> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, [
    { id: 'cam-1', start: 'cached', ...options },
  ]);
  t.teardown(simulator.stop);
  const [first] = simulator.cameras;
  if (first === undefined) throw new Error('no camera');
  return first;
}
const expectation = { cameraId: 'cam-1', stream: 'main', codec: 'h264' } as const;

test('many clients of one camera get identical packets, whenever they came', async (t) => {
  const one = await camera(t);
  const clients = [];
  for (let index = 0; index < 4; index += 1) {
    const client = await connectClient(t, one.port);
    await client.play(one.urlOf('main'));
    clients.push(client);
    await waitFor('a few units', () => client.units().length > 5);
  }
  const hashes = clients.map((client) => {
    const byCounter = new Map<number, string>();
    for (const unit of client.units()) {
      const counter = checkRecording([unit], expectation).first ?? -1;
      byCounter.set(counter, createHash('sha256').update(Buffer.concat(unit.nals)).digest('hex'));
    }
    return byCounter;
  });
  const [first, ...others] = hashes;
  let compared = 0;
  for (const other of others) {
    for (const [counter, hash] of other) {
      const wanted = first?.get(counter);
      if (wanted === undefined) continue;
      compared += 1;
      t.is(hash, wanted);
    }
  }
  t.true(compared > 10, `${compared} compared`);
});

test('what a client receives is what the session log says was sent, without a hole', async (t) => {
  const one = await camera(t);
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('thirty units', () => client.units().length > 30);
  await client.ask('TEARDOWN', one.urlOf('main'));
  const report = checkRecording(client.units(), expectation);
  t.deepEqual([report.missing, report.doubled, report.reordered, report.altered], [[], [], [], []]);
  const [session] = one.sessions();
  t.is(session?.endedBy, 'teardown');
  const [sent] = session?.sent ?? [];
  t.is(sent?.from, report.first);
  // The marker of the last unit may still be on its way into the depacketizer's next unit.
  t.true(Math.abs((sent?.to ?? 0) - 1 - (report.last ?? 0)) <= 1);
});

test('without the cache a client starts at the next key frame', async (t) => {
  const one = await camera(t, { start: 'next-key-frame' });
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('three units', () => client.units().length > 2);
  t.is((checkRecording(client.units(), expectation).first ?? 1) % 50, 0);
});

test('a wrong path is 404, an unknown method 501, PLAY without SETUP 454', async (t) => {
  const one = await camera(t);
  const client = await connectClient(t, one.port);
  const base = `rtsp://127.0.0.1:${one.port}`;
  t.is((await client.ask('DESCRIBE', `${base}/nowhere`)).status, 404);
  t.is((await client.ask('RECORD', `${base}/main`)).status, 501);
  t.is((await client.ask('PLAY', `${base}/main`)).status, 454);
});

for (const algorithm of ['MD5', 'SHA-256'] as const) {
  test(`Digest with ${algorithm}: the right password opens, a wrong one does not, a changed one locks out`, async (t) => {
    const credentials = { username: 'admin', password: 'right' };
    const one = await camera(t, { access: { kind: 'digest', algorithm, ...credentials } });
    const client = await connectClient(t, one.port);
    const url = one.urlOf('main');
    const refused = await client.ask('DESCRIBE', url);
    t.is(refused.status, 401);
    const [challenge] = parseChallenges(headersOf(refused, 'WWW-Authenticate'));
    if (challenge === undefined) return t.fail();
    const asking = async (password: string) => {
      const use = { method: 'DESCRIBE', uri: url, cnonce: 'abc', count: 1 };
      const authorization = encodeAuthorization(challenge, { username: 'admin', password }, use);
      return (await client.ask('DESCRIBE', url, [['Authorization', authorization]])).status;
    };
    t.is(await asking('wrong'), 401);
    t.is(await asking('right'), 200);
    one.order({ kind: 'password', password: 'changed' });
    t.is(await asking('right'), 401);
    t.is(await asking('changed'), 200);
    return undefined;
  });
}

test('a session limit answers 453, and a place is free again after a client is gone', async (t) => {
  const one = await camera(t, { maxSessions: 1 });
  const [first, second] = [await connectClient(t, one.port), await connectClient(t, one.port)];
  await first.play(one.urlOf('main'));
  await t.throwsAsync(second.play(one.urlOf('main')), { message: 'SETUP: 453' });
  first.close();
  await waitFor('the session to end', () => one.sessions()[0]?.endedBy === 'disconnect');
  await second.play(one.urlOf('main'));
  t.is(one.sessions().length, 2);
});

test('a session without a sign of life ends when its time is up', async (t) => {
  // Long enough for a loaded machine to play.
  const one = await camera(t, { sessionTimeoutSeconds: 4 });
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('the end', () => client.closed());
  t.is(one.sessions()[0]?.endedBy, 'timeout');
});

test('stall: nothing comes, then the counter has gone on', async (t) => {
  const one = await camera(t);
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('some', () => client.units().length > 5);
  one.order({ kind: 'stall', seconds: 0.5 });
  const before = one.position();
  await waitFor('some after', () => (checkRecording(client.units(), expectation).last ?? 0) > before + 25);
  const { missing } = checkRecording(client.units(), expectation);
  t.is(missing.length, 1);
  const [hole] = missing;
  t.true((hole?.to ?? 0) - (hole?.from ?? 0) >= 10, JSON.stringify(missing));
});

test('skip-next: a hole in time, none in the sequence numbers', async (t) => {
  const one = await camera(t);
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('some', () => client.units().length > 5);
  one.order({ kind: 'skip-next', accessUnits: 3 });
  const before = one.position();
  await waitFor('some after', () => (checkRecording(client.units(), expectation).last ?? 0) > before + 6);
  const { missing } = checkRecording(client.units(), expectation);
  t.deepEqual(missing, [{ from: missing[0]?.from ?? 0, to: (missing[0]?.from ?? 0) + 3 }]);
  const numbers = client
    .packets()
    .filter(({ channel }) => channel === 0)
    .map(({ bytes }) => Buffer.from(bytes).readUInt16BE(2));
  t.true(numbers.every((number, at) => at === 0 || number === (((numbers[at - 1] ?? 0) + 1) & 0xffff)));
});

test('drop-next loses whole access units, and the log does not claim them', async (t) => {
  const one = await camera(t);
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('some', () => client.units().length > 5);
  one.order({ kind: 'drop-next', packets: 4 });
  const before = one.position();
  await waitFor('some after', () => (checkRecording(client.units(), expectation).last ?? 0) > before + 10);
  const { missing, altered } = checkRecording(client.units(), expectation);
  t.deepEqual(altered, []);
  t.true(missing.length >= 1);
  t.true((one.sessions()[0]?.sent.length ?? 0) >= 2);
});

test('reboot: sessions end, the port refuses, then time stamps start anew and the counter has gone on', async (t) => {
  // None of those that are given to whoever asks for any: it is taken again.
  const one = await camera(t, { port: await freePort() });
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('some', () => client.units().length > 5);
  const last = checkRecording(client.units(), expectation).last ?? 0;
  // Long enough for a loaded machine to try meanwhile.
  one.order({ kind: 'reboot', seconds: 3 });
  await waitFor('the end', () => client.closed());
  await t.throwsAsync(connectClient(t, one.port), { code: 'ECONNREFUSED' });
  const again = await waitFor('it to be back', () => connectClient(t, one.port).catch(() => undefined));
  await again.play(one.urlOf('main'));
  await waitFor('some', () => again.units().length > 5);
  const report = checkRecording(again.units(), expectation);
  t.true((report.first ?? 0) > last);
  const ssrc = (packets: ReturnType<typeof again.packets>) =>
    Buffer.from(packets.find(({ channel }) => channel === 0)?.bytes ?? []).readUInt32BE(8);
  t.not(ssrc(client.packets()), ssrc(again.packets()));
});

test('time stamps and sequence numbers wrap without a hole', async (t) => {
  const one = await camera(t);
  // Long enough for a loaded machine to connect before the wrap.
  one.order({ kind: 'timestamp-wrap', seconds: 5 });
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  const stamps = () =>
    client
      .packets()
      .filter(({ channel }) => channel === 0)
      .map(({ bytes }) => Buffer.from(bytes).readUInt32BE(4));
  await waitFor('the wrap', () => {
    const all = stamps();
    return all.some((stamp) => stamp > 0xfff0_0000) && (all.at(-1) ?? 0xffff_ffff) < 0x10_0000;
  });
  t.deepEqual(checkRecording(client.units(), expectation).missing, []);
});

test('change of resolution: other parameter sets in band from a key frame on', async (t) => {
  const one = await camera(t);
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('some of the first size', () => client.units().length > 2);
  one.order({ kind: 'resolution', variant: 'other' });
  const sets = () =>
    new Set(
      client
        .units()
        .flatMap(({ nals }) =>
          nals.filter((nal) => ((nal[0] ?? 0) & 31) === 7).map((nal) => Buffer.from(nal).toString('hex')),
        ),
    );
  await waitFor('two kinds of SPS', () => sets().size === 2);
  t.deepEqual(checkRecording(client.units(), expectation).altered, []);
});

test('no key frame ever: packets flow, none of them a key frame', async (t) => {
  const one = await camera(t, { start: 'next-key-frame' });
  one.order({ kind: 'no-key-frame' });
  const client = await connectClient(t, one.port);
  await client.play(one.urlOf('main'));
  await waitFor('sixty units', () => client.units().length > 60);
  t.false(client.units().some(({ nals }) => nals.some((nal) => ((nal[0] ?? 0) & 31) === 5)));
});

test('answers can be wrong: giant headers, no RTSP, endless and empty descriptions, redirect, 461, silence', async (t) => {
  const one = await camera(t);
  const url = one.urlOf('main');
  one.order({ kind: 'giant-headers' });
  const giant = await connectClient(t, one.port);
  await t.throwsAsync(giant.ask('DESCRIBE', url), { message: /headers/ });
  one.order({ kind: 'heal' });
  one.order({ kind: 'not-rtsp' });
  const web = await connectClient(t, one.port);
  await t.throwsAsync(web.ask('OPTIONS', url), { message: /HTTP/ });
  one.order({ kind: 'heal' });
  one.order({ kind: 'sdp', variant: 'endless' });
  const endless = await connectClient(t, one.port);
  await t.throwsAsync(endless.ask('DESCRIBE', url), { message: /999999999/ });
  await waitFor('a megabyte', () => endless.bytesReceived() > 1_000_000);
  endless.close();
  one.order({ kind: 'sdp', variant: 'empty' });
  const client = await connectClient(t, one.port);
  t.is((await client.ask('DESCRIBE', url)).body.length, 0);
  one.order({ kind: 'heal' });
  one.order({ kind: 'redirect', location: 'rtsp://192.0.2.1/main' });
  const moved = await client.ask('DESCRIBE', url);
  t.deepEqual([moved.status, headerOf(moved, 'Location')], [302, 'rtsp://192.0.2.1/main']);
  one.order({ kind: 'heal' });
  one.order({ kind: 'refuse-transport', transport: 'tcp' });
  t.is((await client.ask('SETUP', `${url}/trackID=0`, [['Transport', 'RTP/AVP/TCP;interleaved=0-1']])).status, 461);
  one.order({ kind: 'heal' });
  one.order({ kind: 'refuse-keep-alive' });
  t.is((await client.ask('GET_PARAMETER', url)).status, 405);
  t.notRegex(headerOf(await client.ask('OPTIONS', url), 'Public') ?? '', /GET_PARAMETER/);
});

test('a client that sends garbage is dropped, and so is one that sends headers without end', async (t) => {
  const one = await camera(t);
  for (const bytes of ['\u0000\u0001\u0002 garbage\r\n\r\n', `OPTIONS ${'x'.repeat(400_000)}`]) {
    const client = await connectClient(t, one.port);
    void client
      .ask('OPTIONS', bytes.startsWith('OPTIONS') ? `rtsp://h/${'x'.repeat(300_000)}` : 'x')
      .catch(() => undefined);
    if (!bytes.startsWith('OPTIONS')) continue;
    await waitFor('the end', () => client.closed());
  }
  t.pass();
});

test('orders as lines of JSON reach the camera they name', async (t) => {
  const one = await camera(t);
  const orders: unknown[] = [];
  const simulator = { cameras: [{ ...one, order: (fault: unknown) => void orders.push(fault) }] };
  t.is(obeyLine(simulator, '{"camera":"*","fault":{"kind":"stall","seconds":1}}'), '{"ok":true}');
  t.deepEqual(orders, [{ kind: 'stall', seconds: 1 }]);
  for (const line of ['', '{', '{}', '[]', '{"camera":"cam-9","fault":{"kind":"heal"}}', 'x'.repeat(70_000)]) {
    t.like(JSON.parse(obeyLine(simulator, line)), { ok: false });
  }
  t.like(JSON.parse(obeyLine(simulator, '{"position":"cam-1"}')), { ok: true });
});

test('many cameras in one process keep pace', async (t) => {
  const options = Array.from({ length: 32 }, (_, at) => ({ id: `cam-${at + 1}`, start: 'cached' as const }));
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  const clients = await Promise.all(
    simulator.cameras.map(async (each) => {
      const client = await connectClient(t, each.port);
      await client.play(each.urlOf('main'));
      return { each, client };
    }),
  );
  for (const { each, client } of clients) {
    await waitFor(`units of ${each.id}`, () => client.units().length > 20);
    const report = checkRecording(client.units(), { ...expectation, cameraId: each.id });
    t.deepEqual([report.missing, report.altered], [[], []]);
  }
});
