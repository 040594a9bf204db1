import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { readReleaseList, releaseListText } from '../../src/updates/release-list.ts';
import type { ListedRelease } from '../../src/updates/release-list.ts';
import { mutate } from '../support/mutate.ts';
import { createRandom } from '../support/seeded-random.ts';

const ADDRESS = 'https://example.org/understudy/releases.json';
const listed = (version: string, more: Partial<ListedRelease> = {}): ListedRelease => ({
  version,
  file: `${version}.release`,
  bytes: 7,
  builtAt: '2026-11-24T00:00:00.000Z',
  ...more,
});
const textOf = (...releases: readonly object[]): string => JSON.stringify({ format: 1, releases });
const whyNot = (t: { throws: (work: () => unknown) => unknown }, text: string): string => {
  const { code, message } = t.throws(() => readReleaseList(text, ADDRESS)) as UnderstudyError;
  return `${code} ${message}`;
};

test('the newest comes first, and files lie beside the list unless it says where', (t) => {
  const text = releaseListText([listed('0.9.0'), listed('0.10.0'), listed('0.2.0', { file: 'http://192.0.2.1/x' })]);
  const read = readReleaseList(text, ADDRESS);
  t.deepEqual(
    read.map(({ version, file }) => [version, file]),
    [
      ['0.10.0', 'https://example.org/understudy/0.10.0.release'],
      ['0.9.0', 'https://example.org/understudy/0.9.0.release'],
      ['0.2.0', 'http://192.0.2.1/x'],
    ],
  );
  t.regex(text, /^\{\n {2}"format": 1,\n/);
});

test('what a later release adds to the list is left aside', (t) => {
  const text = JSON.stringify({ format: 1, channel: 'stable', releases: [{ ...listed('0.2.0'), notes: 'https://…' }] });
  t.is(readReleaseList(text, ADDRESS).length, 1);
  t.deepEqual(readReleaseList(textOf(), ADDRESS), []);
});

test('what is no list is refused, and told why', (t) => {
  t.regex(whyNot(t, '<html>'), /^updates\/source What is at https:\/\/example\.org\/.* is no list of releases: /);
  t.regex(whyNot(t, JSON.stringify({ format: 2, releases: [] })), /format/);
  t.regex(whyNot(t, textOf(listed('latest'))), /Expected a version such as 1\.2\.3/);
  t.regex(whyNot(t, textOf(listed('0.2.0', { bytes: 2 ** 40 }))), /bytes/);
  t.regex(whyNot(t, textOf(listed('0.2.0'), listed('0.2.0'))), /names a version twice/);
  for (const file of ['file:///etc/passwd', 'data:,x', 'http://'])
    t.regex(whyNot(t, textOf(listed('0.2.0', { file }))), /the file of 0\.2\.0 has no address by HTTP/, file);
});

test('whatever comes is a list or refused', (t) => {
  const random = createRandom(20261124);
  const whole = Buffer.from(releaseListText([listed('0.9.0'), listed('0.10.0'), listed('1.0.0-rc.1')]));
  for (let round = 0; round < 3000; round += 1) {
    const text = Buffer.from(mutate(random, whole)).toString('utf8');
    t.true(
      (readOrRefuse(text) ?? []).every(({ file }) => /^https?:\/\//.test(file)),
      text,
    );
  }
});

/** Undefined: refused. @throws whatever else happens */
function readOrRefuse(text: string): readonly ListedRelease[] | undefined {
  try {
    return readReleaseList(text, ADDRESS);
  } catch (error) {
    if (error instanceof UnderstudyError) return undefined;
    throw error;
  }
}
