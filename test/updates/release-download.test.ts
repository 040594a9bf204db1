import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { fetchParts, fetchReleaseList, SILENCE_MS } from '../../src/updates/release-download.ts';
import { MAX_LIST_BYTES } from '../../src/updates/release-list.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { startReleaseServer } from '../support/release-server.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;
const PLAIN = { clock: systemClock, signal: never };
const PART = 1000;
const contents = Buffer.from(Array.from({ length: 3 * PART + 17 }, (_, index) => index % 251));

async function partsOf(address: string, bytes = contents.length, how = PLAIN): Promise<readonly Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of fetchParts({ address, bytes, partBytes: PART }, how)) parts.push(Buffer.from(part));
  return parts;
}
async function whyNot(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'it came';
  } catch (error) {
    return error instanceof UnderstudyError ? `${error.code} ${error.message}` : String(error);
  }
}

test('a list comes as it is, also over another address', async (t) => {
  const { url, answers } = await startReleaseServer(t);
  answers.set('/releases.json', '{"ä":1}');
  answers.set('/moved', (_request, response) => response.writeHead(302, { location: '/releases.json' }).end());
  t.is(await fetchReleaseList(`${url}/releases.json`, PLAIN), '{"ä":1}');
  t.is(await fetchReleaseList(`${url}/moved`, PLAIN), '{"ä":1}');
});

test('a file comes in parts of one size, however the network cut it', async (t) => {
  const { url, answers } = await startReleaseServer(t);
  for (const size of [1, 7, PART - 1, PART, PART + 1, 2 * PART + 5, contents.length]) {
    answers.set('/x', (_request, response) => {
      for (let at = 0; at < contents.length; at += size) response.write(contents.subarray(at, at + size));
      response.end();
    });
    const parts = await partsOf(`${url}/x`);
    t.deepEqual(
      parts.map(({ length }) => length),
      [PART, PART, PART, 17],
    );
    t.true(Buffer.concat(parts).equals(contents), `${size}`);
  }
});

test('too long, too short, not there, broken off, nobody there: each in its own words, with the address', async (t) => {
  const { url, answers } = await startReleaseServer(t);
  answers.set('/x', contents);
  answers.set('/long', Buffer.alloc(MAX_LIST_BYTES + 1, ' '));
  answers.set('/broken', (_request, response) => {
    response.writeHead(200, { 'content-length': String(contents.length) });
    response.write(contents.subarray(0, 1500), () => response.destroy());
  });
  t.is(
    await whyNot(partsOf(`${url}/x`, contents.length - 1)),
    `updates/source ${url}/x could not be fetched: it is longer than the 3016 bytes of its list. Check the address, and whether this server reaches it.`,
  );
  t.regex(await whyNot(partsOf(`${url}/x`, contents.length + 1)), /it ended after 3017 of 3018 bytes/);
  t.regex(await whyNot(fetchReleaseList(`${url}/none`, PLAIN)), /the answer is 404 Not Found/);
  t.regex(await whyNot(fetchReleaseList(`${url}/long`, PLAIN)), /it is longer than the 262144 bytes of a list/);
  t.regex(await whyNot(partsOf(`${url}/broken`)), /^updates\/source .*\/broken could not be fetched: /);
  t.regex(
    await whyNot(fetchReleaseList('http://127.0.0.1:1/x', PLAIN)),
    /^updates\/source http:.* could not be fetched: /,
  );
  t.regex(await whyNot(fetchReleaseList('http://no-such-host.invalid/x', PLAIN)), /no-such-host\.invalid/);
});

test('one that falls silent is given up, in the middle as well', async (t) => {
  const { url, answers, asked } = await startReleaseServer(t);
  answers.set('/silent', () => undefined);
  answers.set('/half', (_request, response) => response.write(contents.subarray(0, 1500)));
  const clock = createFakeClock();
  const silent = whyNot(fetchReleaseList(`${url}/silent`, { clock, signal: never }));
  await waitFor('it to be asked', () => asked.length === 1);
  await clock.advance(SILENCE_MS);
  t.regex(await silent, /nothing came for 30 s/);

  const parts: Buffer[] = [];
  const half = whyNot(
    (async () => {
      const order = { address: `${url}/half`, bytes: contents.length, partBytes: PART };
      for await (const part of fetchParts(order, { clock, signal: never })) parts.push(Buffer.from(part));
    })(),
  );
  await waitFor('the first part, and the wait for the second', () => parts.length === 1 && clock.pendingTimers() === 1);
  await clock.advance(SILENCE_MS);
  t.regex(await half, /nothing came for 30 s/);
});

test('ended from here, the connection is gone', async (t) => {
  const { url, answers } = await startReleaseServer(t);
  let isGone = false;
  answers.set('/half', (request, response) => {
    response.write(contents.subarray(0, 1500));
    request.on('close', () => (isGone = true));
  });
  const abort = new AbortController();
  const parts = fetchParts(
    { address: `${url}/half`, bytes: contents.length, partBytes: PART },
    { clock: systemClock, signal: abort.signal },
  );
  t.is((await parts.next()).value?.length, PART);
  const rest = parts.next();
  abort.abort();
  await t.throwsAsync(rest, { name: 'AbortError' });
  await waitFor('the connection to be gone', () => isGone);
});
