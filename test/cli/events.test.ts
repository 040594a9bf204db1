/** `understudy events`, `ledger`, `exports`, and the lists of takeovers, drills and checks, against an API whose other side is made up. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test from 'ava';
import type { ExportJob } from '../../src/api/contract/footage.ts';
import { startCliBench } from '../support/cli-bench.ts';
import { AT, knownServerOf, SERVER_ID, takeoverOf } from '../support/known-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

test('events are followed as they happen, only those asked for, until enough came or the time is over', async (t) => {
  const { run, api } = await startCliBench(t);
  const camera = { cameraId: 'cam-1', kind: 'camera' } as const;
  const publishing = { goesOn: true };
  const publish = async (): Promise<void> => {
    while (publishing.goesOn) {
      api.hub.publish({ kind: 'server' });
      api.hub.publish(camera);
      await new Promise((turn) => setTimeout(turn, 50));
    }
  };
  const running = publish();
  const two = await run('events', '--kind', 'camera', '--count', '2', '--json');
  t.is(two.code, 0, two.stderr);
  t.deepEqual(
    two.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    [camera, camera],
  );
  const words = await run('events', '--camera', 'cam-1', '--count', '1');
  t.is(words.code, 1, 'nobody knows that camera');
  publishing.goesOn = false;
  await running;
  const none = await run('events', '--seconds', '1', '--kind', 'volume');
  t.like(none, { code: 0, stdout: '', stderr: '' });
  t.is((await run('events', '--kind', 'rain')).code, 2);
  t.is((await run('events', '--count', '0')).code, 2);
});

test('a token that is revoked ends the events, with exit code 1', async (t) => {
  const { run, api, secret: token } = await startCliBench(t);
  const { subscribe } = api.hub;
  let listeners = 0;
  Object.assign(api.hub, {
    subscribe: (listener: Parameters<typeof subscribe>[0]) => {
      listeners += 1;
      return subscribe(listener);
    },
  });
  const following = run('events', '--kind', 'log');
  await waitFor('the command to listen', () => listeners > 0);
  const { json } = await api.call('GET', '/api/v1/tokens', { token });
  await api.call('DELETE', `/api/v1/tokens/${json.items[0].id}`, { token });
  const ran = await following;
  t.is(ran.code, 1);
  t.regex(ran.stderr, /^understudy: The server ended the events: .*\n$/);
});

const JOB: ExportJob = {
  id: 'export-1',
  cameraId: 'cam-1',
  stream: 'main',
  start: AT,
  end: AT,
  state: 'done',
  progress: 1,
  bytes: 5_000_000,
  createdAt: AT,
  files: [{ name: 'Door 1.mp4', bytes: 5, sha256: 'a'.repeat(64), url: '/x', manifestUrl: '/y' }],
};

test('a range is exported, listed, saved with its manifest, and deleted', async (t) => {
  const asked: unknown[] = [];
  const one = { cameraId: 'cam-1', name: 'Door', priority: 'medium', standbyLevel: 'warm', recording: true } as const;
  const { run } = await startCliBench(t, {
    failover: { plan: () => ({ servers: [{ serverId: SERVER_ID, name: 'Hall', cameras: [one] }] }) },
    exports: {
      isCamera: (id) => id === 'cam-1',
      createExport: (stream, range) => {
        asked.push([stream, range.end - range.start]);
        return JOB;
      },
      listExports: () => [JOB],
      exportOf: (id) => (id === JOB.id ? JOB : undefined),
      openExport: async (_job, part, file) => {
        asked.push([part, file]);
        const bytes = Buffer.from(part);
        return await Promise.resolve({
          name: 'f',
          mediaType: 'video/mp4',
          bytes: bytes.length,
          body: Readable.from([bytes]),
        });
      },
      deleteExport: async (id) => {
        asked.push(id);
        await Promise.resolve();
      },
    },
  });
  const range = ['--start', '2026-11-22T08:00:00Z', '--end', '2026-11-22T08:01:00Z'];
  const added = await run('exports', 'add', 'door', ...range);
  t.is(added.code, 0, added.stderr);
  t.regex(added.stdout, /^Door .* done +5\.0 MB +export-1$/m);
  t.regex((await run('exports')).stdout, /export-1/);
  const out = await tempDir(t, 'exports');
  t.is((await run('exports', 'get', 'export-1', '--out', out)).code, 0);
  t.deepEqual((await readdir(out)).toSorted(), ['Door_1.mp4', 'Door_1.mp4.manifest.json']);
  t.is(await readFile(join(out, 'Door_1.mp4'), 'utf8'), 'video');
  const linked = await run('exports', 'link', 'export-1', '--hours', '24');
  t.is(linked.code, 0, linked.stderr);
  t.regex(
    linked.stdout,
    /^https:\/\/\S+\/api\/v1\/shared-exports\/export-1\/video\?key=[0-9a-z]+\.[\w-]{43}&file=Door\+1\.mp4$/m,
  );
  t.regex(linked.stdout, /shared-exports\/export-1\/manifest\?key=/);
  t.regex(linked.stdout, /^They work until \d{4}-/m);
  t.is((await run('exports', 'link', 'export-1', '--hours', 'many')).code, 2);
  t.is((await run('exports', 'delete', 'export-1')).code, 0);
  t.deepEqual(asked, [
    [{ cameraId: 'cam-1', stream: 'main' }, 60_000],
    ['video', 'Door 1.mp4'],
    ['manifest', 'Door 1.mp4'],
    'export-1',
  ]);
  t.is((await run('exports', 'add', 'door', '--start', 'noon', '--end', AT)).code, 2);
  t.is((await run('exports', 'get', 'export-2', '--out', out)).code, 1);
});

test('what was covered and rehearsed is listed, and a server is checked now', async (t) => {
  const checked: string[] = [];
  const drill = { id: 'd1', serverId: SERVER_ID, startedAt: AT, endedAt: AT, cameras: [] };
  const { run } = await startCliBench(t, {
    servers: {
      list: () => [
        knownServerOf({
          clientAddress: 'hall.example',
          unsuited: { code: 'server/frame-grabber', message: 'It has a frame grabber.' },
        }),
      ],
    },
    failover: {
      plan: () => ({ servers: [] }),
      takeovers: () => [takeoverOf()],
      drills: () => [drill],
      runProbes: async (id) => void checked.push(id),
      probes: () => [{ serverId: SERVER_ID, cameraId: 'cam-1', at: AT, ok: false, message: 'No picture.' }],
      serverChecks: () => [],
    },
  });
  t.regex(
    (await run('takeover')).stdout,
    /^2026-\S+ +Hall +taken-over +command +goes on +1 of 2 cameras +incident-1$/m,
  );
  t.regex((await run('drill')).stdout, /Hall +ended +0 of 0 cameras recorded/);
  const ran = await run('servers', 'check', 'Hall');
  t.like(ran, { code: 1, stdout: 'cam-1  failed  No picture.\n' });
  t.deepEqual(checked, [SERVER_ID]);
});
