import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import { lookForCameras } from '../../src/discovery/ws-discovery.ts';
import { lastingUntil } from '../support/look-clock.ts';

const LOOK = durationMs(400);
type Target = { readonly address: string; readonly port: number };

async function startResponder(
  t: ExecutionContext,
  answer: (socket: Socket, probe: string, from: RemoteInfo) => void,
): Promise<Target> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => answer(socket, message.toString(), from));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return { address: '127.0.0.1', port: socket.address().port };
}

const matchFor = (id: number): string =>
  `<a:ProbeMatches><a:ProbeMatch><b:Address>urn:uuid:${id}</b:Address><a:XAddrs>http://192.0.2.${id}/onvif/device_service</a:XAddrs></a:ProbeMatch></a:ProbeMatches>`;

test('every device that answers is found once, though the probe is repeated', async (t) => {
  let probes = 0;
  const target = await startResponder(t, (socket, probe, from) => {
    probes += 1;
    t.regex(probe, /NetworkVideoTransmitter/);
    for (const id of [1, 2]) socket.send(matchFor(id), from.port, from.address);
  });
  const clock = lastingUntil(LOOK, () => probes >= 2);
  const found = await lookForCameras(LOOK, { clock, log: silentLog, target });
  t.deepEqual(found.map(({ endpoint, from }) => `${endpoint} ${from}`).toSorted(), [
    'urn:uuid:1 127.0.0.1',
    'urn:uuid:2 127.0.0.1',
  ]);
  t.true(probes >= 2);
});

test('answers that are no answers are passed over', async (t) => {
  let probes = 0;
  const target = await startResponder(t, (socket, _probe, from) => {
    probes += 1;
    socket.send(Buffer.from([0xff, 0xfe, 0x00]), from.port, from.address);
    socket.send(matchFor(7), from.port, from.address);
  });
  const clock = lastingUntil(LOOK, () => probes > 0);
  const found = await lookForCameras(LOOK, { clock, log: silentLog, target });
  t.deepEqual(
    found.map(({ endpoint }) => endpoint),
    ['urn:uuid:7'],
  );
});

test('a look that nobody answers ends in time and empty', async (t) => {
  const target = await startResponder(t, () => undefined);
  t.deepEqual(await lookForCameras(durationMs(50), { clock: systemClock, log: silentLog, target }), []);
});
