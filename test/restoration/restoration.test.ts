import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { InboxVolume } from '../../src/archive/incoming-file.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { SmbShare } from '../../src/smb/smb-share.ts';
import type { GroupsResult } from '../../src/wire/footage-protocol.ts';
import { START_MS, unitsShown } from '../support/covered-camera.ts';
import { folderAsShare } from '../support/folder-share.ts';
import { ended, EXPECTED, judge, makeOld, outage } from '../support/outage.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ALL, FINE, KEY, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

test('footage of a cover goes back, each access unit stands once, and the source is empty', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'done');
  await judge(t, two);
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  t.like(two.restoration().get(id), { remaining: { files: 0, bytes: 0, seconds: 0 }, files: { refused: 0 } });
  t.is(two.restoration().begin(orderOf()), id, 'the same again is the same');
});

test('each file that went home is told with its stream, size and access units', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  await ended(two, two.restoration().begin(orderOf()));
  const told = two.events.flatMap((event) => (event.kind === 'file-received' ? [event.file] : []));
  const home = two.r.catalogue.segments.findRows(KEY, ALL).filter(({ returned }) => returned !== undefined);
  t.deepEqual(
    told.map(({ bytes }) => bytes).toSorted((a, b) => a - b),
    home.map(({ bytes }) => bytes).toSorted((a, b) => a - b),
  );
  t.true(told.length > 0 && told.every(({ cameraId, stream }) => cameraId === KEY.cameraId && stream === KEY.stream));
  t.true(told.every(({ accessUnits }) => accessUnits > 0));
});

test('clocks a day and some seconds apart, and content that comes again after ten seconds, make no difference', async (t) => {
  for (const clockMs of [86_400_000 + 1234, -86_400_000, 3000, 10_000]) {
    const two = await twoServers(t, { clockOffsetMs: -clockMs + 700 });
    await outage(two, { clockMs, repeat: 250 });
    t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
    await judge(t, two);
    const back = two.r.catalogue.segments.find(KEY, ALL).filter(({ returned }) => returned !== undefined);
    t.true(back.every(({ returned }) => Math.abs((returned?.clockOffsetMs ?? 0) + clockMs) <= 2));
  }
});

test('a catalogue made again from the files shows the same', async (t) => {
  const clockMs = 5000;
  const two = await twoServers(t, { clockOffsetMs: -clockMs });
  await outage(two, { clockMs });
  await ended(two, two.restoration().begin(orderOf()));
  const plain = (): unknown => two.r.catalogue.segments.find(KEY, ALL).map((segment) => ({ ...segment }));
  const before = plain();
  await makeOld(two.r.root);
  await two.restartR(async () => await rm(join(two.r.data, 'catalogue.sqlite')));
  t.deepEqual(plain(), before);
  await judge(t, two);
});

test('bytes that change on the way are sent again; what changes every time is refused, and stays', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  let changed = 0;
  two.fate = ({ attachment }) => {
    if (attachment === undefined || changed >= 2) return FINE;
    changed += 1;
    const other = Uint8Array.from(attachment);
    other[other.length >> 1] = (other[other.length >> 1] ?? 0) ^ 4;
    return { ...FINE, attachment: other };
  };
  t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
  t.is(changed, 2);
  await judge(t, two);

  const bad = await twoServers(t);
  await outage(bad);
  const before = bad.f.catalogue.segments.find(KEY, ALL).length;
  bad.fate = ({ attachment }) =>
    attachment === undefined
      ? FINE
      : { ...FINE, attachment: attachment.map((byte, at) => (at === 700 ? byte ^ 1 : byte)) };
  const id = bad.restoration().begin(orderOf());
  t.is(await ended(bad, id), 'incomplete');
  const progress = bad.restoration().get(id);
  t.is(progress?.files.received, 0);
  t.true((progress?.files.refused ?? 0) > 0);
  t.is(bad.f.catalogue.segments.find(KEY, ALL).length, before, 'nothing was deleted');
  t.deepEqual(
    bad.r.catalogue.segments.find(KEY, ALL).filter(({ returned }) => returned !== undefined),
    [],
  );
});

test('a file whose SHA-256 is not the offered one is not inserted', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const handlers = { ...two.handlers() };
  const wrong = '0'.repeat(64);
  two.fate = () => FINE;
  const offer = two.handlers()['footage.offer'];
  Object.assign(two.handlers(), {
    'footage.offer': async (...[peer, params, attachment]: Parameters<typeof offer>) => {
      const { file } = params as { file: object };
      return await handlers['footage.offer'](peer, { file: { ...file, sha256: wrong } }, attachment);
    },
  });
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'incomplete');
  t.is(two.restoration().get(id)?.files.received, 0);
  t.true(two.f.catalogue.segments.find(KEY, ALL).length > 0);
});

test('a target without space is waited for, and nothing is lost', async (t) => {
  let reserveBytes = 2 ** 60;
  const volume: InboxVolume[] = [];
  const two = await twoServers(t, { inbox: { volumesFor: () => volume.map((each) => ({ ...each, reserveBytes })) } });
  volume.push({ id: two.r.volumeId, path: two.r.root, reserveBytes });
  await outage(two);
  const before = two.f.catalogue.segments.find(KEY, ALL).length;
  const id = two.restoration().begin(orderOf());
  await waitFor('it to wait', () => /has room/.test(two.restoration().get(id)?.problem ?? ''));
  t.true(two.f.catalogue.segments.find(KEY, ALL).length >= before - 1);
  t.is(two.events.filter(({ kind }) => kind === 'restoration-problem').length, 1, 'told once');
  reserveBytes = 0;
  two.restoration().nudge(R_ID);
  t.is(await ended(two, id), 'done');
  await judge(t, two);
});

test('what the protected server still records is waited for', async (t) => {
  const two = await twoServers(t);
  await two.r.record({ sessions: [[0, 260]] });
  await two.f.record({ sessions: [[225, 860]] });
  await two.r.reconcile();
  await two.f.reconcile();
  // Back, but what it recorded until now is durable only up to 800, in a group that grows.
  const at = START_MS + 800 * 40;
  let isSettled = false;
  const own = two.handlers()['footage.groups'];
  Object.assign(two.handlers(), {
    'footage.groups': async (...asked: Parameters<typeof own>) => {
      const wasSettled = isSettled;
      const { result } = await own(...asked);
      const answer = result as GroupsResult;
      if (wasSettled) return { result };
      return { result: { ...answer, now: at, durableUntil: at } satisfies GroupsResult };
    },
  });
  const id = two.restoration().begin(orderOf());
  await waitFor('the first files', () => (two.restoration().get(id)?.files.received ?? 0) > 0);
  await waitFor('it to wait', () => two.restoration().get(id)?.state === 'waiting');
  t.is(two.restoration().get(id)?.finishedAt, undefined);
  await two.r.record({ sessions: [[790, 1100]] });
  await two.r.reconcile();
  isSettled = true;
  t.is(await ended(two, id), 'done');
  await judge(t, two);
});

test('kept footage stays, and is told', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const before = two.f.catalogue.segments.find(KEY, ALL);
  t.is(await ended(two, two.restoration().begin(orderOf({ policy: 'keep' }))), 'kept');
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), before);
  t.deepEqual(
    two.calls.filter(
      ({ method, attachment }) => attachment !== undefined || !['footage.groups', 'footage.prove'].includes(method),
    ),
    [],
    'something was sent',
  );
});

test('footage on a disc that both have is adopted where it lies', async (t) => {
  const sharedRoot = await tempDir(t, 'shared');
  const two = await twoServers(t, { sharedRoot });
  await outage(two);
  // Each looks at the disc for itself; what the other one recorded is not in its catalogue yet.
  for (const [box, other] of [
    [two.r, two.f],
    [two.f, two.r],
  ] as const)
    for (const segment of box.catalogue.segments.findRows(KEY, ALL))
      if (segment.serverId === other.id) box.catalogue.segments.remove(segment.volumeId, segment.path);
  const files = (await readdir(sharedRoot, { recursive: true })).filter((name) => name.endsWith('.mp4')).sort();
  t.is(await ended(two, two.restoration().begin(orderOf({ policy: 'shared' }))), 'done');
  await judge(t, two);
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  const left = (await readdir(sharedRoot, { recursive: true })).filter((name) => name.endsWith('.mp4')).sort();
  t.deepEqual(left, files, 'nothing moved');
  const plain = (): unknown => two.r.catalogue.segments.find(KEY, ALL).map((segment) => ({ ...segment }));
  const before = plain();
  await two.restartR(async () => await rm(join(two.r.data, 'catalogue.sqlite')));
  t.deepEqual(plain(), before, 'made again from the files');
});

test('what held a restoration up is not told any more once a file is home again', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  two.fate = () => {
    throw new UnderstudyError('unavailable', 'peer/not-connected', 'Not now.');
  };
  const id = two.restoration().begin(orderOf());
  await waitFor('it to wait', () => two.restoration().get(id)?.problem === 'Not now.');
  const told: (string | undefined)[] = [];
  two.fate = ({ method }) => {
    const isUnderWay = two.events.some(({ kind }) => kind === 'file-received');
    if (method === 'footage.insert' && isUnderWay) told.push(two.restoration().get(id)?.problem);
    return FINE;
  };
  t.is(await ended(two, id), 'done');
  t.true(told.length > 0);
  t.deepEqual([...new Set(told)], [undefined]);
});

test('stopping says what would be lost, wants it confirmed, and deletes it', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  let received = 0;
  two.fate = ({ method }) => {
    if (method === 'footage.insert') received += 1;
    return received > 1 ? { reaches: false, answers: () => false } : FINE;
  };
  const id = two.restoration().begin(orderOf());
  await waitFor('one file', () => two.restoration().get(id)?.files.received === 1);
  await waitFor('it to wait', () => two.restoration().get(id)?.state === 'waiting');
  const remaining = two.restoration().get(id)?.remaining ?? { files: 0, bytes: 0, seconds: 0 };
  t.true(remaining.files > 0 && remaining.bytes > 0);
  await t.throwsAsync(two.restoration().cancel(id, { files: 0, bytes: 0, seconds: 0 }), {
    code: 'restoration/confirm',
  });
  await two.restoration().cancel(id, remaining);
  t.is(two.restoration().get(id)?.state, 'stopped');
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  const told = two.events.find((event) => event.kind === 'restoration-stopped');
  t.is(told?.kind === 'restoration-stopped' ? told.deleted.files : 0, remaining.files);
  await t.throwsAsync(two.restoration().cancel('res-none', remaining), { code: 'restoration/unknown' });
});

test('over a share the file is written aside, renamed, and taken from there', async (t) => {
  const share: { made: Partial<SmbShare> } = { made: {} };
  const two = await twoServers(t, {
    restoration: { openShare: async () => await Promise.resolve({ share: share.made as SmbShare, folder: '' }) },
  });
  await outage(two);
  share.made = folderAsShare(join(two.r.root, 'returns'));
  t.is(await ended(two, two.restoration().begin(orderOf({ transport: 'smb' }))), 'done');
  await judge(t, two);
  t.deepEqual(await readdir(join(two.r.root, 'returns')), []);
  t.deepEqual(
    two.calls.filter(({ method }) => method === 'footage.append'),
    [],
  );
});

test('covered footage that is damaged stays, the rest goes back', async (t) => {
  const two = await twoServers(t);
  await outage(two);
  const [, second] = two.f.catalogue.segments.find(KEY, ALL);
  const group = second?.keys[3];
  if (second === undefined || group === undefined) throw new Error('nothing was recorded');
  const file = await open(join(two.f.root, second.path), 'r+');
  await file.write(Uint8Array.of(1, 2, 3, 4), 0, 4, group.offset + group.length - 6000);
  await file.close();
  const id = two.restoration().begin(orderOf());
  await ended(two, id);
  const shown = two.r.catalogue.segments.find(KEY, ALL);
  const report = checkRecording(await unitsShown(shown, two.r.root), EXPECTED);
  t.like(report, { doubled: [], reordered: [], altered: [] });
  t.true(report.missing.length <= 1 && report.missing.every(({ from, to }) => to - from <= 13), JSON.stringify(report));
});
