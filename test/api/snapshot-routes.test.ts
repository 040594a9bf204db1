/** Stored snapshots over HTTP: who may, what is refused. */
import test from 'ava';
import type { StoredSnapshot } from '../../src/api/contract/snapshots.ts';
import { OWNER, startApi } from '../support/api-server.ts';

const ID = `1767225600000-${'a'.repeat(64)}`;
const ONE: StoredSnapshot = {
  id: ID,
  cameraId: 'cam-1',
  stream: 'main',
  at: '2026-01-01T00:00:00.000Z',
  mediaType: 'image/jpeg',
  bytes: 4,
  sha256: 'a'.repeat(64),
  user: 'owner',
  takenBy: { serverId: 'a0000000-0000-4000-8000-00000000000a', name: 'Attic' },
};

test('an operator takes and deletes, a viewer sees, each only of cameras that are theirs', async (t) => {
  const asked: unknown[] = [];
  const api = await startApi(t, {
    snapshots: {
      isCamera: (id) => id.startsWith('cam-'),
      take: async ({ cameraId, stream }, { user, note }) => {
        asked.push({ cameraId, stream, user, note });
        return await Promise.resolve({ ...ONE, cameraId });
      },
      list: async (_cameraId, range) => {
        asked.push(range);
        const describe = async (): Promise<StoredSnapshot> => await Promise.resolve(ONE);
        return await Promise.resolve({ items: [{ id: ID, describe }], away: ['Spare'] });
      },
      picture: async (_cameraId, id) =>
        await Promise.resolve(id === ID ? { bytes: Buffer.from('jpeg'), mediaType: 'image/jpeg' } : undefined),
      remove: async (_cameraId, id) => await Promise.resolve(id === ID),
    },
  });
  const created = await api.call('POST', '/api/v1/setup', { body: { ...OWNER, serverName: 'Attic' } });
  const owner = cookieOf(created);
  const account = async (username: string, role: string): Promise<string> => {
    const user = { username, password: 'correct horse battery', role, cameraIds: ['cam-1'] };
    const made = await api.call('POST', '/api/v1/users', { cookie: owner, body: user });
    t.is(made.status, 201, made.text);
    const body = { username, password: user.password };
    return cookieOf(await api.call('POST', '/api/v1/sessions', { body }));
  };
  const [operator, viewer] = [await account('ann', 'operator'), await account('vic', 'viewer')];
  const call = async (cookie: string | undefined, method: string, path: string, body?: object) =>
    await api.call(method, `/api/v1/cameras/${path}`, { cookie, ...(body === undefined ? {} : { body }) });

  const taken = await call(operator, 'POST', 'cam-1/snapshots', { note: '  gate open ' });
  t.is(taken.status, 201, taken.text);
  t.deepEqual(asked.pop(), { cameraId: 'cam-1', stream: 'main', user: 'ann', note: 'gate open' });
  t.is((await call(viewer, 'POST', 'cam-1/snapshots', {})).status, 403);
  t.is((await call(operator, 'POST', 'cam-2/snapshots', {})).status, 403);
  t.is((await call(owner, 'POST', 'other/snapshots', {})).status, 404);
  t.is((await call(owner, 'POST', 'cam-1/snapshots', { note: 'x'.repeat(201) })).status, 422);
  t.is((await call(owner, 'POST', 'cam-1/snapshots', { stream: 'third' })).status, 422);

  const listed = await call(viewer, 'GET', 'cam-1/snapshots?start=2026-01-01T00:00:00Z&limit=5');
  t.deepEqual(listed.json, { items: [ONE], away: ['Spare'] });
  t.deepEqual(asked.pop(), { start: Date.parse(ONE.at), end: 2 ** 47 });
  t.is((await call(viewer, 'GET', 'cam-2/snapshots')).status, 403);

  const picture = await call(viewer, 'GET', `cam-1/snapshots/${ID}`);
  t.is(picture.text, 'jpeg');
  t.is(picture.headers['content-type'], 'image/jpeg');
  t.regex(String(picture.headers['cache-control']), /no-store/);
  t.is((await call(viewer, 'GET', 'cam-1/snapshots/none')).status, 404);
  t.is((await call(viewer, 'DELETE', `cam-1/snapshots/${ID}`)).status, 403);
  t.is((await call(operator, 'DELETE', `cam-1/snapshots/${ID}`)).status, 204);
  t.is((await call(operator, 'DELETE', 'cam-1/snapshots/none')).status, 404);
});

type Answered = Awaited<ReturnType<Awaited<ReturnType<typeof startApi>>['call']>>;
const cookieOf = ({ headers }: Answered): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';
