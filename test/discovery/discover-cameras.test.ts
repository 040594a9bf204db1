import { createSocket } from 'node:dgram';
import test from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { durationMs } from '../../src/core/units.ts';
import { addressToAsk, discoverCameras } from '../../src/discovery/discover-cameras.ts';
import { lastingUntil } from '../support/look-clock.ts';
import { startOnvifDevice } from '../support/onvif-device.ts';
import { patientClock } from '../support/patient-clock.ts';

test('a device found by its answer tells its streams', async (t) => {
  const xaddr = await startOnvifDevice(t, { username: 'admin', password: 'secret word' });
  const responder = createSocket('udp4');
  let probes = 0;
  responder.on('message', (_probe, { port, address }) => {
    probes += 1;
    responder.send(
      `<ProbeMatches><ProbeMatch><Address>urn:uuid:1</Address><Scopes>onvif://www.onvif.org/name/Gate</Scopes><XAddrs>${xaddr}</XAddrs></ProbeMatch></ProbeMatches>`,
      port,
      address,
    );
  });
  await new Promise<void>((resolve) => responder.bind(0, '127.0.0.1', resolve));
  t.teardown(() => responder.close());
  const duration = durationMs(500);
  const clock = { ...lastingUntil(duration, () => probes > 0), after: patientClock.after };
  const found = await discoverCameras(
    { duration, username: 'admin', password: 'secret word' },
    { clock, log: silentLog, target: { address: '127.0.0.1', port: responder.address().port } },
  );
  t.is(found.length, 1);
  t.is(found[0]?.name, 'Gate');
  t.is(found[0]?.profiles.length, 2);
  t.is(found[0]?.problem, undefined);
});

test('the address an answer came from is asked, whatever it announces', (t) => {
  t.is(
    addressToAsk({ from: '192.168.1.7', xaddrs: ['http://10.0.0.1/x', 'http://192.168.1.7:8080/onvif'] }),
    'http://192.168.1.7:8080/onvif',
  );
  t.is(addressToAsk({ from: '192.168.1.7', xaddrs: ['http://user:pw@evil.example:81/x'] }), 'http://192.168.1.7:81/x');
});
