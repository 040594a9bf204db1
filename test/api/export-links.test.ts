/** Links to exports: whole or nothing, until their time, and nothing of it in the log but who and when. */
import { Readable } from 'node:stream';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { ExportJob } from '../../src/api/contract/footage.ts';
import { createExportLinks } from '../../src/api/export-links.ts';
import { addCamera, setUpOwner, startApi } from '../support/api-server.ts';
import { createRandom } from '../support/seeded-random.ts';

const HOUR_MS = 3_600_000;
const links = createExportLinks(Buffer.alloc(32, 1));

test('a link works until its time, for its export, under the key of its server', (t) => {
  const key = links.keyFor('export-1', 10_000);
  t.is(links.check('export-1', key, 9999), 'good');
  t.is(links.check('export-1', key, 10_000), 'expired');
  t.is(links.check('export-2', key, 0), 'unknown');
  t.is(createExportLinks(Buffer.alloc(32, 2)).check('export-1', key, 0), 'unknown');
  const [, proof = ''] = key.split('.');
  t.is(links.check('export-1', `zzzzzz.${proof}`, 0), 'unknown', 'its time belongs to it');
});

test('keys that were changed at random are unknown, never worse', (t) => {
  const random = createRandom(11);
  const whole = links.keyFor('export-1', 10_000);
  for (let run = 0; run < 2000; run += 1) {
    const bytes = Buffer.from(whole);
    bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    const given = bytes.toString('latin1').slice(0, random.int(0, bytes.length));
    if (given !== whole) t.is(links.check('export-1', given, 0), 'unknown', given);
  }
});

type Made = { readonly url: string; readonly manifestUrl: string };
async function startWithExport(t: ExecutionContext, state: ExportJob['state'] = 'done') {
  const jobs = new Map<string, ExportJob>();
  const api = await startApi(t, {
    exports: {
      exportOf: (id) => jobs.get(id),
      openExport: async (_job, part, file) => {
        const body = Buffer.from(`${part} ${file ?? ''}`);
        return await Promise.resolve({
          name: 'a b.mp4',
          mediaType: 'video/mp4',
          bytes: body.length,
          body: Readable.from([body]),
        });
      },
    },
  });
  const owner = await setUpOwner(api);
  const cameraId = await addCamera(api, owner);
  const [start, end] = ['2026-11-21T10:00:00.000Z', '2026-11-21T10:01:00.000Z'];
  const file = { name: 'a b.mp4', bytes: 5, sha256: 'ab', url: '/x', manifestUrl: '/y' };
  const base = { id: 'export-1', cameraId, stream: 'main', start, end, progress: 1, createdAt: end } as const;
  jobs.set('export-1', { ...base, state, files: [file] });
  return { api, owner, jobs };
}

test('who has a link fetches video and manifest without an account; the log says who made it and who fetched', async (t) => {
  const { api, owner, jobs } = await startWithExport(t);
  const made = await api.call('POST', '/api/v1/exports/export-1/link', { cookie: owner, body: { hours: 2 } });
  t.is(made.status, 200);
  t.true(Math.abs(Date.parse(made.json.expiresAt as string) - Date.now() - 2 * HOUR_MS) < 60_000);
  const [{ url, manifestUrl }] = made.json.files as [Made];
  const video = await api.call('GET', url);
  t.is(video.status, 200);
  t.is(video.text, 'video a b.mp4');
  t.is(video.headers['content-disposition'], 'attachment; filename="a_b.mp4"');
  t.is((await api.call('GET', manifestUrl)).text, 'manifest a b.mp4');
  const said = JSON.stringify(api.entries.filter(({ code }) => code.startsWith('export-')));
  t.deepEqual(said.match(/export-(linked|fetched)/g), ['export-linked', 'export-fetched', 'export-fetched']);
  t.notRegex(said, /key=|shared-exports/);

  const broken = url.replace(/key=[0-9a-z]+\./, 'key=zzzzzz.');
  for (const wrong of [broken, url.replace('export-1', 'export-2'), url.replace(/key=[^&]+/, 'key=')]) {
    const refused = await api.call('GET', wrong);
    t.is(refused.status, 404, wrong);
    t.is(refused.json.code, 'export/link-unknown');
  }
  jobs.clear();
  t.is((await api.call('GET', url)).json.code, 'export/link-unknown', 'the export was deleted');
});

test('a link that has expired says so, and one of an export under way is not made', async (t) => {
  const { api, owner } = await startWithExport(t, 'running');
  const early = await api.call('POST', '/api/v1/exports/export-1/link', { cookie: owner, body: {} });
  t.is(early.json.code, 'export/not-done');
  const key = createExportLinks(Buffer.alloc(32, 7)).keyFor('export-1', Date.now() - 1);
  const late = await api.call('GET', `/api/v1/shared-exports/export-1/video?key=${key}`);
  t.is(late.status, 410);
  t.is(late.json.code, 'export/link-expired');
  const followed = await api.call('GET', `/api/v1/shared-exports/export-1/video?key=${key}`, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });
  t.is(followed.status, 410);
  t.regex(String(followed.headers['content-type']), /^text\/plain/);
  t.is(followed.text, 'This link has expired. Ask whoever gave it to you for a new one.');
  for (const hours of [0, 745, 1.5]) {
    const refused = await api.call('POST', '/api/v1/exports/export-1/link', { cookie: owner, body: { hours } });
    t.is(refused.status, 422, String(hours));
  }
});
