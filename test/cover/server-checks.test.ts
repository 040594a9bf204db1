import test from 'ava';
import { checkServer, enoughAgain, leastFree, SERVER_CHECKS } from '../../src/cover/server-checks.ts';
import type { ServerFacts } from '../../src/cover/server-checks.ts';

const FACTS: ServerFacts = {
  volumes: [{ usable: true, freeBytes: 50e9 }],
  cameras: 16,
  wasShort: false,
  ownVersion: '1.4.0',
  version: '1.2.0',
  clockOffsetMs: -120,
  clockIsOff: false,
  backupAt: 0,
  suitability: { platform: 'linux', frameGrabbers: [] },
  now: 60_000,
};
const failed = (more: Partial<ServerFacts>): readonly string[] =>
  checkServer({ ...FACTS, ...more }).flatMap(({ check, ok }) => (ok ? [] : [check]));

test('space, version, clock, backup and hardware of a server are judged, in words', (t) => {
  const checks = checkServer(FACTS);
  t.deepEqual(
    checks.map(({ check }) => check),
    [...SERVER_CHECKS],
  );
  t.true(checks.every(({ ok }) => ok));
  t.deepEqual(
    checks.map(({ message }) => message),
    [
      '50 GB are free for covered cameras.',
      'It runs version 1.2.0, this server 1.4.0.',
      'Its clock is 120 ms behind ours.',
      'Its settings backup is 1 minutes old.',
      'Nothing in it speaks against covering it.',
    ],
  );
});

test('each of them fails by itself', (t) => {
  t.deepEqual(failed({ volumes: [{ usable: false, freeBytes: 50e9 }] }), ['space']);
  t.deepEqual(failed({ volumes: [] }), ['space'], 'without a volume nothing is recorded');
  t.deepEqual(failed({ version: '2.0.0' }), ['version']);
  t.deepEqual(failed({ clockOffsetMs: 86_400_000, clockIsOff: true }), ['clock']);
  t.deepEqual(failed({ backupAt: undefined }), ['backup']);
  t.deepEqual(failed({ suitability: { platform: 'netbsd', frameGrabbers: [] } }), ['suitability']);
});

test('what is not known now is not judged', (t) => {
  const unknown = { volumes: undefined, version: undefined, clockOffsetMs: undefined, suitability: undefined };
  t.deepEqual(
    checkServer({ ...FACTS, ...unknown }).map(({ check }) => check),
    ['backup'],
  );
});

test('after it was too little room, a little more than enough is needed', (t) => {
  const volumes = [
    { usable: true, freeBytes: leastFree(16) / 2 },
    { usable: true, freeBytes: leastFree(16) / 2 },
  ];
  t.deepEqual(failed({ volumes }), []);
  t.deepEqual(failed({ volumes, wasShort: true }), ['space']);
  t.deepEqual(failed({ volumes: [{ usable: true, freeBytes: enoughAgain(16) }], wasShort: true }), []);
  t.regex(
    checkServer({ ...FACTS, volumes: [] })[0]?.message ?? '',
    /^0 GB are free .*, 29 GB are needed for an hour\.$/,
  );
});

test('an hour of every camera of that server is to fit; of an unknown number, as of sixteen', (t) => {
  const volumes = [{ usable: true, freeBytes: 8e9 }];
  t.deepEqual(failed({ volumes, cameras: 4 }), []);
  t.deepEqual(failed({ volumes, cameras: 5 }), ['space']);
  t.deepEqual(failed({ volumes, cameras: undefined }), ['space']);
  t.deepEqual(failed({ volumes: [{ usable: true, freeBytes: 1e9 }], cameras: 0 }), ['space'], 'one may be added');
});
