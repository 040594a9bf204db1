/** What a stranger on the LAN can make a search grow to. */
import { createSocket } from 'node:dgram';
import test from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import { MAX_ANSWERS, lookForCameras } from '../../src/discovery/ws-discovery.ts';
import { lastingUntil } from '../support/look-clock.ts';

const PAUSE_EVERY = 50;
const matchFor = (id: number): string =>
  `<a:ProbeMatches><a:ProbeMatch><b:Address>urn:uuid:${id}</b:Address><a:XAddrs>http://192.0.2.1/onvif/${id}</a:XAddrs></a:ProbeMatch></a:ProbeMatches>`;

test('of a flood of answers so many devices are kept', async (t) => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  let next = 0;
  let ended = false;
  socket.on('message', (_probe, from) => {
    const flood = (): void => {
      // Others each time: more than are kept, though UDP loses some.
      for (let count = 0; count < PAUSE_EVERY; count += 1) socket.send(matchFor((next += 1)), from.port, from.address);
      if (!ended && next < 6 * MAX_ANSWERS) setTimeout(flood, 5);
    };
    flood();
  });
  const target = { address: '127.0.0.1', port: socket.address().port };
  const look = durationMs(4000);
  const clock = lastingUntil(look, () => next >= 6 * MAX_ANSWERS);
  const found = await lookForCameras(look, { clock, log: silentLog, target });
  ended = true;
  t.true(next > MAX_ANSWERS, `${next} answers were sent`);
  t.is(found.length, MAX_ANSWERS);
});
