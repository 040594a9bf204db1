/** A link that dies silently: the request is sent, and no answer ever comes. */
import { mock } from 'node:test';
import test from 'ava';
import { ApiError, patch, post, reachable } from '../../../web/src/api/client.ts';

const never = async (_: unknown, init?: RequestInit): Promise<Response> =>
  await new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
  });

test.serial('a change that is not answered ends after 30 s, in words; what takes long has five minutes', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const fetched = mock.method(globalThis, 'fetch', never);
  t.teardown(() => {
    mock.timers.reset();
    fetched.mock.restore();
  });
  let ended: string[] = [];
  const note = (name: string) => (error: unknown) => {
    t.true(error instanceof ApiError && error.problem.code === 'unreachable');
    ended = [...ended, name];
  };
  const save = patch('/cameras/a', {}).catch(note('save'));
  const search = post('/servers/b/api/cameras/discover', {}).catch(note('search'));
  mock.timers.tick(29_999);
  await Promise.resolve();
  t.deepEqual(ended, []);
  mock.timers.tick(1);
  await save;
  t.deepEqual(ended, ['save']);
  t.false(reachable.value);
  mock.timers.tick(270_000);
  await search;
  t.deepEqual(ended, ['save', 'search']);
});
