import test from 'ava';
import { silentLog } from '../../src/core/log.ts';
import { askOnvif } from '../../src/discovery/ask-onvif.ts';
import { startOnvifDevice } from '../support/onvif-device.ts';
import { patientClock } from '../support/patient-clock.ts';

const deps = { clock: patientClock, log: silentLog };
const anonymous = (xaddr: string) => ({ xaddr, username: undefined, password: undefined });

test('every device gets an answer, in order, whatever the others do', async (t) => {
  const targets = [
    anonymous('http://127.0.0.1:1/onvif/device_service'),
    { xaddr: await startOnvifDevice(t, { username: 'u', password: 'p' }), username: 'u', password: 'p' },
    anonymous(await startOnvifDevice(t, { username: 'u', password: 'p' })),
    anonymous(await startOnvifDevice(t, { misbehaves: 'html' })),
  ];
  const answers = await askOnvif(targets, deps);
  t.deepEqual(
    answers.map(({ xaddr }) => xaddr),
    targets.map(({ xaddr }) => xaddr),
  );
  t.deepEqual(
    answers.map(({ problem }) => problem?.code),
    ['onvif/no-answer', undefined, 'onvif/credentials-needed', 'onvif/answer'],
  );
  t.is(answers[1]?.profiles.length, 2);
});

test('nobody to ask is answered without a process', async (t) => {
  t.deepEqual(await askOnvif([], deps), []);
});
