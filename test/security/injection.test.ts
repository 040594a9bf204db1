/** Security rows 8 and 9 against the real processes: text that looks like something else, ids of real footage with something around them. */
import { stat } from 'node:fs/promises';
import test from 'ava';
import { isoOf } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { get, startSecureBox, tokenOf } from '../support/secure-box.ts';
import type { Got } from '../support/secure-box.ts';

test('9: ids of real footage with anything around them lead to that footage or nowhere', async (t) => {
  const of = await startSecureBox(t);
  const { authorization } = await tokenOf(of, 'viewer');
  const headers = { authorization };
  const range = `start=${isoOf(epochMs(of.since))}&end=${isoOf(epochMs(Date.now()))}`;
  const recordings = await get(of, `/api/v1/cameras/${of.id}/playlists?${range}`, { headers });
  const { items } = JSON.parse(recordings.text) as { items: readonly { readonly url: string }[] };
  const list = await get(of, items[0]?.url ?? '', { headers });
  const segment = /^segments\/[^?\s]+/m.exec(list.text)?.[0] ?? '';
  t.not(segment, '', list.text.slice(0, 400));
  const base = `/api/v1/cameras/${of.id}/`;
  t.true([200, 206].includes((await get(of, base + segment, { headers: { ...headers, range: 'bytes=0-7' } })).status));
  const tails = [
    '/..',
    '/../..',
    '%2f..',
    '%2f..%2f..%2f..%2fetc%2fpasswd',
    '%00',
    '%00.mp4',
    '\\..',
    '%5c..',
    '.mp4',
    '%20',
    '%0a',
  ];
  for (const tail of tails) {
    const { status, text } = await get(of, base + segment + tail, { headers });
    t.true(status >= 400 && status < 500, `${tail}: ${status}`);
    t.false(/root:|ftyp/.test(text), tail);
  }
  const heads = ['..%2f', '%2e%2e%2f', '%2fproc%2fself%2f', '....//', '-'];
  for (const head of heads) {
    const name = segment.replace('segments/', `segments/${head}`);
    const { status } = await get(of, base + name, { headers });
    t.true(status >= 400 && status < 500, `${head}: ${status}`);
  }
  const id = segment.slice('segments/'.length);
  const elsewhere = await get(of, `/api/v1/cameras/cam-other/segments/${id}`, { headers });
  t.is(elsewhere.status, 404, 'the footage of a camera is not found under another one');
});

const MARK = `injected-${process.pid}`;
/** Relative: the processes run where this test does, and a name has 32 characters at most. */
const COMMANDS = [
  '-i',
  '--help',
  `; touch ${MARK}`,
  `$(touch ${MARK})`,
  `\`touch ${MARK}\``,
  `| touch ${MARK}`,
  `-f lavfi ${MARK}`,
];

test('8: names and addresses that look like options or commands start nothing and stay text', async (t) => {
  const of = await startSecureBox(t);
  const headers = { authorization: (await tokenOf(of, 'admin')).authorization };
  const post = (path: string, body: object) =>
    get(of, `/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  for (const text of COMMANDS) {
    const url = `rtsp://127.0.0.1:9/${encodeURIComponent(text)}`;
    const named = await post('/cameras', { name: text, main: { url }, enabled: false });
    t.true(named.status === 201 || named.status === 422, named.text);
    if (named.status === 201) t.is(fieldOf(named, 'name'), text);
    const made =
      named.status === 201 ? named : await post('/cameras', { name: 'Plain', main: { url }, enabled: false });
    t.is(made.status, 201, made.text);
    await get(of, `/api/v1/cameras/${fieldOf(made, 'id')}/snapshot.jpg`, { headers });
    const tested = await post('/cameras/test', { url, username: text, password: text });
    t.true(tested.status < 500 || tested.status === 501, `${tested.status}: ${tested.text}`);
  }
  for (const name of ['a\nb', 'a\rb', 'a\u0000b', 'a\u001b[31mb'])
    t.is((await post('/cameras', { name, main: { url: 'rtsp://192.168.1.9/a' } })).status, 422, JSON.stringify(name));
  for (const url of ['-i', 'file:///etc/passwd', 'concat:a|b', 'pipe:0', 'data:,x', 'rtsp://'])
    t.is((await post('/cameras', { name: 'n', main: { url }, enabled: false })).status, 422, url);
  const snapshot = await get(of, `/api/v1/cameras/${of.id}/snapshot.jpg`, { headers });
  t.true(snapshot.status === 200 || snapshot.status === 501, `${snapshot.status}: ${snapshot.text.slice(0, 200)}`);
  await t.throwsAsync(stat(MARK), { code: 'ENOENT' });
});

const fieldOf = ({ text }: Got, name: string): string => String((JSON.parse(text) as Record<string, unknown>)[name]);
