/** A planned hand-over by command, against an API whose other side is made up. */
import test from 'ava';
import type { HandOverResult } from '../../src/api/contract/hand-over.ts';
import { startCliBench } from '../support/cli-bench.ts';
import { AT, knownServerOf, SERVER_ID } from '../support/known-server.ts';

const RESULT: HandOverResult = {
  serverId: SERVER_ID,
  serverName: 'Hall',
  safe: true,
  until: AT,
  streams: 4,
  by: [{ serverId: 'spare', name: 'Spare', missing: 0 }],
  missing: [],
};

test('a server is handed over, and it is said whether it may be stopped', async (t) => {
  const asked: unknown[] = [];
  const missing = [{ cameraId: 'cam-door', stream: 'main' as const }];
  const by = [{ serverId: 'spare', name: 'Spare', missing: 4, problem: 'no answer in time' }];
  const { run } = await startCliBench(t, {
    servers: { list: () => [knownServerOf()] },
    handOver: {
      of: async (serverId, { holdSeconds }, user) => {
        asked.push([serverId, holdSeconds, user]);
        return await Promise.resolve(RESULT);
      },
      own: async () => await Promise.resolve({ ...RESULT, safe: false, missing, by }),
    },
  });
  const safe = await run('hand-over', 'Hall', '--minutes', '20');
  t.is(safe.code, 0, safe.stderr);
  t.is(safe.stdout, `Hall is recorded by Spare (4 streams): safe to stop until ${AT}.\n`);
  t.deepEqual(asked, [[SERVER_ID, 1200, 'script']]);
  const unsafe = await run('hand-over');
  t.is(unsafe.code, 1);
  t.regex(unsafe.stdout, /^Hall is not safe to stop: 1 of 4 streams/m);
  t.regex(unsafe.stdout, /^Not recorded by others: cam-door, main\.$/m);
  t.regex(unsafe.stdout, /^Spare did not answer: no answer in time\.$/m);
  t.is((await run('hand-over', '--minutes', '90')).code, 2);
});
