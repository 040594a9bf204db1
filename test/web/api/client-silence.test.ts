/** A link that dies silently: the request is sent, and no answer ever comes. */
import { mock } from 'node:test';
import test from 'ava';
import { ApiError, get, patch, post, reachable } from '../../../web/src/api/client.ts';

const never = async (_: unknown, init?: RequestInit): Promise<Response> =>
  await new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
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

/** An answer whose head comes, and so many pieces of its body, one each time `next` is called; then nothing more. */
function trickle(pieces: readonly string[]): { answer: typeof never; next: () => Promise<void> } {
  let out: ReadableStreamDefaultController<Uint8Array> | undefined;
  let index = 0;
  const answer = async (_: unknown, init?: RequestInit): Promise<Response> => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        out = controller;
        init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'application/json' } });
  };
  const next = async (): Promise<void> => {
    out?.enqueue(new TextEncoder().encode(pieces[index] ?? ''));
    index += 1;
    if (index === pieces.length) out?.close();
    // as many turns as streams and promises between need
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  };
  return { answer, next };
}

test.serial(
  'an answer that comes slowly is waited for; one that stops in its middle is given up after 30 s',
  async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const slow = trickle(['{"a"', ':', '1', '}']);
    const fetched = mock.method(globalThis, 'fetch', slow.answer);
    t.teardown(() => {
      mock.timers.reset();
      fetched.mock.restore();
    });
    const asked = get<{ a: number }>('/health');
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    for (let piece = 0; piece < 4; piece += 1) {
      mock.timers.tick(25_000);
      await slow.next();
    }
    t.deepEqual(await asked, { a: 1 });
    const stopped = trickle(['{"a"', '']);
    fetched.mock.mockImplementation(stopped.answer);
    const changed = patch('/cameras/a', {});
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    await stopped.next();
    mock.timers.tick(30_000);
    const error = await t.throwsAsync(changed, { instanceOf: ApiError });
    t.is(error.problem.code, 'unreachable');
    t.regex(error.problem.detail, /not known/);
    t.false(reachable.value);
  },
);
