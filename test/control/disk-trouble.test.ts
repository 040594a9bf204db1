import test from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { ANSWERS_FOR_MS, createDiskTrouble } from '../../src/control/disk-trouble.ts';
import type { CoveredStream } from '../../src/control/disk-trouble.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function rigOf() {
  const clock = createFakeClock();
  const entries: NewActivity[] = [];
  const remarks: string[] = [];
  const waiting = new Map<string, string>();
  const covered: CoveredStream[] = [
    { serverId: 'r1', cameraId: 'door', stream: 'main' },
    { serverId: 'r1', cameraId: 'yard', stream: 'main' },
    { serverId: 'r2', cameraId: 'gate', stream: 'main' },
  ];
  const trouble = createDiskTrouble({
    covered: () => covered,
    waitsFor: ({ cameraId }) => waiting.get(cameraId),
    pathOf: (volumeId) => `/srv/${volumeId}`,
    nameOf: (serverId) => (serverId === 'r1' ? 'Hall' : 'Shop'),
    record: (entry) => entries.push(entry),
    remark: (serverId, message) => remarks.push(`${serverId}: ${message}`),
    clock,
  });
  return { clock, entries, remarks, waiting, trouble };
}

test('a disk that keeps covered footage waiting is told at once: in the log, as health, and in the incident of each server', (t) => {
  const rig = rigOf();
  rig.trouble.look();
  t.deepEqual(rig.entries, []);
  rig.waiting.set('door', 'v').set('yard', 'v');
  rig.trouble.look();
  const message = 'The disk of /srv/v does not answer: what is recorded here of 2 cameras of Hall waits in memory.';
  t.deepEqual(rig.entries, [{ severity: 'error', code: 'cover/disk-waiting', message, volumeId: 'v' }]);
  t.deepEqual(rig.remarks, [`r1: ${message}`]);
  t.like(rig.trouble.healthItems()[0], { code: 'cover-disk-waiting', severity: 'error', message });
  rig.waiting.set('gate', 'v');
  rig.trouble.look();
  t.is(rig.entries.length, 1);
  t.is(rig.remarks.length, 2, 'the other server has an incident of its own');
});

test('a disk that stutters is told once, and its end when it has answered for a while', async (t) => {
  const rig = rigOf();
  for (let times = 0; times < 5; times += 1) {
    rig.waiting.set('door', 'v');
    rig.trouble.look();
    rig.waiting.clear();
    await rig.clock.advance(5000);
    rig.trouble.look();
    t.deepEqual(rig.trouble.healthItems(), []);
  }
  t.is(rig.entries.length, 1);
  await rig.clock.advance(ANSWERS_FOR_MS);
  rig.trouble.look();
  t.like(rig.entries[1], {
    severity: 'info',
    code: 'cover/disk-answers',
    message: 'The disk of /srv/v answers again.',
  });
  rig.waiting.set('door', 'v');
  rig.trouble.look();
  t.is(rig.entries.length, 3);
});
